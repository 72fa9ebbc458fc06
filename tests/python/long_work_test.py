"""Errors, progress, interrupts and the interpreter's lock."""
import os
import pickle
import signal
import threading
import unittest

import prunenet
from support import DATA, SMALL, DirectoryTest

LONG = {"tokens": 200_000, "held_out_tokens": 128, "sequence_length": 128}  # many seconds of sampling


class Stop(Exception):
    pass


class LongWork(DirectoryTest):
    def setUp(self):
        super().setUp()
        self.model = prunenet.CausalLm.load(prunenet.Checkpoint.open(SMALL))

    def test_reports_to_a_callable(self):
        events = []
        prunenet.extract_features(prunenet.Checkpoint.open(SMALL), progress=events.append)
        self.assertEqual((events[0].kind, events[0].stage, events[0].unit, events[0].done, events[0].total),
                         ("begin", "computing features", "layers", 0, 4))
        self.assertEqual((events[-1].kind, events[-1].done, events[-1].total), ("advance", 4, 4))
        self.assertIn("4 of 4 layers", repr(events[-1]))

    def test_ends_with_what_the_callable_raises(self):
        def stop(event):
            if event.kind == "advance":
                raise Stop(event.stage)

        with self.assertRaises(Stop) as caught:
            prunenet.sample_probe_text(self.model, LONG, progress=stop)
        self.assertIn("sampling", caught.exception.args[0])

    def test_leaves_nothing_half_written(self):
        def stop(event):
            raise Stop

        plan = prunenet.make_plan([range(192)] * 4, 0.3)
        with self.assertRaises(Stop):
            prunenet.apply(prunenet.Checkpoint.open(SMALL), plan, self.directory / "out", progress=stop)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_is_interrupted_from_the_keyboard_and_leaves_the_lock_to_other_threads(self):
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))  # runs only where the lock is free
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            prunenet.sample_probe_text(self.model, LONG)
        timer.join()
        self.assertEqual(prunenet.feature_names(), prunenet.feature_names(), "and all goes on")

    def test_of_the_same_seed_is_the_same(self):
        options = {"tokens": 256, "held_out_tokens": 64, "sequence_length": 32}
        texts = [prunenet.sample_probe_text(self.model, options, seed=seed)[0].tolist() for seed in (1, 1, 2)]
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])


class Errors(DirectoryTest):
    def test_have_a_kind_and_one_line(self):
        with self.assertRaises(RuntimeError) as caught:
            prunenet.set_threads(0)
        error = caught.exception
        self.assertIsInstance(error, prunenet.Error)
        self.assertEqual(error.kind, "invalid argument")
        self.assertNotIn("\n", str(error))
        self.assertNotIn("invalid argument", str(error), "the kind is not part of the text")

    def test_can_be_pickled(self):
        error = pickle.loads(pickle.dumps(prunenet.Error("no room", "out of space")))
        self.assertEqual((str(error), error.kind), ("no room", "out of space"))

    def test_of_another_architecture_are_unsupported(self):
        for path in (DATA / "models" / "gpt2").iterdir():
            text = path.read_bytes().replace(b"GPT2LMHeadModel", b"NoSuchForCausalLM")
            (self.directory / path.name).write_bytes(text)
        self.assert_error("unsupported", "NoSuchForCausalLM", prunenet.Checkpoint.open, self.directory)


unittest.main()
