"""The interval of the angle between an estimated direction and the true one."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["angle_interval"]

DRAWS = 4000
ROWS = 512  # more rows of noise than this are folded into as many


def angle_interval(
    delta: np.ndarray, noise: np.ndarray, df: float, /, bias: np.ndarray | None = None
) -> tuple[float, float]:
    r"""The 95 % confidence interval of the angle θ between δ̂ and the true δ, in degrees.

    Let δ̂ = δ + ε with ε ~ N(0, V). The part of δ̂ at right angles to δ is that of ε, so

    $$|\hat\delta| \sin θ = |ε_\perp|, \qquad |ε_\perp|^2 \sim \sum_i λ_i χ^2_1,$$

    with the eigenvalues λ of V at right angles to δ. The law on the right holds for every length
    of δ: it is a pivot, and its quantiles, divided by \|δ̂\|², are those of sin² θ. Bootstrap
    angles about δ̂ lack that: δ̂ is longer than δ by its own noise, so that they are too small, in
    many dimensions always.

    V is estimated by ``noise.T @ noise``, whose rank is that of its rows. The sum of its
    eigenvalues is unbiased, their spread is not: it is shrunk until tr V² has no bias. What is
    then still random in the sum divides the law by χ²_f / f.

    Parameters
    ----------
    delta
        δ̂ ``(D,)``.
    noise
        Independent rows ``(m, D)`` of which the squares sum to V.
    df
        Degrees of freedom of the rows: m less the number of fitted means.
    bias
        b ``(D,)``, so that δ̂ = δ + b + ε; by default none.

    Returns
    -------
    tuple
        Below and above. ``(a, 180 - a)`` where δ̂ is no longer than noise alone may be, and
        ``(0, 180)`` where it is shorter.

    References
    ----------
    Fieller, *Some problems in interval estimation* (1954): the same pivot for a ratio. Bai and
    Saranadasa, *Effect of high dimension: by an example of a two sample problem* (1996): tr V².

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal((400, 32)) / 20  # of length √32 in all
    >>> a, b = angle_interval(np.eye(32)[0] * 20, noise, 400)
    >>> print(f"{a:.0f}° to {b:.0f}°")
    12° to 20°
    """
    length = float(np.linalg.norm(delta))
    unit = delta / length
    noise = noise - np.outer(noise @ unit, unit)
    energy = _energy(noise, df)
    if bias is not None:
        b = bias - unit * (unit @ bias)
        across = 2 * np.linalg.norm(noise @ b)  # standard deviation of 2 bᵀ ε
        energy += b @ b + across * np.random.default_rng(1).standard_normal(DRAWS)
    low, high = np.quantile(np.maximum(energy, 0), [0.025, 0.975])
    if low >= length**2:
        return 0.0, 180.0
    a = math.degrees(math.asin(math.sqrt(low) / length))
    b = math.degrees(math.asin(math.sqrt(high) / length)) if high < length**2 else 180 - a
    return a, b


def _energy(noise: np.ndarray, df: float) -> np.ndarray:
    """Draws of |ε⊥|², from rows at right angles to δ̂."""
    rng = np.random.default_rng(0)
    D = noise.shape[1] - 1
    total = float(np.sum(noise**2))
    if D == 0 or total == 0:
        return np.zeros(DRAWS)
    weights, effective = _eigenvalues(noise, D, df, rng)
    spikes = weights[: np.count_nonzero(weights > weights[-1])]
    drawn = rng.standard_normal((DRAWS, len(spikes))) ** 2 @ spikes
    drawn += weights[-1] * rng.chisquare(max(D - len(spikes), 1), DRAWS)
    return drawn / (rng.chisquare(effective, DRAWS) / effective)


def _eigenvalues(
    noise: np.ndarray, D: int, df: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """The D eigenvalues of V, largest first, their spread made unbiased; and f."""
    squares = np.sum(noise**2, axis=1)
    total = float(squares.sum())
    # Rows of unequal length are worth fewer: (Σ s)² / Σ s² of them, less the fitted means.
    rows = max(total**2 / float(squares @ squares) * df / len(noise), 1.5)
    E = _folded(noise, rng)
    found = np.linalg.eigvalsh(E @ E.T if len(E) <= E.shape[1] else E.T @ E)[::-1][:D]
    raw = np.zeros(D)
    raw[: len(found)] = np.maximum(found, 0)
    raw *= total / raw.sum()
    mean, square = total / D, float(raw @ raw)
    unbiased = (square - total**2 / rows) * rows**2 / ((rows - 1) * (rows + 2))
    unbiased = min(max(unbiased, total**2 / D), square)
    spread = square - total**2 / D
    shrink = math.sqrt((unbiased - total**2 / D) / spread) if spread > 1e-12 * square else 0.0
    return mean + shrink * (raw - mean), rows * total**2 / unbiased


def _folded(noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """At most so many rows whose squares sum to the same, in expectation, by random signs."""
    m, D = noise.shape
    if min(m, D) <= ROWS:
        return noise
    signs = rng.choice([-1.0, 1.0], m)
    order = rng.permutation(m)
    return np.stack([signs[part] @ noise[part] for part in np.array_split(order, ROWS)])
