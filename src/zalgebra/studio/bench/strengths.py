"""How strong an edit has to be: the smallest strength at which enough items are read as wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zalgebra.algebra.priors import Normal
from zalgebra.algebra.realise import shifted, turned
from zalgebra.algebra.terms import Shift, Turn
from zalgebra.types import Prior

__all__ = ["SHIFTS", "TURNS", "edited", "enough", "turns", "words"]

SHIFTS = np.geomspace(0.25, 16, 13)  # of δ
TURNS = np.linspace(6, 84, 14)  # degrees
HALVINGS = 3  # of the step of the ladder in which the strength lies


def edited(
    Z: np.ndarray, delta: np.ndarray, strength: float, prior: Prior | None, turn: bool, /
) -> np.ndarray:
    """Latents ``(n, *shape)`` after an edit by δ: of so many δ, or by a turn of so many degrees.

    That of `zalgebra.Latent`, ``item + strength * δ`` or ``item + 20° δ``, for all items at once.
    """
    n = (len(Z),)
    if turn:
        return turned(Z, [(strength, Turn("edit", delta))], n, prior, "lol").astype(np.float32)
    return shifted(Z, [(strength, Shift("edit", delta))], n, prior).astype(np.float32)


def turns(prior: Prior | None, /) -> bool:
    """Whether edits turn by an angle, which keeps the norm of noise; else they add δ."""
    return isinstance(prior, Normal) or bool(getattr(prior, "fixed_radius", False))


def enough(
    success: Callable[[float], float], ladder: Sequence[float] | np.ndarray, target: float, /
) -> tuple[float, bool]:
    """The smallest strength whose share of success reaches the target, and whether one does.

    The ladder is climbed up to its first rung that is high enough, and that step is halved three
    times. If none is, the strength is the rung with the largest share.
    """
    low, shares = 0.0, {}
    for high in map(float, ladder):
        shares[high] = success(high)
        if shares[high] >= target:
            break
        low = high
    else:
        return max(shares, key=lambda s: shares[s]), False
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if success(middle) >= target else (middle, high)
    return high, True


def words(strength: float, turn: bool, reached: bool, /) -> str:
    """A strength with its unit: ``41°``, ``1.3 δ``."""
    size = f"{strength:.0f}°" if turn else f"{strength:.1f} δ"
    return size if reached else f"{size}, the most"
