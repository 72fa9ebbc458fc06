#!/usr/bin/env python3
"""Writes tests/data/models: tiny random models of every variant and what transformers computes with them.

Needs torch, transformers (5.x) and safetensors; the files are committed, so tests need none of them.

models/NAME/                     config.json and model.safetensors as save_pretrained writes them
models/NAME.golden.safetensors   ids [B, T]; logits [B, T, V]; states [layers + 1, B, T, d] (output_hidden_states);
                                 nll [B, T - 1]; h and h_gradient [layers, B, T - 1, I], the inputs of the down
                                 projections and the gradient of the summed nll with respect to them;
                                 greedy [1, P + N]; keep [layers, W], neurons that a narrower model keeps, and
                                 pruned_logits [B, T, V], what transformers computes with that model
"""
import copy
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import (FalconConfig, FalconForCausalLM, Gemma2Config, Gemma2ForCausalLM, Gemma3ForCausalLM,
                          Gemma3TextConfig, GemmaConfig, GemmaForCausalLM, GPT2Config, GPT2LMHeadModel, GPTNeoXConfig,
                          GPTNeoXForCausalLM, GraniteConfig, GraniteForCausalLM, LlamaConfig, LlamaForCausalLM,
                          MistralConfig, MistralForCausalLM, Olmo2Config, Olmo2ForCausalLM, OPTConfig, OPTForCausalLM,
                          Phi3Config, Phi3ForCausalLM, PhiConfig, PhiForCausalLM, Qwen2Config, Qwen2ForCausalLM,
                          Qwen3Config, Qwen3ForCausalLM)

OUT = pathlib.Path(__file__).parent / "models"
PROMPT = 4
KEPT = 14  # neurons a layer of the narrower models

SIZES = dict(vocab_size=64, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=64, bos_token_id=1, eos_token_id=2, rms_norm_eps=1e-5)

# Those of architectures besides LLaMA's: smaller, since there are many.
SMALL = dict(vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=32,
             bos_token_id=1, eos_token_id=2, pad_token_id=0)
GATED = dict(**SMALL, intermediate_size=24, rms_norm_eps=1e-5)
PLAIN = dict(**SMALL, intermediate_size=24)
LAYER_TYPES = ["sliding_attention", "full_attention"]

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
    "mistral-window": (MistralForCausalLM, MistralConfig(**GATED, num_key_value_heads=2, head_dim=4, sliding_window=5)),
    "qwen2-window": (Qwen2ForCausalLM, Qwen2Config(**GATED, num_key_value_heads=2, use_sliding_window=True,
                                                   sliding_window=5, max_window_layers=1)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**GATED, num_key_value_heads=2, head_dim=8, tie_word_embeddings=True)),
    "granite": (GraniteForCausalLM, GraniteConfig(
        **GATED, num_key_value_heads=2, tie_word_embeddings=True, embedding_multiplier=1.7, logits_scaling=2.5,
        residual_multiplier=0.6, attention_multiplier=0.3)),
    "gemma": (GemmaForCausalLM, GemmaConfig(**GATED, num_key_value_heads=1, head_dim=8)),
    "gemma2": (Gemma2ForCausalLM, Gemma2Config(
        **GATED, num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=12, sliding_window=5,
        attn_logit_softcapping=2.0, final_logit_softcapping=3.0)),
    "gemma3": (Gemma3ForCausalLM, Gemma3TextConfig(
        **GATED, num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=12, sliding_window=5, layer_types=LAYER_TYPES,
        rope_parameters=dict(full_attention=dict(rope_type="linear", rope_theta=1000.0, factor=2.0),
                             sliding_attention=dict(rope_type="default", rope_theta=100.0)))),
    "olmo2": (Olmo2ForCausalLM, Olmo2Config(**GATED, num_key_value_heads=2)),
    "phi3": (Phi3ForCausalLM, Phi3Config(**GATED, num_key_value_heads=2)),
    "phi": (PhiForCausalLM, PhiConfig(**PLAIN)),
    "phi-head-norms": (PhiForCausalLM, PhiConfig(**PLAIN, num_key_value_heads=2, qk_layernorm=True)),
    "opt": (OPTForCausalLM, OPTConfig(**SMALL, ffn_dim=24)),
    "opt-norm-behind": (OPTForCausalLM, OPTConfig(**SMALL, ffn_dim=24, do_layer_norm_before=False,
                                                  word_embed_proj_dim=8)),
    "falcon-multi-query": (FalconForCausalLM, FalconConfig(**SMALL, ffn_hidden_size=24)),
    "falcon-new-decoder": (FalconForCausalLM, FalconConfig(**SMALL, ffn_hidden_size=24, new_decoder_architecture=True,
                                                           num_kv_heads=2)),
    "falcon-sequential": (FalconForCausalLM, FalconConfig(**SMALL, ffn_hidden_size=24, multi_query=False,
                                                          parallel_attn=False, bias=True)),
    "gpt2": (GPT2LMHeadModel, GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=4, n_positions=32, n_inner=24,
                                         bos_token_id=1, eos_token_id=2, pad_token_id=0)),
    "gpt-neox": (GPTNeoXForCausalLM, GPTNeoXConfig(**PLAIN, rope_parameters=dict(
        rope_type="default", rope_theta=100.0, partial_rotary_factor=0.5))),
    "gpt-neox-sequential": (GPTNeoXForCausalLM, GPTNeoXConfig(**PLAIN, use_parallel_residual=False, rope_parameters=dict(
        rope_type="default", rope_theta=100.0, partial_rotary_factor=1.0))),
}
FIRST_SMALL = "mistral-window"
WIDTH_KEYS = ("ffn_dim", "ffn_hidden_size", "n_inner", "intermediate_size")
DOWN = ("mlp.down_proj", "mlp.fc2", "fc2", "mlp.dense_4h_to_h", "mlp.c_proj")
OLD_ROPE_KEY = {"llama-linear-rope-head-dim", "qwen2"}


