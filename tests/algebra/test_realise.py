"""Turns and shifts under priors that are not Gaussian."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import zalgebra as za

D = 16
VECTOR = np.random.default_rng(3).standard_normal(D)
CURVED = {
    "Laplace": za.priors.Independent(stats.laplace(), (D,)),
    "uniform": za.priors.Independent(stats.uniform(-1, 2), (D,)),
    "sphere": za.priors.Hypersphere(D),
    "von Mises-Fisher": za.priors.VonMisesFisher(np.eye(D)[2], 9.0),
    "quantiles": za.priors.Empirical(marginals="quantiles").fit(
        np.random.default_rng(0).exponential(size=(500, D))
    ),
}


def turned(prior, vector, degrees):
    return (za.Latent.seed(1) + za.Latent.turn(vector, "s", degrees)).array(prior=prior)


@pytest.mark.parametrize("name", CURVED)
def test_a_turn_ignores_the_length_of_its_direction(name) -> None:
    prior = CURVED[name]
    near = turned(prior, VECTOR, 30)
    np.testing.assert_allclose(turned(prior, 10 * VECTOR, 30), near, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(turned(prior, VECTOR, 0), turned(prior, -VECTOR, 0), atol=1e-6)
    assert np.abs(near - turned(prior, -VECTOR, 30)).max() > 0.05


@pytest.mark.parametrize("name", CURVED)
def test_a_turn_goes_where_its_direction_points(name) -> None:
    """To first order the latent moves along the vector, entry by entry (on a sphere, along it)."""
    prior, small = CURVED[name], 0.2
    z = turned(prior, VECTOR, 0).astype(float)
    moved = (turned(prior, VECTOR, small).astype(float) - z) / np.radians(small)
    along = VECTOR
    if getattr(prior, "fixed_radius", False):
        along = along - z * (z @ along)
    cosine = moved @ along / np.linalg.norm(moved) / np.linalg.norm(along)
    assert cosine > 0.98


@pytest.mark.parametrize("name", ["sphere", "von Mises-Fisher"])
def test_turns_and_shifts_stay_on_the_sphere(name) -> None:
    prior = CURVED[name]
    mix = za.Latent.seed(1) + za.Latent.turn(VECTOR, "s", 40) + 2 * za.Latent.shift(VECTOR, "t")
    z = mix.array(prior=prior)
    assert np.linalg.norm(z) == pytest.approx(1, abs=1e-6)
    batch = (za.Latent.seed(1) + np.array([0.0, 3.0]) * za.Latent.shift(VECTOR, "t")).array(
        prior=prior
    )
    np.testing.assert_allclose(np.linalg.norm(batch, axis=1), 1, rtol=1e-6)
    assert batch[1] @ VECTOR > batch[0] @ VECTOR


def test_a_turn_on_the_sphere_is_a_rotation_by_its_angle() -> None:
    prior = CURVED["sphere"]
    z = turned(prior, VECTOR, 0).astype(float)
    turned_by = np.degrees(np.arccos(z @ turned(prior, VECTOR, 35).astype(float)))
    assert turned_by == pytest.approx(35, abs=1e-3)
