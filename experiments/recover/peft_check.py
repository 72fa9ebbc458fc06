#!/usr/bin/env python3
"""peft_check.py PRUNENET MODELS [NAME ...]: has Hugging Face PEFT load what `prunenet recover --adapter-out` writes.

MODELS is tests/data/models. Each tiny model is pruned by the keep-set of its golden file, taught with LoRA, and then computed twice by
transformers: as the merged output, and as the pruned model with the adapter that PEFT loads. Prints the largest difference of the
logits, and that between the pruned and the merged model beside it. Needs torch, transformers, safetensors and peft.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


def run(*words: object) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)


def prune(prunenet: str, model: Path, work: Path) -> Path:
    keep = load_file(f"{model}.golden.safetensors")["keep"].tolist()
    width = 0
    for shard in [model / "config.json"]:
        config = json.loads(shard.read_text())
        width = next(config[key] for key in ("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size") if config.get(key))
    plan = {
        "format": "prunenet-plan",
        "format_version": 1,
        "source": "golden",
        "intermediate_size": width,
        "requested_ratio": 1 - len(keep[0]) / width,
        "round_to": 1,
        "keep_indices": keep,
    }
    (work / "plan.json").write_text(json.dumps(plan))
    run(prunenet, "apply", "--model", model, "--from-plan", work / "plan.json", "--out", work / "pruned", "--quiet")
    return work / "pruned"


def logits(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(ids).logits


def check(prunenet: str, model: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pruned = prune(prunenet, model, work)
        settings = ["tokens=64", "sequence_length=17", "sampled_tokens=128", "held_out_tokens=16", "warmup_steps=0", "start_tokens=[1]"]
        sets = [word for setting in settings for word in ("--set", "recover." + setting)]
        run(prunenet, "recover", "--teacher", model, "--student", pruned, "--out", work / "merged", "--adapter-out", work / "adapter",
            "--train", "lora", "--rank", 3, "--alpha", 7, "--steps", 5, "--learning-rate", 0.05, "--quiet", "--threads", 1, *sets)
        ids = torch.arange(2, 26).reshape(2, 12)
        load = lambda path: AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
        merged = logits(load(work / "merged"), ids)
        adapted = logits(PeftModel.from_pretrained(load(pruned), work / "adapter"), ids)
        plain = logits(load(pruned), ids)
        difference = (merged - adapted).abs().max().item()
        print(f"{model.name:28} adapter against merged {difference:.1e}, pruned against merged {(merged - plain).abs().max().item():.1e}")
        return difference


def main() -> None:
    prunenet, models, *names = sys.argv[1:]
    names = names or sorted(path.name for path in Path(models).iterdir() if path.is_dir())
    worst = max(check(prunenet, Path(models) / name) for name in names)
    if worst > 1e-4:
        sys.exit(f"largest difference {worst:.1e}")


if __name__ == "__main__":
    main()
