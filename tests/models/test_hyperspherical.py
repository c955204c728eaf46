"""The hyperspherical VAE: its posterior is the law it claims, its latents lie on the sphere."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

import zalgebra as za
from zalgebra.models.hyperspherical import HypersphericalVAE, power_spherical, power_spherical_kl
from zalgebra.priors import Hypersphere, VonMisesFisher
from zalgebra.types import BadInput

ALPHA = 1e-4
QUIET = {"width": 16, "batch_size": 64, "patience": None, "verbose": False}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draws(mean: list[float], k: float, n: int = 20_000) -> np.ndarray:
    mu = torch.tensor(mean, dtype=torch.float32).expand(n, -1)
    return power_spherical(mu / mu.norm(dim=1, keepdim=True), torch.full((n,), k), generator())


@pytest.mark.parametrize("k", [0.3, 8.0, 500.0])
@pytest.mark.parametrize("mean", [[0.6, 0.8], [1.0, 0, 0], [-1.0, 0, 0], [1.0, -2, 3, 0.5, 1]])
def test_draws_follow_the_power_spherical_law(mean, k) -> None:
    d = len(mean)
    z = draws(mean, k).double().numpy()
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)
    m = np.array(mean) / np.linalg.norm(mean)
    t = np.clip(z @ m, -1, 1)
    beta = stats.beta((d - 1) / 2 + k, (d - 1) / 2)
    assert stats.kstest((1 + t) / 2, beta.cdf).pvalue > ALPHA
    across = z - t[:, None] * m
    assert abs(across.mean(axis=0)).max() < 6 / math.sqrt(len(z))  # alike on all sides


@pytest.mark.parametrize("d", [2, 3, 16])
@pytest.mark.parametrize("k", [1e-3, 5.0, 400.0])
def test_the_divergence_is_the_average_of_the_log_ratio(d, k) -> None:
    kl = power_spherical_kl(torch.tensor(k, dtype=torch.float64), d).item()
    alpha, beta = (d - 1) / 2 + k, (d - 1) / 2
    share = np.random.default_rng(0).beta(alpha, beta, 200_000)
    uniform = stats.beta(beta, beta).logpdf(share)  # the same along every meridian
    ratio = stats.beta(alpha, beta).logpdf(share) - uniform
    assert kl == pytest.approx(ratio.mean(), abs=5 * ratio.std() / math.sqrt(len(share)) + 1e-9)
    assert kl >= 0


def test_draws_carry_gradients_to_direction_and_concentration() -> None:
    mu = torch.tensor([[0.0, 0.6, 0.8]], requires_grad=True)
    k = torch.tensor(9.0, requires_grad=True)
    n = 40_000
    z = power_spherical(mu.expand(n, -1), k.expand(n), generator())
    (z @ mu.detach()[0]).mean().backward()
    slope = 2 / (9.0 + 2) ** 2  # of κ/(κ + d - 1), the mean cosine
    assert k.grad.item() == pytest.approx(slope, rel=0.1)
    across = torch.tensor([1.0, 0.0, 0.0])
    mu.grad = None
    z = power_spherical(mu.expand(n, -1), k.expand(n), generator())
    (z @ across).mean().backward()
    assert mu.grad[0, 0].item() == pytest.approx(9 / 11, rel=0.05)


@pytest.fixture(scope="module")
def model(digits):
    return HypersphericalVAE(8, max_epochs=12, **QUIET).fit(digits.images[:1500])


def test_it_learns_and_does_not_collapse(model, digits) -> None:
    held, seen = digits.images[1500:], digits.images[:1500]
    mean_image = ((held - seen.mean(axis=0)) ** 2).mean()
    assert -model.score(held) < 0.6 * mean_image
    Z = model.transform(held)
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-5)
    assert (Z @ Z.T).min() < -0.5  # all over the sphere


def test_the_prior_is_uniform_and_a_fitted_one_is_no_likelier(model, digits) -> None:
    assert isinstance(model.prior_, Hypersphere)
    Z, held = model.transform(digits.images[:1500]), model.transform(digits.images[1500:])
    assert np.linalg.norm(Z.mean(axis=0)) < 0.2
    other = VonMisesFisher.fit(Z)
    assert np.mean(other.log_prob(held)) < np.mean(model.prior_.log_prob(held)) + 0.1


def test_mixed_latents_stay_on_the_sphere_and_decode(model, digits) -> None:
    Z = model.transform(digits.images[:6])
    z = za.centroid(Z, prior=model.prior_, correlation="estimate")
    assert np.linalg.norm(z) == pytest.approx(1, abs=1e-5)
    path = za.interpolate(Z[0], Z[1], np.linspace(0, 1, 5), prior=model.prior_)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 1, atol=1e-5)
    assert model.inverse_transform(path).shape == (5, 1, 8, 8)


def test_latents_off_the_sphere_are_refused(model) -> None:
    z = np.eye(8, dtype=np.float32)[:2]
    model.inverse_transform(z)
    for wrong in (1.01 * z, 0 * z):
        with pytest.raises(BadInput, match=r"have norm 1, got one that is off by .*divide each"):
            model.inverse_transform(wrong)
        with pytest.raises(BadInput, match="have norm 1"):
            model.decode(torch.from_numpy(wrong))
    J = torch.func.jacrev(lambda u: model.decode(u[None])[0].flatten())(torch.from_numpy(z[0]))
    assert abs(J[:, 0]).max() < 1e-5  # nothing changes along the radius
    assert abs(J[:, 1:]).max() > 1e-3


def test_a_sphere_needs_two_dimensions_and_a_batch_may_be_one_row() -> None:
    X = np.random.default_rng(0).random((2, 5))
    with pytest.raises(BadInput, match="`latent_dim` must be at least 2 for a sphere, got 1"):
        HypersphericalVAE(1, **QUIET).fit(X)
    tiny = HypersphericalVAE(3, max_epochs=1, **QUIET).fit(X)
    assert tiny.transform(X).shape == (2, 3)
