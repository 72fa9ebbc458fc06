"""The pages of the public headers are made without a warning, of all headers that are public.

Usage: doxygen.py DOXYGEN SOURCE_DIR
"""
import pathlib
import re
import subprocess
import sys
import tempfile

doxygen, source = sys.argv[1], pathlib.Path(sys.argv[2])
settings = (source / "docs" / "Doxyfile").read_text(encoding="utf-8")

umbrella = "lib/prunenet/prunenet.h"
included = re.findall(r'#include "(prunenet/.*?)"', (source / umbrella).read_text(encoding="utf-8"))
listed = set(re.search(r"^INPUT = ((?:.*\\\n)*.*)", settings, re.MULTILINE).group(1).replace("\\", " ").split())
missing = [header for header in [umbrella, *("lib/" + header for header in included)] if header not in listed]
if missing or not included:
    sys.exit(f"docs/Doxyfile lacks in INPUT what {umbrella} includes: {', '.join(missing)}")

with tempfile.TemporaryDirectory() as folder:
    run = subprocess.run([doxygen, "-"], input=f"{settings}\nOUTPUT_DIRECTORY = {folder}\n", text=True, cwd=source,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print(run.stdout, end="")
    if run.returncode != 0 or run.stdout or not (pathlib.Path(folder) / "html" / "index.html").exists():
        sys.exit("doxygen complains, or made no pages; try: doxygen docs/Doxyfile")
print(f"the pages of {len(listed)} headers are made without a warning")
