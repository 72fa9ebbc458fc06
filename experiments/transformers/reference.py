"""Perplexity, token ids and speed of a checkpoint in stock transformers, by the rule of `prunenet eval`.

The whole file is tokenised without added special tokens and cut into windows of --context tokens; tokens 2..n of each
window are scored. Prints one JSON object.
"""

import argparse
import hashlib
import json
import math
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    with open(arguments.text, encoding="utf-8", newline="") as file:
        ids = tokenizer(file.read(), add_special_tokens=False)["input_ids"]
    digest = hashlib.sha256(b"".join(i.to_bytes(4, "little") for i in ids)).hexdigest()

    total, scored, seconds = 0.0, 0, 0.0
    with torch.no_grad():
        for window in range(min(arguments.windows, len(ids) // arguments.context)):
            batch = torch.tensor([ids[window * arguments.context : (window + 1) * arguments.context]])
            start = time.perf_counter()
            logits = model(batch, use_cache=False).logits[0, :-1]
            total += torch.nn.functional.cross_entropy(logits, batch[0, 1:], reduction="sum").item()
            seconds += time.perf_counter() - start
            scored += arguments.context - 1
    print(
        json.dumps(
            {
                "ppl": math.exp(total / scored),
                "tokens": len(ids),
                "ids_sha256_int32_le": digest,
                "scored": scored,
                "tokens_per_second": scored / seconds,
            }
        )
    )


if __name__ == "__main__":
    main()
