"""What pruning does to a model: held-out perplexity after removing FFN neurons by simple rules.

Shapes: T tokens, d hidden size, I intermediate size. Neuron i of a block is row g_i of gate_proj (I x d), row u_i of up_proj
(I x d) and column d_i of down_proj (d x I); its response is h_i = silu(g_i x) * (u_i x).
"""

import statistics

import torch
import transformers

RATIOS = (0.2, 0.3, 0.5)
RANDOM_SEEDS = range(5)
SAMPLES, SAMPLE_TOKENS, SAMPLE_SEED = 64, 128, 0


def perplexity(model, ids):
    """Non-overlapping windows of the model's context, tokens 2..n of each scored, no added special tokens."""
    context = model.config.max_position_embeddings
    windows = ids[: len(ids) // context * context].view(-1, context)
    with torch.no_grad():
        losses = [model(input_ids=part, labels=part).loss * len(part) for part in windows.split(8)]
    return torch.exp(sum(losses) / len(windows)).item()


def mlps(model):
    return [layer.mlp for layer in model.model.layers]


def sampled_text(model):
    """Token sequences that the model samples from its opening token at temperature 1 (SAMPLES x SAMPLE_TOKENS)."""
    torch.manual_seed(SAMPLE_SEED)
    opening = torch.full((SAMPLES, 1), model.config.bos_token_id)
    return model.generate(
        opening,
        attention_mask=torch.ones_like(opening),
        do_sample=True,
        top_k=0,
        max_new_tokens=SAMPLE_TOKENS - 1,
        min_new_tokens=SAMPLE_TOKENS - 1,
    )


def response_energy(model):
    """E[h_i^2] |d_i|^2 of every neuron of every block, over text the model samples itself."""
    energy = []

    def record(module, inputs):
        h = inputs[0].flatten(0, 1)
        energy.append(h.square().mean(0) * module.weight.square().sum(0))

    hooks = [mlp.down_proj.register_forward_pre_hook(record) for mlp in mlps(model)]
    text = sampled_text(model)
    energy.clear()
    with torch.no_grad():
        model(text)
    for hook in hooks:
        hook.remove()
    return energy


def selections(model):
    """Rule name to a list of selections; a selection is one score vector a block, and the lowest scores are removed."""
    gate = [mlp.gate_proj.weight.norm(dim=1) for mlp in mlps(model)]
    products = [
        mlp.gate_proj.weight.norm(dim=1) * mlp.up_proj.weight.norm(dim=1) * mlp.down_proj.weight.norm(dim=0)
        for mlp in mlps(model)
    ]
    return {
        "response energy": [response_energy(model)],
        "gate-row norm": [gate],
        "product of the three norms": [products],
        f"random, mean of {len(RANDOM_SEEDS)}": [random_scores(model, seed) for seed in RANDOM_SEEDS],
    }


def random_scores(model, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(mlp.gate_proj.out_features, generator=generator) for mlp in mlps(model)]


def pruned_perplexity(model, ids, scores, ratio):
    """Perplexity with the floor(ratio * I) lowest of each block silenced, which is what removing them computes."""
    saved = [mlp.down_proj.weight.detach().clone() for mlp in mlps(model)]
    with torch.no_grad():
        for mlp, score in zip(mlps(model), scores):
            mlp.down_proj.weight[:, score.argsort()[: int(ratio * len(score))]] = 0
    result = perplexity(model, ids)
    with torch.no_grad():
        for mlp, weight in zip(mlps(model), saved):
            mlp.down_proj.weight.copy_(weight)
    return result


def table(name, folder, text):
    """Markdown table of one model: rule, and held-out perplexity at each ratio with its rise over the whole model's."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = torch.tensor(tokenizer.encode(text.read_text(), add_special_tokens=False))
    dense = perplexity(model, ids)
    rows = [
        f"| {name}: removed by least | " + " | ".join(f"{ratio:.0%}" for ratio in RATIOS) + " |",
        "|---|" + "---:|" * len(RATIOS),
        "| nothing removed |" + f" {dense:.2f} |" * len(RATIOS),
    ]
    with torch.no_grad():
        rules = selections(model)
    for rule, scores in rules.items():
        cells = [statistics.mean(pruned_perplexity(model, ids, s, ratio) for s in scores) for ratio in RATIOS]
        rows.append(f"| {rule} | " + " | ".join(f"{cell:.2f} ({cell / dense - 1:+.0%})" for cell in cells) + " |")
    return "\n".join(rows)
