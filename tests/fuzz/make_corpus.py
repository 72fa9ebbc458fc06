#!/usr/bin/env python3
"""Writes the good-* files of corpus/: the least that each reader accepts, and a file for every way it goes on from there.

Usage: make_corpus.py     (changes corpus/ beside it; bad-* files, which are findings, stay)
"""
import json
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "data"
SEPARATOR = b"=====\n"


def put(target: str, name: str, content) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        content = content.encode()
    (folder / f"good-{name}").write_bytes(content)


def parts(*contents) -> bytes:
    return SEPARATOR.join(part if isinstance(part, bytes) else part.encode() for part in contents)


# --- safetensors

SIZES = {"F32": 4, "F16": 2, "BF16": 2, "F64": 8, "U8": 1, "I8": 1, "I32": 4, "I64": 8, "BOOL": 1, "F8_E4M3": 1}


def safetensors(tensors: dict, metadata=None) -> bytes:
    """tensors: name -> (dtype, shape); every element is 0."""
    header, position = {}, 0
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape) in tensors.items():
        size = SIZES[dtype]
        for extent in shape:
            size *= extent
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, position + size]}
        position += size
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + bytes(position)


def f32(shapes: dict) -> dict:
    return {name: ("F32", shape) for name, shape in shapes.items()}


# --- GGUF

UINT32, FLOAT32, BOOL, STRING, ARRAY, INT32 = 4, 6, 7, 8, 9, 5


def gguf_text(text) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def gguf_value(value) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<IB", BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", FLOAT32, value)
    if isinstance(value, str):
        return struct.pack("<I", STRING) + gguf_text(value)
    inner = gguf_value(value[0])[:4]
    return struct.pack("<I", ARRAY) + inner + struct.pack("<Q", len(value)) + b"".join(
        gguf_value(item)[4:] for item in value)


