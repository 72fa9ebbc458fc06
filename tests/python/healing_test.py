"""Models that are healed as they are pruned, beside the command."""
import unittest

import prunenet
from support import LARGE, POLICY, SMALL, DirectoryTest, needs_command, run_command

TEXT = {"tokens": 512, "held_out_tokens": 128, "sequence_length": 64, "start_tokens": []}
PLAN = prunenet.Plan([list(range(96, 192))] * 4, intermediate_size=192, ratio=0.5)


class Healing(DirectoryTest):
    def apply(self, name, **options):
        report = prunenet.apply(prunenet.Checkpoint.open(SMALL), PLAN, self.directory / name, **options)
        return report.output

    @needs_command
    def test_writes_the_bytes_of_the_command(self):
        PLAN.save(self.directory / "plan.json")
        probe = self.directory / "probe.safetensors"
        run_command("apply", "--model", SMALL, "--from-plan", self.directory / "plan.json", "--heal", "--seed", "4",
                    "--heal-tokens", "512", "--heal-held-out-tokens", "128", "--heal-correction", "0.5",
                    "--out", self.directory / "expected")
        text = {"tokens": 512, "held_out_tokens": 128}
        own = self.apply("own", heal=prunenet.Healing(correction=0.5, text=text, seed=4))
        self.assertEqual((own / "model.safetensors").read_bytes(),
                         (self.directory / "expected" / "model.safetensors").read_bytes())
        records = [prunenet.read_prune_record(path)["healing"] for path in (own, self.directory / "expected")]
        self.assertEqual(*records)
        for layer in records[0]["layers"]:
            self.assertLess(layer["held_out_after"], layer["held_out_before"])
        self.assertTrue(prunenet.verify(own, SMALL).holds)

        run_command("probe", "--model", SMALL, "--out", self.directory / "expected.safetensors", "--seed", "4",
                    "--tokens", "512", "--held-out-tokens", "128")
        made = prunenet.make_probe(SMALL, probe, text, seed=4)
        self.assertEqual((len(made), made.seed, made.model_name), (4, 4, "small"))
        expected = prunenet.Probe.open(self.directory / "expected.safetensors")
        for layer in range(4):
            self.assertEqual(made.layer(layer).training.second_moment.tobytes(),
                             expected.layer(layer).training.second_moment.tobytes())
        again = self.apply("again", heal=prunenet.Healing(correction=0.5, probe=probe))
        self.assertEqual((again / "model.safetensors").read_bytes(), (own / "model.safetensors").read_bytes())

        run_command("apply", "--model", SMALL, "--from-plan", self.directory / "plan.json", "--heal",
                    "--heal-form", "one-shot", "--probe", probe, "--out", self.directory / "at-once")
        quick = self.apply("quick", heal=prunenet.Healing(form="one-shot", probe=probe))
        self.assertEqual((quick / "model.safetensors").read_bytes(),
                         (self.directory / "at-once" / "model.safetensors").read_bytes())

    def test_samples_as_the_policy_says_where_nothing_else_is_said(self):
        healed = self.apply("healed", policy=POLICY, heal=prunenet.Healing(text=TEXT, stream=True))
        healing = prunenet.read_prune_record(healed)["healing"]
        self.assertEqual({key: healing[key] for key in TEXT if key != "start_tokens"},
                         {key: TEXT[key] for key in TEXT if key != "start_tokens"})
        trained = prunenet.Policy.load(POLICY).recipe["probe"]["start_tokens"]
        self.assertTrue(trained)
        text = {key: TEXT[key] for key in TEXT if key != "start_tokens"}
        heal = prunenet.Healing(text=text)
        self.apply("as-trained", policy=POLICY, heal=heal)
        self.assertEqual(prunenet.read_prune_record(self.directory / "as-trained")["healing"]["start_tokens"], trained)

    def test_of_nothing_removed_is_nothing(self):
        plan = prunenet.make_plan([[0.0] * 192] * 4, 0.0)
        prunenet.apply(prunenet.Checkpoint.open(SMALL), plan, self.directory / "whole", heal=prunenet.Healing())
        self.assertNotIn("healing", prunenet.read_prune_record(self.directory / "whole"))

    def test_says_what_is_wrong_and_leaves_nothing_behind(self):
        self.assert_error("invalid argument", "sequential", prunenet.Healing, form="twice")
        self.assert_error("invalid argument", "no correction", prunenet.Healing, form="one-shot", correction=0.5)
        self.assert_error("invalid argument", "no options of text", prunenet.Healing, text=TEXT, probe="p.safetensors")
        for fragment, options in (("moments of a probe", {"form": "one-shot"}), ("tokns", {"text": {"tokns": 3}}),
                                  ("correction of 1.5", {"correction": 1.5}), ("95 tokens", {"text": {"tokens": 95}})):
            self.assert_error("invalid argument", fragment, self.apply, "out", heal=prunenet.Healing(**options))
        probe = self.directory / "probe.safetensors"
        prunenet.make_probe(LARGE, probe, {"tokens": 64, "held_out_tokens": 64, "sequence_length": 32})
        self.assert_error("mismatch", "'large'", self.apply, "out", heal=prunenet.Healing(probe=probe))
        self.assert_error("already exists", "probe.safetensors", prunenet.make_probe, SMALL, probe)

        def stop(event):
            if event.stage == "sampling":
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.apply("out", heal=prunenet.Healing(text=TEXT), progress=stop)
        self.assertEqual(list(self.directory.iterdir()), [probe])


unittest.main()
