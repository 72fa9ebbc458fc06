"""Runs every notebook to its end, and sees that none is kept with its outputs.

Usage: notebook_test.py JUPYTER_NBCONVERT
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

NBCONVERT, SOURCE = sys.argv[1], pathlib.Path(os.environ["PRUNENET_SOURCE"])
FOLDER = SOURCE / "notebooks"
COMPARISON = ["distortion", "kept", "learning", "perplexity", "retention", "seconds", "spectrum"]
FIGURES = {
    "01-one-block": ["one-block-kept", "one-block-rewards", "one-block-spectra"],
    "02-train-a-policy": ["train-curve", "train-perplexity", "train-scores"],
    "03-compare": [name for name in COMPARISON if name != "retention"],  # its own records are of no tasks
    "04-new-reward": ["reward-curves", "reward-pairs", "reward-perplexity"],
}


class Notebooks(unittest.TestCase):
    def assert_runs(self, name, figures, **variables):
        with tempfile.TemporaryDirectory() as directory:
            environment = dict(os.environ, PRUNENET_FIGURES=directory, HOME=directory, MPLCONFIGDIR=directory,
                               OPENBLAS_NUM_THREADS="1", **variables)
            for variable in set(environment) & {"PRUNENET_CHECKPOINT", "PRUNENET_OTHER", "PRUNENET_TEXT"}:
                del environment[variable]
            done = subprocess.run([NBCONVERT, "--to", "notebook", "--execute", "--output-dir", directory,
                                   str(FOLDER / f"{name}.ipynb")], check=False, capture_output=True, text=True,
                                  env=environment)
            self.assertEqual(done.returncode, 0, done.stderr[-4000:])
            cells = json.loads((pathlib.Path(directory) / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
            images = [output for cell in cells for output in cell.get("outputs", [])
                      if "image/png" in output.get("data", {})]
            found = sorted(file.stem for file in pathlib.Path(directory).glob("*.pdf"))
            self.assertEqual(len(images), len(found))
            self.assertEqual(found, sorted(figures))

    def test_are_kept_without_outputs(self):
        self.assertEqual(sorted(path.stem for path in FOLDER.glob("*.ipynb")), sorted(FIGURES))
        for path in FOLDER.glob("*.ipynb"):
            for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
                with self.subTest(notebook=path.name, cell=number):
                    self.assertEqual(cell.get("outputs", []), [])
                    self.assertIsNone(cell.get("execution_count"))

    def test_run_to_their_end(self):
        for name, figures in FIGURES.items():
            with self.subTest(notebook=name):
                self.assert_runs(name, figures)

    def test_draw_all_figures_of_records(self):
        self.assert_runs("03-compare", COMPARISON, PRUNENET_RECORDS=str(SOURCE / "tests" / "data" / "records"))


unittest.main(argv=sys.argv[:1])
