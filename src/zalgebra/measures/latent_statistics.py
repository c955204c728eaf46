"""What can be read off one latent: its norm, and nine statistics that the norm says nothing of."""

from __future__ import annotations

import numpy as np

from zalgebra.algebra._arrays import as_latents, flatten, to_numpy
from zalgebra.algebra.goodness import tails
from zalgebra.algebra.whiteness import neighbours
from zalgebra.types import Array, BadInput

__all__ = ["as_picture", "channel_of", "in_first_half", "latent_statistics", "normal_rows"]

SAME = 1e-3  # two entries are one value if they differ by less, in units of the root mean square


def latent_statistics(u: Array, /) -> dict[str, np.ndarray]:
    r"""Name of a statistic to its value for each latent, ``(n,)``.

    With D entries $u_i$, root mean square $r$, and every variance taken about the mean:

    ``"norm"``
        $|u| / \sqrt D$; 1 is typical of N(0, I).
    ``"mean"``
        $\bar u$.
    ``"variance"``
        $\log(s_1^2 / s_2^2)$ between the first and the second half of the places (left and right
        of a picture): at a fixed norm and mean the whole variance cannot move, its place can.
    ``"skew"``, ``"kurtosis"``
        Third and fourth standardised moment, the latter less 3.
    ``"sparsity"``
        Share of the entries that are 0.
    ``"correlation"``
        Correlation of neighbouring entries, the mean over the two axes of a picture.
    ``"channels"``
        Standard deviation of $\log s_c^2$ over the channels c; a latent of one channel has the
        four phases of a 2 × 2 grid, into which networks fold it.
    ``"spectrum"``
        The exponent γ of a power spectrum $|k|^{-\gamma}$, by least squares on logarithms.
    ``"quantisation"``
        Share of the entries that have the commonest value other than 0.

    Correlation, channels and spectrum are those of pictures: a vector has none of them.

    Parameters
    ----------
    u
        Latents in standard normal coordinates (``prior.to_normal(z)``): vectors ``(n, D)`` with D
        from 4 on, or pictures ``(n, H, W)`` or ``(n, C, H, W)`` with sides from 4 on.

    Raises
    ------
    BadInput
        If the shape is another, or entries are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures.latent_statistics import latent_statistics
    >>> u = np.random.default_rng(0).standard_normal((500, 1, 28, 28))
    >>> found = latent_statistics(u + 0.5)
    >>> {name: float(found[name].mean().round(1)) for name in ("norm", "mean", "kurtosis")}
    {'norm': 1.1, 'mean': 0.5, 'kurtosis': 0.0}
    """
    x, shape = normal_rows(u)
    rms = np.sqrt(np.mean(x * x, axis=1))
    shaped = tails(x)[1]
    zeros, ties = _repeats(x / np.where(rms > 0, rms, 1)[:, None])
    half = in_first_half(shape)
    values = {
        "norm": rms,
        "mean": x.mean(axis=1),
        "variance": np.log(_variance(x[:, half]) / _variance(x[:, ~half])),
        "skew": shaped["skew"],
        "kurtosis": shaped["kurtosis"],
        "sparsity": zeros,
        "quantisation": ties,
    }
    if len(shape) == 1:
        return values
    grid, channel = as_picture(shape), channel_of(shape)
    lags = neighbours(x, grid)[1]
    by_channel = [_variance(x[:, channel == c]) for c in np.unique(channel)]
    return values | {
        "correlation": (lags["lag_one_1"] + lags["lag_one_2"]) / 2,
        "channels": np.std(np.log(by_channel), axis=0),
        "spectrum": _slope(x.reshape(-1, *grid)),
    }


def normal_rows(u: Array) -> tuple[np.ndarray, tuple[int, ...]]:
    """Latents as rows ``(n, D)`` in float64, and the shape of one."""
    u = as_latents(u, "u")
    shape = tuple(int(side) for side in u.shape[1:])
    sides = shape if len(shape) < 3 else shape[1:]
    if len(shape) not in (1, 2, 3) or min(sides) < 4:
        raise BadInput(
            "`u` must hold vectors (n, D) of 4 entries or more, or pictures (n, H, W) or "
            f"(n, C, H, W) with sides of 4 or more, got shape {tuple(u.shape)}"
        )
    x = to_numpy(flatten(u)).astype(np.float64)
    if not np.isfinite(x).all():
        raise BadInput(
            f"`u` must be finite, got {int((~np.isfinite(x)).sum())} entries that are not"
        )
    return x, shape


def as_picture(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(C, H, W) of a picture's shape."""
    C, H, W = (1,) * (3 - len(shape)) + shape
    return C, H, W


def in_first_half(shape: tuple[int, ...]) -> np.ndarray:
    """Which of the D places lie in the first half of the last axis."""
    side = shape[-1]
    return np.broadcast_to(np.arange(side) < side // 2, shape).ravel()


def channel_of(shape: tuple[int, ...]) -> np.ndarray:
    """The channel of each of the D places; of a one-channel picture, its phase on a 2 × 2 grid."""
    C, H, W = as_picture(shape)
    c, i, j = np.indices((C, H, W))
    return (c if C > 1 else 2 * (i % 2) + j % 2).ravel()


def _variance(x: np.ndarray) -> np.ndarray:
    """Variance of each row, above 0 so that it has a logarithm."""
    return np.maximum(x.var(axis=1), np.finfo(float).tiny)


def _repeats(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of each row at 0, and at its commonest other value."""
    binned = np.rint(x / SAME).astype(np.int64)
    zeros, ties = np.mean(binned == 0, axis=1), np.zeros(len(x))
    for i, row in enumerate(binned):
        rest = row[row != 0]
        if len(rest):
            ties[i] = np.unique(rest, return_counts=True)[1].max() / len(row)
    return zeros, ties


def _slope(pictures: np.ndarray) -> np.ndarray:
    """The γ of log |û(k)|² = a - γ log |k| over all frequencies but 0."""
    power = np.mean(np.abs(np.fft.fft2(pictures)) ** 2, axis=1)
    log_k = np.log(frequencies(*pictures.shape[2:]))
    inside = np.ones(log_k.shape, dtype=bool)
    inside[0, 0] = False
    a = log_k[inside] - log_k[inside].mean()
    return -np.log(np.maximum(power[:, inside], np.finfo(float).tiny)) @ a / (a @ a)


def frequencies(H: int, W: int) -> np.ndarray:
    """|k| of each Fourier mode ``(H, W)`` in cycles a pixel; that of the mean is the next one's."""
    k = np.hypot(np.fft.fftfreq(H)[:, None], np.fft.fftfreq(W)[None, :])
    k[0, 0] = 1 / max(H, W)
    return k
