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


# What takes minutes in docs/python.md, and what a test takes in its place.
SHORTER = {'{"tokens": 16384}': '{"tokens": 512, "held_out_tokens": 128, "sequence_length": 64}',
           '"steps": 400, "sampled_tokens": 65536':
               '"steps": 3, "sampled_tokens": 1024, "held_out_tokens": 128, "sequence_length": 33, "tokens": 256'}


def documentation():
    """docs/python.md."""
    return (SOURCE / "docs" / "python.md").read_text(encoding="utf-8")


def examples():
    """Those of docs/python.md, one after the other, made short."""
    text = "\n".join(part.split("```")[0] for part in documentation().split("```python\n")[1:])
    for long, short in SHORTER.items():
        if long not in text:
            raise AssertionError(f"{long} is no longer in docs/python.md")
        text = text.replace(long, short)
    return text


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
