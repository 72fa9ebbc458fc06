"""Writes records of a comparison that never took place, for the tests of reports and of the notebook.

Every neuron of an invented model has an importance; a method sees it through noise of its own, keeps the neurons that
it takes for the most important, and distortion, perplexity and accuracy follow from what was really removed. So the
figures have the shapes of real ones (perplexity grows with the ratio, methods differ, distortion predicts quality),
and none of them says anything about a real method.

Usage: make_records.py DIRECTORY [--layers 6] [--neurons 64] [--model invented]
The files beside this script are its output without options; tests/report/page_test.py checks that.
"""
import argparse
import json
import math
import pathlib
import random

RATIOS = (0.2, 0.3, 0.5)
WIDTH = 24  # singular values of a response
TEXTS = {"pride.txt": 24.5, "alice.txt": 23.2}  # perplexity of the dense model
TASKS = {"hellaswag.400.jsonl": (0.43, 0.25), "piqa.400.jsonl": (0.67, 0.5), "winogrande.400.jsonl": (0.53, 0.5)}
# name, label, data, seeds, noise of its view, [training, selection] seconds
METHODS = (
    ("policy", "Policy", "none", (0, 1, 2), 0.55, (160, 2.5)),
    ("prunenet", "PruneNet, published", "none", (0, 1, 2), 2.6, (109, 9.1)),
    ("random", "Random neurons", "none", (0, 1, 2), 30.0, (0, 0.1)),
    ("magnitude", "Magnitude of the gate", "none", (None,), 4.0, (0, 0.4)),
    ("response", "Response energy", "self-sampled", (0, 1, 2), 0.4, (0, 61)),
    ("flap", "FLAP (WIFV)", "calibration", (0, 1, 2), 0.6, (0, 38)),
    ("block-influence", "Block influence", "calibration", (None,), 0.9, (0, 21)),
)


def rounded(value: float, digits: int = 6) -> float:
    return float(f"{value:.{digits}g}")


class Model:
    def __init__(self, name: str, layers: int, neurons: int):
        rng = random.Random("model")
        self.name, self.layers, self.neurons = name, layers, neurons
        self.importance = [[math.exp(rng.gauss(0, 1.5)) for _ in range(neurons)] for _ in range(layers)]
        self.parameters = 3 * layers * neurons * WIDTH + 40_000

    def record(self, method: str, label: str, data: str, ratio: float, seed) -> dict:
        return {"format": "prunenet.record", "format_version": 1, "status": "done",
                "model": {"name": self.name, "parameters": self.parameters, "bytes": 4 * self.parameters,
                          "layers": self.layers, "intermediate_size": self.neurons},
                "method": {"name": method, "label": label, "options": {}, "built_in": True},
                "data": data, "ratio": ratio, "seed": seed}


def keep(model: Model, method: str, noise: float, ratio: float, seed) -> list:
    if method == "block-influence":  # whole layers, the middle ones first
        removed = sorted(range(model.layers), key=lambda layer: abs(layer - 0.6 * model.layers))
        removed = set(removed[:round(ratio * model.layers)])
        return [[] if layer in removed else list(range(model.neurons)) for layer in range(model.layers)]
    rng = random.Random(f"{method} {seed}")  # not the ratio: keep-sets are nested
    kept = []
    for importance in model.importance:
        view = [math.log(value) + rng.gauss(0, noise) for value in importance]
        order = sorted(range(model.neurons), key=lambda neuron: -view[neuron])
        kept.append(sorted(order[:round((1 - ratio) * model.neurons)]))
    return kept


def distortion_of(model: Model, kept: list) -> list:
    return [1 - sum(row[neuron] for neuron in layer) / sum(row) if len(layer) < len(row) else 0.0
            for row, layer in zip(model.importance, kept)]


def measure(record: dict, cost: float, rng: random.Random) -> None:
    """`cost`: nats a token that pruning adds."""
    record["perplexity"] = []
    for file, dense in TEXTS.items():
        nll = math.log(dense) + cost * (1.1 if file == "alice.txt" else 1.0) + (rng.gauss(0, 0.03) if cost else 0)
        record["perplexity"].append({"file": file, "ppl": rounded(math.exp(nll)), "nll": rounded(8184 * nll, 9),
                                     "windows": 8, "context": 1024, "tokens": 8184,
                                     "tokens_per_second": rounded(400 + 300 * record["ratio"])})
    record["tasks"] = []
    for file, (dense, chance) in TASKS.items():
        above = (dense - chance) * math.exp(-0.45 * cost)
        accuracy = round((chance + above) * 400 + (rng.gauss(0, 3) if cost else 0)) / 400
        task = {"file": file, "n": 400, "acc": accuracy, "stderr": rounded(math.sqrt(accuracy * (1 - accuracy) / 399)),
                "acc_norm": None, "acc_norm_stderr": None, "chance": chance, "retention": None,
                "retention_above_chance": None}
        if cost:
            task["retention"] = rounded(accuracy / dense)
            task["retention_above_chance"] = rounded((accuracy - chance) / (dense - chance))
        record["tasks"].append(task)


