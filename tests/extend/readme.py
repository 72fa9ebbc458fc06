"""README.md's example of the library is the file that is compiled, and writes what `prunenet apply` writes.

Usage: readme.py SOURCE_DIR EXAMPLE PRUNENET
"""
import pathlib
import re
import subprocess
import sys
import tempfile

source, example, prunenet = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]

shown = re.findall(r"```cpp\n(.*?)```", (source / "README.md").read_text(encoding="utf-8"), re.DOTALL)
compiled = source / "experiments" / "extend" / "apply.cpp"
if shown != [compiled.read_text(encoding="utf-8")]:
    sys.exit(f"README.md does not show {compiled.relative_to(source)} as its one piece of C++")

model = source / "tests" / "data" / "trained" / "small"
policy = source / "policies" / "smollm2.safetensors"
with tempfile.TemporaryDirectory() as folder:
    ours, expected = pathlib.Path(folder) / "ours", pathlib.Path(folder) / "expected"
    subprocess.run([example, model, policy, ours], check=True)
    subprocess.run([prunenet, "apply", "--model", model, "--policy", policy, "--ratio", "0.3", "--round-to", "32",
                    "--out", expected, "--quiet"], check=True)
    for name in ("model.safetensors", "config.json"):
        if (ours / name).read_bytes() != (expected / name).read_bytes():
            sys.exit(f"{name} differs from that of `prunenet apply`")
print("README.md's example compiles, runs, and writes what `prunenet apply` writes")
