"""Opens the report of tests/data/records in headless Chromium, in a narrow and in a wide window.

Usage: page_test.py PRUNENET CHROMIUM TESTS_DIR
A probe script, put at the end of a copy of the page, looks and clicks and tells what it found to the document around it,
which Chromium then prints: the page stands in a frame, since a window of Chromium's is at least 500 pixels wide. To look for yourself, set PRUNENET_KEEP to a directory: page and screenshots are left there.
"""
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PRUNENET, CHROMIUM, TESTS = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
RECORDS = TESTS / "data" / "records"
WIDTHS = (400, 1280)

PROBE = """<script>window.addEventListener("error", (event) => probeErrors.push(event.message));</script>
<script>
const table = Array.from(document.querySelectorAll("table.sortable")).at(-1);
const headings = Array.from(table.tHead.rows[0].cells);
const column = headings.findIndex((heading) => heading.textContent.includes("pride.txt"));
const look = () => ({sorted: headings.map((heading) => heading.ariaSort),
                     values: Array.from(table.tBodies[0].rows, (row) => row.cells[column].dataset.sort ?? null),
                     methods: Array.from(table.tBodies[0].rows, (row) => row.cells[0].textContent)});
const click = (index) => headings[index].querySelector("button").click();
const found = {column, before: look()};
click(column); found.ascending = look();
click(column); found.descending = look();
click(0); found.byName = look();
found.inner = window.innerWidth;
found.scroll = document.documentElement.scrollWidth;
found.figures = document.querySelectorAll("figure").length;
found.svgs = document.querySelectorAll("figure svg").length;
found.empty = Array.from(document.querySelectorAll("figure svg")).filter(
    (svg) => svg.getBoundingClientRect().height < 50 || !svg.querySelector("[id*=gnuplot_plot_]")).length;
const ids = Array.from(document.querySelectorAll("[id]"), (element) => element.id);
found.repeatedIds = ids.filter((id, at) => ids.indexOf(id) !== at);
found.dangling = Array.from(document.querySelectorAll("use")).filter(
    (use) => !document.getElementById(use.href.baseVal.slice(1))).length;
found.resources = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !name.startsWith("data:"));
found.ink = getComputedStyle(document.body).color;
found.paper = getComputedStyle(document.body).backgroundColor;
found.series = getComputedStyle(document.querySelector("use[color^='var(--series-0']")).color;
found.whites = document.querySelectorAll("svg [color=white], svg [fill=white], svg [color=black], svg [fill=black]").length;
found.errors = probeErrors;
window.parent.postMessage(JSON.stringify(found), "*");
</script>"""
AROUND = """<!DOCTYPE html><html style="color-scheme: light dark"><body><pre id="probe"></pre><script>
window.addEventListener("message", (event) => document.getElementById("probe").append(event.data));
</script><iframe src="probed.html" style="border: 0; width: {width}px; height: 1000px"></iframe></body></html>"""


def chromium(directory: str, page: pathlib.Path, width: int, *options: str) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
         "--disable-dev-shm-usage", f"--user-data-dir={directory}/profile", f"--window-size={width},1000",
         "--enable-logging=stderr", *options, page.as_uri()],
        check=False, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"chromium: {done.returncode}: {done.stderr[-2000:]}")
    return done


