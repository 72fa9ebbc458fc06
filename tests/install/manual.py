"""Every verb has a manual page that mandoc has nothing against; those of some, options of all kinds among them, show
every option and example of their help.

Usage: manual.py MANDOC PREFIX
"""
import gzip
import pathlib
import re
import subprocess
import sys

COMPARED = ("apply", "inspect", "train")  # a second each, which is libtorch starting


def run(*words: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run(words, check=False, capture_output=True, text=True, **more)


def main() -> int:
    mandoc, prefix = sys.argv[1], pathlib.Path(sys.argv[2])
    program = prefix / "bin" / "prunenet"
    pages = {path.name.removesuffix(".1.gz"): gzip.decompress(path.read_bytes()).decode()
             for path in (prefix / "share" / "man" / "man1").glob("*.1.gz")}
    complaints = []
    for name, page in pages.items():
        lint = run(mandoc, "-T", "lint", "-W", "style", input=page)
        complaints += [f"{name}: {line}" for line in lint.stdout.splitlines()]

    verbs = re.findall(r"^  ([a-z]+) ", run(program, "--help").stdout.split("Exit codes")[0], re.MULTILINE)
    if set(pages) != {"prunenet", *(f"prunenet-{verb}" for verb in verbs)} or len(verbs) < 10:
        complaints.append(f"verbs {verbs} have pages {sorted(pages)}")
    for verb in COMPARED:
        shown = run(mandoc, "-T", "utf8", "-O", "width=200", input=pages.get(f"prunenet-{verb}", "")).stdout
        shown = re.sub(r".\x08", "", shown)
        help_text = run(program, verb, "--help").stdout
        for line in re.findall(r"^  (--[a-z-]+(?: [A-Z][^ ]*)?)", help_text, re.MULTILINE) + \
                re.findall(r"^  (prunenet .*)", help_text.split("Options:")[0], re.MULTILINE):
            if line not in shown:
                complaints.append(f"prunenet-{verb}: has no '{line}'")
    print("\n".join(complaints) or f"{len(pages)} pages")
    return 1 if complaints else 0


sys.exit(main())
