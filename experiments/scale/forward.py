"""CPU seconds of a forward pass, one thread each, in turn: `prunenet eval` against stock transformers, and pruned models
against the dense one.

    python forward.py --prunenet build/apps/prunenet/prunenet --text TEXT --model DENSE_DIR [--pruned DIR ...]

Runs with an interpreter that has torch and transformers. Processor time, not wall time, so that other work on the
machine counts little; what a process needs to start and to load is subtracted, by a second run of one window. Every
repeat goes through all models once, so that a change of the machine's speed meets all of them; the table has medians
of the ratios within a repeat.
"""

import argparse
import json
import os
import statistics
import subprocess
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of a process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)}: status {status}")
    return usage.ru_utime + usage.ru_stime


def ours(arguments: argparse.Namespace, model: str, context: int, windows: int) -> float:
    """CPU seconds of `windows` windows."""

    def run(count: int) -> float:
        command = [arguments.prunenet, "eval", "--quiet", "--threads", "1", "--model", model, "--text", arguments.text]
        return cpu_seconds([*command, "--context", str(context), "--windows", str(count), "--json", "-"])

    return run(windows + 1) - run(1)


class Transformers:
    def __init__(self, model: str, text: str) -> None:
        self.model = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
        with open(text, encoding="utf-8", newline="") as file:
            self.ids = AutoTokenizer.from_pretrained(model)(file.read(), add_special_tokens=False)["input_ids"]

    def seconds(self, context: int, windows: int) -> float:
        with torch.no_grad():
            start = time.process_time()
            for window in range(windows):
                batch = torch.tensor([self.ids[window * context : (window + 1) * context]])
                logits = self.model(batch, use_cache=False).logits[0, :-1]
                torch.nn.functional.cross_entropy(logits, batch[0, 1:], reduction="sum").item()
            return time.process_time() - start


def multiply_accumulates(config_path: str, context: int) -> float:
    """Of one token of a LLaMA-like model in a window: weights, and scores and sums over half of the window's tokens."""
    with open(config_path, encoding="utf-8") as file:
        config = json.load(file)
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    head = config.get("head_dim") or hidden // heads
    attention = hidden * head * (2 * heads + 2 * config["num_key_value_heads"]) + heads * head * context
    ffn = 3 * hidden * config["intermediate_size"]
    return config["num_hidden_layers"] * (attention + ffn) + hidden * config["vocab_size"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prunenet", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pruned", nargs="*", default=[])
    parser.add_argument("--contexts", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--tokens", type=int, default=4096, help="a measurement")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    reference = Transformers(arguments.model, arguments.text)
    reference.seconds(max(arguments.contexts), 1)

    for context in arguments.contexts:
        windows = max(1, arguments.tokens // context)
        against_reference: list[float] = []
        dense: list[float] = []
        speedups: dict[str, list[float]] = {model: [] for model in arguments.pruned}
        for _ in range(arguments.repeats):
            theirs = reference.seconds(context, windows)
            dense.append(ours(arguments, arguments.model, context, windows))
            against_reference.append(theirs / dense[-1])
            for model in arguments.pruned:
                speedups[model].append(dense[-1] / ours(arguments, model, context, windows))
        ratios = ", ".join(f"{value:.2f}" for value in against_reference)
        print(
            f"{context} tokens: {windows * context / statistics.median(dense):.0f} tokens a CPU second, "
            f"{statistics.median(against_reference):.2f} times transformers ({ratios})",
            flush=True,
        )
        whole = multiply_accumulates(os.path.join(arguments.model, "config.json"), context)
        for model, values in speedups.items():
            fewer = whole / multiply_accumulates(os.path.join(model, "config.json"), context)
            speed = statistics.median(values)
            ratios = ", ".join(f"{value:.2f}" for value in values)
            print(
                f"  {os.path.basename(os.path.normpath(model))}: {fewer:.3f} times fewer multiply-accumulates, "
                f"{speed:.3f} times as fast ({ratios}); {speed / fewer:.2f} of the ratio, "
                f"{(1 - 1 / speed) / (1 - 1 / fewer):.2f} of the share saved",
                flush=True,
            )


if __name__ == "__main__":
    main()