def spectrum(model: Model, lost: float) -> dict:
    dense = [rounded(40 * math.exp(-0.5 * math.sqrt(8 * index))) for index in range(WIDTH)]
    pruned = [rounded(value * math.sqrt(1 - lost) * (1 - lost * index / WIDTH)) for index, value in enumerate(dense)]
    return {"layer": model.layers // 2, "dense": dense, "pruned": pruned}


def curve(method: str, seed, rng: random.Random) -> list:
    steps, start, gain = (20, 5.8, 0.08) if method == "prunenet" else (1000, 1.05, 0.75)
    return [{"step": round(share * steps),
             "validation_reward": rounded(start + gain * (1 - math.exp(-5 * share)) + rng.gauss(0, 0.01 * start), 5),
             "train_reward": rounded(start + gain * (1 - math.exp(-5 * share)) + rng.gauss(0, 0.05 * start), 5),
             "score_spread": rounded(1 - math.exp(-3 * share), 4), "seconds": rounded(160 * share, 4)}
            for share in (index / 10 for index in range(11))]


def cell(model: Model, method: tuple, ratio: float, seed) -> dict:
    name, label, data, _, noise, (training, selection) = method
    rng = random.Random(f"{name} {ratio} {seed}")
    record = model.record(name, label, data, ratio, seed)
    if name == "block-influence" and ratio == 0.5:
        return record | {"status": "failed", "error": "not enough memory: 2147483648 bytes asked for & <none> free"}
    kept = keep(model, name, noise, ratio, seed)
    lost = distortion_of(model, kept)
    removed = model.layers * model.neurons - sum(map(len, kept))
    record["achieved_ratio"] = rounded(removed / (model.layers * model.neurons))
    record["parameters"] = model.parameters - 3 * WIDTH * removed
    record["bytes"] = 4 * record["parameters"]
    record["seconds"] = {"training": training * rng.uniform(0.95, 1.05) if training else None,
                         "selection": rounded(selection * rng.uniform(0.9, 1.1), 4),
                         "apply": rounded(3.4 * rng.uniform(0.9, 1.1), 4), "evaluation": rounded(rng.uniform(60, 80), 4)}
    record["seconds"]["training"] = training and rounded(record["seconds"]["training"], 4) or None
    record["peak_rss_bytes"] = int((900 if data == "none" else 1500) * 1e6 * rng.uniform(0.95, 1.05))
    measure(record, 9 * sum(lost) / len(lost), rng)
    record["layers"] = {"keep_indices": kept, "distortion": {
        "schatten2 of response": [rounded(value, 4) for value in lost],
        "mirsky of response": [rounded(value * rng.uniform(0.3, 0.6), 4) for value in lost],
        "ks of response": [rounded(min(1, math.sqrt(value) * rng.uniform(0.3, 1)), 4) for value in lost],
        "ks of gate": [rounded(rng.uniform(0.1, 0.2), 4) for _ in lost]}}
    record["spectrum"] = spectrum(model, lost[model.layers // 2])
    if name in ("policy", "prunenet"):
        once = name == "policy"  # it serves all ratios; published PruneNet trains one a ratio
        record["curve"] = curve(name, seed, random.Random(f"{name} {seed}") if once else rng)
        if once and ratio != RATIOS[0]:
            record["seconds"]["training"] = 0
    if data == "calibration":
        record["calibration"] = {"file": "wikitext2.valid.txt", "tokens": 65536}
    return record | {"version": "0.1.0"}


def by_hand(model: Model) -> dict:
    """Of a tool that is not built in: what a person types from its log."""
    record = model.record("slicegpt", "SliceGPT", "calibration", 0.3, None)
    del record["seed"], record["method"]["options"]
    record["method"]["built_in"] = False
    record["perplexity"] = [{"file": "pride.txt", "ppl": 212.9}]
    return record


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--neurons", type=int, default=64)
    parser.add_argument("--model", default="invented")
    arguments = parser.parse_args()
    model = Model(arguments.model, arguments.layers, arguments.neurons)

    dense = model.record("dense", "Dense", "none", 0, None) | {"parameters": model.parameters}
    dense["bytes"] = 4 * model.parameters
    measure(dense, 0, random.Random("dense"))
    records = {"dense": dense, "slicegpt-0.3": by_hand(model)}
    for method in METHODS:
        for ratio in RATIOS:
            for seed in method[3]:
                name = f"{method[0]}-{ratio}" + ("" if seed is None else f"-{seed}")
                records[name] = cell(model, method, ratio, seed)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    for name, record in records.items():
        (arguments.directory / f"{name}.json").write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
