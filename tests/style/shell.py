"""shellcheck over every shell script of the tree, and over what the scripts source.

A script is a file that starts with #! and names a shell; a .sh file without that is there to be sourced.

Usage: shell.py SHELLCHECK SOURCE_DIR
"""
import pathlib
import re
import subprocess
import sys

FOLDERS = ("tests", "experiments", "apps", "policies", ".ci")
SHEBANG = re.compile(rb"#!\S*[ /](?:bash|sh)\b")


def is_script(path: pathlib.Path) -> bool:
    if not path.is_file() or path.suffix not in ("", ".sh"):
        return False
    with path.open("rb") as file:
        return SHEBANG.match(file.read(64)) is not None


def main() -> int:
    shellcheck, source = sys.argv[1], pathlib.Path(sys.argv[2])
    files = sorted(path for folder in FOLDERS for path in (source / folder).rglob("*")
                   if "work" not in path.relative_to(source).parts and is_script(path))
    if not files:
        print(f"no shell scripts under {source}")
        return 1
    return subprocess.run([shellcheck, "--external-sources", "--check-sourced", "--source-path=SCRIPTDIR",
                           *map(str, files)], check=False).returncode


sys.exit(main())
