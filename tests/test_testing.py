"""`zalgebra.testing` finds what is broken: each law fails for a prior or method that breaks it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import zalgebra as za
from zalgebra import testing
from zalgebra.testing import METHOD_LAWS, PRIOR_LAWS, BrokenLaw


class Right:
    """N(1, 4) on three entries, right in every respect; the broken ones change one thing."""

    shape = (3,)
    sd = 2.0

    def to_normal(self, z):
        return (z - 1) / self.sd

    def from_normal(self, u):
        return 1 + self.sd * u

    def sample(self, n, *, seed):
        return 1 + 2 * np.random.default_rng(seed).standard_normal((n, 3))

    def log_prob(self, z):
        u = self.to_normal(z)
        return -0.5 * (u**2).sum(axis=1) - 1.5 * np.log(2 * np.pi) - 3 * np.log(2)


class NotInverse(Right):
    def from_normal(self, u):
        return 1 + 2.1 * u


class OtherDtype(Right):
    def from_normal(self, u):
        return super().from_normal(u).astype("float32")


class Batched(Right):
    """Centred by the batch, as a batch norm would."""

    def to_normal(self, z):
        return (z - z.mean(axis=0)) / 2


class Unseeded(Right):
    def sample(self, n, *, seed):
        return super().sample(n, seed=np.random.default_rng().integers(1 << 30))


class OneSample(Right):
    def sample(self, n, *, seed):
        return super().sample(n, seed=7)


class Wide(Right):
    def sample(self, n, *, seed):
        return 1 + 2.6 * np.random.default_rng(seed).standard_normal((n, 3))


class LongTails(Right):
    """Of the right variance and the wrong norms."""

    def sample(self, n, *, seed):
        rng = np.random.default_rng(seed)
        return 1 + 2 * rng.standard_normal((n, 3)) * np.sqrt(rng.exponential(size=(n, 1)))


class Density(Right):
    def log_prob(self, z):
        return super().log_prob(z) + np.log(2)


class Shapeless(Right):
    shape = None


def test_a_right_prior_keeps_every_law() -> None:
    testing.check_prior(Right())


BROKEN = [
    (NotInverse, "from_normal undoes to_normal: off by"),
    (OtherDtype, "got ndarray float32"),
    (Batched, "each latent is mapped by itself|from_normal undoes"),
    (Unseeded, "the same seed gives another sample"),
    (OneSample, "another seed gives the same sample"),
    (Wide, "is normal|chi-square"),
    (LongTails, "chi-square|is normal"),
    (Density, "the change of variables gives"),
    (Shapeless, "has no shape to draw"),
]


@pytest.mark.parametrize(("prior", "words"), BROKEN, ids=lambda v: getattr(v, "__name__", ""))
def test_a_broken_prior_is_found(prior, words) -> None:
    with pytest.raises(BrokenLaw, match=words):
        testing.check_prior(prior())


def test_a_prior_whose_combinations_stray_is_found() -> None:
    class Astray(Right):  # right under its own maps, wrong where samples are combined
        def to_normal(self, z):
            return np.abs(super().to_normal(z))

    with pytest.raises(BrokenLaw, match="combinations of samples follow the prior"):
        testing.combinations_follow(Astray())
    with pytest.raises(BrokenLaw, match="a seed with all the weight comes back"):
        testing.a_lone_seed_returns(Astray())


def scaled(w, x):
    return w @ x


def sorted_by_weight(w, x):
    return za.combine(w * np.arange(1, 4), x)


def together(w, x):
    return za.combine(w, x) * (1 + 0.1 * len(w)) / 1.1


METHODS = [
    (lambda w, x: za.combine(w + 0.1, x), testing.meets_its_ends),
    (sorted_by_weight, testing.ignores_order),
    (scaled, testing.ignores_scale),
    (together, testing.rows_of_weights_stand_alone),
    (lambda w, x: 1.1 * za.combine(w, x), testing.keeps_the_prior),
]


@pytest.mark.parametrize(("method", "law"), METHODS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_broken_method_is_found(method, law) -> None:
    with pytest.raises(BrokenLaw):
        law(method)


def test_every_law_has_someone_who_breaks_it() -> None:
    assert {law for _, law in METHODS} == set(METHOD_LAWS)
    assert len(PRIOR_LAWS) <= len(BROKEN)


def test_lol_keeps_every_law_and_the_baselines_those_that_they_can() -> None:
    testing.check_method("lol")
    for method, broken in (
        ("linear", {"ignores_scale", "keeps_the_prior"}),
        ("slerp", set()),  # for seeds from the prior it keeps them; correlated ones tell
        ("norm", {"meets_its_ends", "keeps_the_prior"}),
        ("standardize", {"meets_its_ends", "keeps_the_prior"}),
    ):
        assert {law.__name__ for law in METHOD_LAWS if breaks(law, method)} == broken


def breaks(law, method) -> bool:
    try:
        law(method)
    except BrokenLaw:
        return True
    return False


def test_an_unknown_method_is_said() -> None:
    with pytest.raises(BrokenLaw, match="`method` must be one of lol, linear"):
        testing.check_method("lerp")


STEEP = [
    za.priors.Independent(stats.gamma(0.1), (8,)),
    za.priors.Independent(stats.beta(0.1, 0.2), (8,)),
    za.priors.VonMisesFisher([1.0, 0.0], 5),
]


@pytest.mark.parametrize("prior", STEEP, ids=repr)
def test_steep_but_sound_priors_keep_every_law(prior) -> None:
    testing.check_prior(prior)
