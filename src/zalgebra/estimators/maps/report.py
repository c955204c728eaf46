"""What an inverse says of its own answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["MapInverse"]


@dataclass(frozen=True, eq=False)
class MapInverse:
    """How far the latents of places on a map can be trusted.

    Parameters
    ----------
    error
        ``(n,)``: the error to be expected of each latent, root mean square over its entries, in
        the latents' units. It is that of the held-out items nearby; farther than the reach from
        any item it goes over to that of an item drawn at random.
    outside
        ``(n,)`` of bool: off the hull of the items, or farther than the reach from any.
    distance
        ``(n,)``: from the nearest item, in units of the reach. What is beyond a million sizes of
        the map is taken to lie there.
    method
        The inverse that was chosen.
    held_out
        Its error over all held-out items.
    reach
        The distance on the map that one item in a hundred of the same kind exceeds.
    """

    error: np.ndarray
    outside: np.ndarray
    distance: np.ndarray
    method: str
    held_out: float
    reach: float

    def __len__(self) -> int:
        return len(self.error)

    @property
    def sentence(self) -> str:
        """The report in words."""
        out, n = int(self.outside.sum()), len(self)
        if n == 0:
            return "no points were asked for"
        inside = self.error[~self.outside]
        said = [f"held-out error of the inverse ({self.method}): {self.held_out:.3g} an entry"]
        if len(inside):
            said.append(f"expected inside the data {np.sqrt((inside**2).mean()):.3g}")
        if out:
            guess = np.sqrt((self.error[self.outside] ** 2).mean())
            said.append(
                f"{out} of {n} points lie outside the data (off its hull, or farther than "
                f"{self.reach:.3g} from any item), and what is there is a guess "
                f"(expected error {guess:.3g})"
            )
        else:
            said.append(f"all {n} points lie inside the data")
        return "; ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "error": self.error.tolist(),
            "outside": self.outside.tolist(),
            "distance": self.distance.tolist(),
            "method": self.method,
            "held_out": self.held_out,
            "reach": self.reach,
            "sentence": self.sentence,
        }

    def __repr__(self) -> str:
        return f"MapInverse({self.sentence})"
