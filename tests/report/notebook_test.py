"""Runs notebooks/compare.ipynb to its end on tests/data/records, and sees that none is kept with its outputs.

Usage: notebook_test.py JUPYTER_NBCONVERT SOURCE_DIR
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

NBCONVERT, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
NOTEBOOKS = sorted((SOURCE / "notebooks").glob("*.ipynb"))


class Notebooks(unittest.TestCase):
    def test_are_kept_without_outputs(self):
        self.assertTrue(NOTEBOOKS)
        for path in NOTEBOOKS:
            for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
                with self.subTest(notebook=path.name, cell=number):
                    self.assertEqual(cell.get("outputs", []), [])
                    self.assertIsNone(cell.get("execution_count"))

    def test_run_to_their_end(self):
        for path in NOTEBOOKS:
            with self.subTest(notebook=path.name), tempfile.TemporaryDirectory() as directory:
                environment = dict(os.environ, PRUNENET_RECORDS=str(SOURCE / "tests" / "data" / "records"),
                                   PRUNENET_FIGURES=directory, HOME=directory, MPLCONFIGDIR=directory)
                done = subprocess.run([NBCONVERT, "--to", "notebook", "--execute", "--output-dir", directory, str(path)],
                                      check=False, capture_output=True, text=True, env=environment)
                self.assertEqual(done.returncode, 0, done.stderr[-4000:])
                cells = json.loads((pathlib.Path(directory) / path.name).read_text(encoding="utf-8"))["cells"]
                images = [output for cell in cells for output in cell.get("outputs", [])
                          if "image/png" in output.get("data", {})]
                figures = sorted(file.name for file in pathlib.Path(directory).glob("*.pdf"))
                self.assertEqual(len(images), len(figures))
                self.assertEqual(figures, ["distortion.pdf", "kept.pdf", "learning.pdf", "perplexity.pdf",
                                           "retention.pdf", "seconds.pdf", "spectrum.pdf"])


unittest.main(argv=sys.argv[:1])
