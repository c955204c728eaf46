"""The certificate: right false-alarm rates, power where it counts, sentences that fit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

import zalgebra as za
from zalgebra.types import BadInput


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


# False alarms: of true samples, 5 % are rejected at the 5 % level, and p-values are uniform.


@pytest.mark.parametrize(("D", "n"), [(16, 10_000), (64, 10_000), (784, 5_000)])
@pytest.mark.parametrize("test", ["norm", "ks"])
def test_true_samples_are_rejected_at_the_level(D, n, test) -> None:
    p = za.check(normal(n, D, seed=D)).p_values[test]
    for level in (0.05, 0.01):
        rejected = int((p < level).sum())
        low, high = stats.binom.ppf([5e-5, 1 - 5e-5], n, level)
        assert low <= rejected <= high
    assert stats.kstest(p, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("test", ["norm", "ks"])
def test_the_false_alarm_test_can_fail(test) -> None:
    p = za.check(1.1 * normal(1000, 784)).p_values[test]
    assert (p < 0.05).mean() > 0.07


def test_p_values_are_scipys() -> None:
    u = normal(4, 200) + np.array([[0], [0.1], [0], [0.3]])
    found = za.check(u)
    for i in range(4):
        exact = stats.kstest(u[i], "norm")
        assert found.p_values["ks"][i] == pytest.approx(exact.pvalue, abs=0.001)
        percentile = 100 * stats.chi2.cdf((u[i] ** 2).sum(), 200)
        assert found.effects["norm_percentile"][i] == pytest.approx(percentile, abs=1e-6)
        assert found.p_values["norm"][i] == pytest.approx(
            2 * min(percentile, 100 - percentile) / 100, abs=1e-6
        )


def test_effects_are_their_definitions() -> None:
    u = 2 * normal(1, 100_000)
    e = za.check(u).effects
    assert e["norm"] == pytest.approx(2, abs=0.02)
    assert e["variance_ratio"] == pytest.approx(4, abs=0.1)
    assert e["w1"] == pytest.approx(np.sqrt(2 / np.pi), abs=0.02)  # (2 - 1) E|u|
    assert za.check(normal(1, 100_000) + 0.5).effects["w1"] == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(za.check([[3.0], [0.5]]).effects["variance_ratio"], [9, 0.25])


def test_a_whole_batch_of_true_latents_passes() -> None:
    # Family-wise: of 200 batches of 50 latents at most a few hold a false alarm at 1 %.
    alarms = sum(not za.check(normal(50, 64, seed=s)).plausible.all() for s in range(200))
    assert alarms <= stats.binom.ppf(1 - 1e-4, 200, 0.01)


def test_an_error_of_scale_that_nobody_notices_is_plausible() -> None:
    certificate = za.check(1.01 * normal(1, 262_144))
    assert certificate.p_values["norm"] < 1e-4
    assert certificate.plausible.all()


def test_the_prior_is_the_measure(xp) -> None:
    rng = np.random.default_rng(0)
    A = rng.standard_normal((64, 64))
    prior = za.priors.Gaussian(rng.standard_normal((4, 16)), A @ A.T + np.eye(64))
    z = prior.from_normal(normal(5, 4, 16))
    x = xp.asarray(z)
    assert za.check(x, prior).plausible.all()
    assert not za.check(x).plausible.any()
    np.testing.assert_array_equal(xp.numpy(x), z)
    with pytest.raises(BadInput, match=r"latents of this prior have shape \(n, 4, 16\), got"):
        za.check(xp.asarray(z.reshape(5, 64)), prior)


def test_every_dtype_is_judged_alike(xp) -> None:
    z = normal(3, 50)
    p = za.check(xp.asarray(z, "float32")).p_values
    np.testing.assert_allclose(p["ks"], za.check(z).p_values["ks"], rtol=1e-4)


# Sentences.


SMALL, LARGE, GOOD = 0.3 * normal(1, 1000), 3 * normal(1, 1000), normal(20, 1000, seed=1)
SHAPE = np.sign(normal(1, 1000))


@pytest.mark.parametrize(
    ("z", "sentence"),
    [
        (GOOD[:1], "the latent is plausible under the prior (variance 0.9"),
        (GOOD, "all 20 latents are plausible under the prior (variance 0.99 of the prior's, W1 "),
        (SMALL, "the latent is implausible under the prior: too small (variance 0.09 of"),
        (LARGE, "the latent is implausible under the prior: too large (variance 8."),
        (SHAPE, "the latent is implausible under the prior: of the wrong shape (variance 1.00 of"),
        ([*GOOD, *LARGE], "1 of 21 latents is implausible under the prior: too large (variance 8"),
        ([*GOOD, *SMALL, *LARGE], "2 of 22 latents are implausible under the prior: off in scale"),
        (GOOD[:0], "there are no latents to check"),
    ],
)
def test_the_verdict_is_a_sentence_about_what_failed(z, sentence) -> None:
    assert za.check(np.asarray(z)).verdict.startswith(sentence)


@pytest.mark.parametrize("z", [GOOD[:0], GOOD[:1], np.concatenate([GOOD, LARGE])])
def test_every_view_shows_every_latent(z) -> None:
    certificate = za.check(z)
    n = len(z)
    assert len(certificate) == n
    assert certificate.plausible.shape == (n,)
    fields = json.loads(json.dumps(certificate.to_dict()))
    assert fields["verdict"] == certificate.verdict
    assert fields["entries"] == 1000
    for group in ("p_values", "effects"):
        assert {len(v) for v in fields[group].values()} == {n}
    assert certificate._repr_html_().count("<tr>") == n + 1
    console = Console(record=True, width=120, file=None, quiet=False)
    with console.capture():
        console.print(certificate)
    assert len(certificate.__rich__().rows) == n


def test_certificates_compare_by_identity() -> None:
    certificate = za.check(GOOD)
    assert certificate == certificate
    assert certificate != za.check(GOOD)


@pytest.mark.parametrize(
    ("z", "words"),
    [
        (np.zeros(5), r"`check` takes latents \(n, \*shape\), got shape \(5,\); use z\[None\]"),
        ([[1.0, np.nan]], "`z` must be finite, got 1 NaN"),
        (np.zeros((3, 0)), "`check` needs latents with at least one entry"),
        ([["a"]], "`z` must hold real numbers"),
    ],
)
def test_bad_input_is_one_clear_sentence(z, words) -> None:
    with pytest.raises(BadInput, match=words):
        za.check(z)
