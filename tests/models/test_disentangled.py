"""β-VAE and β-TCVAE: what they charge for, and what that does to the latents."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from zalgebra.models import VAE
from zalgebra.models.disentangled import BetaTCVAE, BetaVAE, total_correlation

QUIET = {"width": 16, "max_epochs": 20, "batch_size": 64, "patience": None, "verbose": False}


def draws(model, X: np.ndarray) -> np.ndarray:
    """One draw from the posterior of each datum: together, a sample of the aggregate."""
    with torch.no_grad():
        mean, log_variance = model.network_(torch.from_numpy(X)).chunk(2, dim=1)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    return (mean + torch.exp(0.5 * log_variance) * noise).numpy()


def gaussian_total_correlation(Z: np.ndarray) -> float:
    return -0.5 * np.linalg.slogdet(np.corrcoef(Z.T))[1]


def test_at_beta_one_it_is_the_vae(digits) -> None:
    X, given = digits.images[:200], {**QUIET, "max_epochs": 2}
    vae, tcvae = VAE(4, **given).fit(X), BetaTCVAE(4, beta=1.0, **given).fit(X)
    np.testing.assert_allclose(tcvae.transform(X), vae.transform(X), atol=1e-5)
    assert BetaVAE().beta == BetaTCVAE().beta == 4.0
    same = BetaVAE(4, **given).fit(X).transform(X)
    np.testing.assert_array_equal(same, VAE(4, beta=4.0, **given).fit(X).transform(X))


def test_total_correlation_where_it_is_known() -> None:
    noise = torch.Generator().manual_seed(0)
    mean = torch.randn((1000, 1), generator=noise).double()
    narrow = torch.full((1000, 2), -4.0, dtype=torch.float64)

    def found(means: torch.Tensor) -> float:
        draw = torch.randn(means.shape, generator=noise).double()
        return float(total_correlation(means + torch.exp(0.5 * narrow) * draw, means, narrow))

    other = torch.randn((1000, 1), generator=noise).double()
    s = float(torch.exp(narrow[0, 0]))
    r = 1 / (1 + s)  # correlation of two entries with one mean and noise of their own
    alike = -0.5 * np.log(1 - r**2)
    assert found(torch.cat([mean, mean], dim=1)) == pytest.approx(alike, abs=0.1)
    assert found(torch.cat([mean, other], dim=1)) == pytest.approx(0, abs=0.1)
    one = torch.zeros((7, 3))
    assert total_correlation(one + 1, one, one).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.slow
def test_total_correlation_is_what_is_paid_for(digits) -> None:
    X, held = digits.images[:1500], digits.images[1500:]
    vae, beta, tc = (kind(8, **QUIET).fit(X) for kind in (VAE, BetaVAE, BetaTCVAE))
    paid, free = (gaussian_total_correlation(draws(m, X)) for m in (tc, vae))
    assert paid < 0.5 * free  # measured: 0.01 against 0.31
    assert tc.score(held) > 0.95 * beta.score(held)  # and the picture is better: 0.027, 0.033
