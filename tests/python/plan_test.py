"""Plans and what is made of them, beside those of the command."""
import json
import re
import subprocess
import sys
import unittest

import numpy as np

import prunenet
from support import BUDGET_POLICY, LARGE, POLICY, SMALL, DirectoryTest, documentation, examples, needs_command, run_command


def plan_of(policy_file, model, ratio, **options):
    policy = prunenet.Policy.load(policy_file)
    return prunenet.make_plan(policy.scores(prunenet.Checkpoint.open(model)), ratio, source=policy.source, **options)


class Plans(DirectoryTest):
    @needs_command
    def test_are_those_of_the_command(self):
        for ratio in (0.2, 0.5):
            file = self.directory / f"{ratio}.json"
            run_command("apply", "--model", SMALL, "--policy", POLICY, "--ratio", ratio, "--dry-run", "--plan-out", file)
            plan = plan_of(POLICY, SMALL, ratio)
            plan.save(self.directory / "own.json")
            self.assertEqual((self.directory / "own.json").read_bytes(), file.read_bytes())
            self.assertEqual(prunenet.Plan.load(file), plan)

    @needs_command
    def test_of_a_budget_are_those_of_the_command(self):
        dense = self.directory / "dense.gguf"
        run_command("export", "--model", SMALL, "--gguf", dense)
        run_command("apply", "--model", dense, "--policy", BUDGET_POLICY, "--ratio", "0.4", "--budget", "global",
                    "--round-to", "8", "--dry-run", "--plan-out", self.directory / "plan.json")
        policy = prunenet.Policy.load(BUDGET_POLICY)
        plan = prunenet.make_plan(policy.scores(prunenet.Checkpoint.open(dense)), 0.4, round_to=8,
                                  budget=policy.budget, source=f"budget of {policy.source}")
        self.assertGreater(len(set(plan.widths)), 1)
        self.assertEqual(plan, prunenet.Plan.load(self.directory / "plan.json"))

    @needs_command
    def test_for_a_target_are_those_of_the_command(self):
        checkpoint = prunenet.Checkpoint.open(SMALL)
        for target, options in (("params=80%", []), ("macs=130k", ["--round-to", "8"])):
            file = self.directory / "plan.json"
            run_command("apply", "--model", SMALL, "--policy", POLICY, "--target", target, *options, "--dry-run",
                        "--plan-out", file, "--force")
            ratio, round_to = prunenet.ratio_for_target(checkpoint, target, round_to=8 if options else None)
            self.assertEqual(plan_of(POLICY, SMALL, ratio, round_to=round_to), prunenet.Plan.load(file))
        self.assert_error("invalid argument", "params=3X", prunenet.ratio_for_target, checkpoint, "params=3X")
        self.assert_error("invalid argument", "without pruning", prunenet.ratio_for_target, checkpoint, "size=1GB")
        self.assert_error("invalid argument", "half", prunenet.ratio_for_target, checkpoint, "size=70%", round_to="half")

    def test_keep_the_largest_scores(self):
        plan = prunenet.make_plan([np.array([0.0, 3.0, 1.0, 2.0]), [9, 8, 7, 6]], 0.5, round_to="none", source="mine")
        self.assertEqual([layer.tolist() for layer in plan.keep_indices], [[1, 3], [0, 1]])
        self.assertEqual((plan.widths, plan.achieved_ratio, plan.source, plan.round_to), ([2, 2], 0.5, "mine", 1))

    def test_can_be_made_of_any_indices(self):
        plan = prunenet.Plan([np.array([1, 3]), [0, 2]], intermediate_size=4, ratio=0.5, source="by hand")
        self.assertEqual(prunenet.Plan.from_dict(plan.to_dict()), plan)
        self.assertEqual(json.loads(json.dumps(plan.to_dict()))["keep_indices"], [[1, 3], [0, 2]])
        self.assertNotEqual(plan, prunenet.Plan([[1, 2], [0, 2]], 4, 0.5))
        self.assertNotEqual(plan, "a plan")

    def test_say_what_is_wrong(self):
        self.assert_error("invalid argument", "0.99", plan_of, POLICY, SMALL, 0.99)
        self.assert_error("bad input", "keep_indices", prunenet.Plan, [[3, 1]], 4, 0.5)
        (self.directory / "bad.json").write_text("{}")
        self.assert_error("bad input", "bad.json", prunenet.Plan.load, self.directory / "bad.json")
        with self.assertRaises(TypeError):
            prunenet.make_plan([[1.0, 2.0]], 0.5, round_to=1.5)


