"""Runs the benchmarks of a build and keeps what they measured; compares two such runs.

    compare.py run BUILD --save RUN.json [--against SAVED.json] [--filter REGEX] [--repetitions N] [--min-time SECONDS]
    compare.py table SAVED.json RUN.json [--markdown] [--fail-above RATIO]

Times are CPU seconds of one thread (the run sets OPENBLAS_NUM_THREADS and OMP_NUM_THREADS to 1). A ratio is that of the
medians, new by old, and its range is that of the fastest by the slowest repetition and the other way round: a range
with 1 in it says nothing. Every program also times memcpy and a matrix product (reference/*), which no change of
prunenet moves; `/memcpy` and `/gemm` are the ratio divided by theirs, so what a busier machine did to both is not in
them. --fail-above counts a benchmark only where ratio, /memcpy and /gemm are all above.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

FORMAT = "prunenet benchmark run 1"
REFERENCES = ("memcpy", "gemm")
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
NUMBER = (int, float)


class Trouble(Exception):
    """One line for whoever runs this."""


def programs(build: pathlib.Path) -> list:
    found = sorted(path for path in (build / "tests" / "bench").glob("bench_*") if os.access(path, os.X_OK) and path.is_file())
    if not found:
        raise Trouble(f"{build}: no tests/bench/bench_*; configure with -DPRUNENET_BUILD_BENCH=ON and build")
    return found


def measure(program: pathlib.Path, arguments: argparse.Namespace) -> dict:
    """{program/name: CPU seconds of each repetition}, reference benchmarks among them."""
    command = [str(program), "--benchmark_format=json", f"--benchmark_repetitions={arguments.repetitions}",
               "--benchmark_enable_random_interleaving=true", f"--benchmark_min_time={arguments.min_time}"]
    if arguments.filter:
        command.append(f"--benchmark_filter=^reference/|{arguments.filter}")
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Trouble(f"{program}: ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    times = {}
    for entry in json.loads(done.stdout)["benchmarks"]:
        if entry.get("error_occurred"):
            raise Trouble(f"{program}: {entry['run_name']}: {entry['error_message']}")
        if entry["run_type"] == "iteration":
            name = f"{program.name.removeprefix('bench_')}/{entry['run_name']}"
            times.setdefault(name, []).append(entry["cpu_time"] * SECONDS[entry["time_unit"]])
    return times


def run(arguments: argparse.Namespace) -> dict:
    times = {}
    for program in programs(arguments.build):
        print(f"{program.name} ...", file=sys.stderr)
        times.update(measure(program, arguments))
    return times


def load(path: pathlib.Path) -> dict:
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Trouble(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Trouble(f"{path}: not JSON: {error}") from error
    if not isinstance(saved, dict) or saved.get("format") != FORMAT or not isinstance(saved.get("seconds"), dict):
        raise Trouble(f"{path}: not a run that compare.py saved")
    for name, times in saved["seconds"].items():
        if not isinstance(times, list) or not times or not all(isinstance(t, NUMBER) and t > 0 for t in times):
            raise Trouble(f"{path}: {name}: times must be positive numbers, at least one")
    return saved["seconds"]


def ratio(before: list, after: list) -> float:
    return statistics.median(after) / statistics.median(before)


def compare(before: dict, after: dict) -> list:
    """Rows of (name, milliseconds before, after, ratio, its range, ratio by each reference or None)."""
    rows = []
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        plain = ratio(old, new)
        relative = []
        for reference in REFERENCES:
            key = f"{name.split('/')[0]}/reference/{reference}"
            known = key in before and key in after and key != name
            relative.append(plain / ratio(before[key], after[key]) if known else None)
        extremes = (min(new) / max(old), max(new) / min(old))
        rows.append((name, 1e3 * statistics.median(old), 1e3 * statistics.median(new), plain, extremes, relative))
    return rows


def cells(row: tuple) -> list:
    name, old, new, plain, (low, high), relative = row
    verdict = "slower" if low > 1 else "faster" if high < 1 else ""
    return [name, f"{old:.4g}", f"{new:.4g}", f"{plain:.2f}", f"{low:.2f}-{high:.2f}",
            *("" if value is None else f"{value:.2f}" for value in relative), verdict]


def table(rows: list, markdown: bool) -> str:
    lines = [["benchmark", "old ms", "new ms", "ratio", "range", *(f"/{name}" for name in REFERENCES), ""],
             *map(cells, rows)]
    if markdown:
        lines.insert(1, ["---"] * len(lines[0]))
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]).rstrip()
        for line in lines)


def show(before: dict, after: dict, arguments: argparse.Namespace) -> int:
    rows = compare(before, after)
    print(table(rows, arguments.markdown))
    for which, names in (("old", before.keys() - after.keys()), ("new", after.keys() - before.keys())):
        for name in sorted(names):
            print(f"only in the {which} run: {name}")
    if arguments.fail_above is None:
        return 0
    above = [row[0] for row in rows
             if "/reference/" not in row[0]
             and min([row[3], *(value for value in row[5] if value is not None)]) > arguments.fail_above]
    for name in above:
        print(f"above {arguments.fail_above}: {name}")
    return 1 if above else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    running = verbs.add_parser("run", help="run all benchmarks of a build")
    running.add_argument("build", type=pathlib.Path)
    running.add_argument("--save", type=pathlib.Path, required=True)
    running.add_argument("--against", type=pathlib.Path, help="a saved run to compare with")
    running.add_argument("--filter", help="only benchmarks that match, and the references")
    running.add_argument("--repetitions", type=int, default=5)
    running.add_argument("--min-time", type=float, default=0.1, help="seconds a repetition")
    comparing = verbs.add_parser("table", help="compare two saved runs")
    comparing.add_argument("old", type=pathlib.Path)
    comparing.add_argument("new", type=pathlib.Path)
    for verb in (running, comparing):
        verb.add_argument("--markdown", action="store_true")
        verb.add_argument("--fail-above", type=float, help="exit with 1 where something takes this many times as long")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    try:
        if arguments.verb == "table":
            return show(load(arguments.old), load(arguments.new), arguments)
        before = load(arguments.against) if arguments.against else None  # a damaged one shows before the work
        if arguments.filter:
            re.compile(arguments.filter)
        after = run(arguments)
        arguments.save.write_text(json.dumps({"format": FORMAT, "seconds": after}, indent=1) + "\n", encoding="utf-8")
        return 0 if before is None else show(before, after, arguments)
    except re.error as error:
        print(f"compare.py: --filter {arguments.filter}: {error}", file=sys.stderr)
    except (Trouble, OSError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
