"""The version stands in the top CMakeLists.txt, and whatever shows one shows that.

Usage: version.py VERSION SOURCE_DIR PREFIX
"""
import gzip
import pathlib
import re
import subprocess
import sys


def main() -> int:
    version, source, prefix = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    minor = version.rpartition(".")[0]
    said = subprocess.run([prefix / "bin" / "prunenet", "--version"], check=True, capture_output=True, text=True).stdout
    page = gzip.decompress((prefix / "share/man/man1/prunenet.1.gz").read_bytes()).decode()
    library = next(prefix.glob("lib*/**/libprunenet.so"))
    elf = subprocess.run(["readelf", "--dynamic", library], check=True, capture_output=True, text=True).stdout
    shown = {
        "prunenet --version": said == f"prunenet {version}\n",
        "manual page": f'"prunenet {version}"' in page.splitlines()[0],
        "shared library": library.resolve().name == f"libprunenet.so.{version}",
        "its name for the loader": f"[libprunenet.so.{minor}]" in elf,
        "pkg-config": f"\nVersion: {version}\n" in next(prefix.glob("**/prunenet.pc")).read_text(),
        "CMake package": f'set(PACKAGE_VERSION "{version}")' in next(prefix.glob("**/prunenetConfigVersion.cmake")).read_text(),
        "list of changes": f"({version})" in re.search("^## .*", (source / "CHANGELOG.md").read_text(), re.MULTILINE).group(),
        "semantic version": re.fullmatch(r"\d+\.\d+\.\d+", version) is not None,
    }
    wrong = [what for what, right in shown.items() if not right]
    places = [f"{path.relative_to(source)}:{number}" for folder in ("lib", "apps", "cmake", ".")
              for path in sorted((source / folder).glob("*" if folder == "." else "**/*"))
              if path.is_file() and path.suffix in (".h", ".cpp", ".py", ".in", ".cmake", ".txt", ".json")
              for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
              if re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.])", line)]
    if len(places) != 1 or not places[0].startswith("CMakeLists.txt:"):
        wrong.append(f"places that write it: {places}")
    print("\n".join(f"wrong: {what}" for what in wrong) or f"{version} in all {len(shown)} places")
    return 1 if wrong else 0


sys.exit(main())
