"""Models, probes, training and records, beside the command."""
import json
import unittest

import numpy as np

import prunenet
from support import DATA, SMALL, TEXT, DirectoryTest, needs_command, run_command

RECIPE = {"probe": {"tokens": 512, "held_out_tokens": 128, "sequence_length": 64},
          "train": {"steps": 12, "layers_per_step": 2, "validate_every": 4, "warmup_steps": 2, "hidden": 16, "seed": 3}}


class Models(DirectoryTest):
    @classmethod
    def setUpClass(cls):
        cls.checkpoint = prunenet.Checkpoint.open(SMALL)
        cls.model = prunenet.CausalLm.load(cls.checkpoint)
        cls.tokenizer = prunenet.Tokenizer.load(SMALL)

    def test_read_and_write_text(self):
        text = "It was a dark and stormy night; \u00e9t\u00e9."
        ids = self.tokenizer.encode(text)
        self.assertEqual(self.tokenizer.decode(ids), text)
        self.assertLess(max(ids), self.tokenizer.vocabulary_size)
        self.assertEqual(self.tokenizer.decode(self.tokenizer.encode("\u00e9")[:1]), "\ufffd", "half a character")

    def test_read_sentencepiece_models(self):
        tokenizer = prunenet.Tokenizer.load(DATA / "tokenizer" / "sentencepiece")
        ids = tokenizer.encode("Hello world")
        self.assertGreater(len(ids), 1)
        self.assertEqual(tokenizer.decode(ids).strip(), "Hello world")

    def test_give_losses_that_are_those_of_their_logits(self):
        ids = np.array([self.tokenizer.encode("Once upon a time there was")], np.int32)
        logits = self.model.logits(ids)
        self.assertEqual(logits.shape, (1, ids.shape[1], self.checkpoint.vocab_size))
        shifted = logits[0, :-1].astype(float)
        log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        np.testing.assert_allclose(self.model.token_nll(ids)[0], -log_p[np.arange(len(log_p)), ids[0, 1:]], atol=1e-4)
        streamed = prunenet.CausalLm.load(prunenet.Checkpoint.open(SMALL), stream=True)
        np.testing.assert_array_equal(streamed.logits(ids), logits)
        with self.assertRaises(TypeError):
            self.model.logits(ids.astype(float))
        self.assert_error("invalid argument", "512", self.model.logits, np.array([[512]]))

    def test_sample_by_seed(self):
        prompts = self.model.start_prompts(3)
        texts = [self.model.sample(prompts, tokens=8, seed=seed) for seed in (1, 1, 2)]
        self.assertEqual(texts[0].shape, (3, 9))
        np.testing.assert_array_equal(texts[0], texts[1])
        self.assertFalse(np.array_equal(texts[0], texts[2]))

    @needs_command
    def test_write_the_text_of_the_command(self):
        for prompt, options in (("Once upon", {"tokens": 12, "seed": 3}), ("", {"tokens": 6, "temperature": 0.0})):
            words = [word for key, value in options.items() for word in (f"--{key}", value)]
            expected = run_command("generate", "--model", SMALL, "--prompt", prompt, *words)
            self.assertEqual(prunenet.generate(self.model, self.tokenizer, prompt, **options) + "\n", expected)
        self.assert_error("invalid argument", "temperature", prunenet.generate, self.model, self.tokenizer, "",
                          temperature=-1.0)

    @needs_command
    def test_measure_what_eval_measures(self):
        result = prunenet.perplexity(self.model, self.tokenizer, TEXT, context=64, windows=5)
        expected = json.loads(run_command("eval", "--model", SMALL, "--text", TEXT, "--context", "64", "--windows", "5",
                                          "--json", "-"))["perplexity"][0]
        self.assertEqual(set(result), set(expected))
        for key in set(result) - {"seconds", "tokens_per_second"}:
            self.assertEqual(result[key], expected[key], key)

    def test_answer_questions(self):
        (self.directory / "task.jsonl").write_text(
            '{"context": "Alice was", "choices": ["beginning to get very tired", "zqxj"], "label": 0}\n')
        result = prunenet.multiple_choice(self.model, self.tokenizer, self.directory / "task.jsonl")
        self.assertEqual((result["n"], result["chance"], result["acc"]), (1, 0.5, 1.0))

    def test_give_moments_of_their_responses(self):
        ids, held_out = prunenet.sample_probe_text(self.model, RECIPE["probe"], seed=3)
        self.assertEqual((ids.shape, held_out.shape), ((8, 64), (2, 64)))
        moments = prunenet.collect_responses(self.model, ids)
        self.assertEqual(len(moments), 4)
        second = moments[1].second_moment
        self.assertIs(second.base, moments[1])
        np.testing.assert_allclose(second, second.T, rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(moments[1].energies, np.diagonal(second))
        self.assertGreaterEqual(np.linalg.eigvalsh(second - np.outer(moments[1].mean, moments[1].mean))[0], -1e-5)
        packed = prunenet.collect_responses(self.model, ids, {"exact_width": 64})[1]
        self.assertIsNone(packed.second_moment)
        np.testing.assert_allclose(packed.energies, moments[1].energies, rtol=1e-6)
        metric = prunenet.loss_metrics(self.model, ids)[3]
        self.assertEqual(metric.shape, (48, 48))
        self.assertGreater(np.trace(metric), 0)

    @needs_command
    def test_probe_as_the_command_does(self):
        run_command("probe", "--model", SMALL, "--out", self.directory / "probe", "--seed", "3",
                    "--tokens", "512", "--held-out-tokens", "128", "--sequence-length", "64")
        probe = prunenet.Probe.open(self.directory / "probe")
        self.assertEqual((len(probe), probe.model_name, probe.seed, probe.options["tokens"]), (4, "small", 3, 512))
        ids, held_out = prunenet.sample_probe_text(self.model, RECIPE["probe"], seed=3)
        np.testing.assert_array_equal(probe.text()[0], ids)
        np.testing.assert_array_equal(probe.text()[1], held_out)
        layer = probe.layer(2)
        np.testing.assert_allclose(layer.training.second_moment,
                                   prunenet.collect_responses(self.model, ids)[2].second_moment, rtol=1e-5, atol=1e-7)
        self.assertEqual(layer.held_out.mean.shape, (192,))
        self.assertIsNone(layer.loss_metric)
        self.assert_error("invalid argument", "layer 4", probe.layer, 4)


class Training(DirectoryTest):
    @needs_command
    def test_gives_the_policy_of_the_command(self):
        events = []
        policy = prunenet.train([SMALL], self.directory / "own", RECIPE, progress=events.append)
        self.assertIn("training", {event.stage for event in events})
        self.assertEqual([event.point for event in events if event.kind == "point"], policy.curve)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["own"], "the work directory is gone")
        run_command("train", "--model", SMALL, "--out", self.directory / "expected",
                    *(f"--set={section}.{key}={value}" for section, fields in RECIPE.items()
                      for key, value in fields.items()))
        expected = prunenet.Policy.load(self.directory / "expected")
        self.assertEqual(policy.recipe, expected.recipe)
        self.assertEqual([point["validation_reward"] for point in policy.curve],
                         [point["validation_reward"] for point in expected.curve])
        checkpoint = prunenet.Checkpoint.open(SMALL)
        np.testing.assert_array_equal(policy.scores(checkpoint), expected.scores(checkpoint))
        self.assert_error("already exists", "own", prunenet.train, [SMALL], self.directory / "own", RECIPE)

    def test_refuses_unknown_options(self):
        self.assert_error("invalid argument", "stepps", prunenet.train, [SMALL], self.directory / "out",
                          {"train": {"stepps": 3}})

    def test_goes_on_where_it_was_stopped(self):
        def stop_at(step):
            def stop(event):
                if event.stage == "training" and event.done >= step:
                    raise KeyboardInterrupt
            return stop

        out = self.directory / "out"
        with self.assertRaises(KeyboardInterrupt):
            prunenet.train([SMALL], out, RECIPE, progress=stop_at(12))
        self.assertFalse(out.exists())
        self.assert_error("already exists", "resume=True", prunenet.train, [SMALL], out, RECIPE)
        stages = []
        policy = prunenet.train([SMALL], out, RECIPE, resume=True, progress=lambda event: stages.append(event.stage))
        self.assertNotIn("sampling", stages)
        whole = prunenet.train([SMALL], self.directory / "whole", RECIPE)
        self.assertEqual([point["validation_reward"] for point in policy.curve],
                         [point["validation_reward"] for point in whole.curve])


