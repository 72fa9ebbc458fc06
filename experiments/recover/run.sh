#!/usr/bin/env bash
# run.sh PRUNENET TEACHER STUDENT WORK RECIPE TEXT...: perplexity of a pruned model before and after recovery, and what it took.
# Every TEXT is measured on its first 8 windows of 1024 tokens; a run that was stopped goes on when the same command is given again.
set -euo pipefail
prunenet=$1 teacher=$2 student=$3 work=$4 recipe=$5
shift 5
mkdir -p "$work"

measure() {
  [ -s "$work/$2.json" ] || "$prunenet" eval --model "$1" --text "${texts[@]}" --context 1024 --windows 8 --json "$work/$2.json" --quiet
}
texts=("$@")
measure "$student" before
[ -s "$work/record.json" ] ||
  "$prunenet" recover --teacher "$teacher" --student "$student" --recipe "$recipe" --out "$work/model" --json "$work/record.json" --resume
measure "$work/model" after

python3 - "$work" << 'END'
import json, sys
from pathlib import Path

work = Path(sys.argv[1])
before, after, record = (json.loads((work / f"{name}.json").read_text()) for name in ("before", "after", "record"))
print("| step | tokens | KL, held out | processor seconds |\n|---:|---:|---:|---:|")
for point in record["curve"]:
    print(f"| {point['step']} | {point['tokens']} | {point['held_out_divergence']:.4f} | {point['processor_seconds']:.0f} |")
print(f"\ntext: {record['run']['text_processor_seconds']:.0f} processor seconds")
for old, new in zip(before["perplexity"], after["perplexity"]):
    print(f"{Path(old['file']).name}: {old['ppl']:.2f} -> {new['ppl']:.2f}")
END
