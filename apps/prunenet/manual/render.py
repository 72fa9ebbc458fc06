"""Manual pages and shell completions of prunenet, from what `prunenet --describe` says of its options.

Usage: render.py DESCRIPTION OUT_DIRECTORY

DESCRIPTION is a file of JSON lines: the whole command first, then its verbs. Writes prunenet.1.gz, a prunenet-VERB.1.gz
for each verb, and completions for bash (prunenet.bash) and zsh (_prunenet). SOURCE_DATE_EPOCH, where it is set, is the
date on the pages.
"""
import gzip
import json
import pathlib
import sys

import bash
import man
import zsh


def main() -> None:
    description, directory = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    command, *verbs = [json.loads(line) for line in description.read_text(encoding="utf-8").splitlines()]
    directory.mkdir(parents=True, exist_ok=True)
    for name, page in man.pages(command, verbs).items():
        (directory / f"{name}.1.gz").write_bytes(gzip.compress(page.encode(), compresslevel=9, mtime=0))
    (directory / "prunenet.bash").write_text(bash.completion(command, verbs), encoding="utf-8")
    (directory / "_prunenet").write_text(zsh.completion(command, verbs), encoding="utf-8")


main()