class OwnReward(DirectoryTest):
    @classmethod
    def setUpClass(cls):
        cls.checkpoint = prunenet.Checkpoint.open(SMALL)
        cls.features = prunenet.extract_features(cls.checkpoint)

    def test_trains_a_policy_that_finds_what_it_asks_for(self):
        column = prunenet.feature_names().index("z(log_norm.gate)")
        worth = [layer[:, column].astype(float) for layer in self.features]
        worth = [np.exp(layer) / np.exp(layer).sum() for layer in worth]  # a share of a whole each
        asked = []

        def lost(layer, keep_indices):
            asked.append((layer, keep_indices))
            return [1.0 - worth[layer][row].sum() for row in keep_indices]

        policy = prunenet.train_with_distortion(
            self.features, lost, {"steps": 60, "samples": 8, "validate_every": 20, "warmup_steps": 5, "hidden": 16},
            name="share of a feature")
        for layer, keep in asked:
            self.assertIn(layer, range(4))
            self.assertTrue(np.all(np.diff(keep, axis=1) > 0), "ascending")
        self.assertEqual(policy.recipe["reward"], {"callable": "share of a feature"})
        scores = policy.scores(self.features)
        for layer in range(4):
            kept = np.argsort(-scores[layer])[:96]
            self.assertGreater(worth[layer][kept].sum(), 0.6, "half of the neurons at random have 0.5")
        policy.save(self.directory / "policy")
        np.testing.assert_array_equal(prunenet.Policy.load(self.directory / "policy").scores(self.features), scores)

    def test_is_held_to_its_form(self):
        def train(distortion, **options):
            return prunenet.train_with_distortion(self.features, distortion, {"steps": 2, "warmup_steps": 0, **options})

        self.assert_error("invalid argument", "one for each", train, lambda layer, keep: [0.5])
        self.assert_error("invalid argument", "None", train, lambda layer, keep: None)
        self.assert_error("invalid argument", "at least 0", train, lambda layer, keep: [-1.0] * len(keep))
        self.assert_error("invalid argument", "nan", train, lambda layer, keep: [float("nan")] * len(keep))
        self.assert_error("unsupported", "rloo", train, lambda layer, keep: [0.5] * len(keep), estimator="conditional")
        with self.assertRaises(ZeroDivisionError):
            train(lambda layer, keep: 1 / 0)