def gguf(metadata: dict, tensors: dict, version: int = 3) -> bytes:
    """tensors: name -> (type number, shape outermost first, bytes)."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    for key, value in metadata.items():
        head += gguf_text(key) + (value if isinstance(value, bytes) else gguf_value(value))
    data = b""
    for name, (kind, shape, content) in tensors.items():
        head += gguf_text(name) + struct.pack("<I", len(shape))
        head += b"".join(struct.pack("<Q", extent) for extent in reversed(shape))
        head += struct.pack("<IQ", kind, len(data))
        data += content + bytes(-len(content) % 32)
    return head + bytes(-len(head) % 32) + data


BLOCKS = {"F32": (0, 1, 4), "F16": (1, 1, 2), "BF16": (30, 1, 2), "Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20),
          "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24), "Q8_0": (8, 32, 34), "Q4_K": (12, 256, 144),
          "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210)}


def zeros(shape) -> tuple:
    count = 1
    for extent in shape:
        count *= extent
    return 0, shape, bytes(4 * count)


def write_checkpoint_formats() -> None:
    put("safetensors", "empty", safetensors({}))
    put("safetensors", "types", safetensors({f"t{i}": (name, [2, 1]) for i, name in enumerate(SIZES)},
                                            {"format": "pt"}))
    put("safetensors", "shapes", safetensors({"scalar": ("F32", []), "none": ("F32", [3, 0]), "b": ("U8", [1, 2, 1])}))

    put("gguf", "types", gguf({"general.architecture": "llama"},
                              {name: (number, [elements], bytes(range(size)))
                               for name, (number, elements, size) in BLOCKS.items()}))
    kinds = {f"k{kind}": struct.pack("<I", kind) + bytes(size)
             for kind, size in {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 10: 8, 11: 8, 12: 8}.items()}
    kinds |= {f"a{kind}": struct.pack("<IIQ", ARRAY, kind, 1) + bytes(size)
              for kind, size in {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 10: 8, 11: 8, 12: 8}.items()}
    put("gguf", "metadata", gguf(kinds, {"t": zeros([2, 1]), "none": zeros([0])}, version=2))

    for config in sorted(DATA.glob("models/*/config.json")):
        put("config", config.parent.name, config.read_bytes())

    config = {"architectures": ["LlamaForCausalLM"], "vocab_size": 3, "hidden_size": 2, "intermediate_size": 3,
              "num_hidden_layers": 1, "num_attention_heads": 1, "max_position_embeddings": 8, "rms_norm_eps": 1e-5}
    layer = {"input_layernorm": [2], "self_attn.q_proj": [2, 2], "self_attn.k_proj": [2, 2], "self_attn.v_proj": [2, 2],
             "self_attn.o_proj": [2, 2], "post_attention_layernorm": [2], "mlp.gate_proj": [3, 2],
             "mlp.up_proj": [3, 2], "mlp.down_proj": [2, 3]}
    ends = {"model.embed_tokens.weight": [3, 2], "model.norm.weight": [2], "lm_head.weight": [3, 2]}
    layer = {f"model.layers.0.{name}.weight": shape for name, shape in layer.items()}
    put("checkpoint", "single", parts(json.dumps(config), "", safetensors(f32(ends | layer), {"format": "pt"})))
    index = {"metadata": {"total_size": sum(4 * shape[0] * (shape + [1])[1] for shape in (ends | layer).values())},
             "weight_map": {name: "a.safetensors" for name in ends} | {name: "b.safetensors" for name in layer}}
    first = safetensors(f32(ends))
    put("checkpoint", "sharded", parts(json.dumps(config), json.dumps(index), first + b"\n"[:0], safetensors(f32(layer))))


def write_gguf_models() -> None:
    ffn = {"ffn_norm": [2], "ffn_gate": [3, 2], "ffn_up": [3, 2], "ffn_down": [2, 3]}
    attention = {"attn_norm": [2], "attn_q": [2, 2], "attn_k": [2, 2], "attn_v": [2, 2], "attn_output": [2, 2]}
    ends = {"token_embd.weight": [3, 2], "output_norm.weight": [2]}

    def keys(name: str, more: dict) -> dict:
        common = {"context_length": 8, "embedding_length": 2, "block_count": 1, "feed_forward_length": 3,
                  "attention.head_count": 1, "attention.layer_norm_rms_epsilon": 1e-5}
        return {"general.architecture": name} | {f"{name}.{key}": value for key, value in (common | more).items()}

    def tensors(*shapes: dict) -> dict:
        layers = {f"blk.0.{name}.weight": shape for group in shapes for name, shape in group.items()}
        return {name: zeros(shape) for name, shape in (ends | layers).items()}

    put("gguf_checkpoint", "llama", gguf(keys("llama", {"rope.freq_base": 1e4}), tensors(attention, ffn)))
    put("gguf_checkpoint", "llama-factors", gguf(
        keys("llama", {"attention.key_length": 4, "attention.head_count_kv": 1}),
        tensors(attention | {"attn_q": [4, 2], "attn_k": [4, 2], "attn_v": [4, 2], "attn_output": [2, 4]}, ffn) |
        {"rope_freqs.weight": (0, [2], struct.pack("<2f", 1.0, 1.0))}))
    put("gguf_checkpoint", "gemma2", gguf(
        keys("gemma2", {"attention.sliding_window": 4, "attention.sliding_window_pattern": [True]}),
        tensors(attention, ffn, {"post_attention_norm": [2], "post_ffw_norm": [2]})))
    put("gguf_checkpoint", "phi3", gguf(
        keys("phi3", {"rope.dimension_count": 2}),
        tensors({"attn_norm": [2], "attn_qkv": [6, 2], "attn_output": [2, 2]},
                {"ffn_norm": [2], "ffn_up": [6, 2], "ffn_down": [2, 3]}) | {"output.weight": zeros([3, 2])}))


# --- tokenizers

def write_tokenizers() -> None:
    ggml = {"model": "gpt2", "pre": "llama-bpe", "tokens": ["a", "b", "ab", "<s>"], "token_type": [1, 1, 1, 3],
            "merges": ["a b"], "bos_token_id": 3, "eos_token_id": 3, "add_bos_token": True}
    scored = {"model": "llama", "tokens": ["<unk>", "<s>", "<0x41>", "a", "b", "ab", "\u2581"],
              "token_type": [2, 3, 6, 1, 1, 1, 1], "scores": [0.0, 0.0, 0.0, -2.0, -3.0, -1.0, -4.0],
              "unknown_token_id": 0, "bos_token_id": 1, "add_space_prefix": False}
    for name, fields in {"byte-level": ggml, "scores": scored}.items():
        put("gguf_vocabulary", name, gguf(
            {"general.architecture": "llama", "llama.context_length": 8, "tokenizer.chat_template": "{{ x }}"} |
            {f"tokenizer.ggml.{key}": value for key, value in fields.items()}, {}))

    model = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<unk>": 3, "\u2581": 4, "\u0120a": 5, "<0x41>": 6},
             "merges": ["a b"], "unk_token": "<unk>"}
    pattern = r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|\s+"
    component = {
        "byte-level": {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True},
                       "decoder": {"type": "ByteLevel"}, "post_processor": {"type": "ByteLevel"}},
        "split": {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
            {"type": "Split", "pattern": {"String": "l"}, "behavior": "MergedWithPrevious"},
            {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"},
            {"type": "ByteLevel", "use_regex": False}]}},
        "metaspace": {"pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first"},
                      "decoder": {"type": "Metaspace"},
                      "post_processor": {"type": "BertProcessing", "sep": ["a", 0], "cls": ["b", 1]}},
        "normalizers": {"normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Prepend", "prepend": "\u2581"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}, {"type": "Strip"}]},
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"Regex": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
                {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}},
        "added": {"added_tokens": [{"id": 7, "content": "<s>", "special": True, "lstrip": True, "rstrip": True,
                                    "single_word": True, "normalized": False}],
                  "pre_tokenizer": {"type": "Whitespace"},
                  "post_processor": {"type": "TemplateProcessing", "single": [
                      {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                      "special_tokens": {"<s>": {"id": "<s>", "ids": [7], "tokens": ["<s>"]}}}},
    }
    for name, fields in component.items():
        put("tokenizer_json", name, json.dumps(fields | {"model": model}))
    put("tokenizer_json", "fallback", json.dumps({"model": model | {
        "byte_fallback": True, "fuse_unk": True, "ignore_merges": True, "merges": [["a", "b"]]}}))

    vocabulary = {"a": 0, "b": 1, "ab": 2, "\u0120": 3}
    put("vocab_and_merges", "plain", parts(json.dumps(vocabulary), "#version: 0.2\na b\n"))
    put("vocab_and_merges", "config", parts(json.dumps(vocabulary), "a b\r\n", json.dumps(
        {"add_prefix_space": True, "bos_token": "a", "pad_token": {"content": "b"}, "add_bos_token": True,
         "chat_template": [{"name": "default", "template": "{{ x }}"}]})))

    put("special_tokens", "all", parts(
        json.dumps({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "add_bos_token": True,
                    "added_tokens_decoder": {"5": {"content": "</s>", "special": True}}}) + "\n",
        json.dumps({"unk_token": "a", "pad_token": None}) + "\n", json.dumps({"<x>": 6}) + "\n",
        json.dumps({"bos_token_id": 1, "eos_token_id": [2, 3]})))
    put("special_tokens", "ids", parts("{}", "{}", "{}", json.dumps({"bos_token_id": 1, "eos_token_id": [2, 3]})))

    put("regex", "gpt2", parts(r"'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", "It's 12  o'clock\n "))
    put("regex", "syntax", parts(r"[\w[a-c]\h]{1,3}+|^\u0041$|(?i:x)\S|\p{^Han}\P{Latin}|[[:alpha:]]\W", "Ax b\u4e2d1f"))
    put("text", "plain", "Hello  he said\r\n<s>\t12 caf\u00e9 \u4e2d\U0001f600")
    put("text", "bytes", b"\xff\xc3(\xf0\x9f\x98 \xe2\x96\x81\xfd")


def field(number: int, content) -> bytes:
    """One field of a protobuf message; fewer than 128 bytes."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    if isinstance(content, float):
        return bytes([number << 3 | 5]) + struct.pack("<f", content)
    return bytes([number << 3 | 2, len(content)]) + content


