"""Rules of the library that a compiler does not check.

- A module includes itself and the modules that its CMake target names under DEPENDS, nothing else.
- `plan` and `prune` do not reach `policy`, not even through another module: deciding and applying are joined by the
  plan alone. Nor do `features` and `spectral`.
- Nothing under lib prints, exits or asserts.

Usage: dependencies.py SOURCE_DIR core= checkpoint=core ...
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]prunenet/([a-z_0-9]+)/', re.MULTILINE)
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"', re.DOTALL)
FORBIDDEN = re.compile(r"\bstd::(?:cout|cerr|clog|exit|quick_exit|abort|terminate|printf|fprintf|puts)\b"
                       r"|(?<![\w:.>])(?:printf|fprintf|puts|exit|_exit|quick_exit|abort|assert)\s*\(")
UNREACHABLE = (("plan", "policy"), ("prune", "policy"), ("features", "policy"), ("spectral", "policy"))


def blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def reachable(depends: dict, module: str) -> set:
    seen, waiting = set(), [module]
    while waiting:
        for dependency in depends[waiting.pop()]:
            if dependency not in seen:
                seen.add(dependency)
                waiting.append(dependency)
    return seen


def complaints_about(path: pathlib.Path, module: str, allowed: set):
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        if match.group(1) not in allowed:
            yield (f"{path}:{line_of(text, match.start())}: module {module} includes prunenet/{match.group(1)}/, which "
                   f"its CMakeLists.txt does not list under DEPENDS")
    code = COMMENT_OR_STRING.sub(blank, text)
    for match in FORBIDDEN.finditer(code):
        yield (f"{path}:{line_of(code, match.start())}: {match.group().rstrip('( ')} in the library; throw "
               f"prunenet::Error, or tell the caller's Progress")


def main() -> int:
    library = pathlib.Path(sys.argv[1]) / "lib" / "prunenet"
    depends = {}
    for argument in sys.argv[2:]:
        module, names = argument.split("=")
        depends[module] = [name for name in names.split(",") if name]

    complaints = [f"{path}: a module that no CMake target builds"
                  for path in sorted(library.iterdir()) if path.is_dir() and path.name not in depends]
    for module in depends:
        allowed = {module, *depends[module]}
        for path in sorted((library / module).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                complaints += complaints_about(path, module, allowed)
    for module, other in UNREACHABLE:
        if module in depends and other in reachable(depends, module):
            complaints.append(f"{library / module}/CMakeLists.txt: {module} must not reach {other} through its DEPENDS")

    print("\n".join(complaints) or f"{len(depends)} modules keep to their DEPENDS")
    return 1 if complaints or not depends else 0


sys.exit(main())
