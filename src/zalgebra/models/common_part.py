"""The common part of vectors: how much of it there is, and the vectors without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zalgebra.models.ranking import blocks
from zalgebra.types import BadInput

__all__ = ["Isotropy", "isotropy", "without_common"]


@dataclass(frozen=True)
class Isotropy:
    r"""How evenly vectors point everywhere.

    Parameters
    ----------
    mean_cosine
        The mean cosine of two different vectors, over all pairs: 0 if they point everywhere alike.
    partition
        $\min_c Z(c) / \max_c Z(c)$ with $Z(c) = \sum_i e^{c \cdot v_i}$ over the principal
        directions c and their opposites, of vectors brought to a mean length of 1: 1 if no
        direction is preferred, near 0 if one is.
    leading
        Share of the sum of squares along the first principal direction; 1 / d if all are equal.
    n
        Vectors that are not zero.
    """

    mean_cosine: float
    partition: float
    leading: float
    n: int

    def __str__(self) -> str:
        return (
            f"mean cosine {self.mean_cosine:.4f}, partition {self.partition:.3f}, "
            f"leading direction {self.leading:.1%} (n = {self.n})"
        )


def isotropy(vectors: np.ndarray, /) -> Isotropy:
    r"""How evenly vectors ``(n, d)`` point everywhere.

    The mean cosine needs no pair to be drawn: with unit vectors $\hat v_i$ it is

    $$\frac{|\sum_i \hat v_i|^2 - n}{n (n - 1)}.$$

    References
    ----------
    Mu and Viswanath, *All-but-the-top: simple and effective postprocessing for word
    representations* (2018), section 2; Ethayarajh, *How contextual are contextualized word
    representations?* (2019).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((4000, 8))
    >>> print(isotropy(X))
    mean cosine 0.00..., partition 0.9..., leading direction 13...% (n = 4000)
    >>> print(isotropy(X + 2))
    mean cosine 0.81..., partition 0.16..., leading direction 82...% (n = 4000)
    """
    lengths = np.linalg.norm(vectors, axis=1)
    V, lengths = vectors[lengths > 0].astype(float), lengths[lengths > 0]
    n = len(V)
    if n < 2:
        raise BadInput(f"`anisotropy` needs at least 2 vectors, got {n}")
    total = (V / lengths[:, None]).sum(axis=0)
    cosine = (total @ total - n) / (n * (n - 1))
    V /= lengths.mean()
    sizes, axes = np.linalg.eigh(V.T @ V)
    ways = np.concatenate([axes, -axes], axis=1)
    Z = sum(np.exp(np.minimum(V[rows] @ ways, 600)).sum(axis=0) for rows in blocks(n, len(ways.T)))
    return Isotropy(float(cosine), float(Z.min() / Z.max()), float(sizes[-1] / sizes.sum()), n)


def without_common(
    vectors: np.ndarray, /, *, centre: bool = True, components: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Vectors ``(n, d)`` without their mean and top principal directions, and both of these.

    $$v' = (I - U U^\top)(v - \mu),$$

    μ the mean ``(d,)`` (zero without ``centre``), U the first ``components`` principal directions
    ``(d, components)`` of what is left; Mu and Viswanath take d / 100 of them.

    Raises
    ------
    BadInput
        If ``components`` leaves nothing.
    """
    n, d = vectors.shape
    if not isinstance(components, int | np.integer) or not 0 <= components < min(n, d):
        raise BadInput(
            f"`components` must be a whole number from 0 to {min(n, d) - 1}, got {components}"
        )
    mean = vectors.mean(axis=0, dtype=float) if centre else np.zeros(d)
    V = vectors - mean.astype(np.float32)
    if not components:
        return V, mean.astype(np.float32), np.zeros((d, 0), np.float32)
    U = np.linalg.eigh(V.astype(float).T @ V)[1][:, ::-1][:, :components]
    U = np.ascontiguousarray(U, dtype=np.float32)
    return V - (V @ U) @ U.T, mean.astype(np.float32), U
