"""Refined policies and recovered models, beside the command."""
import unittest

import numpy as np

import prunenet
from support import BUDGET_POLICY, SMALL, DirectoryTest, needs_command, run_command

TEXT = {"tokens": 256, "sampled_tokens": 1024, "held_out_tokens": 128, "sequence_length": 33, "validate_every": 2}
RECOVER = {"recover": {"steps": 3, **TEXT}}
REFINE = {"refine": {"steps": 4, "seed": 5, **TEXT}}


def settings(recipe):
    return [f"--set={section}.{key}={value}" for section, fields in recipe.items() for key, value in fields.items()]


class Points:
    """Keeps those of a learning curve; stops after `stop_at` of them."""

    def __init__(self, stop_at=None):
        self.seen, self.stop_at = [], stop_at

    def __call__(self, event):
        if event.kind == "point":
            self.seen.append(event.point)
            if len(self.seen) == self.stop_at:
                raise KeyboardInterrupt
        else:
            assert event.point is None


class Recovery(DirectoryTest):
    def setUp(self):
        super().setUp()
        self.student = self.directory / "student"
        random = np.random.default_rng(0)
        scores = [random.random(192) for _ in range(4)]
        prunenet.apply(prunenet.Checkpoint.open(SMALL), prunenet.make_plan(scores, 0.5), self.student)

    @needs_command
    def test_writes_the_bytes_of_the_command(self):
        run_command("recover", "--teacher", SMALL, "--student", self.student, "--out", self.directory / "expected",
                    *settings(RECOVER))
        points = Points()
        record = prunenet.recover(SMALL, self.student, self.directory / "own", RECOVER, progress=points)
        self.assertEqual((self.directory / "own" / "model.safetensors").read_bytes(),
                         (self.directory / "expected" / "model.safetensors").read_bytes())
        self.assertEqual([point["step"] for point in record["curve"]], [0, 2, 3])
        self.assertEqual(points.seen, record["curve"])
        self.assertLess(record["curve"][-1]["held_out_divergence"], record["curve"][0]["held_out_divergence"])
        self.assertEqual(sorted(path.name for path in self.directory.iterdir()), ["expected", "own", "student"])

    def test_goes_on_where_it_was_stopped(self):
        with self.assertRaises(KeyboardInterrupt):
            prunenet.recover(SMALL, self.student, self.directory / "own", RECOVER, progress=Points(2))
        self.assertFalse((self.directory / "own").exists())
        self.assert_error("already exists", "resume=True", prunenet.recover, SMALL, self.student, self.directory / "own",
                          RECOVER)
        prunenet.recover(SMALL, self.student, self.directory / "own", RECOVER, resume=True)
        prunenet.recover(SMALL, self.student, self.directory / "whole", RECOVER)
        self.assertEqual((self.directory / "own" / "model.safetensors").read_bytes(),
                         (self.directory / "whole" / "model.safetensors").read_bytes())

    def test_by_adapters_writes_them_too(self):
        recipe = {"recover": {**RECOVER["recover"], "train": "lora", "rank": 2, "steps": 1}}
        prunenet.recover(SMALL, self.student, self.directory / "own", recipe, adapter=self.directory / "adapter",
                         time_limit=600.0)
        self.assertTrue((self.directory / "adapter" / "adapter_model.safetensors").exists())

    def test_says_what_is_wrong(self):
        out = self.directory / "out"
        self.assert_error("invalid argument", "stepps", prunenet.recover, SMALL, self.student, out,
                          {"recover": {"stepps": 3}})
        self.assert_error("invalid argument", "time_limit", prunenet.recover, SMALL, self.student, out, RECOVER,
                          time_limit=0.0)
        self.assert_error("mismatch", "exchanged", prunenet.recover, self.student, SMALL, out, RECOVER)
        out.mkdir()
        (out / "file").write_text("mine")
        self.assert_error("already exists", "out", prunenet.recover, SMALL, self.student, out, RECOVER)


class Refinement(DirectoryTest):
    @needs_command
    def test_gives_the_policy_of_the_command(self):
        run_command("refine", "--model", SMALL, "--policy", BUDGET_POLICY, "--out", self.directory / "expected",
                    *settings(REFINE))
        points = Points()
        policy = prunenet.refine([SMALL], BUDGET_POLICY, self.directory / "own", REFINE, progress=points)
        expected = prunenet.Policy.load(self.directory / "expected")
        checkpoint = prunenet.Checkpoint.open(SMALL)
        np.testing.assert_array_equal(policy.scores(checkpoint), expected.scores(checkpoint))
        np.testing.assert_array_equal(prunenet.Policy.load(self.directory / "own").scores(checkpoint),
                                      expected.scores(checkpoint))
        self.assertEqual(policy.recipe["refine"], expected.recipe["refine"])
        self.assertEqual(points.seen, policy.provenance["refinement"]["curve"])
        self.assertEqual([point["step"] for point in points.seen], [0, 2, 4])
        self.assertEqual(sorted(path.name for path in self.directory.iterdir()), ["expected", "own"])
        self.assert_error("already exists", "own", prunenet.refine, [SMALL], BUDGET_POLICY, self.directory / "own", REFINE)

    def test_learns_a_budget_for_plans(self):
        recipe = {"refine": {**REFINE["refine"], "learn": "budget", "steps": 2}}
        policy = prunenet.refine([SMALL], BUDGET_POLICY, self.directory / "own", recipe)
        self.assertIsNotNone(policy.budget)
        plan = prunenet.make_plan(policy.scores(prunenet.Checkpoint.open(SMALL)), 0.3, round_to=8, budget=policy.budget)
        self.assertEqual(len(plan.widths), 4)

    def test_goes_on_where_it_was_stopped(self):
        with self.assertRaises(KeyboardInterrupt):
            prunenet.refine([SMALL], BUDGET_POLICY, self.directory / "own", REFINE, progress=Points(2))
        self.assert_error("already exists", "resume=True", prunenet.refine, [SMALL], BUDGET_POLICY,
                          self.directory / "own", REFINE)
        policy = prunenet.refine([SMALL], BUDGET_POLICY, self.directory / "own", REFINE, resume=True)
        whole = prunenet.refine([SMALL], BUDGET_POLICY, self.directory / "whole", REFINE)
        checkpoint = prunenet.Checkpoint.open(SMALL)
        np.testing.assert_array_equal(policy.scores(checkpoint), whole.scores(checkpoint))


unittest.main()
