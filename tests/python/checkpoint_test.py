"""Checkpoints, features and scores, and whose memory their arrays are."""
import gc
import json
import struct
import unittest

import numpy as np

import prunenet
from support import DATA, LARGE, POLICY, SMALL, DirectoryTest, needs_command, run_command


def read_safetensors(path):
    """name -> (dtype, shape, bytes), by the format's own rules."""
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], tuple(entry["shape"]), content[8 + size:][slice(*entry["data_offsets"])])
            for name, entry in header.items()}


def floats(dtype, data):
    if dtype == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, {"F16": np.float16, "F32": np.float32}[dtype]).astype(np.float32)


class Checkpoints(DirectoryTest):
    def test_say_what_is_in_them(self):
        checkpoint = prunenet.Checkpoint.open(SMALL)
        self.assertEqual(checkpoint.config, json.loads((SMALL / "config.json").read_text()))
        self.assertEqual((checkpoint.family, checkpoint.num_hidden_layers, checkpoint.hidden_size,
                          checkpoint.intermediate_size, checkpoint.parameters), ("llama", 4, 48, 192, 160176))
        self.assertEqual(checkpoint.widths, [192] * 4)
        self.assertEqual(checkpoint.path, SMALL)

    def test_give_every_tensor_as_the_file_has_it(self):
        for directory in (SMALL, LARGE, DATA / "models" / "gpt2"):
            checkpoint = prunenet.Checkpoint.open(str(directory))
            expected = read_safetensors(directory / "model.safetensors")
            self.assertEqual(set(checkpoint.tensors), set(expected))
            for name, (dtype, shape, data) in expected.items():
                with self.subTest(model=directory.name, tensor=name):
                    info = checkpoint.tensors[name]
                    self.assertEqual((info.dtype, info.shape, info.bytes), (dtype, shape, len(data)))
                    self.assertEqual(checkpoint.raw(name).tobytes(), data)
                    array = checkpoint.tensor(name)
                    self.assertEqual((array.dtype, array.shape), (np.float32, shape))
                    np.testing.assert_array_equal(array.ravel(), floats(dtype, data))

    def test_give_the_matrices_of_a_block(self):
        checkpoint = prunenet.Checkpoint.open(SMALL)
        weights = checkpoint.ffn(2)
        for part in ("gate", "up", "down"):
            tensor = checkpoint.tensor(f"model.layers.2.mlp.{part}_proj.weight")
            np.testing.assert_array_equal(getattr(weights, part), tensor)
        self.assertIsNone(prunenet.Checkpoint.open(DATA / "models" / "gpt2").ffn(0).gate)

    def test_say_what_is_wrong(self):
        self.assert_error("bad input", "nothing-here", prunenet.Checkpoint.open, self.directory / "nothing-here")
        checkpoint = prunenet.Checkpoint.open(SMALL)
        self.assert_error("bad input", "no-such-tensor", checkpoint.tensor, "no-such-tensor")
        self.assert_error("invalid argument", "layer 4", checkpoint.ffn, 4)
        self.assert_error("invalid argument", "layer -1", prunenet.extract_layer_features, checkpoint, -1)


class Arrays(unittest.TestCase):
    """They look at memory of a C++ object, and keep that alive."""

    def assert_is_view(self, array, again, owner):
        self.assertIs(array.base, owner)
        self.assertFalse(array.flags.owndata)
        self.assertFalse(array.flags.writeable)
        self.assertEqual(array.__array_interface__["data"], again.__array_interface__["data"], "one memory")

    def test_of_features_are_views(self):
        features = prunenet.extract_features(prunenet.Checkpoint.open(SMALL))
        self.assert_is_view(features[1], features[-3], features)

    def test_of_weights_are_views(self):
        weights = prunenet.Checkpoint.open(SMALL).ffn(0)
        self.assert_is_view(weights.down, weights.down, weights)

    def test_of_plans_and_couplings_are_views(self):
        plan = prunenet.Plan([[0, 2], [1, 3]], 4, 0.5)
        self.assert_is_view(plan.keep_indices[1], plan.keep_indices[1], plan)
        response = prunenet.ResponseOperator(np.eye(3), np.eye(3))
        self.assert_is_view(response.coupling, response.coupling, response)

    def test_outlive_the_name_of_their_owner(self):
        features = prunenet.extract_features(prunenet.Checkpoint.open(SMALL))
        layer, copy = features[0], features[0].copy()
        del features
        gc.collect()
        np.testing.assert_array_equal(layer, copy)

    def test_that_were_made_for_the_caller_are_the_callers(self):
        tensor = prunenet.Checkpoint.open(SMALL).tensor("model.norm.weight")
        tensor[0] = 7.0
        self.assertEqual(tensor[0], 7.0)


class Features(DirectoryTest):
    @needs_command
    def test_are_those_of_the_command(self):
        checkpoint = prunenet.Checkpoint.open(SMALL)
        features = prunenet.extract_features(checkpoint)
        run_command("features", "--model", SMALL, "--out", self.directory / "f.safetensors")
        expected = read_safetensors(self.directory / "f.safetensors")
        self.assertEqual(len(features), len(expected))
        for layer, array in enumerate(features):
            dtype, shape, data = expected[f"features.{layer}"]
            self.assertEqual((array.shape, array.shape[1]), (shape, len(prunenet.feature_names())))
            self.assertEqual(array.tobytes(), data)

    def test_of_one_layer_are_those_of_all(self):
        checkpoint = prunenet.Checkpoint.open(SMALL)
        stages = []
        layer = prunenet.extract_layer_features(checkpoint, 1, progress=stages.append)
        np.testing.assert_array_equal(layer, prunenet.extract_features(checkpoint)[1])
        self.assertLess(max(event.done for event in stages), 3, "later layers are not gone through")

    def test_end_where_layers_end(self):
        features = prunenet.extract_features(prunenet.Checkpoint.open(SMALL))
        self.assertEqual(len(list(features)), 4)
        with self.assertRaises(IndexError):
            features[4]


class Scores(DirectoryTest):
    def test_of_a_checkpoint_are_those_of_its_features(self):
        checkpoint = prunenet.Checkpoint.open(SMALL)
        policy = prunenet.Policy.load(POLICY)
        scores = policy.scores(checkpoint)
        self.assertEqual([layer.shape for layer in scores], [(192,)] * 4)
        self.assertEqual({layer.dtype for layer in scores}, {np.dtype(np.float32)})
        for layer, again in zip(scores, policy.scores(prunenet.extract_features(checkpoint))):
            np.testing.assert_array_equal(layer, again)

    def test_come_back_from_a_saved_policy(self):
        policy = prunenet.Policy.load(POLICY)
        self.assertEqual(policy.features, prunenet.feature_names())
        self.assertEqual(policy.curve[-1]["step"], policy.recipe["train"]["steps"])
        policy.save(self.directory / "copy.safetensors")
        again = prunenet.Policy.load(self.directory / "copy.safetensors")
        self.assertEqual((again.recipe, again.provenance, again.budget),
                         (policy.recipe, policy.provenance, policy.budget))
        checkpoint = prunenet.Checkpoint.open(SMALL)
        np.testing.assert_array_equal(again.scores(checkpoint)[3], policy.scores(checkpoint)[3])


unittest.main()
