"""Responses of some layers of a model to text that it samples itself, for spectral.cpp: one file a layer, with
`responses` (T x I), what down_proj reads, and `down` (d x I).

    python3 responses.py MODEL_DIR OUT_DIR LAYER... [--sequences N] [--tokens N]
"""

import argparse
import pathlib

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("layers", type=int, nargs="+")
    parser.add_argument("--sequences", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=128, help="of each sequence")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    start = torch.full((arguments.sequences, 1), model.config.bos_token_id)
    more = arguments.tokens - 1
    ids = model.generate(start, attention_mask=torch.ones_like(start), do_sample=True, temperature=1.0, top_k=0,
                         top_p=1.0, max_new_tokens=more, min_new_tokens=more)
    projections = {layer: model.model.layers[layer].mlp.down_proj for layer in arguments.layers}
    seen = {layer: [] for layer in arguments.layers}
    for layer, projection in projections.items():
        projection.register_forward_pre_hook(
            lambda _, inputs, layer=layer: seen[layer].append(inputs[0].flatten(0, 1).clone()))
    with torch.no_grad():
        for batch in ids.split(8):
            model.model(batch)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for layer, projection in projections.items():
        save_file({"responses": torch.cat(seen[layer]), "down": projection.weight.detach().contiguous()},
                  arguments.out / f"layer-{layer}.safetensors")


if __name__ == "__main__":
    main()
