#!/usr/bin/env python3
"""Writes a plan that keeps random neurons of every layer: what is kept makes no difference to how long it takes.

    plan.py MODEL_DIR RATIO PLAN
"""

import argparse
import json
import pathlib
import random


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("ratio", type=float)
    parser.add_argument("plan", type=pathlib.Path)
    arguments = parser.parse_args()
    config = json.loads((arguments.model / "config.json").read_text())
    neurons = config["intermediate_size"]
    kept = round(neurons * (1.0 - arguments.ratio) / 128) * 128
    rng = random.Random(2)
    plan = {
        "format": "prunenet-plan", "format_version": 1, "source": "random neurons", "intermediate_size": neurons,
        "requested_ratio": arguments.ratio, "round_to": 128,
        "keep_indices": [sorted(rng.sample(range(neurons), kept)) for _ in range(config["num_hidden_layers"])],
    }  # fmt: skip
    arguments.plan.write_text(json.dumps(plan))


if __name__ == "__main__":
    main()