def sentencepiece(model_type: int) -> bytes:
    """https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto"""
    kinds = [(b"<unk>", 2), (b"<s>", 3), (b"</s>", 3)]
    words = [("\u2581".encode(), 1), (b"a", 1), (b"b", 1), (b"ab", 1)]
    pieces = b"".join(field(1, field(1, piece) + field(2, -float(i)) + field(3, kind))
                      for i, (piece, kind) in enumerate(kinds + words))
    return pieces + field(2, field(3, model_type)) + field(3, field(1, b"identity") + field(3, 1))


def write_sentencepiece() -> None:
    put("sentencepiece", "unigram", parts("{}", sentencepiece(1)))
    put("sentencepiece", "bpe", parts(json.dumps(
        {"add_bos_token": True, "added_tokens_decoder": {"7": {"content": "<x>", "special": True}}}), sentencepiece(2)))


# --- policies and training

def write_policies() -> None:
    said = {"format": "prunenet-policy", "format_version": "1", "recipe": "{}", "curve": "[]", "provenance": "{}"}
    network = {"layers_0.weight": [2, 2], "layers_0.bias": [2], "layers_1.weight": [1, 2], "layers_1.bias": [1]}
    put("policy", "features", safetensors(f32(network), said | {
        "kind": "features", "network": '{"hidden":2,"depth":1}', "features": '["a","b"]'}))
    published = {"proj_intermediate.weight": [4, 2], "proj_intermediate.bias": [4], "row_sparsities": [4, 1]}
    put("published_policy", "shape", safetensors(f32(published), said | {
        "kind": "prunenet", "network": '{"hidden_size":2,"intermediate_size":4}', "ratio": "0.5", "faithful": "true"}))

    random = " ".join(["1"] * 312) + " 312"
    for target, shapes, text in (
        ("trainer_state", network, {"steps": "4", "progress": json.dumps(
            {"step": 2, "best_reward": 1.5, "reward_sum": 0.5, "reward_count": 1, "seconds": 0.1}),
            "curve": json.dumps([{"step": 2, "train_reward": 1.0, "validation_reward": 1.5, "score_spread": 0.1,
                                  "seconds": 0.1}])}),
        ("prunenet_state", published, {"episodes": "3", "progress": json.dumps(
            {"steps_taken": 2, "best_episode": 1, "best_reward": 1.5, "reward_sums": [1.0, 0.5], "seconds": 0.1}),
            "curve": json.dumps([{"episode": 1, "mean_ks": 0.5, "mean_reward": 2.0, "loss": None, "skipped_steps": 0,
                                  "seconds": 0.1}])})):
        tensors = {prefix + name: shape for prefix in ("network.", "best.", "moment1.", "moment2.")
                   for name, shape in shapes.items()}
        put(target, "state", safetensors(f32(tensors), {"key": "state", "random": random} | text))

    exact = {"second_moment": ("F32", [2, 2])}
    packed = {"second_moment.diagonal": ("F32", [2]), "second_moment.codes": ("I8", [4])}
    metric = {"training.0.loss_metric": ("F32", [1, 1])}
    for name, moments, width, more in (("exact", exact, 2, {}), ("packed", packed, 1, {}), ("loss", exact, 2, metric)):
        put("probe", name, safetensors(
            {f"text.{half}": ("I32", [2, 4]) for half in ("training", "held_out")} |
            {f"{half}.0.{part}": tensor for half in ("training", "held_out")
             for part, tensor in ({"mean": ("F32", [2])} | moments).items()} | more | f32({"seconds": [1]}),
            {"format": "prunenet-probe", "format_version": "2", "seed": "7", "device": "cpu", "prunenet_version": "0.1.0",
             "model": json.dumps({"name": "m", "sha256": "ab", "num_hidden_layers": 1, "intermediate_size": 2}),
             "probe": json.dumps({"tokens": 8, "held_out_tokens": 5, "exact_width": width,
                                 "loss_metric": bool(more)})}))
    put("probe", "features", safetensors(f32({"features.0": [2, 3]}), {"key": "model", "seconds": "2"}))


