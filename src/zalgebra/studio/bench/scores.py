"""The scores of one cell: distance, class, plausibility, diversity, each with its interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from zalgebra.algebra.certificate import Certificate, check
from zalgebra.measures import (
    Score,
    class_accuracy,
    diversity,
    frechet_distance,
    proportion,
)
from zalgebra.measures.intervals import mean_score
from zalgebra.types import Prior

__all__ = ["SCORES", "plausible", "scores"]

SCORES = {  # name to its title, whether more is better (None: neither), and its form
    "frechet": ("Fréchet distance", False, "{:.1f}"),
    "accuracy": ("class accuracy", True, "{:.1%}"),
    "plausible": ("plausible", True, "{:.0%}"),
    "variance": ("variance ratio", None, "{:.2f}"),
    "diversity": ("diversity", None, "{:.1f}"),
}
LEAST = 20  # items of a set for a Fréchet distance


def scores(
    f: np.ndarray,
    z: np.ndarray,
    read: np.ndarray,
    wanted: np.ndarray,
    t: np.ndarray | None,
    prior: Prior | None,
    reference: tuple[np.ndarray, np.ndarray],
    /,
) -> dict[str, Any]:
    """Name to a `Score` as plain values, or to None where there are too few items.

    The features are ``f`` ``(n, d)``. The reference is that of the classes in ``wanted``. All
    intervals are over the items given, as draws of their kind: with the same seed items other
    combinations would fall into them.
    """
    classes = np.unique(wanted)
    real = reference[0][np.isin(reference[1], classes)]
    certificate = check(z, prior)
    found: dict[str, Score | None] = {
        "frechet": _frechet(real, f),
        "accuracy": class_accuracy(read, wanted),
        "plausible": proportion(plausible(certificate), "share of latents that pass by themselves"),
        "variance": mean_score(
            certificate.effects["variance_ratio"], "variance over that of the prior"
        ),
        "diversity": within(f, wanted),
    }
    by_t = {f"{p:g}": class_accuracy(read[t == p], wanted[t == p]).to_dict()
            for p in ([] if t is None else np.unique(t))}  # fmt: skip
    return {
        **{name: s.to_dict() if s is not None else None for name, s in found.items()},
        "by_t": by_t,
        "classes": len(classes),
    }


def _frechet(real: np.ndarray, f: np.ndarray) -> Score | None:
    enough = min(len(real), len(f)) > max(f.shape[1], LEAST - 1)
    return frechet_distance(real, f) if enough else None


def plausible(certificate: Certificate, /) -> np.ndarray:
    """Which latents pass when each is judged by itself, ``(n,)``.

    The certificate of a batch allows one false rejection among all its latents: the share that
    passes would depend on how many there are.
    """
    return np.array(
        [
            Certificate(
                {name: p[i : i + 1] for name, p in certificate.p_values.items()},
                {name: e[i : i + 1] for name, e in certificate.effects.items()},
                certificate.entries,
                certificate.level,
            ).plausible[0]
            for i in range(len(certificate))
        ]
    )


def within(f: np.ndarray, y: np.ndarray, /) -> Score | None:
    """The mean distance between two items of one class, averaged over the items."""
    parts = [diversity(f[y == c]) for c in np.unique(y) if (y == c).sum() >= 3]
    if not parts:
        return None
    share = np.array([p.n for p in parts]) / sum(p.n for p in parts)
    value = float(sum(s * p.value for s, p in zip(share, parts, strict=True)))
    half = math.sqrt(
        sum((s * (p.high - p.low) / 2) ** 2 for s, p in zip(share, parts, strict=True))
    )
    n = sum(p.n for p in parts)
    return Score(value, value - half, value + half, n, "mean distance between two of one class")
