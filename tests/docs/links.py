"""Links between the pages lead somewhere: to files that are there, and to headings that they have. So do mentions without a link, such
as docs/method.md, "Refinement". docs/README.md has a line for every page of its folder, and README.md leads to it.

Usage: links.py SOURCE_DIR
"""
import pathlib
import re
import sys

import markdown

ELSEWHERE = re.compile(r"[a-z]+:")  # https:, mailto:
MENTION = re.compile(r'(?<![\w/.-])((?:docs|experiments/\w+|policies|tests|lib/prunenet|notebooks)/[\w./-]*\.(?:md|sh|py|yaml|h|ipynb|txt))'
                     r'(?:, "([^"]+)")?')


def complaint_of(link: str, page: pathlib.Path) -> str:
    if ELSEWHERE.match(link):
        return ""
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    if not target.exists():
        return f"links to {link}, which is not there"
    if anchor and (target.suffix != ".md" or anchor not in markdown.anchors(target)):
        return f"links to {link}, but no heading of {file or 'this page'} has that anchor"
    return ""


def mentions(page: pathlib.Path, root: pathlib.Path) -> list[str]:
    text = re.sub(r"\s+", " ", markdown.prose(page))
    found = []
    for file, heading in MENTION.findall(text):
        if not (root / file).exists() and not (page.parent / file).exists():
            found.append(f"names {file}, which is not there")
        elif heading and not any(known.startswith(heading.rstrip(",.")) for known in markdown.headings(root / file)):
            found.append(f"names {file}, \"{heading}\", which is no heading there")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    pages, complaints, count = markdown.pages(root), [], 0
    for page in pages:
        found = [complaint for link in markdown.links(page) if (complaint := complaint_of(link, page))]
        count += len(markdown.links(page))
        complaints += [f"{page.relative_to(root)}: {complaint}" for complaint in found + mentions(page, root)]
    index = markdown.links(root / "docs" / "README.md")
    complaints += [f"docs/README.md has no line for {page.name}" for page in sorted((root / "docs").glob("*.md"))
                   if page.name not in index and page.name != "README.md"]
    if "docs/README.md" not in markdown.links(root / "README.md"):
        complaints.append("README.md does not lead to docs/README.md")
    print("\n".join(complaints) or f"{count} links of {len(pages)} pages lead somewhere")
    return 1 if complaints or not count else 0


sys.exit(main())
