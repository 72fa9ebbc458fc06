#!/usr/bin/env python3
"""Trains the two small LLaMA-shaped models of this folder on the texts of ../texts.

    make_models.py [small] [large]            train, write the model folders, print their figures
    make_models.py --figures [small] [large]  print the figures of the folders that are there

Needs torch, transformers, tokenizers and safetensors; one thread, so that a seed gives the same weights on one machine.
"""

import argparse
import dataclasses
import json
import math
import pathlib
import time

import figures
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = HERE.parent / "texts"
HELDOUT = TEXTS / "heldout.txt"
END = "<|endoftext|>"  # opens every sequence that is sampled, as in GPT-2


@dataclasses.dataclass(frozen=True)
class Recipe:
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    key_value_heads: int
    dtype: torch.dtype
    seed: int
    steps: int
    vocabulary: int = 512
    context: int = 128
    batch: int = 8
    learning_rate: float = 1e-2
    warm_up: int = 100
    weight_decay: float = 0.1


RECIPES = {
    "small": Recipe(48, 192, layers=4, heads=3, key_value_heads=1, dtype=torch.bfloat16, seed=1, steps=4000),
    "large": Recipe(64, 224, layers=5, heads=4, key_value_heads=2, dtype=torch.float16, seed=2, steps=3000),
}


CARD = """# {name}

A LLaMA-shaped language model of {parameters:,} parameters for the tests of prunenet: its quality after pruning can be measured
in seconds. It is of no use for anything else.

- shape: {layers} layers, hidden size {hidden_size}, intermediate size {intermediate_size}, {heads} heads of
  which {key_value_heads} carry keys and values, tied embeddings, context {context}, stored as {dtype}
- tokenizer: byte-level BPE, {vocabulary} tokens, trained on the same text; sequences open with `<|endoftext|>`
- data: the first nine tenths of the two public-domain novels of `../../texts`, cut as `split.json` there says
- training: {steps} steps of {batch} crops, AdamW, learning rate {learning_rate} with {warm_up} steps of warm-up and cosine decay,
  weight decay {weight_decay}, clipped gradients, seed {seed}
- command: `python3 make_models.py {name}`

Perplexity on `../../texts/heldout.txt` with FFN neurons removed, windows of {context} tokens:

{table}
"""


def training_texts():
    """The novels without their held-out tails."""
    split = json.loads((TEXTS / "split.json").read_text())
    return [(TEXTS / name).read_bytes()[: entry["train_bytes"]].decode() for name, entry in split.items()]


def make_tokenizer(recipe, texts):
    """Byte-level BPE with GPT-2's pattern and single digits."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=END, eos_token=END, model_max_length=recipe.context
    )


def make_model(recipe, end_id):
    config = transformers.LlamaConfig(
        vocab_size=recipe.vocabulary,
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.intermediate_size,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.key_value_heads,
        max_position_embeddings=recipe.context,
        tie_word_embeddings=True,
        bos_token_id=end_id,
        eos_token_id=end_id,
        initializer_range=0.05,
    )
    return transformers.LlamaForCausalLM(config)


def batches(recipe, tokenizer, texts, generator):
    """Random crops; half of them open with the token that sampling opens with, half do not, as in evaluation."""
    ids = torch.cat([torch.tensor(tokenizer.encode(text, add_special_tokens=False)) for text in texts])
    while True:
        begins = torch.randint(len(ids) - recipe.context, (recipe.batch,), generator=generator)
        crops = torch.stack([ids[begin : begin + recipe.context] for begin in begins])
        opened = torch.rand(recipe.batch, generator=generator) < 0.5
        crops[opened] = crops[opened].roll(1, dims=1)
        crops[opened, 0] = tokenizer.bos_token_id
        yield crops


def train(recipe, model, tokenizer, texts):
    generator = torch.Generator().manual_seed(recipe.seed)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    gains = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": gains, "weight_decay": 0.0}],
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
    )

    def rate(step):
        if step < recipe.warm_up:
            return (step + 1) / recipe.warm_up
        return 0.5 * (1 + math.cos(math.pi * (step - recipe.warm_up) / (recipe.steps - recipe.warm_up)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    started, mean_loss = time.monotonic(), None
    for step, batch in zip(range(recipe.steps), batches(recipe, tokenizer, texts, generator)):
        loss = model(input_ids=batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        mean_loss = loss.item() if mean_loss is None else 0.99 * mean_loss + 0.01 * loss.item()
        if (step + 1) % 200 == 0:
            print(f"step {step + 1}: loss {mean_loss:.3f}, {time.monotonic() - started:.0f} s", flush=True)


def make(name, folder):
    """Trains one model and writes its folder."""
    recipe = RECIPES[name]
    torch.manual_seed(recipe.seed)
    texts = training_texts()
    tokenizer = make_tokenizer(recipe, texts)
    model = make_model(recipe, tokenizer.bos_token_id)
    train(recipe, model, tokenizer, texts)
    model.to(recipe.dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    make_portable(folder)
    parameters = model.num_parameters()
    table = figures.table(name, folder, HELDOUT)
    values = vars(recipe) | {"dtype": str(recipe.dtype).removeprefix("torch.")}
    print(table, flush=True)
    (folder / "README.md").write_text(CARD.format(name=name, parameters=parameters, table=table, **values))


def make_portable(folder):
    """What releases of transformers before 5 expect beside the files of 5, and file modes that anyone can read."""
    settings = folder / "tokenizer_config.json"
    values = json.loads(settings.read_text())
    values["tokenizer_class"] = "PreTrainedTokenizerFast"
    settings.write_text(json.dumps(values, indent=2) + "\n")
    special = {"bos_token": END, "eos_token": END}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    for file in folder.iterdir():
        file.chmod(0o644)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(RECIPES), help="small, large or both (default)")
    parser.add_argument("--figures", action="store_true", help="measure what is there, train nothing")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="where the model folders are (default: here)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    for name in options.names:
        if options.figures:
            print(figures.table(name, options.out / name, HELDOUT), flush=True)
        else:
            make(name, options.out / name)


if __name__ == "__main__":
    main()
