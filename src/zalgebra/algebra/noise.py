"""Numbered noise: latent 3 is the same latent on every array library, device and batch."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from zalgebra.algebra._arrays import as_like, namespace
from zalgebra.algebra._whole import as_shape
from zalgebra.types import Array, BadInput

__all__ = ["LARGEST", "as_shape", "noise", "whole_number"]

LARGEST = 2**64 - 1


def noise(
    number: int | Sequence[int], shape: int | Sequence[int], *, like: Array | None = None
) -> Array:
    r"""Standard normal latents by their number, always the same ones.

    Entry $i$, in flat order, depends on the number and on $i$ alone:

    $$z_i = \Phi^{-1}\!\left(\left(\lfloor r_i / 2^{12} \rfloor + \tfrac12\right) / 2^{52}\right),$$

    with $r_i$ the $i$-th word of 64 bits of the counter-based generator Philox-4x64-10 under the
    number as its key. So a larger latent begins with the entries of a smaller one, and a batch
    holds what its members are alone. NumPy computes it on the CPU, whatever ``like`` is.

    Parameters
    ----------
    number
        From 0 to 2⁶⁴ - 1; ``n`` of them give ``n`` latents.
    shape
        Of one latent.
    like
        An array of the library, dtype and device to be given; by default NumPy's float32. The
        values are those of float32 in any dtype that can hold them.

    Returns
    -------
    array
        ``shape``, or ``(n, *shape)`` for several numbers.

    Raises
    ------
    BadInput
        If a number is not whole, or out of range.

    References
    ----------
    Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, SC 2011.

    Examples
    --------
    >>> import zalgebra as za
    >>> za.noise(3, 4).tolist() == za.noise([2, 3], (2, 2))[1].ravel().tolist()
    True
    """
    shape = as_shape(shape)
    if isinstance(number, Sequence | np.ndarray) and np.ndim(number):
        rows = [_flat(n, math.prod(shape)) for n in number]
        z = np.reshape(rows, (len(rows), *shape)).astype(np.float32, copy=False)
    else:
        z = _flat(number, math.prod(shape)).reshape(shape)
    if like is None:
        return z
    real = namespace(like).isdtype(like.dtype, "real floating")
    return as_like(z, like, dtype=None if real else namespace(like).float32)


def whole_number(number: Any) -> int:
    """The number as a Python integer, if it may name a latent."""
    try:
        n = operator.index(number)
    except TypeError:
        n = -1
    if not 0 <= n <= LARGEST:
        shown = str(number) if len(str(number)) <= 40 else str(number)[:37] + "..."
        raise BadInput(f"a latent's number is whole, from 0 to {LARGEST}, got {shown}")
    return n


def _flat(number: Any, size: int) -> np.ndarray:
    """The first entries of a numbered latent."""
    bits = np.random.Philox(key=whole_number(number)).random_raw(size)
    # The centres of 2^52 equal intervals: exact in float64, symmetric, never 0 or 1.
    u = ((bits >> np.uint64(12)).astype(float) + 0.5) * 2.0**-52
    return ndtri(u).astype(np.float32)