# --- text formats

def write_texts() -> None:
    put("plan", "uniform", json.dumps(
        {"format": "prunenet-plan", "format_version": 1, "source": "random", "intermediate_size": 4,
         "requested_ratio": 0.5, "round_to": 2, "keep_indices": [[0, 3], [1, 2]]}))
    for name in ("dense", "policy-0.2-0", "block-influence-0.5"):
        record = json.loads((DATA / "records" / f"{name}.json").read_text())
        if "layers" in record.get("model", {}):
            record["model"]["layers"] = 2
        for layers in record.get("layers", {}), :
            if "keep_indices" in layers:
                layers["keep_indices"] = [layer[:3] for layer in layers["keep_indices"][:2]]
            for key, values in layers.get("distortion", {}).items():
                layers["distortion"][key] = values[:2]
        put("record", name, json.dumps(record))
    put("choice_items", "all", "\n".join(json.dumps(item) for item in (
        {"id": "1", "context": "a", "choices": ["b", "c"], "label": 1},
        {"contexts": ["a", "b"], "continuation": "c", "label": 0})) + "\n\n")
    put("train_recipe", "features", "# a comment\npolicy: features\nprobe: {tokens: 512, start_tokens: [1, 2]}\n"
        "reward:\n  operator: response\n  distortion: schatten2\ntrain:\n  steps: 10\n  seed: &s 7\n"
        "  held_out_fold: 0\n  validation_ratios:\n    - 0.2\n    - .5\n  without_features: ['field.', \"x\"]\n")
    put("train_recipe", "prunenet", "policy: prunenet\nprunenet:\n  ratio: 0.3\n  faithful: yes\n")
    put("compare_recipe", "all", "ratios: [0.2]\nseeds: [0, 1]\nround_to: gguf\nmethods:\n  - name: random\n"
        "  - {name: policy, label: A, recipe: {train: {steps: 5}}}\ncalibration:\n  file: a.txt\n  windows: 2\n"
        "evaluation:\n  texts: [a.txt]\n  tasks: [b.jsonl]\n  context: 8\n  distortions: ['ks of gate']\n"
        "probe:\n  tokens: 64\n")


def main() -> None:
    write_checkpoint_formats()
    write_gguf_models()
    write_tokenizers()
    write_sentencepiece()
    write_policies()
    write_texts()


main()
