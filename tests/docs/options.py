"""Verbs, options and recipe keys that the documentation names are those of the program: in code spans of all pages, and in commands of
those whose commands are not run because they take minutes.

Usage: options.py PROGRAM SOURCE_DIR
"""
import pathlib
import re
import shlex
import sys

import markdown
from program import Program

SCRIPTS = {"--sanitize", "--cold", "--layers", "--shape", "--shipped-policy", "--work", "--repeats", "--filter", "--fail-above", "--all"}
TOOLS = ("cmake ", "cpack ", "ctest ", "llama-gguf-split ", "tensorboard ")  # whose options are not ours
OTHERS = SCRIPTS | {"--version", "--preset", "--describe", "--static", "--merge"}
KEY = re.compile(r"^(?:probe|reward|train|refine|recover|prunenet)\.[a-z]\w*")
FILES = (".json", ".md", ".sh", ".yaml", ".h", ".py", ".record", ".recovery", ".version", ".pc")  # of the same form as keys


def complaints_of(span: str, program: Program, every: set[str]) -> list[str]:
    if span.startswith(TOOLS):
        return []
    words = span.split()
    if words[0] == "prunenet" and len(words) > 1:
        words = words[1:]
        if words[0] == "VERB" or not re.match(r"[a-z-]+$", words[0]):
            return []
        return program.complaints(words)
    if words[0] in program.options:
        return program.complaints(words) if len(words) > 1 else []
    found = [f"no verb has the option {option}" for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", span) if option not in every]
    key = KEY.match(span)
    if key and key[0] not in program.keys and not span.split(":")[0].endswith(FILES):
        found.append(f"no recipe has the key {key[0]}")
    return found


def main() -> int:
    program, root = Program(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    every = set().union(*program.options.values()) | OTHERS
    complaints, count = [], 0
    for page in markdown.pages(root):
        if page.name == "CHANGELOG.md":  # of its time
            continue
        name = page.relative_to(root)
        for span in markdown.code_spans(page):
            count += 1
            complaints += [f"{name}: `{span}`: {complaint}" for complaint in complaints_of(span, program, every)]
        for command in markdown.commands(page):
            if command.text.startswith("prunenet "):
                count += 1
                words = shlex.split(command.text)[1:]
                complaints += [f"{name}:{command.number}: {command.text}\n  {complaint}" for complaint in program.complaints(words)]
    print("\n".join(complaints) or f"{count} code spans and commands")
    return 1 if complaints or not count else 0


sys.exit(main())
