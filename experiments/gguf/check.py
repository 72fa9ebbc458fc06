"""GGUF files of every family, written and pruned by prunenet and loaded by llama.cpp: see run.sh."""

import argparse
import json
import math
import pathlib
import shutil
import subprocess
import sys

import llama_cpp
import numpy as np
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "experiments" / "families"))
from check import POLICY, TEXT, VARIANTS, make_model  # noqa: E402

# What llama.cpp has no room for (docs/families.md): the nearest model that it has, or none.
PATCHES = {
    "llama-biased-untied": {"hidden_act": "silu"},
    "gemma2": {"query_pre_attn_scalar": 8},
    "gemma3": {"query_pre_attn_scalar": 8},
    "mistral-window": {"sliding_window": None},
    "qwen2-window": {"use_sliding_window": False, "layer_types": ["full_attention"] * 2},
}
REFUSED = ("opt", "opt-norm-behind", "phi-head-norms", "falcon-sequential")
# llama.cpp looks GELU up in a table of half precision, and computes its tanh form where the model means the exact one.
TOLERANCE, GELU_TOLERANCE = 1e-6, 3e-4
GELU = ("gemma", "phi", "gpt", "falcon")
CONTEXT, WINDOWS = 24, 40


def ours(prunenet, model, context, windows):
    evaluated = subprocess.run(
        [prunenet, "eval", "--quiet", "--model", model, "--text", TEXT, "--context", str(context), "--windows",
         str(windows), "--json", "-"], check=True, capture_output=True, text=True).stdout
    return json.loads(evaluated)["perplexity"][0]["ppl"]


def theirs(path, context, windows):
    """Perplexity as `prunenet eval` defines it: windows of the text's tokens, each from its own start."""
    model = llama_cpp.Llama(str(path), n_ctx=context, n_batch=context, n_ubatch=context, logits_all=True,
                            type_k=0, type_v=0, flash_attn=False, verbose=False)
    ids = model.tokenize(TEXT.read_bytes(), add_bos=False, special=True)
    total, count = 0.0, 0
    for window in range(windows):
        tokens = ids[window * context:(window + 1) * context]
        model.reset()
        model.eval(tokens)
        logits = np.array(model.scores[: len(tokens) - 1], dtype=np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(logits).sum(axis=1))
        total += (log_sum - logits[np.arange(len(tokens) - 1), tokens[1:]]).sum()
        count += len(tokens) - 1
    architecture = model.metadata["general.architecture"]
    model.close()
    return architecture, math.exp(total / count)


def compare(arguments, path, tolerance, context=CONTEXT, windows=WINDOWS):
    try:
        architecture, reference = theirs(path, context, windows)
    except ValueError as error:
        print(f"{path.name:36} {error}  DIFFERENT", flush=True)
        return False
    perplexity = ours(arguments.prunenet, path, context, windows)
    agree = abs(perplexity / reference - 1.0) < tolerance
    print(f"{path.name:36} {architecture:8} {perplexity:12.4f} {reference:12.4f} {perplexity / reference - 1.0:10.1e}"
          f"{'' if agree else '  DIFFERENT'}", flush=True)
    return agree


def run(*command):
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


def check_family(name, arguments):
    # By the name "phi3" llama.cpp would take the tokenizer for Phi-3's own.
    directory = arguments.work / name.replace("phi3", "phi-three")
    shutil.rmtree(directory, ignore_errors=True)
    kind, config = VARIANTS[name]
    config = type(config).from_dict({**config.to_dict(), **PATCHES.get(name, {})})
    make_model(kind, config, directory)
    dense, pruned = arguments.work / f"{name}.gguf", arguments.work / f"{name}-pruned.gguf"
    run(arguments.prunenet, "export", "--quiet", "--force", "--model", directory, "--gguf", dense)
    run(arguments.prunenet, "apply", "--quiet", "--force", "--model", dense, "--policy", POLICY, "--ratio", "0.3",
        "--round-to", "none", "--out", pruned)
    tolerance = GELU_TOLERANCE if name.startswith(GELU) else TOLERANCE
    return all([compare(arguments, path, tolerance) for path in (dense, pruned)])


def check_uneven(arguments):
    """A plan that keeps other numbers of neurons in other layers, on LLaMA: the architecture becomes deci."""
    dense, uneven = arguments.work / "llama-grouped-tied.gguf", arguments.work / "llama-uneven.gguf"
    plan_file = arguments.work / "uneven.json"
    run(arguments.prunenet, "apply", "--quiet", "--force", "--model", dense, "--policy", POLICY, "--ratio", "0.3",
        "--round-to", "none", "--dry-run", "--plan-out", plan_file)
    plan = json.loads(plan_file.read_text())
    plan["keep_indices"][0] = plan["keep_indices"][0][:-5]
    plan_file.write_text(json.dumps(plan))
    run(arguments.prunenet, "apply", "--quiet", "--force", "--model", dense, "--from-plan", plan_file, "--out", uneven)
    # prunenet does not read models of several widths: the reference is one with the same neurons set to zero.
    zeroed = arguments.work / "llama-zeroed"
    shutil.rmtree(zeroed, ignore_errors=True)
    zero_neurons(arguments.work / "llama-grouped-tied", plan["keep_indices"], zeroed)
    architecture, perplexity = theirs(uneven, CONTEXT, WINDOWS)
    reference = ours(arguments.prunenet, zeroed, CONTEXT, WINDOWS)
    agree = architecture == "deci" and abs(perplexity / reference - 1.0) < TOLERANCE
    print(f"{uneven.name:36} {architecture:8} {reference:12.4f} {perplexity:12.4f} {reference / perplexity - 1.0:10.1e}"
          f"{'' if agree else '  DIFFERENT'}", flush=True)
    return agree


def zero_neurons(source, keep, target):
    from safetensors.numpy import load_file, save_file
    shutil.copytree(source, target)
    tensors = load_file(target / "model.safetensors")
    for layer, kept in enumerate(keep):
        name = f"model.layers.{layer}.mlp.down_proj.weight"
        gone = np.setdiff1d(np.arange(tensors[name].shape[1]), kept)
        tensors[name][:, gone] = 0.0
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})


def check_types(arguments):
    """A real model in every type; activations that llama.cpp quantises to eight bits make its figures differ a little."""
    same = True
    for kind in ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"):
        dense, pruned = arguments.work / f"model-{kind}.gguf", arguments.work / f"model-{kind}-pruned.gguf"
        run(arguments.prunenet, "export", "--quiet", "--force", "--model", arguments.model, "--gguf", dense, "--type",
            kind)
        run(arguments.prunenet, "apply", "--quiet", "--force", "--model", dense, "--policy", POLICY, "--ratio", "0.3",
            "--out", pruned)
        for path in (dense, pruned):
            same = compare(arguments, path, 2e-3 if kind in ("f32", "bf16", "f16") else 2e-2, 512, 4) and same
    return same


@llama_cpp.llama_log_callback
def be_quiet(_level, _text, _data):
    """llama.cpp warns of contexts beyond those of the training."""


def main():
    llama_cpp.llama_log_set(be_quiet, None)
    transformers.utils.logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prunenet", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    print(f"{'file':36} {'as':8} {'prunenet':>12} {'llama.cpp':>12} {'':>10}")
    names = arguments.names or [name for name in VARIANTS if name not in REFUSED]
    same = all([check_family(name, arguments) for name in names])
    if not arguments.names:
        same = check_uneven(arguments) and same
    if arguments.model:
        same = check_types(arguments) and same
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
