"""Markdown table of the policies that run.sh trained: python3 table.py WORK NAME..."""

import json
import os
import sys


def main() -> None:
    work, names = sys.argv[1], sys.argv[2:]
    print("| reward | estimator | steps | layers a step | seconds of training | perplexity at 30 % |")
    print("|---|---|---|---|---|---|")
    for name in names:
        with open(os.path.join(work, f"{name}.policy.json"), encoding="utf-8") as file:
            policy = json.load(file)
        with open(os.path.join(work, f"{name}.eval.json"), encoding="utf-8") as file:
            perplexity = json.load(file)["perplexity"][0]["ppl"]
        reward, train = policy["recipe"]["reward"], policy["recipe"]["train"]
        print(
            f"| {reward['distortion']} of {reward['operator']} | {train['estimator']} | {train['steps']} "
            f"| {train['layers_per_step']} | {policy['provenance']['training_seconds']:.0f} | {perplexity:.1f} |"
        )


if __name__ == "__main__":
    main()