class Applying(DirectoryTest):
    @needs_command
    def test_writes_the_bytes_of_the_command(self):
        expected, own = self.directory / "expected", self.directory / "own"
        run_command("apply", "--model", SMALL, "--policy", POLICY, "--ratio", "0.3", "--out", expected)
        checkpoint = prunenet.Checkpoint.open(SMALL)
        plan = plan_of(POLICY, SMALL, 0.3)
        report = prunenet.apply(checkpoint, plan, own, policy=POLICY, threads=2)
        names = sorted(path.name for path in expected.iterdir())
        self.assertEqual(sorted(path.name for path in own.iterdir()), names)
        for name in set(names) - {"prunenet.json"}:
            self.assertEqual((own / name).read_bytes(), (expected / name).read_bytes(), name)
        records = [prunenet.read_prune_record(path) for path in (own, expected)]
        for record in records:
            record.pop("run")  # the command line and the time it took
        self.assertEqual(*records)

        sizes = report.sizes
        self.assertEqual((sizes.intermediate_size_before, sizes.intermediate_size_after), (192, 128))
        self.assertEqual(sizes.parameters_after, prunenet.Checkpoint.open(own).parameters)
        self.assertEqual(sizes.bytes_after, (own / "model.safetensors").stat().st_size)
        self.assertEqual(prunenet.estimate(checkpoint, plan).parameters_after, sizes.parameters_after)
        self.assertEqual(report.output, own.resolve())
        self.assertTrue(prunenet.verify(own, SMALL, policy=POLICY).holds)

    @needs_command
    def test_of_a_gguf_file_writes_the_bytes_of_the_command(self):
        dense, expected, own = (self.directory / name for name in ("dense.gguf", "expected.gguf", "own.gguf"))
        run_command("export", "--model", LARGE, "--gguf", dense)
        run_command("apply", "--model", dense, "--policy", POLICY, "--ratio", "0.3", "--out", expected)
        prunenet.apply(prunenet.Checkpoint.open(dense), plan_of(POLICY, dense, 0.3), own, policy=POLICY)
        self.assertEqual(own.read_bytes(), expected.read_bytes())
        self.assertEqual(prunenet.read_prune_record(own)["plan"]["keep_indices"],
                         [layer.tolist() for layer in plan_of(POLICY, dense, 0.3).keep_indices])

    def test_says_what_is_wrong(self):
        checkpoint = prunenet.Checkpoint.open(SMALL)
        plan = plan_of(POLICY, SMALL, 0.3)
        self.assert_error("mismatch", "224", prunenet.apply, prunenet.Checkpoint.open(LARGE), plan,
                          self.directory / "out")
        (self.directory / "taken").mkdir()
        (self.directory / "taken" / "file").write_text("mine")
        self.assert_error("already exists", "taken", prunenet.apply, checkpoint, plan, self.directory / "taken")
        self.assert_error("bad input", "prunenet.json", prunenet.read_prune_record, SMALL)

    def test_a_change_is_found(self):
        out = self.directory / "out"
        prunenet.apply(prunenet.Checkpoint.open(SMALL), plan_of(POLICY, SMALL, 0.3), out)
        content = bytearray((out / "model.safetensors").read_bytes())
        content[-1] ^= 1
        (out / "model.safetensors").write_bytes(content)
        report = prunenet.verify(out, SMALL)
        self.assertFalse(report.holds)
        self.assertIn("model.safetensors", " ".join(report.failures))


class Documentation(DirectoryTest):
    def test_has_examples_that_run(self):
        (self.directory / "smollm2").symlink_to(SMALL)
        (self.directory / "policies").symlink_to(POLICY.parent)
        done = subprocess.run([sys.executable, "-c", examples()], check=False, capture_output=True, text=True,
                              cwd=self.directory)
        self.assertEqual(done.returncode, 0, done.stderr)
        written = prunenet.Checkpoint.open(self.directory / "smollm2-30")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split()[0], str(written.parameters))
        self.assertIn("step 3: KL ", lines[-1])
        self.assertEqual(prunenet.Checkpoint.open(self.directory / "smollm2-30-recovered").parameters, written.parameters)

    def test_names_all_that_there_is(self):
        rows = [line for line in documentation().splitlines() if line.startswith("| ")]
        named = {name for row in rows for name in re.findall(r"`(\w+)", row)}
        members = {"tensors", "tensor", "raw", "ffn", "budget"}
        self.assertEqual(named - members, set(prunenet.__all__))


unittest.main()
