"""What the tests of the Python module share."""
import os
import pathlib
import subprocess
import tempfile
import unittest

import prunenet

SOURCE = pathlib.Path(os.environ["PRUNENET_SOURCE"])
COMMAND = os.environ.get("PRUNENET_COMMAND")  # the built program; none with PRUNENET_BUILD_APPS=OFF
DATA = SOURCE / "tests" / "data"
SMALL = DATA / "trained" / "small"
LARGE = DATA / "trained" / "large"
TEXT = DATA / "texts" / "heldout.txt"
POLICY = SOURCE / "policies" / "smollm2.safetensors"
BUDGET_POLICY = SOURCE / "policies" / "smollm2-refined.safetensors"

needs_command = unittest.skipUnless(COMMAND, "the prunenet command was not built")

prunenet.set_threads(1)  # tests run side by side


def example():
    """The one of docs/python.md."""
    return (SOURCE / "docs" / "python.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


def run_command(*arguments):
    """What the command writes to standard output."""
    done = subprocess.run([COMMAND, *map(str, arguments), "--threads", "1", "--quiet"], check=False,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"prunenet {arguments[0]} ended with {done.returncode}: {done.stderr}")
    return done.stdout


class DirectoryTest(unittest.TestCase):
    """Has a directory of its own, `self.directory`."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.directory = pathlib.Path(holder.name)

    def assert_error(self, kind, fragment, action, *arguments, **options):
        with self.assertRaises(prunenet.Error) as caught:
            action(*arguments, **options)
        self.assertEqual(caught.exception.kind, kind)
        self.assertIn(fragment, str(caught.exception))
