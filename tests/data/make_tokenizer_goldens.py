"""Trains the small vocabularies of tests/data/tokenizer and writes what the reference implementations make of them.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3
    python tests/data/make_tokenizer_goldens.py

byte_level.json, metaspace.json  tokenizer.json files without the parts that the variants set; their merges were learnt
                                 across words, so that it shows where a pre-tokenizer splits
goldens.json                     the texts; for every variant its parts, and for every text the reference's ids (left out where they
                                 are those of the first variant of the same file) and, for some variants, its decoding,
                                 and that without special tokens where it is another
sentencepiece/tokenizer.model    a SentencePiece BPE model with byte fallback, spelt as LLaMA's is
sentencepiece.json               its ids and decodings of the same texts
"""

import copy
import io
import json
import pathlib

import sentencepiece
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "tokenizer"
TEXT = (HERE / "texts" / "alice.txt").read_text(encoding="utf-8")
# So that there are merges across bytes of one character, digits, marks and spaces.
UNICODE = "naïve café, résumé – “quoted” ‘it’s’ … 1815 1999 2024 日本語 日本 Привет мир ½ \t\t  if (x == 1) {\n    y += 2;\n}\n" * 40

TEXTS = [
    "", " ", "  ", "\n", "\n\n", "a", "   leading", "trailing   ", "\ttab\t\ttabs", "one  two   three    four",
    "Alice was beginning to get very tired of sitting by her sister on the bank.",
    "don't I'LL we've they'Re it'S 'tis o'clock ’tis 'ſ 'ſt", "HELLO World_snake-case camelCase kebab-case __init__",
    "1234567890 3.14159 1,000,000 v2.0 0x1F a1b2c3", "½ ⅷ Ⅷ ٣٤ ² ৪ 〇 一二三 x²+y³", "¡Ünïcode! ÀÉÎõü ß ẞ ﬁ ǅ",
    "e\u0301 cafe\u0301 \u0041\u030a \u212b \uac00 \u1100\u1161 \u0e33 q\u0323\u0307",
    "日本語テキスト、中文。한국어 텍스트", "Привет, мир! Ёлка", "مرحبا بالعالم שלום", "नमस्ते दुनिया ไทย",
    "🙂👩\u200d👩\u200d👧 🇫🇷 ❤️ 👍🏽", "\u00a0nbsp\u2003em\u2009thin\u202fnarrow\u3000ideographic", "a\u200bb\u200c\u200d\ufeffc",
    "mongolian\u180evowel \u180e \u180e\u180e", "next\u0085line \u2028line\u2029paragraph\x0bvt\x0cff", "\r\nCRLF\r\n\r\n\rCR \r\n x",
    "nul\x00byte\x01\x1f\x7f\x80\x9f", "\ue000\U000f0000 private \ufffd \uffff", "x=y+1; // comment\nif (a != b) { return $c; }",
    "“quotes” — dash–dash… ‹›«» †‡ §¶", "$1.50 €2 £3 ¥4 50% #tag @user a&b ^~`|\\", "((a[b]{c}<d>)) !!! ??? ...---...",
    "<s>start</s> <|im_start|>system\nYou<|im_end|>", "x<pad>y <pad> <pad>  z", "  <mask>  word<mask>word <mask>", "Day day monday [DAY] x",
    "<|im_start|><|im_start|>|im_start|> <|im_<|im_end|>", "▁meta ▁▁space a▁b ▁", "<0x41> <0xE6>", "K \u212a Å İ ı Σς ΐ ŉ",
    "end with newline\n", "  \n  \n mixed \t \n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    " " * 70 + "x" + " " * 33, "\u0301combining first", "1\u03002\u0300 a\u0300\u0301b", "‿⁀ tie_underscore",
]

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
POSSESSIVE = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
DEEPSEEK_CODER = [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"]
GGUF_DEFAULT = [r"[\p{P}\$\+<=>\^~\|]+", r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
                r"\p{N}+", "[0-9][0-9][0-9]"]
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"


def byte_level(prefix=False, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def sequence(*parts, key="pretokenizers"):
    return {"type": "Sequence", key: list(parts)}


def splits(*patterns):
    return sequence(*[split(p) for p in patterns], byte_level(regex=False))


def added(content, id=None, special=True, **options):
    token = dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=special)
    return {**token, **options}


def template(token, id):
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": token, "type_id": 0}}, text],
            "pair": [text, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {token: {"id": token, "ids": [id], "tokens": [token]}}}


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def metaspace(scheme="always", split=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def numbered(tokens, vocabulary):
    """Ids as the reference gives them out: the vocabulary's, else the next one."""
    next_id = len(vocabulary)
    for token in tokens:
        token["id"] = vocabulary.get(token["content"], next_id)
        next_id += token["id"] == next_id
    return tokens


def byte_level_variants(vocabulary):
    size = len(vocabulary)
    chat = [added("<|im_start|>", size), added("<|im_end|>", size + 1), added("<s>", size + 2), added("</s>", size + 3)]
    bytes_only = byte_level(regex=False)
    yield "smollm", dict(pre_tokenizer=sequence({"type": "Digits", "individual_digits": True}, byte_level()), added_tokens=chat)
    yield "gpt2", dict(pre_tokenizer=byte_level(), added_tokens=chat)
    yield "gpt2_prefix_space", dict(pre_tokenizer=byte_level(prefix=True), added_tokens=chat)
    yield "llama3", dict(pre_tokenizer=splits(LLAMA3), added_tokens=chat, model={"ignore_merges": True},
                         post_processor=sequence(byte_level(), template("<s>", size + 2), key="processors"))
    yield "qwen2", dict(normalizer={"type": "NFC"}, pre_tokenizer=splits(QWEN2), added_tokens=chat)
    yield "gpt4o", dict(pre_tokenizer=splits(GPT4O), added_tokens=chat)
    yield "falcon", dict(pre_tokenizer=sequence(
        {"type": "Punctuation", "behavior": "Contiguous"}, byte_level(), {"type": "Digits", "individual_digits": False},
        split("[0-9][0-9][0-9]")), added_tokens=chat)
    yield "gpt_neox", dict(normalizer={"type": "NFC"}, pre_tokenizer=byte_level(), added_tokens=chat)
    yield "possessive", dict(pre_tokenizer=splits(POSSESSIVE))
    yield "deepseek_coder", dict(pre_tokenizer=sequence(*[split(p) for p in DEEPSEEK_CODER],
                                                        {"type": "Digits", "individual_digits": True}, bytes_only))
    yield "gguf_default", dict(pre_tokenizer=splits(*GGUF_DEFAULT), added_tokens=chat)
    yield "bloom", dict(pre_tokenizer=splits(BLOOM))
    yield "han", dict(pre_tokenizer=splits(r"\p{Han}+|\p{^Lu}\d|\w+"))
    yield "digit_groups", dict(pre_tokenizer=sequence({"type": "Digits", "individual_digits": False}, byte_level()))
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        yield f"split_{behavior}", dict(pre_tokenizer=sequence(split(" ", behavior, kind="String"), bytes_only))
        yield f"split_inverted_{behavior}", dict(pre_tokenizer=sequence(split(r"\w+", behavior, invert=True), bytes_only))
    yield "punctuation", dict(pre_tokenizer=sequence({"type": "Punctuation", "behavior": "Contiguous"}, bytes_only))
    yield "whitespace", dict(pre_tokenizer=sequence({"type": "Whitespace"}, bytes_only))
    yield "whitespace_split", dict(pre_tokenizer=sequence({"type": "WhitespaceSplit"}, bytes_only))
    yield "added_tokens", dict(pre_tokenizer=byte_level(), normalizer={"type": "Lowercase"}, added_tokens=numbered([
        added("<pad>", lstrip=True), added("<mask>", lstrip=True, rstrip=True),
        added("day", special=False, single_word=True), added("[day]", special=False),
        added("Monday", special=False, normalized=True), added("<|im_", special=False), added("<|im_start|>"),
        added("  ", special=False, normalized=True), added("\u00e9")], vocabulary))
    for form in ["NFC", "NFD", "NFKC", "NFKD"]:
        yield form.lower(), dict(normalizer={"type": form}, pre_tokenizer=byte_level())
    yield "normalizers", dict(pre_tokenizer=byte_level(), normalizer=sequence(
        {"type": "Strip", "strip_left": True, "strip_right": True}, replace(r"\s+", " ", "Regex"), replace("ss", "ß"),
        {"type": "Lowercase"}, {"type": "Prepend", "prepend": ">"}, key="normalizers"))


def metaspace_variants(vocabulary):
    size = len(vocabulary)
    special = [added("<unk>", 0), added("<s>", 1), added("</s>", 2)]
    llama = sequence(replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"},
                     {"type": "Strip", "content": " ", "start": 1, "stop": 0}, key="decoders")
    fallback = dict(unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    prepend = sequence({"type": "Prepend", "prepend": "▁"}, replace(" ", "▁"), key="normalizers")
    yield "llama2", dict(normalizer=prepend, decoder=llama, added_tokens=special, model=fallback, post_processor=template("<s>", 1))
    yield "gemma", dict(normalizer=replace(" ", "▁"), pre_tokenizer=split(" ", "MergedWithPrevious", kind="String"),
                        decoder=sequence(replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}, key="decoders"),
                        added_tokens=special + [added("  ", size, special=False)], model=fallback)
    for scheme in ["always", "first", "never"]:
        for cut in [True, False]:
            yield f"metaspace_{scheme}_{cut}", dict(pre_tokenizer=metaspace(scheme, cut), decoder=metaspace(scheme, cut),
                                                    added_tokens=special, model=fallback)
    for fuse in [True, False]:
        yield f"unk_fused_{fuse}", dict(pre_tokenizer=metaspace(), decoder=metaspace(), added_tokens=special,
                                        model=dict(unk_token="<unk>", fuse_unk=fuse))
    yield "dropped", dict(pre_tokenizer=metaspace(), decoder=metaspace(), model={})
    yield "joined_by_spaces", dict(pre_tokenizer=metaspace(), model=fallback)


DECODED = ["smollm", "added_tokens", "llama2", "gemma", "metaspace_always_True", "metaspace_never_True",
           "joined_by_spaces"]


def compose(base, variant):
    """The variant's tokenizer.json. tests/tokenizer/golden_test.cpp does the same."""
    file = copy.deepcopy(base)
    file["model"].update(variant.get("model", {}))
    file.update({key: value for key, value in variant.items() if key != "model"})
    return file


def goldens_of(base_name, base, variants):
    result = []
    first = None
    for name, variant in variants:
        reference = Tokenizer.from_str(json.dumps(compose(base, variant)))
        cases = []
        for text in TEXTS:
            ids = reference.encode(text, add_special_tokens=False).ids
            case = {"ids": ids}
            if name in DECODED:
                case["decoded"] = reference.decode(ids, skip_special_tokens=False)
                plain = reference.decode(ids, skip_special_tokens=True)
                if plain != case["decoded"]:
                    case["plain"] = plain
            cases.append(case)
        first = first or [case["ids"] for case in cases]
        if result:
            for case, ids in zip(cases, first):
                if case["ids"] == ids:
                    del case["ids"]
        result.append({"name": name, "base": base_name, "parts": variant, "cases": cases,
                       "prefix": reference.encode("").ids})
    return result


def corpus():
    """Lines as the pieces merges are learnt in; the awkward texts often enough to be learnt from."""
    return TEXT.splitlines(keepends=True)[:1500] + (UNICODE.splitlines(keepends=True) + TEXTS) * 25


def train_byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=720, initial_alphabet=alphabet, special_tokens=[], show_progress=False,
                                  max_token_length=6)
    tokenizer.train_from_iterator(corpus(), trainer)
    file = json.loads(tokenizer.to_str())
    file["decoder"] = byte_level()
    return file


def train_metaspace():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=640, limit_alphabet=80, special_tokens=special, show_progress=False,
                                  max_token_length=6)
    tokenizer.train_from_iterator(corpus(), trainer)
    file = json.loads(tokenizer.to_str())
    file.update(pre_tokenizer=None, added_tokens=[])
    file["model"]["unk_token"] = None
    return file


def write_sentencepiece():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter((TEXT + UNICODE).splitlines()), model_writer=model, vocab_size=480, model_type="bpe",
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, split_digits=True, character_coverage=0.999, minloglevel=2)
    folder = OUT / "sentencepiece"
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    reference = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    cases = []
    for text in TEXTS:
        if any(mark in text for mark in ["<s>", "</s>", "<unk>"]):
            continue  # which the library itself does not recognise
        ids = reference.encode(text)
        cases.append({"text": text, "ids": ids, "decoded": reference.decode(ids)})
    write(OUT / "sentencepiece.json", {"size": reference.vocab_size(), "cases": cases})


def write(path, content):
    path.write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


def main():
    OUT.mkdir(exist_ok=True)
    goldens = []
    for name, train, variants in [("byte_level", train_byte_level, byte_level_variants),
                                  ("metaspace", train_metaspace, metaspace_variants)]:
        base = train()
        write(OUT / f"{name}.json", base)
        goldens += goldens_of(name, base, variants(base["model"]["vocab"]))
    write(OUT / "goldens.json", {"texts": TEXTS, "variants": goldens})
    write_sentencepiece()


if __name__ == "__main__":
    main()
