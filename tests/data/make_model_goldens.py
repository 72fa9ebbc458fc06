#!/usr/bin/env python3
"""Writes tests/data/models: tiny random models of every variant and what transformers computes with them.

Needs torch, transformers (5.x) and safetensors; the files are committed, so tests need none of them.

models/NAME/                     config.json and model.safetensors as save_pretrained writes them
models/NAME.golden.safetensors   ids [B, T]; logits [B, T, V]; states [layers + 1, B, T, d] (output_hidden_states);
                                 nll [B, T - 1]; h and h_gradient [layers, B, T - 1, I], the inputs of down_proj and
                                 the gradient of the summed nll with respect to them; greedy [1, P + N]
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config,
                          Qwen2ForCausalLM)

OUT = pathlib.Path(__file__).parent / "models"
BATCH, TOKENS, PROMPT, GREEDY = 2, 24, 4, 20

SIZES = dict(vocab_size=64, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=64, bos_token_id=1, eos_token_id=2, rms_norm_eps=1e-5)

# Two rope variants are stored under the key of transformers before version 5, as most checkpoints have it.
VARIANTS = {
    "llama-grouped-tied": (LlamaForCausalLM, LlamaConfig(**SIZES, num_key_value_heads=2, tie_word_embeddings=True)),
    "llama-biased-untied": (LlamaForCausalLM, LlamaConfig(**SIZES, num_key_value_heads=4, attention_bias=True,
                                                          mlp_bias=True, hidden_act="gelu_pytorch_tanh")),
    "llama-linear-rope-head-dim": (LlamaForCausalLM, LlamaConfig(
        **SIZES, num_key_value_heads=1, head_dim=8,
        rope_parameters=dict(rope_type="linear", rope_theta=500.0, factor=2.5))),
    # Wavelengths 6, 35, 199 and 1117 fall below, below, between and above the limits 64 and 256.
    "llama-llama3-rope": (LlamaForCausalLM, LlamaConfig(
        **{**SIZES, "max_position_embeddings": 512}, num_key_value_heads=2, head_dim=8, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="llama3", rope_theta=1000.0, factor=8.0, low_freq_factor=1.0,
                             high_freq_factor=4.0, original_max_position_embeddings=256))),
    "mistral": (MistralForCausalLM, MistralConfig(**SIZES, num_key_value_heads=2, head_dim=4, sliding_window=None)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, num_key_value_heads=2, tie_word_embeddings=True)),
}
OLD_ROPE_KEY = {"llama-linear-rope-head-dim", "qwen2"}


def randomise(model, generator):
    """Weights large enough that every term shows in the logits; gains around one; biases not zero."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("norm.weight"):
            parameter.data = 1.0 + 0.2 * noise
        elif name.endswith("bias"):
            parameter.data = 0.3 * noise
        else:
            parameter.data = noise / parameter.shape[1] ** 0.5


def use_old_rope_key(path):
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type": kind, **rope}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def golden(model, generator):
    ids = torch.randint(0, model.config.vocab_size, (BATCH, TOKENS), generator=generator)
    with torch.no_grad():
        full = model(ids, output_hidden_states=True)
    recorded = []

    def keep(_module, inputs):
        recorded.append(inputs[0].requires_grad_(True) if not inputs[0].requires_grad else inputs[0])
        recorded[-1].retain_grad()

    handles = [layer.mlp.down_proj.register_forward_pre_hook(keep) for layer in model.model.layers]
    logits = model(ids[:, :-1]).logits
    nll = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    nll.sum().backward()
    for handle in handles:
        handle.remove()
    prompt = ids[:1, :PROMPT]
    # The mask is given because generate would take prompt tokens equal to the padding token for padding.
    greedy = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=GREEDY, do_sample=False,
                            eos_token_id=None, pad_token_id=0)
    return dict(ids=ids, logits=full.logits, states=torch.stack(full.hidden_states), nll=nll.detach(),
                h=torch.stack([h.detach() for h in recorded]), h_gradient=torch.stack([h.grad for h in recorded]),
                greedy=greedy)


def main():
    for seed, (name, (kind, config)) in enumerate(VARIANTS.items()):
        generator = torch.Generator().manual_seed(seed)
        model = kind(config).float().eval()
        randomise(model, generator)
        model.requires_grad_(False)
        model.save_pretrained(OUT / name)
        (OUT / name / "generation_config.json").unlink(missing_ok=True)
        if name in OLD_ROPE_KEY:
            use_old_rope_key(OUT / name / "config.json")
        tensors = {key: value.contiguous() for key, value in golden(model, generator).items()}
        save_file(tensors, OUT / f"{name}.golden.safetensors")


if __name__ == "__main__":
    main()
