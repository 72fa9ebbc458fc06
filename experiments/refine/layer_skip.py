#!/usr/bin/env python3
"""Perplexity where some feed-forward blocks are almost skipped and all others have one width, at the same total.

    prunenet export --model smollm2 --gguf smollm2.gguf
    python3 experiments/refine/layer_skip.py --prunenet build/apps/prunenet/prunenet --model smollm2.gguf \
        --policy policies/smollm2-refined.safetensors --ratio 0.3 --skip 13 3 17 --out skip --text tests/data/texts/alice.txt

A skipped block keeps its 96 best neurons, which is about the narrowest that `apply` plans: a width of 0 makes llama.cpp leave out the layer's attention, too (its
architecture deci goes on to the next layer before attention's output is added). Layers are skipped one by one, in the order given.
"""
import argparse
import json
import subprocess
from pathlib import Path

MULTIPLE = 32
KEPT = 96  # of a skipped block


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prunenet", required=True)
    parser.add_argument("--model", required=True, help="GGUF file of architecture llama")
    parser.add_argument("--policy", required=True)
    parser.add_argument("--ratio", type=float, required=True)
    parser.add_argument("--skip", type=int, nargs="*", default=[])
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--text", required=True)
    parser.add_argument("--windows", default="8")
    return parser.parse_args()


def run(options: argparse.Namespace, *words: str) -> None:
    subprocess.run([options.prunenet, *words, "--quiet"], check=True, stdout=subprocess.DEVNULL)


def uniform_plan(options: argparse.Namespace, width: int, neurons: int) -> dict:
    """The policy's best neurons of every layer."""
    path = options.out / f"width-{width}.json"
    if not path.exists():
        run(options, "apply", "--model", options.model, "--policy", options.policy, "--ratio", str(1 - width / neurons),
            "--round-to", "none", "--dry-run", "--plan-out", str(path), "--out", str(options.out / "none.gguf"))
    return json.loads(path.read_text())


def perplexity(options: argparse.Namespace, name: str, plan: dict) -> float:
    path, model, record = (options.out / f"{name}{ending}" for ending in (".json", ".gguf", ".eval.json"))
    if not record.exists():
        path.write_text(json.dumps(plan))
        run(options, "apply", "--model", options.model, "--from-plan", str(path), "--out", str(model), "--force")
        run(options, "eval", "--model", str(model), "--text", options.text, "--context", "1024", "--windows",
            options.windows, "--json", str(record))
        model.unlink()
    return json.loads(record.read_text())["perplexity"][0]["ppl"]


def main() -> None:
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    inspected = json.loads(subprocess.run([options.prunenet, "inspect", options.model, "--json", "-"], check=True,
                                          capture_output=True).stdout)
    neurons, layers = inspected["intermediate_size"], inspected["num_hidden_layers"]
    total = round(neurons * (1 - options.ratio)) * layers
    least = uniform_plan(options, KEPT, neurons)
    print("| skipped | width of the others | perplexity |\n|---|---:|---:|")
    for count in range(len(options.skip) + 1):
        skipped = options.skip[:count]
        width = min(neurons, (total - KEPT * count) // (layers - count) // MULTIPLE * MULTIPLE)
        plan = uniform_plan(options, width, neurons)
        for layer in skipped:
            plan["keep_indices"][layer] = least["keep_indices"][layer]
        plan["source"] = f"layer_skip.py, {count} skipped"
        name = f"skip-{count}-of-{options.ratio}"
        names = ", ".join(map(str, skipped)) or "none"
        print(f"| {names} | {width} | {perplexity(options, name, plan):.2f} |", flush=True)


if __name__ == "__main__":
    main()
