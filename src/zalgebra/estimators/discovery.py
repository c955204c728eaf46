"""Directions without labels, ranked by what they do to the picture; a person names them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import as_latents, flatten, to_numpy
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.priors import Gaussian, check_shape
from zalgebra.estimators import discovery_methods as methods
from zalgebra.estimators.discovery_found import METHODS, Discovered
from zalgebra.estimators.discovery_jacobian import jacobian
from zalgebra.estimators.discovery_methods import Ground
from zalgebra.types import Array, BadInput, Prior

__all__ = ["METHODS", "Discovered", "discover"]

BATCH = 64  # latents decoded together


def discover(
    Z: Array,
    /,
    *,
    decode: Callable[[Any], Any] | None = None,
    weight: Any = None,
    method: str = "pca",
    n_directions: int = 8,
    prior: Prior | None = None,
    n_items: int = 32,
    random_state: int = 0,
) -> Discovered:
    r"""Directions of a latent space that nobody has labelled.

    ============  ==================================================  ======================
    method        directions                                          needs
    ============  ==================================================  ======================
    ``pca``       principal axes of the latents (GANSpace)            ``Z``
    ``ica``       independent components within the first k axes      ``Z`` that is not Gaussian
    ``sparse``    principal components of few entries                 ``Z``
    ``sefa``      leading right singular vectors of A L               ``weight``, A
    ``jacobian``  leading eigenvectors of the mean of (J L)ᵀ (J L)    ``decode`` on tensors
    ============  ==================================================  ======================

    L Lᵀ is the covariance of the prior. The last two ask which step changes the picture most, and
    that depends on how long a step may be: steps of equal length |u| are equally probable only as
    z = μ + L u, so both are whitened by the prior. The first three describe the latents themselves
    and are not: whitened latents have no principal axis, and independent components are the same
    with and without. All steps come out one prior standard deviation long, so that strengths can
    be compared.

    Parameters
    ----------
    Z
        Latents ``(n, *shape)`` of real or sampled data, n ≥ 2.
    decode
        Latents to data, by which the directions are ranked. For ``"jacobian"`` a function of torch
        tensors (``model.decode``), for the others of float32 NumPy arrays
        (``model.inverse_transform``). Without it the scores rank.
    weight
        For ``"sefa"``: that of the decoder's first linear layer, ``(outputs, D)``; several, in a
        list, are stacked, as StyleGAN's affine layers want. A fitted model, or the decoder as a
        ``nn.Module``, stands for the first of its linear layers that takes D entries.
    method
        One of the table.
    n_directions
        How many, k; at most n - 1 and D.
    prior
        The law of the latents; ``None`` fits a Gaussian to ``Z``.
    n_items
        Latents of ``Z``, drawn at random, at which ``decode`` is looked at; at least 2.
    random_state
        Fixes everything that is random.

    Raises
    ------
    BadInput
        If shapes do not fit, or a method lacks what it needs.

    References
    ----------
    Härkönen et al., *GANSpace*, arXiv 2004.02546; Shen and Zhou, *Closed-form factorization of
    latent semantics in GANs*, arXiv 2007.06600; Ramesh, Choi and LeCun, *A spectral regularizer
    for unsupervised disentanglement*, arXiv 1812.01161 (the Jacobian's singular vectors).

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators.discovery import discover
    >>> Z = np.random.default_rng(0).standard_normal((2000, 3)) * [1, 5, 2]
    >>> found = discover(Z, n_directions=2)
    >>> found.vectors.round(0) + 0.0
    array([[0., 5., 0.],
           [0., 0., 2.]], dtype=float32)
    >>> found = discover(Z, decode=lambda z: z[:, 1:] * [0.1, 1.0], n_directions=2)
    >>> found.vectors.round(0) + 0.0
    array([[0., 0., 2.],
           [0., 5., 0.]], dtype=float32)
    """
    Z, k = _latents(Z), at_least("n_directions", n_directions, 1)
    n, shape, D = len(Z), Z.shape[1:], Z[0].size
    if method not in METHODS:
        raise BadInput(f"`method` must be one of {', '.join(METHODS)}, got {method!r}")
    most = D if method in ("sefa", "jacobian") else min(n - 1, D)
    if k > most:
        raise BadInput(f"`n_directions` must be at most {most} for latents {Z.shape}, got {k}")
    if prior is not None:
        check_shape(prior.shape, Z)
    rng = np.random.default_rng(random_state)
    ground = Ground(Gaussian.fit(Z) if prior is None else prior, shape, random_state)
    items = Z[np.sort(rng.permutation(n)[: at_least("n_items", n_items, 2)])]
    if method == "sefa":
        if weight is None:
            raise BadInput("'sefa' needs the `weight` of the decoder's first linear layer")
        steps, scores = methods.sefa(weight, k, ground)
    elif method == "jacobian":
        if decode is None:
            raise BadInput("'jacobian' needs `decode`, a function of torch tensors")
        steps, scores = jacobian(decode, items, k, ground, rng)
    else:
        steps, scores = getattr(methods, method)(flatten(Z), k, random_state)
    found = Discovered(_measured(steps, ground).reshape(-1, *shape), scores, method, n=n)
    run = _on_arrays(decode) if decode is not None and method == "jacobian" else decode
    return _ranked(found, None if run is None else _effects(found.vectors, run, items))


def _latents(Z: Array) -> np.ndarray:
    Z = to_numpy(as_latents(Z, "Z")).astype(float)
    if Z.ndim < 2 or len(Z) < 2 or Z[0].size == 0:
        raise BadInput(f"`Z` must hold at least 2 latents (n, *shape), got shape {Z.shape}")
    return Z


def _measured(steps: np.ndarray, ground: Ground) -> np.ndarray:
    """Steps of one prior standard deviation, the largest entry positive."""
    largest = np.take_along_axis(steps, np.abs(steps).argmax(axis=1)[:, None], axis=1)
    lengths = ground.lengths(steps)[:, None]
    return (steps * np.sign(largest) / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


def _ranked(found: Discovered, effects: tuple[np.ndarray, np.ndarray] | None) -> Discovered:
    """Sorted by effect, or by the method's score where no decoder was given."""
    by = found.scores if effects is None else effects[0]
    order = np.argsort(-by, kind="stable")
    vectors, scores = found.vectors[order], found.scores[order]
    effect, alike = (None, None) if effects is None else (x[order] for x in effects)
    return replace(found, vectors=vectors, scores=scores, effect=effect, consistency=alike)


def _effects(
    vectors: np.ndarray, decode: Callable[[np.ndarray], Any], items: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far each step moves the decoded items, and how alike."""
    z = items.astype(np.float32)
    measured = [_effect(_decoded(decode, z + v) - _decoded(decode, z - v)) for v in vectors]
    effect, alike = np.array(measured).T
    return effect, alike


def _effect(change: np.ndarray) -> tuple[float, float]:
    """Mean size of changes ``(n, pixels)`` over two steps, and the mean cosine of their pairs."""
    size, n = np.linalg.norm(change, axis=1), len(change)
    unit = change / np.where(size > 0, size, 1.0)[:, None]
    total = unit.sum(axis=0)
    alike = (total @ total - np.count_nonzero(size)) / (n * (n - 1))
    return float(size.mean() / 2 / math.sqrt(change.shape[1])), float(alike)


def _decoded(decode: Callable[[np.ndarray], Any], z: np.ndarray) -> np.ndarray:
    parts = [to_numpy(decode(z[i : i + BATCH])) for i in range(0, len(z), BATCH)]
    if any(np.ndim(part) < 2 for part in parts) or sum(map(len, parts)) != len(z):
        raise BadInput(f"`decode` must give data (n, ...) for {len(z)} latents, one for each")
    return flatten(np.concatenate(parts)).astype(float)


def _on_arrays(decode: Callable[[Any], Any]) -> Callable[[np.ndarray], Any]:
    """A function of tensors as one of arrays, without derivatives."""
    import torch

    def run(z: np.ndarray) -> Any:
        with torch.no_grad():
            return decode(torch.from_numpy(z))

    return run
