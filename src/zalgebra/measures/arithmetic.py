"""Do two changes of latents add up? Parallelograms, against what sampling noise alone gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures.accuracy import Score
from zalgebra.measures.features import rows
from zalgebra.measures.intervals import statistic_score
from zalgebra.types import Array, BadInput

__all__ = ["Parallelogram", "parallelogram"]

FLIPS = 199  # draws of sampling noise
LEAST = 5  # items a corner
# Weights of the corners neither, one, other, both
ERROR = np.array([1.0, -1.0, -1.0, 1.0])
ONE = np.array([-0.5, 0.5, -0.5, 0.5])
OTHER = np.array([-0.5, -0.5, 0.5, 0.5])


@dataclass(frozen=True)
class Parallelogram:
    """How far the fourth corner lies from where the other three say.

    Parameters
    ----------
    error
        |e| over the root mean square of both edges, sampling noise taken off; 0 if both changes
        add up, 1 if the corner misses by as much as an edge is long.
    beyond
        |e|² with the part that sampling noise makes taken off; below 0 by chance.
    one, other
        Squared lengths of both edges, likewise.
    plain
        The error as it is, with its sampling noise.
    by_chance
        95 % quantile of ``plain`` if both changes add up.
    p_value
        That they add up.
    each
        For matched corners: root mean square of the items' own errors over that of their own edges;
        NaN for group means.
    """

    error: Score
    beyond: float
    one: float
    other: float
    plain: float
    by_chance: float
    p_value: float
    each: float

    @property
    def of_one(self) -> float:
        """|e| over the edge of the one change: by how much of itself it becomes another change
        when the other has been made. Infinite if it moves nothing.
        """
        return _ratio(self.beyond, self.one)

    @property
    def of_other(self) -> float:
        """|e| over the edge of the other change."""
        return _ratio(self.beyond, self.other)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what is not finite becomes None."""
        numbers = {k: v for k, v in vars(self).items() if k != "error"}
        finite = {k: v if math.isfinite(v) else None for k, v in numbers.items()}
        return {"error": self.error.to_dict(), **finite}

    def __str__(self) -> str:
        return (
            f"{self.error} of an edge; plain {self.plain:.3g}, where sampling noise alone gives "
            f"up to {self.by_chance:.3g} (p = {self.p_value:.2g})"
        )


