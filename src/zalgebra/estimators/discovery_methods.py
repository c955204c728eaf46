"""The ways to find directions without labels: from the latents, or from the decoder's first layer.

Each gives steps ``(k, D)`` of any length and sign, and their scores ``(k,)``.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import as_latents, flatten, namespace, to_numpy
from zalgebra.types import Array, BadInput, MissingExtra, Prior

__all__ = ["Ground", "ica", "pca", "sefa", "sparse"]

DRAWS = 4096  # of a prior that is not Gaussian, for the spread of its entries
ROUNDS = 1000  # of FastICA, and of the sparse components
SPARSITY = 0.3  # of a component's largest entry, below which there is none
JITTER = 1e-3  # on the principal axes to start from, so that symmetric ones part


@dataclass(frozen=True)
class Ground:
    """A prior as directions need it: steps of one prior standard deviation, u ↦ L u and back.

    For a Gaussian prior L Lᵀ is its covariance, for any other L is diagonal, the spread of each
    entry in 4,096 draws.
    """

    prior: Prior
    shape: tuple[int, ...]
    seed: int

    @property
    def _gaussian(self) -> bool:
        return getattr(self.prior, "gaussian_mean", None) is not None

    def colour(self, u: Array, /) -> Array:
        """Steps L u ``(n, D)`` of rows u, in any array library, with derivatives."""
        xp = namespace(u)
        if not self._gaussian:
            return u * xp.asarray(self._spread, dtype=u.dtype)
        x = xp.reshape(u, (u.shape[0], *self.shape))
        z = self.prior.from_normal(x) - self.prior.from_normal(xp.zeros_like(x))
        return xp.reshape(z, u.shape)

    def lengths(self, v: np.ndarray, /) -> np.ndarray:
        """Lengths |L⁻¹ v| of steps ``(n, D)`` in prior standard deviations."""
        if not self._gaussian:
            return np.linalg.norm(v / np.maximum(self._spread, 1e-300), axis=1)
        x = v.reshape(len(v), *self.shape)
        mean = np.asarray(getattr(self.prior, "gaussian_mean", 0.0))
        return np.linalg.norm(flatten(self.prior.to_normal(x + mean)), axis=1)

    @cached_property
    def _spread(self) -> np.ndarray:
        u = np.random.default_rng(self.seed).standard_normal((DRAWS, *self.shape))
        return flatten(np.asarray(self.prior.from_normal(u))).std(axis=0)


def pca(X: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal axes of latents ``(n, D)``, with their share of the variance."""
    found = _sklearn().PCA(k, svd_solver="auto", random_state=seed).fit(X)
    return found.components_, found.explained_variance_ratio_


def ica(X: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Independent components within the first k principal axes, with their |excess kurtosis|.

    A step is what one standard deviation of a source adds to the latent: a column of the mixing
    matrix of FastICA (Hyvärinen and Oja, 2000).
    """
    method = _sklearn().FastICA(k, whiten="unit-variance", random_state=seed, max_iter=ROUNDS)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "FastICA did not converge")  # the scores tell: near 0
        sources = method.fit_transform(X)
    return method.mixing_.T, np.abs((sources**4).mean(axis=0) - 3)


def sparse(X: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sparse principal components of standardised entries, with the variance along each.

    Steps B that move few entries of the latent: with the correlations S, in turn

        B = soft(S A, 0.3 max|S A| of each column),      A = U Vᵀ  of the SVD  S B = U s Vᵀ

    (Zou, Hastie and Tibshirani, 2006, the form for large ridge penalties), from the principal axes
    on, until nothing moves. The score is a share of the standardised variance; shares may overlap.
    """
    sd = np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    S = np.cov((X - X.mean(axis=0)) / sd, rowvar=False, bias=True).reshape(2 * [X.shape[1]])
    A = np.linalg.eigh(S)[1][:, ::-1][:, :k] + JITTER * np.random.default_rng(seed).standard_normal(
        (len(S), k)
    )
    B = np.zeros_like(A)
    for _ in range(ROUNDS):
        T = S @ A
        size = np.abs(T)
        before, B = B, np.sign(T) * np.maximum(size - SPARSITY * size.max(axis=0), 0.0)
        B /= np.maximum(np.linalg.norm(B, axis=0), 1e-300)
        if np.abs(B - before).max() < 1e-8:
            break
        U, _, Vt = np.linalg.svd(S @ B, full_matrices=False)
        A = U @ Vt
    share = np.einsum("ij,ij->j", B, S @ B) / np.trace(S)
    return B.T * sd, share


def sefa(weight: Any, k: int, ground: Ground) -> tuple[np.ndarray, np.ndarray]:
    """The steps that the decoder's first layer answers to most: right singular vectors of A L.

    With its weight A ``(outputs, D)`` and the prior's L, max |A L u|² over |u| = 1; for N(0, I)
    that is SeFa (Shen and Zhou, 2021). The score is the share of |A L|².
    """
    D = math.prod(ground.shape)
    parts = weight if isinstance(weight, list | tuple) else [weight]
    layers = [_layer(part, D) for part in parts]
    L = np.asarray(ground.colour(np.eye(D)))  # its rows are L e_i
    _, s, Vt = np.linalg.svd(np.concatenate(layers) @ L.T, full_matrices=False)
    share = s**2 / max(float((s**2).sum()), 1e-300)
    return np.asarray(ground.colour(Vt[:k])), share[:k]


def _layer(weight: Any, D: int) -> np.ndarray:
    network = getattr(weight, "network_", weight)
    if hasattr(network, "named_modules"):
        weight = _first_layer(network, D)
    elif network is not weight or hasattr(weight, "inverse_transform"):
        raise BadInput(_no_layer(weight, D))
    A = to_numpy(as_latents(weight, "weight")).astype(float)
    if A.ndim < 2 or math.prod(A.shape[1:]) != D:
        raise BadInput(
            f"`weight` must have shape (outputs, {D}), as that of a linear layer has, got "
            f"{A.shape}; turn that of a transposed convolution (inputs, ...) about"
        )
    return A.reshape(len(A), D)


def _first_layer(network: Any, D: int) -> Any:
    """The weight of the first linear layer that takes a latent."""
    for name, layer in network.named_modules():
        if getattr(layer, "in_features", None) == D and not name.startswith("encoder"):
            return layer.weight.detach().cpu()
    raise BadInput(_no_layer(network, D))


def _no_layer(model: Any, D: int) -> str:
    return (
        f"this {type(model).__name__} has no linear layer of {D} inputs for 'sefa'; "
        "'jacobian' takes any decoder"
    )


def _sklearn() -> Any:
    try:
        from sklearn import decomposition
    except ModuleNotFoundError as error:
        raise MissingExtra("sklearn", "torch") from error
    return decomposition
