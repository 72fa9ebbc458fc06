#!/usr/bin/env python3
"""Writes a checkpoint of random weights in the shape of a large model: for measuring, not for talking to.

    synthesize.py SHAPE DIR [--layers N] [--dtype BF16|F16]

SHAPE is llama-2-7b, llama-3-8b or llama-2-70b. Shards have at most 5 GB, as transformers writes them. Weights are
normal with deviation 0.02, drawn once as a pool of four million values that every tensor reads from places of its own.
"""

import argparse
import json
import pathlib
import random
import struct

SHAPES = {  # hidden, intermediate, layers, heads, key-value heads, vocabulary
    "llama-2-7b": (4096, 11008, 32, 32, 32, 32000),
    "llama-3-8b": (4096, 14336, 32, 32, 8, 128256),
    "llama-2-70b": (8192, 28672, 80, 64, 8, 32000),
}
SHARD_BYTES = 5_000_000_000
POOL_VALUES = 4_000_003  # odd, so that rows of no width fall into step with it
CHUNK_VALUES = 1_000_000


def pool(dtype, rng):
    if dtype == "F16":
        return b"".join(struct.pack("<e", rng.gauss(0.0, 0.02)) for _ in range(POOL_VALUES))
    floats = struct.pack(f"<{POOL_VALUES}f", *(rng.gauss(0.0, 0.02) for _ in range(POOL_VALUES)))
    halves = bytearray(2 * POOL_VALUES)
    halves[0::2] = floats[2::4]  # the upper half of a float is a BF16
    halves[1::2] = floats[3::4]
    return bytes(halves)


def tensors(shape, layers):
    hidden, intermediate, _, heads, key_value_heads, vocabulary = shape
    narrow = hidden // heads * key_value_heads
    yield "model.embed_tokens.weight", [vocabulary, hidden]
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", [hidden]
        yield prefix + "self_attn.q_proj.weight", [hidden, hidden]
        yield prefix + "self_attn.k_proj.weight", [narrow, hidden]
        yield prefix + "self_attn.v_proj.weight", [narrow, hidden]
        yield prefix + "self_attn.o_proj.weight", [hidden, hidden]
        yield prefix + "post_attention_layernorm.weight", [hidden]
        yield prefix + "mlp.gate_proj.weight", [intermediate, hidden]
        yield prefix + "mlp.up_proj.weight", [intermediate, hidden]
        yield prefix + "mlp.down_proj.weight", [hidden, intermediate]
    yield "model.norm.weight", [hidden]
    yield "lm_head.weight", [vocabulary, hidden]


def count(shape):
    product = 1
    for extent in shape:
        product *= extent
    return product


def shards(all_tensors):
    dealt, filled = [[]], 0
    for name, shape in all_tensors:
        size = 2 * count(shape)
        if dealt[-1] and filled + size > SHARD_BYTES:
            dealt.append([])
            filled = 0
        dealt[-1].append((name, shape))
        filled += size
    return dealt


def write_shard(path, members, dtype, values, rng):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in members:
        end = offset + 2 * count(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    ones = struct.pack("<e", 1.0) if dtype == "F16" else b"\x80\x3f"
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape in members:
            left = count(shape)
            if len(shape) == 1:  # gains of norms
                file.write(ones * left)
                continue
            while left > 0:
                taken = min(left, CHUNK_VALUES)
                start = 2 * rng.randrange(POOL_VALUES - taken)
                file.write(values[start : start + 2 * taken])
                left -= taken
    return offset


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--layers", type=int, help="fewer layers than the model has")
    parser.add_argument("--dtype", choices=("BF16", "F16"), default="BF16")
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    hidden, intermediate, layers, heads, key_value_heads, vocabulary = shape
    layers = arguments.layers or layers
    rng = random.Random(1)
    values = pool(arguments.dtype, rng)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    dealt = shards(tensors(shape, layers))
    names, total = {}, 0
    for index, members in enumerate(dealt):
        single = len(dealt) == 1
        file = "model.safetensors" if single else f"model-{index + 1:05}-of-{len(dealt):05}.safetensors"
        total += write_shard(arguments.directory / file, members, arguments.dtype, values, rng)
        names.update({name: file for name, _ in members})
    if len(dealt) > 1:
        index = {"metadata": {"total_size": total}, "weight_map": names}
        (arguments.directory / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "torch_dtype": "bfloat16" if arguments.dtype == "BF16" else "float16",
        "hidden_size": hidden, "intermediate_size": intermediate, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": key_value_heads, "vocab_size": vocabulary,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    (arguments.directory / "config.json").write_text(json.dumps(config, indent=2))
    print(f"{total / 1e9:.2f} GB in {len(dealt)} shards")


if __name__ == "__main__":
    main()
