"""One line: perplexity and tokens a second of `prunenet eval --json` against reference.py on the same checkpoint."""

import json
import os
import sys


def main() -> int:
    model, ours_path, reference_path = sys.argv[1:4]
    with open(ours_path, encoding="utf-8") as file:
        ours = json.load(file)["perplexity"][0]
    with open(reference_path, encoding="utf-8") as file:
        reference = json.load(file)
    difference = ours["ppl"] / reference["ppl"] - 1.0
    speed = ours["tokens_per_second"] / reference["tokens_per_second"]
    same = abs(difference) < 0.002
    print(
        f"{os.path.basename(os.path.normpath(model))}: perplexity {ours['ppl']:.4f} here, "
        f"{reference['ppl']:.4f} in transformers ({difference:+.4%}); "
        f"{ours['tokens_per_second']:.0f} and {reference['tokens_per_second']:.0f} tokens/s (ratio {speed:.2f})"
        + ("" if same else "  DIFFERENT")
    )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
