#!/usr/bin/env python3
"""Writes tests/data/prunenet/golden.safetensors: one episode of the published PruneNet policy in PyTorch, noise given.

Needs torch, numpy and safetensors; the file is committed, so tests need none of them. The formulas are those of
LCS2-IIITD/PruneNet, prunenet/SparsityPredictor.py and experiments/trainable_activation_sparsity.py, written anew, in
float32 without autocast.

rows [L, I, d]; initial.* and final.*, the network's parameters before and after the episode; sampling_noise and
keep_probabilities [L, I]; kept int64 [L, k], in the order of drawing; ks, reward and discounted [L]; loss_noise [L, I];
loss [L], each after the steps on the layers before it; first_gradient.* of the first of them.
corrected.*: the same steps in the corrected form (Plackett-Luce log-probability of `kept` under z, clipped to 1), with
`discounted` as weights.
"""
import pathlib

import numpy
import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parent / "prunenet" / "golden.safetensors"
LAYERS, NEURONS, HIDDEN, RATIO, DISCOUNT = 3, 30, 11, 0.3, 0.99


class Predictor(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.proj_intermediate = torch.nn.Linear(HIDDEN, NEURONS)
        self.row_sparsities = torch.nn.Parameter(torch.rand(NEURONS, 1))

    def logits(self, rows):
        return (self.proj_intermediate(rows) @ self.row_sparsities)[:, 0]

    def forward(self, rows, noise):
        alpha = torch.sigmoid(self.logits(rows))
        return torch.sigmoid(torch.log(noise) - torch.log(1 - noise) + torch.log(alpha) - torch.log(1 - alpha))


def plackett_luce(z, order):
    """log P of drawing `order` without replacement in proportion to exp(z), one factor at a time."""
    left, total = list(range(len(z))), 0.0
    for row in order.tolist():
        total = total + z[row] - torch.logsumexp(z[left], 0)
        left.remove(row)
    return total


def kolmogorov_smirnov(a, b):
    """Largest difference of the two shares of values <= t, over all t that occur."""
    points = numpy.concatenate([a, b])
    share = [numpy.searchsorted(numpy.sort(values), points, side="right") / len(values) for values in (a, b)]
    return float(numpy.abs(share[0] - share[1]).max())


def named(prefix, module):
    return {f"{prefix}.{name}": value.detach().clone() for name, value in module.named_parameters()}


def main():
    torch.manual_seed(20)
    rows = 0.3 * torch.randn(LAYERS, NEURONS, HIDDEN) * torch.exp(torch.randn(LAYERS, NEURONS, 1))
    policy = Predictor()
    golden = {"rows": rows, **named("initial", policy)}
    start = {name: value.clone() for name, value in policy.state_dict().items()}

    kept_count = int((1 - RATIO) * NEURONS)
    sampling_noise, loss_noise = torch.rand(LAYERS, NEURONS), torch.rand(LAYERS, NEURONS)
    with torch.no_grad():
        probabilities = torch.stack([policy(rows[layer], sampling_noise[layer]) for layer in range(LAYERS)])
    kept = torch.stack([torch.multinomial(p, kept_count, replacement=False) for p in probabilities])
    ks = [kolmogorov_smirnov(torch.linalg.svdvals(rows[layer].double()).numpy(),
                             torch.linalg.svdvals(rows[layer][kept[layer]].double()).numpy())
          for layer in range(LAYERS)]
    reward = numpy.array([99999.0 if value == 0 else 1 / value for value in ks])
    discounted = reward * DISCOUNT ** numpy.arange(LAYERS)

    optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-3)
    losses = []
    for layer in range(LAYERS):
        loss = -torch.log(policy(rows[layer], loss_noise[layer]))[kept[layer]].sum() * discounted[layer]
        loss.backward()
        losses.append(loss.detach())
        if layer == 0:
            golden |= {f"first_gradient.{name}": value.grad.clone() for name, value in policy.named_parameters()}
        optimizer.step()
        optimizer.zero_grad()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    golden |= named("final", policy)

    policy.load_state_dict(start)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-3)
    corrected = []
    for layer in range(LAYERS):
        optimizer.zero_grad()
        loss = -plackett_luce(policy.logits(rows[layer]), kept[layer]) * discounted[layer]
        loss.backward()
        corrected.append(loss.detach())
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
    golden |= named("corrected.final", policy)

    golden |= {"sampling_noise": sampling_noise, "keep_probabilities": probabilities, "kept": kept,
               "ks": torch.tensor(ks, dtype=torch.float32), "reward": torch.tensor(reward, dtype=torch.float32),
               "discounted": torch.tensor(discounted, dtype=torch.float32), "loss_noise": loss_noise,
               "loss": torch.stack(losses).float(), "corrected.loss": torch.stack(corrected).float()}
    OUT.parent.mkdir(exist_ok=True)
    save_file({name: value.contiguous() for name, value in golden.items()}, OUT)
    print({name: golden[name].tolist() for name in ("ks", "reward", "loss", "corrected.loss")})


if __name__ == "__main__":
    main()