def luminance(colour: str) -> float:
    """WCAG's relative luminance of "rgb(r, g, b)"."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        home = pathlib.Path(os.environ.get("PRUNENET_KEEP", cls.directory.name))
        cls.page = home / "report.html"
        subprocess.run([PRUNENET, "report", str(RECORDS), "--out", str(cls.page), "--force"], check=True,
                       stdout=subprocess.DEVNULL)
        cls.text = cls.page.read_text(encoding="utf-8")
        probed = cls.text.replace("<body>", "<body><script>const probeErrors = [];</script>", 1)
        (home / "probed.html").write_text(probed.replace("</body>", PROBE + "</body>"), encoding="utf-8")
        cls.seen = {}
        for width in WIDTHS:
            around = home / "around.html"
            around.write_text(AROUND.replace("{width}", str(width)), encoding="utf-8")
            for scheme, number in (("dark", 0), ("light", 1)):
                theme = f"--blink-settings=preferredColorScheme={number}"
                done = chromium(cls.directory.name, around, width, theme, "--virtual-time-budget=5000", "--dump-dom")
                found = re.search(r'<pre id="probe">(.+?)</pre>', done.stdout, re.DOTALL)
                assert found, f"the probe left nothing: {done.stderr[-2000:]}"
                cls.seen[width, scheme] = json.loads(html.unescape(found.group(1)))
                cls.seen[width, scheme]["console"] = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
                if "PRUNENET_KEEP" in os.environ:
                    chromium(cls.directory.name, cls.page, width, theme, f"--screenshot={home}/{width}-{scheme}.png")

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def test_no_errors(self):
        for _, seen in self.seen.items():
            self.assertEqual(seen["errors"], [])
            self.assertEqual(seen["console"], [])

    def test_fits_the_window(self):
        for (width, _), seen in self.seen.items():
            self.assertEqual(seen["inner"], width)
            self.assertLessEqual(seen["scroll"], seen["inner"])

    def test_needs_nothing_else(self):
        for _, seen in self.seen.items():
            self.assertEqual(seen["resources"], [])
        outside = re.sub(r'xmlns(:xlink)?="http://www.w3.org/[^"]*"', "", self.text)
        self.assertEqual(re.findall(r"(?:https?:)?//[a-z][^\s\"'<]*\.[a-z]+", outside), [])

    def test_figures(self):
        # 2 texts, each with a closer look; mean and 3 tasks; distortion, spectrum; 7 methods' neurons; 2 curves;
        # seconds and memory
        for _, seen in self.seen.items():
            self.assertEqual(seen["figures"], 4 + 4 + 2 + 7 + 2 + 2)
            self.assertEqual(seen["svgs"], seen["figures"])
            self.assertEqual(seen["empty"], 0)

    def test_ids_are_unique(self):
        for _, seen in self.seen.items():
            self.assertEqual(seen["repeatedIds"], [])
            self.assertEqual(seen["dangling"], 0)

    def test_headings_sort(self):
        for _, seen in self.seen.items():
            column = seen["column"]
            self.assertGreater(column, 0)
            self.assertEqual(set(seen["before"]["sorted"]), {"none"})
            for way, reverse in (("ascending", False), ("descending", True)):
                self.assertEqual(seen[way]["sorted"][column], way)
                self.assertEqual(seen[way]["sorted"].count("none"), len(seen[way]["sorted"]) - 1)
                values = [float(value) for value in seen[way]["values"]]
                self.assertEqual(values, sorted(values, reverse=reverse))
                self.assertEqual(len(set(values)) > 10, True)
            self.assertNotEqual(seen["before"]["values"], seen["ascending"]["values"])
            names = seen["byName"]["methods"]
            self.assertEqual(names, sorted(names, key=str.casefold))

    def test_both_colour_schemes_can_be_read(self):
        for (_, scheme), seen in self.seen.items():
            self.assertGreater(contrast(seen["ink"], seen["paper"]), 7)  # WCAG AAA for text
            self.assertGreater(contrast(seen["series"], seen["paper"]), 4.5)  # AA
            self.assertEqual(seen["whites"], 0)  # what does not change with the scheme
            self.assertEqual(luminance(seen["paper"]) < 0.1, scheme == "dark")

    def test_says_what_was_used_and_what_failed(self):
        self.assertIn("FLAP (WIFV) †", self.text)
        self.assertIn('<span class="badge">calibration †</span>', self.text)
        self.assertIn("not enough memory: 2147483648 bytes asked for &amp; &lt;none&gt; free", self.text)


class Records(unittest.TestCase):
    def test_are_what_the_script_writes(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([sys.executable, str(RECORDS / "make_records.py"), directory], check=True)
            made = {path.name: path.read_text() for path in pathlib.Path(directory).iterdir()}
        kept = {path.name: path.read_text() for path in RECORDS.glob("*.json")}
        self.assertEqual(made.keys(), kept.keys())
        for name, text in made.items():
            self.assertEqual(text, kept[name], name)


unittest.main(argv=sys.argv[:1])
