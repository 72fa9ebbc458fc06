"""Writes tests/data/gguf: a small GGUF file of every tensor type that is read, and its values by gguf-py.

    pip install gguf safetensors numpy
    python tests/data/make_gguf_goldens.py

tiny.gguf          metadata of every value type; one tensor [4, 256] of every tensor type
tiny.safetensors   the same tensors in F32, as gguf.quants.dequantize gives them
quantized.gguf     "values" [8, 256] in F32, and the same tensor as gguf.quants.quantize gives it in every type it writes

Blocks are random bytes with finite scales, so that every bit of every field matters.
"""

import pathlib

import gguf
import numpy as np
from safetensors.numpy import save_file

ROWS, COLUMNS = 4, 256
HERE = pathlib.Path(__file__).parent / "gguf"
# type -> byte offsets of the half-precision scales in a block
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}


def random_blocks(rng, name):
    """[ROWS, bytes of a row] random blocks of a quantised type."""
    elements, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    blocks = rng.integers(0, 256, (ROWS * COLUMNS // elements, size), dtype=np.uint8)
    for offset in SCALES[name]:
        scale = rng.normal(0, 0.05, len(blocks)).astype(np.float16)
        blocks[:, offset:offset + 2] = scale.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(ROWS, -1)


def add_metadata(writer):
    writer.add_uint8("test.uint8", 200)
    writer.add_int8("test.int8", -100)
    writer.add_uint16("test.uint16", 60000)
    writer.add_int16("test.int16", -30000)
    writer.add_uint32("test.uint32", 4000000000)
    writer.add_int32("test.int32", -2000000000)
    writer.add_uint64("test.uint64", 2**64 - 1)
    writer.add_int64("test.int64", -2**62)
    writer.add_float32("test.float32", 0.5)
    writer.add_float64("test.float64", 1e-300)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "a \u00e9 text")
    writer.add_array("test.strings", ["one", "", "three"])
    writer.add_array("test.integers", [1, -2, 3])
    writer.add_array("test.floats", [0.5, -1.5])
    writer.add_array("test.bools", [True, False])


def write_quantized(rng):
    """Rows of several magnitudes, and blocks of zeros, of one value, of one sign, with ties and with outliers."""
    values = (rng.normal(0, 1, (8, COLUMNS)) * 10.0 ** np.arange(-4, 4)[:, None]).astype(np.float32)
    values[0, :32] = 0.0
    values[1, :32] = 0.25
    values[2, :32] = np.abs(values[2, :32])
    values[3, :32] = -np.abs(values[3, :32])
    values[4, :32] = np.tile([1.0, -1.0], 16)
    values[5, 7] = 4000.0
    values[6, :32] = np.arange(32) / 2 - 8
    writer = gguf.GGUFWriter(HERE / "quantized.gguf", "llama")
    writer.add_tensor("values", values)
    for name in ("F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"):
        kind = gguf.GGMLQuantizationType[name]
        writer.add_tensor(name, gguf.quants.quantize(values, kind).view(np.uint8), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    rng = np.random.default_rng(20)
    HERE.mkdir(exist_ok=True)
    write_quantized(np.random.default_rng(21))
    writer = gguf.GGUFWriter(HERE / "tiny.gguf", "llama")
    add_metadata(writer)
    values = {}
    plain = rng.normal(0, 1, (ROWS, COLUMNS)).astype(np.float32)
    for name, data in (("F32", plain), ("F16", plain.astype(np.float16))):
        writer.add_tensor(name, data)
        values[name] = data.astype(np.float32)
    kinds = {"BF16": gguf.quants.quantize(plain, gguf.GGMLQuantizationType.BF16)}
    kinds |= {name: random_blocks(rng, name) for name in SCALES}
    for name, data in kinds.items():
        kind = gguf.GGMLQuantizationType[name]
        writer.add_tensor(name, data, raw_dtype=kind)
        values[name] = gguf.quants.dequantize(data, kind).reshape(ROWS, COLUMNS)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(values, HERE / "tiny.safetensors")


if __name__ == "__main__":
    main()
