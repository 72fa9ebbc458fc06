#!/usr/bin/env python3
"""What a pruned model costs and gives, before and after recovery, as one Markdown table.

    python3 experiments/practical/table.py --prunenet build/apps/prunenet/prunenet --model SMOLLM2_DIR \
        --policy policies/smollm2-refined.safetensors --recipe experiments/practical/recover.yaml --out practical --text TEXT

For each ratio: parameters, bytes of the weights, peak memory of a forward pass, seconds to generate 128 tokens, perplexity (8 windows of
1024 tokens), and the last two after `recover`. Generation is timed for all models in turn, `--repeats` times over, and given as the median and
as a ratio to the dense model's in the same round: nothing else should run beside it. What is in --out already is not made again.
"""
import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

PROMPT = "It was a bright morning in the old town, and"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prunenet", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--recipe", required=True, help="of recover")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--text", required=True)
    parser.add_argument("--ratios", type=float, nargs="+", default=[0.2, 0.35, 0.5])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", default="2")
    return parser.parse_args()


def run(options: argparse.Namespace, *words: str) -> None:
    subprocess.run([options.prunenet, *words, "--threads", options.threads, "--quiet"], check=True, stdout=subprocess.DEVNULL)


def measure(options: argparse.Namespace, name: str, model: Path) -> dict:
    record = options.out / f"{name}.json"
    if not record.exists():
        run(options, "eval", "--model", str(model), "--text", options.text, "--context", "1024", "--windows", "8", "--json", str(record))
    return json.loads(record.read_text())


def generation_seconds(options: argparse.Namespace, models: dict) -> dict:
    """Seconds of each round for each model; the tokens are sampled, so that no model stops before the others do."""
    saved = options.out / "generation.json"
    if saved.exists():
        return json.loads(saved.read_text())
    seconds = {name: [] for name in models}
    for seed in range(options.repeats):
        for name, model in models.items():
            start = time.monotonic()
            run(options, "generate", "--model", str(model), "--prompt", PROMPT, "--tokens", str(options.tokens), "--seed", str(seed))
            loading = time.monotonic()
            run(options, "generate", "--model", str(model), "--prompt", PROMPT, "--tokens", "1", "--seed", str(seed))
            seconds[name].append(2 * loading - start - time.monotonic())  # without what loading and the first token take
    saved.write_text(json.dumps(seconds))
    return seconds


def main() -> None:
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    models = {"dense": Path(options.model)}
    for ratio in options.ratios:
        cut, taught = options.out / f"{ratio}", options.out / f"{ratio}-recovered"
        if not cut.exists():
            run(options, "apply", "--model", options.model, "--policy", options.policy, "--ratio", str(ratio), "--out", str(cut))
        if not taught.exists():
            run(options, "recover", "--teacher", options.model, "--student", str(cut), "--recipe", options.recipe, "--out", str(taught), "--resume")
        models |= {cut.name: cut, taught.name: taught}
    records = {name: measure(options, name, model) for name, model in models.items()}
    seconds = generation_seconds(options, models)
    print(f"| | parameters | weights | peak memory | {options.tokens} tokens | of dense | perplexity |\n|---|---:|---:|---:|---:|---:|---:|")
    for name, record in records.items():
        ratio = statistics.median(own / dense for own, dense in zip(seconds[name], seconds["dense"]))
        print(f"| {name} | {record['parameters'] / 1e6:.1f}M | {record['bytes'] / 1e6:.0f} MB | {record['peak_rss_bytes'] / 1e6:.0f} MB "
              f"| {statistics.median(seconds[name]):.2f} s | {ratio:.2f} | {record['perplexity'][0]['ppl']:.2f} |")


if __name__ == "__main__":
    main()
