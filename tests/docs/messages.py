"""Messages that docs/troubleshooting.md quotes are those of the program: what stands in a code span of the first column of a table there,
in parts between "...", is found in the text literals of lib and apps, in that order in one of them.

Usage: messages.py SOURCE_DIR
"""
import pathlib
import re
import sys

PAGE = pathlib.Path("docs") / "troubleshooting.md"


def literals(root: pathlib.Path) -> list[str]:
    found = []
    for file in [*root.glob("lib/prunenet/**/*.cpp"), *root.glob("lib/prunenet/**/*.h"), *root.glob("apps/prunenet/*.cpp")]:
        source = re.sub(r"(?m)^\s*//.*$", "", file.read_text(encoding="utf-8"))
        source = re.sub(r'(?<!\\)"\s*\n\s*"', "", source)  # literals side by side are one
        found += [literal.replace('\\"', '"') for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', source)]
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    said = literals(root)
    quotes = [quote for row in re.findall(r"(?m)^\| (`.*?) \|", (root / PAGE).read_text(encoding="utf-8"))
              for quote in re.findall(r"`([^`]+)`", row)]
    unknown = []
    for quote in quotes:
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in quote.split("...")))
        if not any(pattern.search(literal) for literal in said):
            unknown.append(quote)
    print("\n".join(f"{PAGE}: nobody says: {quote}" for quote in unknown) or f"{len(quotes)} messages")
    return 1 if unknown or not quotes else 0


sys.exit(main())
