"""What the data say about a direction: the figures of its card."""

from __future__ import annotations

import math

import numpy as np

from zalgebra.algebra.priors.shrinkage import shrunk, spread
from zalgebra.estimators.directions_card import Profile
from zalgebra.estimators.directions_linear import held, residual
from zalgebra.estimators.directions_methods import Fit
from zalgebra.estimators.directions_samples import Sample

__all__ = ["alignment", "cohens_d", "profile", "refits", "score"]

PERMUTATIONS = 199
BINS = 25
SATURATED = 0.95


def alignment(sample: Sample, rng: np.random.Generator) -> tuple[float, float, float]:
    """The estimated cosine with the truth, its 95 % quantile by chance, and the p-value.

    With whitened rows x_i, freed of what is held still, and labels r_i likewise, the label's
    direction is s = Σ r_i x_i. Labels at random give E|s|² = Σ r_i² |x_i|², so that

        cos² = 1 - Σ r_i² |x_i|² / |s|²

    estimates the squared cosine between s and the true direction. The same with r shuffled (for
    pairs: with signs at random) is what chance gives.
    """
    if sample.kind == "pairs":
        X = sample.Z[: sample.items] - sample.Z[sample.items :]
        labels = np.ones(len(X))
        shuffled = rng.choice([-1.0, 1.0], (PERMUTATIONS, len(X)))
        X = _whitened(X)
    else:
        Q = held(sample)
        labels = residual(sample, Q)
        shuffled = rng.permuted(np.tile(labels, (PERMUTATIONS, 1)), axis=1)
        X = _whitened(sample.Z - Q @ (Q.T @ sample.Z))
    R = np.vstack([labels, shuffled])
    noise, energy = R**2 @ np.sum(X**2, axis=1), np.sum((R @ X) ** 2, axis=1)
    squared = 1 - noise / np.maximum(energy, 1e-300)
    cosine = np.sqrt(np.maximum(squared, 0))
    p = np.mean(squared >= squared[0] - 1e-12)
    return float(cosine[0]), float(np.quantile(cosine[1:], 0.95)), float(p)


def _whitened(X: np.ndarray) -> np.ndarray:
    """Rows in coordinates of unit, uncorrelated spread; they are centred already, or changes."""
    sd = spread(X)
    return shrunk(X / sd, sd).whiten(X)


def refits(fit: Fit, fold: np.ndarray) -> np.ndarray:
    """δ ``(G, D)`` learned without each of the folds."""
    return np.stack([fit(np.flatnonzero(fold != g)) for g in range(fold.max() + 1)])


def score(sample: Sample, deltas: np.ndarray, fold: np.ndarray) -> float:
    """How well the label of held-out items is read from their place along δ alone."""
    read = np.empty(sample.items)
    for g, delta in enumerate(deltas):
        train, test = sample.take(np.flatnonzero(fold != g)), sample.take(np.flatnonzero(fold == g))
        read[fold == g] = _reading(train, test, delta)
    if sample.kind == "pairs":
        return float(np.mean(read > 0))
    if sample.kind == "groups":
        hits = (read > 0.5) == (sample.y > 0.5)
        return float((hits[sample.y == 1].mean() + hits[sample.y == 0].mean()) / 2)
    return float(1 - np.mean((sample.y - read) ** 2) / sample.y.var())


def _reading(train: Sample, test: Sample, delta: np.ndarray) -> np.ndarray:
    """Of test items: the label by a line through the training ones; of pairs: how far they went."""
    t, s = train.Z @ delta, test.Z @ delta
    if train.kind == "pairs":
        return s[: test.items] - s[test.items :]
    if train.kind == "groups":
        low, high = t[train.y == 0].mean(), t[train.y == 1].mean()
        return (s - low) / (high - low) if high != low else np.full(len(s), 0.5)
    slope = np.mean((t - t.mean()) * train.y) / max(float(t.var()), 1e-300)
    return train.y.mean() + slope * (s - t.mean())


def profile(sample: Sample, delta: np.ndarray) -> tuple[Profile, tuple[float, float], float | None]:
    """The data along δ, the strengths that they support, and where the reading saturates."""
    from scipy.optimize import isotonic_regression

    y = sample.y
    t = sample.Z @ delta / (delta @ delta)
    t = t - (t.mean() if sample.kind == "continuous" else t[y == 0].mean())
    edges = np.histogram_bin_edges(t, BINS)
    groups = (np.ones(len(y), bool), np.zeros(len(y), bool))
    if sample.kind != "continuous":
        groups = (y == 1, y == 0)
    parts = np.array_split(np.argsort(t, kind="stable"), max(2, min(BINS, len(t) // 20)))
    at, mean, size = (
        np.array([f(part) for part in parts])
        for f in (lambda i: t[i].mean(), lambda i: y[i].mean(), len)
    )
    reading = isotonic_regression(mean, weights=size).x
    low, high = (0.0, 1.0) if sample.kind != "continuous" else (reading[0], reading[-1])
    full = low + SATURATED * (high - low)
    complete = float(np.interp(full, reading, at)) if low < full <= reading[-1] else None
    counts = [np.histogram(t[g], edges)[0] for g in groups]
    plain = [tuple(x.tolist()) for x in (edges, *counts, at, reading)]
    first, last = np.quantile(t, [0.005, 0.995])
    found = Profile(plain[0], plain[1], plain[2], plain[3], plain[4])
    return found, (float(first), float(last)), complete


def cohens_d(sample: Sample, delta: np.ndarray) -> float:
    """Difference of means over the pooled standard deviation, along δ.

    Of a continuous label d = 2 ρ / √(1 - ρ²), with its correlation ρ with the place along δ: what
    two groups of one size have at that correlation.
    """
    t = sample.Z @ (delta / np.linalg.norm(delta))
    if sample.kind == "continuous":
        rho = float(np.corrcoef(t, sample.y)[0, 1]) if t.std() > 0 else 0.0
        return 2 * rho / math.sqrt(1 - rho**2) if rho**2 < 1 - 1e-12 else math.inf
    a, b = t[sample.y == 1], t[sample.y == 0]
    variance = (a.var(ddof=1) * (len(a) - 1) + b.var(ddof=1) * (len(b) - 1)) / (len(t) - 2)
    return float((a.mean() - b.mean()) / math.sqrt(variance)) if variance > 0 else math.inf
