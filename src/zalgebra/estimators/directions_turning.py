"""Does one vector serve everywhere, or does the meaning turn from place to place?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zalgebra.algebra.priors.shrinkage import shrunk, spread
from zalgebra.estimators.directions_linear import held, residual
from zalgebra.estimators.directions_samples import Sample
from zalgebra.types import Array, BadInput, MissingExtra

__all__ = ["Turning", "turning"]

PERMUTATIONS = 199
LEVEL = 0.01
LEAST = 10  # items of either kind in a cluster, for a direction of its own


@dataclass(frozen=True)
class Turning:
    """The directions of clusters of items, compared with the one of all items.

    Parameters
    ----------
    angles
        Between each cluster's direction and the global one, in degrees, in whitened latents. NaN
        where a cluster has fewer than 10 items of either group.
    by_chance
        What sampling error alone gives: 95 % quantile of each angle if one vector served all.
    sizes
        Items of each cluster.
    p_value
        Of the mean angle, against 199 shufflings of the labels.
    clusters
        The cluster of each item ``(n,)``.
    """

    angles: tuple[float, ...]
    by_chance: tuple[float, ...]
    sizes: tuple[int, ...]
    p_value: float
    clusters: np.ndarray

    @property
    def turns(self) -> bool:
        """Whether the meaning turns, by more than sampling error gives in 1 of 100 cases."""
        return self.p_value <= LEVEL

    def __str__(self) -> str:
        known = [i for i, a in enumerate(self.angles) if a == a]
        spread = f"{min(self.angles[i] for i in known):.0f}° to " + (
            f"{max(self.angles[i] for i in known):.0f}°"
        )
        worst = max(known, key=lambda i: self.angles[i] - self.by_chance[i])
        if not self.turns:
            return (
                f"One vector serves everywhere: the directions of {len(known)} clusters are "
                f"{spread} away from it, as sampling error alone may give "
                f"(up to {max(self.by_chance[i] for i in known):.0f}°, p = {self.p_value:.2g})."
            )
        return (
            f"The meaning turns: the directions of {len(known)} clusters are {spread} away from "
            f"the global one (p = {self.p_value:.2g}); in cluster {worst}, {self.sizes[worst]} "
            f"items, {self.angles[worst]:.0f}°, where sampling error alone gives up to "
            f"{self.by_chance[worst]:.0f}°."
        )


def turning(
    latents: Array,
    y: Array,
    /,
    *,
    given: Mapping[str, Array] | None = None,
    clusters: int = 4,
    seed: int = 0,
) -> Turning:
    """Compare the direction of each cluster of items with that of all.

    The items are clustered by k-means of what the label leaves unexplained, e_i = z_i - ŷ_i δ̂,
    whitened: clusters of z itself would cut along δ, and so bend the directions within them. In
    cluster k the direction is δ_k = Σ r_i x_i / Σ r_i², with labels r centred in the cluster. If
    one vector serves everywhere, z_i = e_i + y_i δ̂ with the labels of a cluster in any order are as
    good as the data: the angles of such data are what sampling error alone gives.

    Parameters
    ----------
    latents
        ``(n, *shape)``.
    y
        Labels ``(n,)``: two values, or a continuous factor.
    given
        Other attributes to hold still, each ``(n,)``.
    clusters
        How many.
    seed
        Of k-means and the shufflings.

    Raises
    ------
    BadInput
        If fewer than two clusters have enough items of both groups.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators.directions_turning import turning
    >>> rng = np.random.default_rng(0)
    >>> Z, y = rng.standard_normal((2000, 8)), np.arange(2000) % 2
    >>> Z[:, 0] += 2 * y
    >>> turning(Z, y).turns
    False
    >>> Z[:, 1] += 2 * y * np.sign(Z[:, 2])
    >>> turning(Z, y).turns
    True
    """
    if clusters < 2:
        raise BadInput(f"`clusters` must be at least 2, got {clusters}")
    sample = Sample.of_labels(latents, y, given or {})
    rng = np.random.default_rng(seed)
    Q = held(sample)
    r = residual(sample, Q)
    X = sample.Z - Q @ (Q.T @ sample.Z)
    E = X - np.outer(r, r @ X / (r @ r))
    sd = spread(E)
    cov = shrunk(E / sd, sd)
    E, X = cov.whiten(E), cov.whiten(X)
    cluster = _kmeans(E, clusters, seed)
    usable = [k for k in range(clusters) if _enough(sample, cluster == k)]
    if len(usable) < 2:
        raise BadInput(
            f"fewer than 2 of {clusters} clusters have {LEAST} items of both groups; "
            "ask for fewer clusters, or give more items"
        )
    places = [np.flatnonzero(cluster == k) for k in usable]
    delta = r @ X / (r @ r)
    angles = _angles(r[None], E, delta, places)[0]
    null = _angles(_shuffled(r, places, rng), E, delta, places)
    p = (1 + np.sum(null.mean(axis=1) >= angles.mean())) / (1 + PERMUTATIONS)
    return Turning(
        angles=_spread_out(angles, usable, clusters),
        by_chance=_spread_out(np.quantile(null, 0.95, axis=0), usable, clusters),
        sizes=tuple(int(np.sum(cluster == k)) for k in range(clusters)),
        p_value=float(p),
        clusters=cluster,
    )


def _kmeans(X: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    try:
        from sklearn.cluster import KMeans
    except ModuleNotFoundError as error:
        raise MissingExtra("scikit-learn", "maps") from error
    return KMeans(clusters, n_init=4, random_state=seed).fit_predict(X)


def _enough(sample: Sample, inside: np.ndarray) -> bool:
    y = sample.y[inside]
    if sample.kind == "continuous":
        return len(y) >= 2 * LEAST and y.std() > 0
    return min(np.sum(y == 1), np.sum(y == 0)) >= LEAST


def _shuffled(r: np.ndarray, places: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Labels ``(199, n)`` shuffled within each cluster, so that each keeps its share of both."""
    S = np.tile(r, (PERMUTATIONS, 1))
    for place in places:
        S[:, place] = rng.permuted(S[:, place], axis=1)
    return S


def _angles(
    S: np.ndarray, E: np.ndarray, delta: np.ndarray, places: list[np.ndarray]
) -> np.ndarray:
    """For labels s ``(m, n)`` and data E + s δ, each cluster's angle ``(m, k)`` with all items."""
    whole = S @ E + np.sum(S**2, axis=1)[:, None] * delta
    angles = []
    for place in places:
        s = S[:, place]
        centred = s - s.mean(axis=1, keepdims=True)
        part = centred @ E[place] + np.sum(centred**2, axis=1)[:, None] * delta
        lengths = np.linalg.norm(part, axis=1) * np.linalg.norm(whole, axis=1)
        cosine = np.sum(part * whole, axis=1) / np.maximum(lengths, 1e-300)
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.stack(angles, axis=1)


def _spread_out(values: np.ndarray, usable: list[int], clusters: int) -> tuple[float, ...]:
    out = np.full(clusters, np.nan)
    out[usable] = values
    return tuple(out.tolist())