def randomise(model, generator):
    """Weights large enough that every term shows in the logits; gains around one; biases not zero."""
    gain = 0.0 if model.config.model_type.startswith("gemma") else 1.0  # Gemma adds one itself
    inputs = 0 if model.config.model_type == "gpt2" else 1  # axis of a matrix's inputs
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("bias"):
            parameter.data = 0.3 * noise
        elif parameter.dim() == 1:
            parameter.data = gain + 0.2 * noise
        else:
            parameter.data = noise / parameter.shape[1 if "wte" in name or "wpe" in name else inputs] ** 0.5


def use_old_rope_key(path):
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type": kind, **rope}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def down_projections(model):
    """Of the layers in order, whatever the architecture calls them."""
    layers = next(module for module in model.modules() if isinstance(module, torch.nn.ModuleList))
    return [next(dict(layer.named_modules())[name] for name in DOWN if name in dict(layer.named_modules()))
            for layer in layers]


def narrower(kind, model, keep):
    """The model with the kept neurons only: wherever a parameter is larger, its neurons' entries are left out."""
    config = copy.deepcopy(model.config)
    key = next(key for key in WIDTH_KEYS if hasattr(config, key))
    width = getattr(config, key)
    setattr(config, key, keep.shape[1])
    pruned = kind(config).float().eval()
    targets = dict(pruned.named_parameters())
    for name, parameter in model.named_parameters():
        value = parameter.detach()
        for axis, (before, after) in enumerate(zip(value.shape, targets[name].shape)):
            if before == after:
                continue
            layer = next(int(part) for part in name.split(".") if part.isdigit())
            # Fused projections hold every neuron once in each of their parts.
            indices = torch.cat([keep[layer] + part * width for part in range(before // width)])
            value = value.index_select(axis, indices)
        targets[name].data = value.clone()
    return pruned


def golden(kind, model, generator, batch, tokens, greedy_tokens):
    ids = torch.randint(0, model.config.vocab_size, (batch, tokens), generator=generator)
    with torch.no_grad():
        full = model(ids, output_hidden_states=True)
    recorded = []

    def keep_input(_module, inputs):
        recorded.append(inputs[0].requires_grad_(True) if not inputs[0].requires_grad else inputs[0])
        recorded[-1].retain_grad()

    handles = [down.register_forward_pre_hook(keep_input) for down in down_projections(model)]
    logits = model(ids[:, :-1]).logits
    nll = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    nll.sum().backward()
    for handle in handles:
        handle.remove()
    prompt = ids[:1, :PROMPT]
    # The mask is given because generate would take prompt tokens equal to the padding token for padding.
    greedy = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=greedy_tokens,
                            do_sample=False, eos_token_id=None, pad_token_id=0)
    by_token = (batch, tokens - 1, -1)
    result = dict(ids=ids, logits=full.logits, nll=nll.detach(), greedy=greedy,
                  h=torch.stack([h.detach().view(by_token) for h in recorded]),
                  h_gradient=torch.stack([h.grad.view(by_token) for h in recorded]))
    states = full.hidden_states
    if all(state.shape == states[0].shape for state in states):
        result["states"] = torch.stack(states)
    neurons = result["h"].shape[-1]
    result["keep"] = torch.stack([torch.randperm(neurons, generator=generator)[:KEPT].sort().values for _ in recorded])
    with torch.no_grad():
        result["pruned_logits"] = narrower(kind, model, result["keep"])(ids).logits
    return result


def main():
    small = False
    for seed, (name, (kind, config)) in enumerate(VARIANTS.items()):
        small = small or name == FIRST_SMALL
        generator = torch.Generator().manual_seed(seed)
        config._attn_implementation = "eager"  # soft caps, where there are any, are computed by this one only
        model = kind(config).float().eval()
        randomise(model, generator)
        model.requires_grad_(False)
        model.save_pretrained(OUT / name)
        (OUT / name / "generation_config.json").unlink(missing_ok=True)
        if name in OLD_ROPE_KEY:
            use_old_rope_key(OUT / name / "config.json")
        tensors = golden(kind, model, generator, *((1, 16, 12) if small else (2, 24, 20)))
        save_file({key: value.contiguous() for key, value in tensors.items()}, OUT / f"{name}.golden.safetensors")


if __name__ == "__main__":
    main()
