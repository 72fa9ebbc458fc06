"""What the best keep-sets of a reward give: the bound of any policy that is trained on it.

    python3 experiments/reward/reachable.py MODEL_DIR OUT_DIR [--ratio 0.3] [--sequences 64] [--length 256] [--plan P.json ...]

Samples text from the model, finds keep-sets that are best for the coupling K of each layer, prints the reward of each way and of the plans
given, and writes OUT_DIR/WAY.json for `prunenet apply --from-plan`. Needs torch and transformers; 64 sequences of SmolLM2-135M take
4 GB and ten minutes.
"""
import argparse
import json
import math
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

START_TOKENS = (1, 0)  # as policies/smollm2.yaml


def sample(model, sequences, length):
    ids = torch.tensor([[START_TOKENS[row % len(START_TOKENS)]] for row in range(sequences)])
    new, cache = ids, None
    with torch.no_grad():
        for _ in range(length - 1):
            out = model(new, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            new = torch.multinomial(torch.softmax(out.logits[:, -1].float(), -1), 1)
            ids = torch.cat([ids, new], 1)
    return ids


def moments(model, ids):
    """H = E[h h^T] (I x I) and F = E[g g^T] (d x d) of each layer, F without the first position of each sequence."""
    layers = model.model.layers
    responses, outputs = {}, {}
    for index, layer in enumerate(layers):
        layer.mlp.down_proj.register_forward_pre_hook(
            lambda module, inputs, index=index: responses.__setitem__(index, inputs[0].detach().flatten(0, 1)))

        def see(module, inputs, output, index=index):
            output = output if output.requires_grad else output.requires_grad_(True)
            output.retain_grad()
            outputs[index] = output
            return output

        layer.mlp.down_proj.register_forward_hook(see)
    second, fisher = [0.0] * len(layers), [0.0] * len(layers)
    for batch in ids.split(4):
        logits = model(batch, use_cache=False).logits[:, :-1].float()
        torch.log_softmax(logits, -1).gather(-1, batch[:, 1:, None]).sum().backward()
        for index in range(len(layers)):
            second[index] = second[index] + responses[index].T @ responses[index] / ids.numel()
            gradient = outputs[index].grad[:, 1:].flatten(0, 1)
            fisher[index] = fisher[index] + gradient.T @ gradient
    return second, fisher


def best_by_diagonal(coupling, count):
    removed = torch.zeros(len(coupling), dtype=torch.bool)
    removed[coupling.diagonal().argsort()[:count]] = True
    return removed


def best_by_swaps(coupling, count):
    """From the diagonal's, the best swap of two neurons until none lowers r^T K r."""
    removed = best_by_diagonal(coupling, count)
    field, diagonal = coupling @ removed.to(coupling.dtype), coupling.diagonal()
    while True:
        out, kept = removed.nonzero().flatten(), (~removed).nonzero().flatten()
        change = (diagonal[out] - 2 * field[out])[:, None] + (diagonal[kept] + 2 * field[kept])[None]
        change -= 2 * coupling[out][:, kept]
        best = int(change.argmin())
        if change.flatten()[best] >= -1e-9 * coupling.sum().abs():
            return removed
        back, away = out[best // len(kept)], kept[best % len(kept)]
        removed[back], removed[away] = False, True
        field += coupling[:, away] - coupling[:, back]


def reward(coupling, removed):
    r = removed.to(coupling.dtype)
    return -math.log(float(r @ coupling @ r / coupling.sum()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--ratio", type=float, default=0.3)
    parser.add_argument("--sequences", type=int, default=64)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--plan", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval().requires_grad_(False)
    second, fisher = moments(model, sample(model, arguments.sequences, arguments.length))
    ways = {"diagonal": [], "swaps": [], "loss-metric": []}
    for plan in arguments.plan:
        ways[plan.stem] = []
    rewards = {way: 0.0 for way in ways}
    for index, layer in enumerate(model.model.layers):
        down = layer.mlp.down_proj.weight
        width, neurons = down.shape
        coupling = ((down.T @ down) * second[index]).double()
        metric = fisher[index] / fisher[index].trace() + torch.eye(width) / width
        in_metric = ((down.T @ metric @ down) * second[index]).double()
        count = round(arguments.ratio * neurons)
        found = {"diagonal": best_by_diagonal(coupling, count), "swaps": best_by_swaps(coupling, count),
                 "loss-metric": best_by_swaps(in_metric, count)}
        for plan in arguments.plan:
            removed = torch.ones(neurons, dtype=torch.bool)
            removed[json.loads(plan.read_text())["keep_indices"][index]] = False
            found[plan.stem] = removed
        for way, removed in found.items():
            ways[way].append((~removed).nonzero().flatten().tolist())
            rewards[way] += reward(coupling, removed) / len(model.model.layers)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for way, keep in ways.items():
        print(f"{way:<12} reward {rewards[way]:.4f}")
        plan = {"format": "prunenet-plan", "format_version": 1, "source": f"reachable {way}", "intermediate_size": neurons,
                "requested_ratio": arguments.ratio, "round_to": 1, "keep_indices": keep}
        (arguments.out / f"{way}.json").write_text(json.dumps(plan))


if __name__ == "__main__":
    main()
