#!/usr/bin/env python3
"""Makes alice.txt, northanger_abbey.txt, heldout.txt and split.json from the two Debian source archives.

    prepare.py SNAPPY_TARBALL JANEAUSTENR_TARBALL

README.md beside this file says where the archives come from. Needs the Python package `rdata`, which reads R data files.
"""

import hashlib
import io
import itertools
import json
import pathlib
import re
import sys
import tarfile

import rdata

ARCHIVES = {
    "alice.txt": (
        "75c1fbb3d618dd3a0483bff0e26d0a92b495bbe5059c8b4f1c962b478b6e06e7",
        "snappy-1.1.9/testdata/alice29.txt",
    ),
    "northanger_abbey.txt": (
        "b4c32ee1395ee4a8efe714c535c0fe578b0dbf5f3bb85b41fa5cc87569b8e8aa",
        "janeaustenr/data/northangerabbey.rda",
    ),
}
VERSE_INDENT = 4  # prose paragraphs of Alice are indented by 2, verse by 4 and more


def member(archive, name):
    """Bytes of ARCHIVES[name] inside `archive`, once the archive is known to be the right one."""
    expected, path = ARCHIVES[name]
    found = hashlib.sha256(pathlib.Path(archive).read_bytes()).hexdigest()
    if found != expected:
        sys.exit(f"{archive}: SHA-256 is {found}, expected {expected}; see README.md for the archive that is meant")
    with tarfile.open(archive) as tar:
        return tar.extractfile(path).read()


def paragraphs(lines):
    """Groups of lines between blank lines."""
    return [list(group) for filled, group in itertools.groupby(lines, lambda line: bool(line.strip())) if filled]


def unwrap(lines):
    """One line for a paragraph of prose; verse and centred headings keep their lines, without the indent."""
    stripped = [line.strip() for line in lines]
    if all(line.startswith(" " * VERSE_INDENT) for line in lines):
        return "\n".join(stripped)
    # A line that ends in a hyphen or a dash continues without a space: "sheep-" "bells", "it--" "once".
    return re.sub(r"-\n", "-", "\n".join(stripped)).replace("\n", " ")


def clean(lines):
    text = "\n\n".join(unwrap(paragraph) for paragraph in paragraphs(lines))
    return re.sub(r" {2,}", " ", text) + "\n"


def alice(archive):
    text = member(archive, "alice.txt").decode("ascii").replace("\r", "").rstrip("\x1a")
    # The file writes an opening quote as a backtick, breaks scenes with rows of asterisks and names its own edition.
    lines = [
        line
        for line in text.replace("`", "'").split("\n")
        if not re.fullmatch(r"[ *]*\*[ *]*", line) and "FULCRUM EDITION" not in line
    ]
    return clean(lines)


def northanger_abbey(archive):
    values = rdata.read_rda(io.BytesIO(member(archive, "northanger_abbey.txt")))["northangerabbey"]
    lines = [str(value) for value in values]
    # The novel without the title page, whose date is the editor's, and without the modern editor's footnote and note.
    begin = next(i for i, line in enumerate(lines) if line == "CHAPTER 1")
    end = next(i for i, line in enumerate(lines) if line.startswith("*Vide"))
    return clean(["NORTHANGER ABBEY", "", "Jane Austen", ""] + [line.replace("*", "") for line in lines[begin:end]])


def heldout_begin(data):
    """Byte offset of the first paragraph that begins in the last tenth of the text."""
    return data.index(b"\n\n", len(data) * 9 // 10) + 2


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    here = pathlib.Path(__file__).parent
    texts = {"alice.txt": alice(sys.argv[1]), "northanger_abbey.txt": northanger_abbey(sys.argv[2])}
    files = {name: text.encode("ascii") for name, text in texts.items()}
    split = {name: {"train_bytes": heldout_begin(data), "bytes": len(data)} for name, data in files.items()}
    files["heldout.txt"] = b"\n".join(files[name][split[name]["train_bytes"] :] for name in split)
    files["split.json"] = (json.dumps(split, indent=2) + "\n").encode()
    for name, data in files.items():
        (here / name).write_bytes(data)
        print(f"{hashlib.sha256(data).hexdigest()}  {len(data):7d}  {name}")


if __name__ == "__main__":
    main()
