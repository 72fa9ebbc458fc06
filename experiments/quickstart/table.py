"""One table of what quickstart measured: table.py WORK."""

import json
import pathlib
import sys

HEADING = ("ratio", "parameters", "file size", "perplexity", "tokens/s", "peak memory", "seconds")


def row(work, name, ratio, made_by):
    """Figures from the record of `prunenet eval`; the seconds are those of the step that made the model."""
    record = json.loads((work / f"{name}.json").read_text())
    text = record["perplexity"][0]
    seconds = work / "stamps" / f"{made_by}.seconds"
    return (
        ratio,
        f"{record['parameters'] / 1e6:.1f}M",
        f"{record['bytes'] / 1e6:.1f} MB",
        f"{text['ppl']:.2f}",
        f"{text['tokens_per_second']:.0f}",
        f"{record['peak_rss_bytes'] / 1e6:.0f} MB",
        f"{made_by} {seconds.read_text().strip()}" if seconds.exists() else "-",
    )


def main():
    work = pathlib.Path(sys.argv[1])
    rows = [HEADING, row(work, "dense", "dense", "import")]
    for percent in (20, 30, 50):
        rows.append(row(work, f"pruned-{percent}", f"{percent} %", f"apply-{percent}"))
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEADING))]
    for line in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)))
    text = json.loads((work / "dense.json").read_text())["perplexity"][0]
    print(f"Perplexity: {pathlib.Path(text['file']).name}, {text['windows']} windows of {text['context']} tokens, "
          f"tokens 2 to {text['context']} of each scored. Seconds: of the step that made the model.")


main()
