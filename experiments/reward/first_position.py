"""How much of the gradients at what FFNs write, and of their responses, the first position of a sequence has.

    python3 first_position.py MODEL_DIR [--sequences N] [--tokens N]

Text that the model samples itself. A row a layer: mean square of the gradient of the log-likelihood at down_proj's output, at the first
position and at the others (the last, which predicts nothing, left out); the first position's share of its sum, and of the sum of the
squared responses, which down_proj reads.
"""

import argparse

import torch
from transformers import AutoModelForCausalLM


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--sequences", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=192, help="of each sequence")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval().requires_grad_(False)
    start = torch.full((arguments.sequences, 1), model.config.bos_token_id)
    more = arguments.tokens - 1
    ids = model.generate(start, attention_mask=torch.ones_like(start), do_sample=True, temperature=1.0, top_k=0,
                         top_p=1.0, max_new_tokens=more, min_new_tokens=more)
    layers = model.model.layers
    written, squares = [], [([], []) for _ in layers]

    def keep(_, inputs, output):
        if not output.requires_grad:
            output.requires_grad_(True)
        output.retain_grad()
        written.append((inputs[0].detach(), output))

    for layer in layers:
        layer.mlp.down_proj.register_forward_hook(keep)
    for batch in ids.split(4):
        logits = model(batch).logits[:, :-1]
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten(), reduction="sum").backward()
        for (h, y), (gradients, responses) in zip(written, squares):
            gradients.append(y.grad[:, :-1].double().square().sum(-1))
            responses.append(h[:, :-1].double().square().sum(-1))
        written.clear()
    print("| layer | gradient, first | others | share of the first | of the responses |\n|---|---|---|---|---|")
    for layer, (gradients, responses) in enumerate(squares):
        g, h = torch.cat(gradients), torch.cat(responses)
        print(f"| {layer} | {g[:, 0].mean():.2g} | {g[:, 1:].mean():.2g} | {100 * g[:, 0].sum() / g.sum():.1f} % | "
              f"{100 * h[:, 0].sum() / h.sum():.1f} % |")


if __name__ == "__main__":
    main()
