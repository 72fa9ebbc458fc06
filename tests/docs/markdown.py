"""What the tests of the documentation read of a Markdown page: headings, links, code spans, code blocks, commands.

Code blocks are fenced, or indented by four spaces. In those that hold commands, each line is one; a backslash at its end
continues it, and " #" begins a comment.
"""
import dataclasses
import pathlib
import re

FENCE = re.compile(r"^```\s*(\w*)\s*$")
NOT_COMMANDS = re.compile(r'(^|\s)=\s|:(\s|$)|sum_|^[{}\[\]"]')  # equations, JSON, YAML and tables of formulas


@dataclasses.dataclass(frozen=True)
class Line:
    number: int
    text: str
    heading: str  # the section that it stands in
    block: int | None  # the number of its code block
    language: str = ""


@dataclasses.dataclass(frozen=True)
class Command:
    page: pathlib.Path
    number: int
    section: str
    text: str


def read_lines(page: pathlib.Path) -> list[Line]:
    lines = []
    heading, block, blocks, fenced, language, blank = "", None, 0, False, "", True
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(text)
        if fence:
            fenced = not fenced
            blocks, language, block = blocks + 1, fence[1], None
        elif fenced:
            lines.append(Line(number, text, heading, blocks, language))
        elif text.startswith("    ") and (blank or block is not None):
            if block is None:
                blocks, block = blocks + 1, blocks + 1
            lines.append(Line(number, text[4:], heading, block))
        elif text.strip() or block is None:
            block = None
            heading = text.lstrip("#").strip() if re.match(r"#+ ", text) else heading
            lines.append(Line(number, text, heading, None))
        blank = not text.strip()
    return lines


def commands(page: pathlib.Path) -> list[Command]:
    """Every command of the page's code blocks, in order."""
    found, data, last, pending = [], set(), 0, None
    for line in read_lines(page):
        if line.block is None or line.language not in ("", "sh", "bash"):
            continue
        bare = re.sub(r"(^|\s)#.*", "", line.text).strip()
        if line.block != last and bare:
            last = line.block
            if not line.language and NOT_COMMANDS.search(bare):
                data.add(line.block)
        if line.block in data or not bare:
            continue
        text = f"{pending.text} {bare}" if pending else bare
        command = Command(page, pending.number if pending else line.number, line.heading, text.removesuffix("\\").strip())
        pending = command if text.endswith("\\") else None
        if not pending:
            found.append(command)
    return found


def prose(page: pathlib.Path) -> str:
    """The page without its code blocks."""
    return "\n".join(line.text for line in read_lines(page) if line.block is None)


def code_spans(page: pathlib.Path) -> list[str]:
    return [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", prose(page))]


def headings(page: pathlib.Path) -> list[str]:
    return [line.text.lstrip("#").strip() for line in read_lines(page) if line.block is None and re.match(r"#+ ", line.text)]


def anchors(page: pathlib.Path) -> set[str]:
    """As GitHub makes them of headings."""
    names: set[str] = set()
    for heading in headings(page):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = 0
        while (numbered := f"{name}-{count}" if count else name) in names:
            count += 1
        names.add(numbered)
    return names


def links(page: pathlib.Path) -> list[str]:
    return re.findall(r"\]\(([^()\s]+)\)", prose(page))


def pages(root: pathlib.Path) -> list[pathlib.Path]:
    """Every page that a reader of the sources comes to; experiments/*/work is what their scripts make."""
    found = [*root.glob("*.md"), *(root / "docs").glob("*.md"), *(root / "policies").glob("*.md"),
             *(root / "notebooks").glob("*.md"), *(root / "experiments").glob("*/*.md"), *(root / "tests").glob("**/README.md")]
    return sorted(page for page in found if page.parent.parent.name != "trained")  # those are model cards
