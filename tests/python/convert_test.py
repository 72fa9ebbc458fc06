"""GGUF files in and out, beside the command."""
import unittest

import numpy as np

import prunenet
from support import DATA, SMALL, DirectoryTest, needs_command, run_command


class Converting(DirectoryTest):
    @needs_command
    def test_writes_the_bytes_of_the_command(self):
        expected, own = self.directory / "expected.gguf", self.directory / "small.gguf"
        run_command("export", "--model", SMALL, "--gguf", expected, "--type", "q8_0")
        run_command("import", expected, "--out", self.directory / "expected")
        report = prunenet.export_gguf(SMALL, own, type="q8_0")
        self.assertEqual(own.read_bytes(), expected.read_bytes())
        self.assertEqual(report, {"architecture": "llama", "type": "Q8_0", "losses": []})

        stages = set()
        checkpoint = prunenet.import_model(own, self.directory / "own", progress=lambda event: stages.add(event.unit))
        self.assertEqual(checkpoint.path, self.directory / "own")
        self.assertTrue(stages)
        names = sorted(path.name for path in (self.directory / "expected").iterdir())
        self.assertEqual(sorted(path.name for path in (self.directory / "own").iterdir()), names)
        for name in names:
            self.assertEqual((self.directory / "own" / name).read_bytes(),
                             (self.directory / "expected" / name).read_bytes(), name)

    def test_of_a_directory_copies_what_belongs_to_the_model(self):
        copy = prunenet.import_model(SMALL, self.directory / "copy")
        self.assertEqual(copy.parameters, prunenet.Checkpoint.open(SMALL).parameters)
        for path in (self.directory / "copy").iterdir():
            self.assertEqual(path.read_bytes(), (SMALL / path.name).read_bytes())

    def test_to_another_type_halves_the_bytes(self):
        prunenet.export_gguf(SMALL, self.directory / "small.gguf")
        whole = prunenet.import_model(self.directory / "small.gguf", self.directory / "whole")
        half = prunenet.import_model(self.directory / "small.gguf", self.directory / "half", dtype="bfloat16")
        self.assertEqual(half.tensor_bytes * 2, whole.tensor_bytes)
        name = "model.layers.1.mlp.up_proj.weight"
        self.assertEqual((half.tensors[name].dtype, whole.tensors[name].dtype), ("BF16", "F32"))
        np.testing.assert_allclose(half.tensor(name), whole.tensor(name), rtol=2.0 ** -8)  # a unit in BF16's last place

    def test_says_what_is_wrong(self):
        out = self.directory / "out"
        self.assert_error("invalid argument", "ends in .gguf", prunenet.export_gguf, SMALL, out)
        self.assert_error("invalid argument", "q9_9", prunenet.export_gguf, SMALL, out.with_suffix(".gguf"), type="q9_9")
        self.assert_error("invalid argument", "float64", prunenet.import_model, SMALL, out, dtype="float64")
        self.assert_error("invalid argument", "which is only read", prunenet.import_model, SMALL, SMALL / "inner")
        self.assert_error("bad input", "no.gguf", prunenet.import_model, self.directory / "no.gguf", out)
        self.assertEqual(list(self.directory.iterdir()), [])
        prunenet.export_gguf(SMALL, out.with_suffix(".gguf"))
        self.assert_error("already exists", "out.gguf", prunenet.export_gguf, SMALL, out.with_suffix(".gguf"))
        prunenet.export_gguf(SMALL, out.with_suffix(".gguf"), force=True)
        self.assert_error("bad input", "tokenizer", prunenet.export_gguf, DATA / "models" / "gpt2", out.with_name("b.gguf"))


unittest.main()