def parallelogram(
    neither: Array, one: Array, other: Array, both: Array, /, *, paired: bool = False, seed: int = 0
) -> Parallelogram:
    r"""Whether two changes of latents add up: the error of the parallelogram of four means.

    $$e = z_{ab} - z_a - z_b + z_0, \qquad
        a = \tfrac12 (z_a - z_0 + z_{ab} - z_b), \qquad
        \text{error}^2 = \frac{|e|^2 - V}{\tfrac12 (|a|^2 + |b|^2) - V/4}$$

    with V the part of \|e\|² that sampling noise makes: of group means the sum over corners of
    tr(S)/n, and V/4 in each edge; of matched items tr(S_e)/n, with the edges' own. Sampling
    noise alone is drawn by flipping the signs of the items' residuals. The interval is a jackknife
    over items.

    Parameters
    ----------
    neither, one, other, both
        Latents ``(n, *shape)`` of items with neither change, with one, with the other, with both;
        at least 5 each.
    paired
        Whether row i is the same item in all four, as when a picture is drawn again with one
        factor changed (default: four groups of different items).
    seed
        Of flips and jackknife.

    Raises
    ------
    BadInput
        If a corner has fewer than 5 items or another shape, or matched corners differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures.arithmetic import parallelogram
    >>> Z, a, b = np.random.default_rng(0).standard_normal((4, 200, 8)), *(5 * np.eye(8)[:2])
    >>> found = parallelogram(Z[0], Z[1] + a, Z[2] + b, Z[3] + a + b)
    >>> found.error.value < 0.1, found.p_value > 0.05
    (True, True)
    >>> round(parallelogram(Z[0], Z[1] + a, Z[2] + b, Z[3] + a).error.value, 1)
    1.2
    """
    names = ("neither", "one", "other", "both")
    corners = [
        rows(z, name, least=LEAST)
        for name, z in zip(names, (neither, one, other, both), strict=True)
    ]
    if len({z.shape[1] for z in corners}) > 1 or (paired and len({len(z) for z in corners}) > 1):
        raise BadInput(
            "all four corners must have latents of one shape, and of one number if they are paired,"
            f" got {', '.join(str(z.shape) for z in corners)}"
        )
    items = np.arange(len(corners[0])) if paired else np.arange(sum(map(len, corners)))
    parts = [items] * 4 if paired else np.split(items, np.cumsum([len(z) for z in corners])[:-1])

    def error(kept: np.ndarray) -> float:
        inside = np.isin(items, kept)
        chosen = [z[inside[p]] for z, p in zip(corners, parts, strict=True)]
        (e, noise), one, other = _sizes(chosen, paired)
        return _ratio(e - noise, (one + other) / 2)

    (square, noise), one_edge, other_edge = _sizes(corners, paired)
    edge = (one_edge + other_edge) / 2
    chance = _by_chance(corners, paired, np.random.default_rng(seed))
    return Parallelogram(
        error=statistic_score(error, len(items), "error of the parallelogram, in edges", seed=seed),
        beyond=square - noise,
        one=one_edge,
        other=other_edge,
        plain=_ratio(square, edge),
        by_chance=_ratio(float(np.quantile(chance, 0.95)), edge),
        p_value=float((1 + np.sum(chance >= square)) / (1 + FLIPS)),
        each=_each(corners) if paired else math.nan,
    )


def _sizes(corners: list[np.ndarray], paired: bool) -> tuple[tuple[float, float], float, float]:
    """|e|² with its sampling noise, and the squared edges with theirs taken off."""
    e, a, b = (_square(corners, w, paired) for w in (ERROR, ONE, OTHER))
    return e, max(0.0, a[0] - a[1]), max(0.0, b[0] - b[1])


def _square(corners: list[np.ndarray], weights: np.ndarray, paired: bool) -> tuple[float, float]:
    """|Σ w_c z̄_c|², and what sampling noise adds to it."""
    if paired:
        differences = np.tensordot(weights, np.stack(corners), axes=1)
        noise = differences.var(axis=0, ddof=1).sum() / len(differences)
        return float((differences.mean(axis=0) ** 2).sum()), float(noise)
    total = sum(w * z.mean(axis=0) for w, z in zip(weights, corners, strict=True))
    noise = sum(
        w**2 * z.var(axis=0, ddof=1).sum() / len(z) for w, z in zip(weights, corners, strict=True)
    )
    return float((np.asarray(total) ** 2).sum()), float(noise)


def _by_chance(corners: list[np.ndarray], paired: bool, rng: np.random.Generator) -> np.ndarray:
    """Draws ``(199,)`` of |e|² if both changes add up: residuals with random signs."""
    parts = [np.tensordot(ERROR, np.stack(corners), axes=1)] if paired else corners
    noise = np.zeros((FLIPS, corners[0].shape[1]))
    for z in parts:
        n = len(z)
        signs = rng.choice([-1.0, 1.0], (FLIPS, n))
        noise += signs @ (z - z.mean(axis=0)) / math.sqrt(n * (n - 1))
    return (noise**2).sum(axis=1)


def _each(corners: list[np.ndarray]) -> float:
    z = np.stack(corners)
    e, a, b = (np.tensordot(w, z, axes=1) for w in (ERROR, ONE, OTHER))
    return _ratio(float((e**2).sum()), float(((a**2).sum() + (b**2).sum()) / 2))


def _ratio(square: float, edge: float) -> float:
    """Root of a ratio of squares; what is of nothing is infinite, nothing of nothing is 0."""
    square = max(0.0, square)
    return math.sqrt(square / edge) if edge > 0 else math.inf if square > 0 else 0.0
