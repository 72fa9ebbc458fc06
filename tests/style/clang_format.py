"""clang-format's opinion of every C++ file under lib, apps, tests and experiments; changes nothing.

Usage: clang_format.py CLANG_FORMAT SOURCE_DIR
"""
import pathlib
import subprocess
import sys


def main() -> int:
    clang_format, source = sys.argv[1], pathlib.Path(sys.argv[2])
    files = sorted(path for folder in ("lib", "apps", "python", "tests", "experiments") for ending in ("*.h", "*.cpp")
                   for path in (source / folder).rglob(ending))
    if not files:
        print(f"no C++ files under {source}")
        return 1
    return subprocess.run([clang_format, "--dry-run", "-Werror", *map(str, files)], check=False).returncode


sys.exit(main())
