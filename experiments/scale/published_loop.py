"""CPU seconds of one reward evaluation in the published training loop, in stock PyTorch.

Does per layer what PruneNet's public code (LCS2-IIITD/PruneNet, experiments/trainable_activation_sparsity.py) does per
layer and episode, written anew: the policy's forward pass (I x d weights through a d x I linear layer and a column),
a draw without replacement, the kept rows of gate and up and columns of down, torch.svd of the kept rows of gate with
its vectors, the KS statistic by SciPy, then a second forward pass, its gradient and an AdamW step. What is left out
is not charged: loading the model anew every episode, perplexities, logging. One thread, unless --threads says else.

    python published_loop.py --model MODEL_DIR [--layers N] [--ratio R] [--half]

Prints one JSON object. --half runs the policy under autocast to float16, as published; without it in float32, which is
the faster of the two on processors that have no float16 arithmetic.
"""

import argparse
import json
import pathlib
import time

import torch
from safetensors import safe_open
from scipy import stats


class Policy(torch.nn.Module):
    """Keep probabilities sigmoid(logistic noise + logit(alpha)), alpha = sigmoid((X W^T + b) v) of weights X [I, d]."""

    def __init__(self, hidden: int, intermediate: int) -> None:
        super().__init__()
        self.projection = torch.nn.Linear(hidden, intermediate)
        self.column = torch.nn.Parameter(torch.rand(intermediate, 1))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        alpha = torch.sigmoid(self.projection(rows) @ self.column)[:, 0]
        noise = torch.rand(alpha.shape)
        return torch.sigmoid(torch.logit(noise) + torch.log(alpha) - torch.log(1 - alpha))


def read_layer(weights, layer: int) -> dict[str, torch.Tensor]:
    return {
        name: weights.get_tensor(f"model.layers.{layer}.mlp.{name}_proj.weight").float() for name in ("gate", "up", "down")
    }


def ks_of_kept(dense: torch.Tensor, ffn: dict[str, torch.Tensor], kept: torch.Tensor) -> float:
    pruned = {"gate": ffn["gate"][kept], "up": ffn["up"][kept], "down": ffn["down"][:, kept]}
    _, values, _ = torch.svd(pruned["gate"])
    return stats.ks_2samp(dense.numpy(), values.numpy()).statistic


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--ratio", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--half", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)

    with safe_open(str(pathlib.Path(arguments.model) / "model.safetensors"), "pt") as weights:
        ffns = [read_layer(weights, layer) for layer in range(arguments.layers)]
    intermediate, hidden = ffns[0]["gate"].shape
    kept_count = int((1 - arguments.ratio) * intermediate)
    dense = [torch.svd(ffn["gate"])[1] for ffn in ffns]
    policy = Policy(hidden, intermediate)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-3)

    seconds = {"policy": 0.0, "reward": 0.0, "update": 0.0}
    draws, rewards = [], []
    with torch.autocast("cpu", torch.float16, enabled=arguments.half):
        for ffn, spectrum in zip(ffns, dense):
            start = time.process_time()
            probabilities = policy(ffn["gate"].clone()).float()
            draws.append(torch.multinomial(probabilities, kept_count, replacement=False).sort().values)
            drawn = time.process_time()
            rewards.append(1.0 / ks_of_kept(spectrum, ffn, draws[-1]))
            seconds["policy"] += drawn - start
            seconds["reward"] += time.process_time() - drawn
        start = time.process_time()
        for ffn, draw, reward in zip(ffns, draws, rewards):
            loss = -torch.log(policy(ffn["gate"])).gather(0, draw).sum() * reward
            loss.backward()
            if all(parameter.grad.isfinite().all() for parameter in policy.parameters()):
                optimizer.step()
            optimizer.zero_grad()
        seconds["update"] = time.process_time() - start

    total = sum(seconds.values())
    print(
        json.dumps(
            {
                "evaluations": len(ffns),
                "cpu_seconds": {key: round(value, 3) for key, value in seconds.items()},
                "evaluations_per_cpu_second": round(len(ffns) / total, 2),
                "reward_alone_per_cpu_second": round(len(ffns) / seconds["reward"], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
