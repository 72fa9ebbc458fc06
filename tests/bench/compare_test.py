"""compare.py on saved runs, and on one benchmark of a build where there are any.

Usage: compare_test.py COMPARE [BUILD]
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

COMPARE = sys.argv[1]
BUILD = sys.argv[2] if len(sys.argv) > 2 and sys.argv[2] else None
OLD = {"a/reference/memcpy": [0.010, 0.011, 0.012], "a/reference/gemm": [0.10, 0.11, 0.12],
       "a/slowed": [0.10, 0.11, 0.12], "a/same": [1.0, 1.1, 1.2], "a/gone": [1.0]}
NEW = {"a/reference/memcpy": [0.022, 0.022, 0.022], "a/reference/gemm": [0.11, 0.11, 0.11],
       "a/slowed": [0.43, 0.44, 0.45], "a/same": [0.9, 1.1, 1.3], "b/fresh": [1.0]}


class Compare(unittest.TestCase):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = pathlib.Path(kept.name)

    def save(self, name, seconds):
        path = self.folder / name
        path.write_text(json.dumps({"format": "prunenet benchmark run 1", "seconds": seconds}), encoding="utf-8")
        return path

    def compare(self, *arguments):
        return subprocess.run([sys.executable, COMPARE, *map(str, arguments)], check=False, capture_output=True,
                              text=True)

    def row(self, output, name):
        return next(line for line in output.splitlines() if name in line).split()

    def test_ratios_are_also_those_by_the_references(self):
        done = self.compare("table", self.save("old", OLD), self.save("new", NEW))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.row(done.stdout, "a/slowed"),
                         ["a/slowed", "110", "440", "4.00", "3.58-4.50", "2.00", "4.00", "slower"])
        self.assertEqual(self.row(done.stdout, "a/same"),
                         ["a/same", "1100", "1100", "1.00", "0.75-1.30", "0.50", "1.00"])
        self.assertIn("only in the old run: a/gone", done.stdout)
        self.assertIn("only in the new run: b/fresh", done.stdout)

    def test_markdown_is_a_table(self):
        done = self.compare("table", self.save("old", OLD), self.save("new", NEW), "--markdown")
        lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
        self.assertEqual(len(lines), 2 + len(OLD.keys() & NEW.keys()))
        self.assertEqual(len({line.count("|") for line in lines}), 1)

    def test_fails_only_where_asked_and_by_every_reference(self):
        old, new = self.save("old", OLD), self.save("new", NEW)
        for limit, code in ((1.5, 1), (2.5, 0)):  # a/slowed is 4, 2 and 4 times
            with self.subTest(limit=limit):
                done = self.compare("table", old, new, "--fail-above", limit)
                self.assertEqual(done.returncode, code)
                self.assertEqual("above 1.5: a/slowed" in done.stdout, code == 1)

    def test_a_damaged_file_is_one_line(self):
        good = self.save("old", OLD)
        cut = self.folder / "cut"
        cut.write_text(good.read_text(encoding="utf-8")[:-20], encoding="utf-8")
        other = self.folder / "other"
        other.write_text("[]", encoding="utf-8")
        for path, why in ((cut, "not JSON"), (other, "not a run"), (self.save("zero", {"a/b": [0]}), "a/b"),
                          (self.save("none", {"a/b": []}), "a/b"), (self.folder / "absent", "No such file")):
            with self.subTest(path=path.name):
                done = self.compare("table", good, path)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, f"^compare.py: .*{path.name}: .*{why}.*\n$")
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_a_build_without_benchmarks_is_one_line(self):
        done = self.compare("run", self.folder, "--save", self.folder / "run.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("PRUNENET_BUILD_BENCH", done.stderr)

    @unittest.skipUnless(BUILD, "no benchmarks in this build")
    def test_runs_saves_and_compares(self):
        few = ["run", BUILD, "--filter", "gather_rows/BF16/576x1536", "--repetitions", 2, "--min-time", 0.001]
        first, second = self.folder / "first.json", self.folder / "second.json"
        done = self.compare(*few, "--save", first)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        seconds = json.loads(first.read_text(encoding="utf-8"))["seconds"]
        self.assertEqual(len(seconds["gather/gather_rows/BF16/576x1536"]), 2)
        self.assertIn("gather/reference/gemm", seconds)
        done = self.compare(*few, "--save", second, "--against", first)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.row(done.stdout, "gather/gather_rows/BF16")[:7]), 7)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
