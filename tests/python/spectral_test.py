"""Spectra and distortions, beside NumPy's."""
import unittest

import numpy as np

import prunenet

RANDOM = np.random.default_rng(5)
DOWN = RANDOM.normal(size=(6, 10))
STATES = RANDOM.normal(size=(40, 10))
MOMENT = STATES.T @ STATES / 40
METRIC = np.cov(RANDOM.normal(size=(6, 30)))
KEEP = [0, 2, 3, 7, 9]


def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T


def spectrum(down, moment, metric=np.eye(6)):
    return np.linalg.svd(root(metric) @ down @ root(moment), compute_uv=False)


class Spectra(unittest.TestCase):
    def test_of_responses_are_numpys(self):
        for metric in (None, METRIC):
            response = prunenet.ResponseOperator(DOWN, MOMENT, metric)
            m = np.eye(6) if metric is None else metric
            np.testing.assert_allclose(response.spectrum(), spectrum(DOWN, MOMENT, m), rtol=1e-7)
            np.testing.assert_allclose(response.spectrum(KEEP), spectrum(DOWN[:, KEEP], MOMENT[np.ix_(KEEP, KEEP)], m)[:5],
                                       rtol=1e-7)
            np.testing.assert_allclose(response.coupling, (DOWN.T @ m @ DOWN) * MOMENT, rtol=1e-7, atol=1e-9)
            self.assertAlmostEqual(response.total_energy, np.sum(response.coupling))

    def test_of_few_values_are_the_largest(self):
        response = prunenet.ResponseOperator(DOWN, MOMENT)
        leading = response.leading_spectrum(count=3)
        whole = response.spectrum()
        self.assertTrue(leading.converged)
        np.testing.assert_allclose(leading.leading, whole[:3], rtol=1e-7)
        self.assertAlmostEqual(leading.tail_energy, np.sum(whole[3:] ** 2))

    def test_of_matrices_are_numpys(self):
        np.testing.assert_allclose(prunenet.singular_values(DOWN), np.linalg.svd(DOWN, compute_uv=False), rtol=1e-8)
        np.testing.assert_allclose(prunenet.symmetric_square_root(MOMENT), root(MOMENT), atol=1e-9)
        factor = prunenet.metric_factor(METRIC)
        np.testing.assert_allclose(factor.T @ factor, METRIC, atol=1e-5)


class Distortions(unittest.TestCase):
    def test_are_those_of_their_definitions(self):
        response = prunenet.ResponseOperator(DOWN, MOMENT)
        removed = np.ones(10)
        removed[KEEP] = 0
        coupling = prunenet.response_coupling(DOWN, MOMENT)
        dense, pruned = spectrum(DOWN, MOMENT), np.zeros(6)
        pruned[:5] = spectrum(DOWN[:, KEEP], MOMENT[np.ix_(KEEP, KEEP)])[:5]
        expected = {
            "schatten2": removed @ coupling @ removed / np.sum(coupling),
            "mirsky": np.sum((dense - pruned) ** 2) / np.sum(dense ** 2),
            "nuclear": np.sum(np.abs(dense - pruned)) / np.sum(dense),
            "ks": prunenet.ks_statistic(response.spectrum(), response.spectrum(KEEP)),
        }
        for kind, value in expected.items():
            self.assertAlmostEqual(prunenet.DistortionProblem(response, kind)(KEEP), value, places=6, msg=kind)
        self.assertAlmostEqual(prunenet.mirsky_distortion(dense, pruned), expected["mirsky"])
        self.assertAlmostEqual(prunenet.nuclear_distortion(dense, pruned), expected["nuclear"])
        np.testing.assert_allclose(prunenet.Schatten2(coupling)(removed[None, :]), [expected["schatten2"]], rtol=1e-5)
        np.testing.assert_allclose(response.removed_energies(removed[None, :]),
                                   [expected["schatten2"] * response.total_energy])

    def test_refuse_what_they_cannot_take(self):
        response = prunenet.ResponseOperator(DOWN, MOMENT)
        for keep, error in (([3, 1], prunenet.Error), ([10], prunenet.Error), ([0.5], TypeError), ("ab", TypeError)):
            with self.assertRaises(error, msg=keep):
                response.spectrum(keep)
        with self.assertRaisesRegex(prunenet.Error, "schatten2"):
            prunenet.DistortionProblem(response, "schatten3")
        with self.assertRaises(prunenet.Error):
            prunenet.ResponseOperator(DOWN, MOMENT[:9, :9])


unittest.main()
