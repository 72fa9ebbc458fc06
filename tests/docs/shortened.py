#!/usr/bin/env python3
"""Stands for `prunenet` while commands of the documentation are run: the same command, made short by options that are
added or whose number is replaced. PRUNENET_PROGRAM names the program, which takes the place of this process.
"""
import os
import pathlib
import sys

TEXT = {"sampled_tokens": 1024, "held_out_tokens": 256, "sequence_length": 64, "tokens": 128, "micro_batch_tokens": 128,
        "validate_every": 1}
SETTINGS = {  # of recipes; the last of two settings counts
    "train": {"probe.tokens": 512, "probe.held_out_tokens": 256, "probe.sequence_length": 64, "train.validate_every": 1},
    "refine": {f"refine.{key}": value for key, value in TEXT.items()},
    "recover": {f"recover.{key}": value for key, value in TEXT.items()},
}
PUBLISHED = {"prunenet.episodes": 1}
NUMBERS = {
    "train": {"--steps": 2},
    "refine": {"--steps": 2},
    "recover": {"--steps": 2},
    "probe": {"--tokens": 512, "--held-out-tokens": 256, "--sequence-length": 64},
    "eval": {"--windows": 2, "--limit": 4},
    "generate": {"--tokens": 8},
}
HEALING = {"--heal-tokens": 512, "--heal-held-out-tokens": 256}
SHORT_COMPARISON = pathlib.Path(__file__).resolve().with_name("comparison.yaml")


def with_number(words: list[str], option: str, value: int) -> list[str]:
    if option not in words:
        return [*words, option, str(value)]
    place = words.index(option) + 1
    return [*words[:place], str(value), *words[place + 1:]]


def shortened(words: list[str]) -> list[str]:
    if not words or "--help" in words:
        return words
    verb, settings, numbers = words[0], SETTINGS.get(words[0], {}), NUMBERS.get(words[0], {})
    if verb == "train" and "policy=prunenet" in words:
        settings, numbers = PUBLISHED, {}
    if verb == "apply" and "--heal" in words and "--probe" not in words:
        numbers = HEALING
    if verb == "compare" and "--recipe" in words:  # a recipe of minutes: another one runs, but this one must be there
        place = words.index("--recipe") + 1
        if pathlib.Path(words[place]).is_file():
            words = [*words[:place], str(SHORT_COMPARISON), *words[place + 1:]]
    for key, value in settings.items():
        words = [*words, "--set", f"{key}={value}"]
    for option, value in numbers.items():
        words = with_number(words, option, value)
    return words


if __name__ == "__main__":
    program = os.environ["PRUNENET_PROGRAM"]
    os.execv(program, [program, *shortened(sys.argv[1:])])
