"""Random models of every family, pruned by prunenet and loaded by transformers' own classes: see run.sh."""

import argparse
import copy
import json
import math
import pathlib
import shutil
import subprocess
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "data"))
from make_model_goldens import VARIANTS, randomise  # noqa: E402

TEXT = ROOT / "tests" / "data" / "texts" / "alice.txt"
POLICY = ROOT / "policies" / "smollm2.safetensors"
PROMPT = "The ship left"
CONTEXT, WINDOWS, NEW_TOKENS = 24, 40, 10


def byte_tokenizer():
    """One token a byte, as byte-level BPE without merges."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def make_model(kind, config, directory):
    config = copy.deepcopy(config)
    config.vocab_size = 256
    config.bos_token_id = config.eos_token_id = config.pad_token_id = None  # all bytes are text
    config._attn_implementation = "eager"
    model = kind(config).float().eval()
    randomise(model, torch.Generator().manual_seed(0))
    model.save_pretrained(directory)
    byte_tokenizer().save_pretrained(directory)


def ours(prunenet, directory):
    evaluated = subprocess.run(
        [prunenet, "eval", "--quiet", "--model", directory, "--text", TEXT, "--context", str(CONTEXT), "--windows",
         str(WINDOWS), "--json", "-"], check=True, capture_output=True, text=True).stdout
    generated = subprocess.run(
        [prunenet, "generate", "--quiet", "--model", directory, "--prompt", PROMPT, "--tokens", str(NEW_TOKENS),
         "--temperature", "0"], check=True, capture_output=True).stdout
    return json.loads(evaluated)["perplexity"][0]["ppl"], generated.decode("utf-8", "replace").strip()


def theirs(directory):
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(directory)
    ids = torch.tensor(tokenizer(TEXT.read_text(encoding="utf-8")[: 4 * CONTEXT * WINDOWS])["input_ids"])
    ids = ids[: CONTEXT * WINDOWS].view(WINDOWS, CONTEXT)
    prompt = torch.tensor([tokenizer(PROMPT)["input_ids"]])
    with torch.no_grad():
        logits = model(ids).logits[:, :-1]
        nll = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:]).item()
        greedy = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=NEW_TOKENS,
                                do_sample=False, eos_token_id=None, pad_token_id=0)
    return type(model).__name__, math.exp(nll), tokenizer.decode(greedy[0]).strip()


def check(name, arguments):
    dense, pruned = arguments.work / name, arguments.work / f"{name}-pruned"
    for directory in (dense, pruned):
        shutil.rmtree(directory, ignore_errors=True)
    make_model(*VARIANTS[name], dense)
    subprocess.run([arguments.prunenet, "apply", "--quiet", "--model", dense, "--policy", POLICY, "--ratio", "0.3",
                    "--round-to", "none", "--out", pruned], check=True, capture_output=True)
    same = True
    for directory in (dense, pruned):
        kind, reference, text = theirs(directory)
        perplexity, own_text = ours(arguments.prunenet, directory)
        agree = abs(perplexity / reference - 1.0) < 1e-4 and own_text == text
        same = same and agree
        print(f"{directory.name:28} {kind:22} {perplexity:12.4f} {reference:12.4f}  "
              f"{'same text' if own_text == text else f'{own_text!r} and {text!r}'}{'' if agree else '  DIFFERENT'}",
              flush=True)
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prunenet", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    print(f"{'checkpoint':28} {'class':22} {'prunenet':>12} {'transformers':>12}")
    return 0 if all([check(name, arguments) for name in arguments.names or VARIANTS]) else 1


if __name__ == "__main__":
    sys.exit(main())
