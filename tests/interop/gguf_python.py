"""gguf_python.py PRUNENET ROOT: exports a small model in every type and prunes each file; PyPI's gguf, which comes from
the authors of the format, must find the tensors, values and metadata that are meant."""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, quants

TYPES = ("F32", "F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0")
RATIO, WIDTH = "0.3", 160
HEADS, KEY_HEADS = 4, 2


def run(prunenet, *arguments):
    subprocess.run([prunenet, *map(str, arguments), "--quiet", "--threads", "1"], check=True,
                   stdout=subprocess.DEVNULL)


def read_safetensors(path):
    """Tensors of a file as floats by name."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, info in json.loads(data[8:8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in info["data_offsets"])
        values = np.frombuffer(data[begin:end], {"F16": np.float16, "F32": np.float32}[info["dtype"]]).astype(np.float32)
        tensors[name] = values.reshape(info["shape"])
    return tensors


def paired(rows, heads):
    """As convert_hf_to_gguf.py describes it: the two halves of each head alternate."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def expected_tensors(tensors, layers):
    names = {"token_embd.weight": tensors["model.embed_tokens.weight"], "output_norm.weight": tensors["model.norm.weight"]}
    if "lm_head.weight" in tensors:
        names["output.weight"] = tensors["lm_head.weight"]
    for layer in range(layers):
        source, target = f"model.layers.{layer}.", f"blk.{layer}."
        attention, ffn = source + "self_attn.", source + "mlp."
        names[target + "attn_norm.weight"] = tensors[source + "input_layernorm.weight"]
        names[target + "ffn_norm.weight"] = tensors[source + "post_attention_layernorm.weight"]
        names[target + "attn_q.weight"] = paired(tensors[attention + "q_proj.weight"], HEADS)
        names[target + "attn_k.weight"] = paired(tensors[attention + "k_proj.weight"], KEY_HEADS)
        names[target + "attn_v.weight"] = tensors[attention + "v_proj.weight"]
        names[target + "attn_output.weight"] = tensors[attention + "o_proj.weight"]
        for part in ("gate", "up", "down"):
            names[target + f"ffn_{part}.weight"] = tensors[ffn + f"{part}_proj.weight"]
    return names


def check(path, expected, kind, width, tied):
    reader = GGUFReader(path)
    assert reader.fields["general.architecture"].contents() == "llama"
    assert reader.fields["llama.feed_forward_length"].contents() == width
    assert len(reader.fields["tokenizer.ggml.tokens"].contents()) == expected["token_embd.weight"].shape[0]
    found = {tensor.name: tensor for tensor in reader.tensors}
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    for name, values in expected.items():
        tensor = found[name]
        wanted = "F32" if values.ndim == 1 else kind
        if kind in ("Q4_0", "Q4_1", "Q5_0", "Q5_1") and name == ("token_embd.weight" if tied else "output.weight"):
            wanted = "Q8_0"
        assert tensor.tensor_type.name == wanted, (name, tensor.tensor_type.name, wanted)
        assert list(reversed(tensor.shape.tolist())) == list(values.shape), name
        type_number = GGMLQuantizationType[wanted]
        blocks = quants.quantize(np.ascontiguousarray(values), type_number)
        assert tensor.data.tobytes() == blocks.tobytes(), f"{path.name}: {name} is not what gguf writes"


def main():
    prunenet, root = sys.argv[1], pathlib.Path(sys.argv[2])
    model = root / "tests" / "data" / "trained" / "large"
    config = json.loads((model / "config.json").read_text())
    assert (config["num_attention_heads"], config["num_key_value_heads"]) == (HEADS, KEY_HEADS)
    tied, layers = config["tie_word_embeddings"], config["num_hidden_layers"]
    dense = expected_tensors(read_safetensors(model / "model.safetensors"), layers)
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary)
        for kind in TYPES:
            written, pruned = place / f"{kind}.gguf", place / f"{kind}-pruned.gguf"
            run(prunenet, "export", "--model", model, "--gguf", written, "--type", kind.lower())
            check(written, dense, kind, config["intermediate_size"], tied)
            run(prunenet, "apply", "--model", written, "--policy", root / "policies" / "smollm2.safetensors", "--ratio",
                RATIO, "--round-to", "32", "--out", pruned)
            check_pruned(written, pruned, kind)
        print(f"{len(TYPES)} types, dense and pruned: as gguf writes them")


def check_pruned(written, pruned, kind):
    """Rows of gate and up byte for byte; columns of down as gguf quantises the values that were there."""
    before = {tensor.name: tensor for tensor in GGUFReader(written).tensors}
    reader = GGUFReader(pruned)
    keep = json.loads(reader.fields["prunenet.record"].contents())["plan"]["keep_indices"]
    assert reader.fields["llama.feed_forward_length"].contents() == WIDTH == len(keep[0])
    for tensor in reader.tensors:
        old = before[tensor.name]
        if "ffn_gate" in tensor.name or "ffn_up" in tensor.name:
            kept = keep[int(tensor.name.split(".")[1])]
            assert np.array_equal(tensor.data, old.data[kept]), tensor.name
        elif "ffn_down" in tensor.name:
            kept = keep[int(tensor.name.split(".")[1])]
            type_number = GGMLQuantizationType[kind]
            values = quants.dequantize(old.data, type_number)[:, kept]
            blocks = quants.quantize(np.ascontiguousarray(values), type_number)
            assert tensor.data.tobytes() == blocks.tobytes(), tensor.name
        else:
            assert tensor.data.tobytes() == old.data.tobytes(), tensor.name


if __name__ == "__main__":
    main()
