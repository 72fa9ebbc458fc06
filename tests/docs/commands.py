"""Every command of a page of the documentation is run, made short, or is named below with the reason why not.

Commands run in a folder of stand-ins (stand_ins.py) under the names that the page uses, by bash, with `prunenet` found in PATH
(shortened.py). Of pages that are read from the beginning, all commands run in one folder, in order: what a command reads is
brought by the reader or made before. Of others each section has a folder of its own.

Usage: commands.py PROGRAM SOURCE_DIR PAGE
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import markdown
from program import Program
from stand_ins import OUTPUTS, StandIns

WALKS = ("docs/compress.md", "docs/train.md")
MINUTES = 2

NOT_RUN = {  # what a command begins with, and why it is not run
    "bash experiments/": "takes minutes to hours, and some download a model; tests of their own look at the scripts",
    "bash tests/": "is what runs this",
    "cmake ": "builds or installs the whole tree; ctest -R install does",
    "cd build-release ": "packages the whole tree; ctest -R install.package does",
    "c++ ": "needs an installed tree; ctest -R install.pkg_config has one",
    "PYTHONPATH=build/python python3 ": "needs the Python module; ctest -R python runs it",
    "tensorboard ": "is a server from PyPI",
}


def outputs(words: list[str]) -> list[str]:
    planned = ("--out",) if "--dry-run" in words else ()
    return [after for word, after in zip(words, words[1:]) if word in OUTPUTS and word not in planned and after != "-"]


def verb_words(command: markdown.Command) -> list[str] | None:
    """The words after `prunenet`, or None of another command."""
    words = shlex.split(command.text)
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    return words[1:] if words and words[0] == "prunenet" else None


def failure(command: markdown.Command, words: list[str], place: pathlib.Path, environment: dict[str, str]) -> str:
    try:
        run = subprocess.run(["bash", "-c", command.text], cwd=place, env=environment, timeout=60 * MINUTES, check=False,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except subprocess.TimeoutExpired:
        return f"takes more than {MINUTES} minutes; shorten it in shortened.py"
    if run.returncode != 0:
        return f"ends with exit code {run.returncode}:\n" + "\n".join(run.stdout.splitlines()[-5:])
    missing = [name for name in outputs(words) if not (place / name).exists()]
    return f"has not written {', '.join(missing)}" if missing else ""


def main() -> int:
    program, root, page = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
    complaints, counts = [], {"run": 0, "not run": 0}
    found = markdown.commands(root / page)
    known = Program(str(program)) if any(verb_words(command) is not None for command in found) else None
    with tempfile.TemporaryDirectory() as folder:
        bin_folder = pathlib.Path(folder) / "bin"
        bin_folder.mkdir()
        (bin_folder / "prunenet").symlink_to(pathlib.Path(__file__).resolve().with_name("shortened.py"))
        environment = os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PRUNENET_PROGRAM": str(program)}
        os.environ["PRUNENET_PROGRAM"] = str(program)
        stand_ins = StandIns(root, bin_folder / "prunenet", pathlib.Path(folder))
        places: dict[str, pathlib.Path] = {}
        for command in found:
            words = verb_words(command)
            if words is None:
                counts["not run"] += 1
                if not any(command.text.startswith(prefix) for prefix in NOT_RUN):
                    complaints.append(f"{page}:{command.number}: '{command.text}' is neither run nor in the list of tests/docs/commands.py")
                script = re.match(r"(?:bash|python3) (\S+)", command.text)
                if script and not (root / script[1]).is_file():
                    complaints.append(f"{page}:{command.number}: there is no {script[1]}")
                continue
            counts["run"] += 1
            section = "" if page in WALKS else command.section
            if section not in places:
                places[section] = stand_ins.new_folder(f"place-{len(places)}")
            stand_ins.provide(words, places[section])
            complaint = "; ".join(known.complaints(words)) or failure(command, words, places[section], environment)
            if complaint:
                complaints.append(f"{page}:{command.number}: {command.text}\n  {complaint}")
    print("\n".join(complaints) or f"{page}: {counts['run']} commands run, {counts['not run']} not")
    return 1 if complaints else 0


sys.exit(main())
