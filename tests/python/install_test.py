"""The installed module is found and works, without the build's folder.

Usage: install_test.py CMAKE BUILD_DIR
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD = sys.argv[1:3]


class Installed(unittest.TestCase):
    def test_is_imported_from_below_the_prefix(self):
        with tempfile.TemporaryDirectory() as prefix:
            subprocess.run([CMAKE, "--install", BUILD, "--prefix", prefix, "--component", "python"], check=True,
                           capture_output=True)
            (packages,) = pathlib.Path(prefix).glob("lib/python3.*/*-packages")
            names = {path.name for path in (packages / "prunenet").iterdir()}
            self.assertLess({"libprunenet_sentencepiece.so", "__init__.py", "__init__.pyi", "_error.py", "py.typed"}, names)
            environment = dict(os.environ, PYTHONPATH=str(packages))
            done = subprocess.run([sys.executable, "-c", "import prunenet; print(prunenet.__file__, prunenet.__version__)"],
                                  check=False, capture_output=True, text=True, env=environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            file, version = done.stdout.split()
            self.assertEqual(pathlib.Path(file), packages / "prunenet" / "__init__.py")
            self.assertRegex(version, r"^\d+\.\d+\.\d+$")


unittest.main(argv=sys.argv[:1])