class Records(DirectoryTest):
    def test_of_comparisons_are_read_and_written(self):
        path = DATA / "records" / "policy-0.3-1.json"
        record = prunenet.read_record(path)
        self.assertEqual(record, json.loads(path.read_text()))
        prunenet.write_record(self.directory / "copy.json", record)
        self.assertEqual(prunenet.read_record(self.directory / "copy.json"), record)
        self.assert_error("bad input", "rato", prunenet.write_record, self.directory / "bad.json", {**record, "rato": 1})
        self.assertFalse((self.directory / "bad.json").exists())

    @needs_command
    def test_are_drawn_as_the_command_draws_them(self):
        records = DATA / "records"
        run_command("report", records, "--out", self.directory / "report.html", "--markdown", self.directory / "report.md")
        self.assertEqual(prunenet.report_html([records]), (self.directory / "report.html").read_text(encoding="utf-8"))
        self.assertEqual(prunenet.report_markdown([records]), (self.directory / "report.md").read_text(encoding="utf-8"))
        self.assert_error("bad input", "none.json", prunenet.report_markdown, [self.directory / "none.json"])

    def test_are_made_by_a_comparison(self):
        recipe = {"ratios": [0.3], "methods": [{"name": "magnitude"}],
                  "evaluation": {"texts": [str(TEXT)], "context": 64, "windows": 2},
                  "probe": {"tokens": 128, "held_out_tokens": 64, "sequence_length": 32}}
        self.assertEqual(prunenet.compare(recipe, SMALL, self.directory / "records"),
                         {"done": 2, "reused": 0, "failed": 0})
        self.assertEqual(prunenet.compare(recipe, SMALL, self.directory / "records"),
                         {"done": 0, "reused": 2, "failed": 0})
        records = [prunenet.read_record(path) for path in (self.directory / "records").glob("*.json")]
        self.assertEqual({record["method"]["name"] for record in records}, {"dense", "magnitude"})


unittest.main()
