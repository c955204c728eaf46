"""The certificate: right false-alarm rates, power where it counts, sentences that fit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

import zalgebra as za
from zalgebra import Certificate
from zalgebra.types import BadInput


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


# False alarms and power of each test are in test_goodness.py.


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
FIELD = normal(1, 4, 32, 32)


def smooth(axis: int) -> np.ndarray:
    return (FIELD + np.roll(FIELD, 1, axis)) / np.sqrt(2)


def with_channel(factor: float) -> np.ndarray:
    z = FIELD.copy()
    z[:, 2] *= factor
    return z


WRONG = "the latent is implausible under the prior: "


@pytest.mark.parametrize(
    ("z", "sentence"),
    [
        (GOOD[:1], "the latent is plausible under the prior (variance 0.9"),
        (GOOD, "all 20 latents are plausible under the prior (variance 0.99 of the prior's, W1 "),
        (GOOD[:1, :64], "the latent is plausible under the prior (variance 0.74 of the prior's, "
         "W1 0.15; 64 entries show only gross departures)"),
        (SMALL, WRONG + "too small (variance 0.09 of"),
        (LARGE, WRONG + "too large (variance 8."),
        (GOOD[:1] + 0.4, WRONG + "shifted (mean 0.35, variance 0.97 of"),
        (GOOD[:1] - 0.4, WRONG + "shifted (mean -0.45, variance 0.97 of"),
        (np.sign(GOOD[:1]), WRONG + "light-tailed (excess kurtosis -2.00, variance 1.00 of"),
        (np.random.default_rng(0).standard_t(4, (1, 4000)) / np.sqrt(2), WRONG + "heavy-tailed ("),
        (np.random.default_rng(0).exponential(size=(1, 4000)) - 1, WRONG + "skewed (skewness "),
        (smooth(2), WRONG + "correlated along axis 1 (lag-one correlation 0."),
        (smooth(3), WRONG + "correlated along axis 2 (lag-one correlation 0."),
        (np.tile([1.0, -1.0], 500)[None] * abs(GOOD[:1]), WRONG + "alternating along axis 0 ("),
        (with_channel(1.6), WRONG + "channel 2 out of balance (its variance 2."),
        ([*GOOD, *LARGE], "1 of 21 latents is implausible under the prior: too large (variance 8"),
        ([*GOOD, *SMALL, *LARGE], "2 of 22 latents are implausible under the prior: off in scale"),
        ([*LARGE, *LARGE, *(GOOD[:1] + 0.4)],
         "3 of 3 latents are implausible under the prior: 2 too large, 1 shifted (variance 8"),
        (GOOD[:0], "there are no latents to check"),
    ],
)  # fmt: skip
def test_the_verdict_is_a_sentence_about_what_failed(z, sentence) -> None:
    assert za.check(np.asarray(z)).verdict.startswith(sentence)


def test_a_noticeable_effect_alone_or_a_small_p_value_alone_fails_nothing() -> None:
    certificate = za.check(normal(1, 30, seed=4))  # a mean of 0.2 is noise among 30 entries
    assert abs(certificate.effects["mean"][0]) > 0.1
    assert certificate.plausible.all()
    certificate = za.check(normal(1, 100_000) + 0.05)
    assert certificate.rejected["mean"].all()
    assert certificate.plausible.all()


# Families of tests.


def test_rejections_are_holms() -> None:
    p = {"a": np.array([0.001, 0.013, 0.9]), "b": np.array([0.009, 0.5, 0.012])}
    found = Certificate(p, {"norm": np.ones(3)}, 9, level=0.05).rejected
    # Sorted: 0.001 x 6, 0.009 x 5, 0.012 x 4, 0.013 x 3, then 0.5 x 2 stops.
    assert found["a"].tolist() == [True, True, False]
    assert found["b"].tolist() == [True, False, True]
    assert not Certificate(p, {"norm": np.ones(3)}, 9, level=0.005).rejected["b"].any()
    one = Certificate({"a": np.array([0.02, 0.03])}, {"norm": np.ones(2)}, 9, level=0.05)
    assert one.rejected["a"].tolist() == [True, True]  # Bonferroni's rule would keep the second
    stopped = Certificate({"a": np.array([0.03, 0.04])}, {"norm": np.ones(2)}, 9, level=0.05)
    assert stopped.rejected["a"].tolist() == [False, False]  # a later success does not count


def test_a_higher_level_rejects_more() -> None:
    z = 1.35 * normal(20, 64, seed=2)
    failed = [int((~za.check(z, level=level).plausible).sum()) for level in (1e-6, 0.01, 0.5)]
    assert failed == sorted(failed)
    assert failed[0] < failed[2]


def test_latents_are_judged_in_chunks_as_at_once(monkeypatch) -> None:
    z = normal(7, 3, 5, 5)
    whole = za.check(z)
    monkeypatch.setattr("zalgebra.algebra.certificate.CHUNK", 160)
    parts = za.check(z)
    for found, expected in [(parts.p_values, whole.p_values), (parts.effects, whole.effects)]:
        assert list(found) == list(expected)
        for name in found:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)
    assert parts.verdict == whole.verdict


@pytest.mark.parametrize(
    ("shape", "left_out"),
    [
        ((1,), {"variance", "skew", "kurtosis", "whiteness", "channels"}),
        ((10,), {"kurtosis", "whiteness", "channels"}),
        ((64,), {"channels"}),
        ((1, 8, 8), {"channels"}),
        ((64, 1), {"channels"}),
        ((4, 4, 4), set()),
    ],
)
def test_tests_that_the_latents_cannot_carry_are_left_out(shape, left_out) -> None:
    tests = {"mean", "norm", "variance", "skew", "kurtosis", "whiteness", "channels"}
    for n in (0, 2):
        assert set(za.check(normal(n, *shape)).p_values) == (tests | {"ks", "cvm", "ad"}) - left_out


class Sphere(za.priors.Normal):
    fixed_radius = True


def test_a_prior_of_one_radius_is_not_tested_for_it() -> None:
    z = normal(300, 64)
    z *= 8 / np.linalg.norm(z, axis=1, keepdims=True)
    assert not {"norm", "variance"} & set(za.check(z, Sphere()).p_values)
    for p in za.check(z, Sphere()).p_values.values():
        assert (p < 0.01).sum() <= stats.binom.ppf(1 - 1e-4, 300, 0.01)
    assert za.check(z, Sphere()).plausible.all()
    assert za.check(z, Sphere(), replicate="latents").plausible.all()
    assert not za.check(z, replicate="latents").plausible.any()  # of N(0, I) norms would vary


# The latents as the sample.


POPULATION = normal(60, 40, seed=5)
COPY = np.concatenate([POPULATION, POPULATION[:1] + 0.1])
PLANE = POPULATION @ normal(40, 5) @ normal(5, 40) / np.sqrt(200)
SPHERE = POPULATION / np.linalg.norm(POPULATION, axis=1, keepdims=True) * np.sqrt(40)


def one_entry(factor: float, shift: float) -> np.ndarray:
    z = POPULATION.copy()
    z[:, 7] = factor * z[:, 7] + shift
    return z


@pytest.mark.parametrize(
    ("z", "sentence"),
    [
        (POPULATION, "plausible under the prior (variance 1.0"),
        (2 * POPULATION, "implausible under the prior: too large (variance 3.98"),
        (0.5 * POPULATION, "implausible under the prior: too small (variance 0.2"),
        (COPY, "implausible under the prior: near copies among them (cosine 0.99"),
        (PLANE, "implausible under the prior: confined to a subspace (cosines "),
        (SPHERE, "implausible under the prior: too equal in norm (spread of norms 0.00"),
        (one_entry(0.1, 0), "implausible under the prior: entry 7 off its law (its variance 0.0"),
        (one_entry(1, 2), "implausible under the prior: entry 7 off its law (its mean "),
    ],
)
def test_a_population_is_judged_as_one(z, sentence) -> None:
    certificate = za.check(z, replicate="latents")
    assert certificate.verdict.startswith(f"the {len(z)} latents are, as a population, {sentence}")
    assert len(certificate) == 1
    assert {v.shape for v in [*certificate.p_values.values(), *certificate.effects.values()]} == {
        (1,)
    }
    assert certificate.to_dict()["latents"] == len(z)
    assert f"all {len(z)}" in certificate._repr_html_()
    assert len(certificate.__rich__().rows) == 1


def test_what_no_single_latent_shows_the_population_does() -> None:
    shared = 0.6 * normal(1, 400, seed=9) + 0.8 * normal(100, 400, seed=8)  # one mean for all
    assert za.check(shared).plausible.all()
    certificate = za.check(shared, replicate="latents")
    assert not certificate.plausible.any()
    assert certificate.effects["mean"] == pytest.approx(0.6, abs=0.05)


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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replicate": "rows"}, '`replicate` must be "entries" or "latents", got \'rows\''),
        ({"replicate": "latents"}, "needs at least 8 latents, got 7"),
        ({"level": 0}, "`level` must be between 0 and 1, got 0"),
    ],
)
def test_bad_options_are_one_clear_sentence(options, words) -> None:
    with pytest.raises(BadInput, match=words):
        za.check(normal(7, 5), **options)


@pytest.mark.parametrize("d", [3, 16, 200])
@pytest.mark.parametrize("replicate", ["entries", "latents"])
def test_directions_are_judged_as_directions(d, replicate) -> None:
    """Samples of a sphere pass, and the same samples leaning to one side do not."""
    prior = za.priors.Hypersphere(d)
    x = prior.sample(500, seed=1).astype(float)
    found = za.check(x, prior, replicate=replicate)
    assert found.plausible.all()
    assert "norm" not in found.p_values
    leaning = x + np.full(d, 1.5 / np.sqrt(d))
    leaning /= np.linalg.norm(leaning, axis=1, keepdims=True)
    assert not za.check(leaning, prior, replicate="latents").plausible.all()
