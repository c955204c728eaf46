"""What discovery finds: directions without a name, each with a score and an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from zalgebra.algebra.terms import checked_name
from zalgebra.estimators.directions import Direction
from zalgebra.types import BadInput

__all__ = ["METHODS", "Discovered"]

METHODS = {  # and what the scores of each are
    "pca": "share of the latents' variance",
    "ica": "|excess kurtosis| of the source",
    "sparse": "share of the standardised variance",
    "sefa": "share of the first layer's answer",
    "jacobian": "share of the change of the picture",
}


@dataclass(frozen=True, eq=False)
class Discovered:
    """Directions that were found without labels, the one with the largest effect first.

    Parameters
    ----------
    vectors
        Steps ``(k, *shape)``, each as long as one standard deviation of the prior, its largest
        entry positive.
    scores
        ``(k,)``, what the method went by; `measure` says what that is.
    method
        ``"pca"``, ``"ica"``, ``"sparse"``, ``"sefa"`` or ``"jacobian"``.
    effect
        ``(k,)``: how far one step moves the decoded data, root mean square over the entries of a
        picture (the half of the change from one step back to one step on), mean over items. None
        without a decoder.
    consistency
        ``(k,)``: mean cosine between the changes of two items; 1 if all change alike, about 0 if
        each changes in its own way. None without a decoder.
    n
        Latents that they were found from.
    """

    vectors: np.ndarray
    scores: np.ndarray
    method: str
    effect: np.ndarray | None = None
    consistency: np.ndarray | None = None
    n: int = 0

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def measure(self) -> str:
        """What the scores are."""
        return METHODS[self.method]

    def direction(self, i: int, /, *, name: str = "", fingerprint: str = "") -> Direction:
        """The i-th as a direction with a name; one unit of it, and one ``sd``, are one step.

        Parameters
        ----------
        i
            From 0, the largest effect, on.
        name
            What a person saw; by default such as ``"pca 3"``.
        fingerprint
            Of the model, ``model.spec_.fingerprint``.
        """
        if not 0 <= i < len(self):
            raise BadInput(f"there are the directions 0 to {len(self) - 1}, got {i}")
        vector, unknown = self.vectors[i], math.nan
        return Direction(
            name=checked_name(name or f"{self.method} {i}"),
            vector=vector,
            sd=float(np.linalg.norm(vector)),
            n=(0, 0),
            effect_size=unknown,
            angle_interval=(unknown, unknown),
            fingerprint=fingerprint,
        )

    def to_dict(self) -> dict[str, Any]:
        """All but the vectors, as plain JSON values."""
        effect, alike = self.effect, self.consistency
        return {
            "method": self.method,
            "measure": self.measure,
            "n": self.n,
            "scores": self.scores.tolist(),
            "effect": None if effect is None else effect.tolist(),
            "consistency": None if alike is None else alike.tolist(),
        }

    def __repr__(self) -> str:
        return f"Discovered({self.method!r}, {len(self)} directions of {self.n} latents)"

    def __rich__(self) -> Table:
        table = Table(title=f"found by {self.method} in {self.n} latents", title_justify="left")
        for head in ("", self.measure, "effect of 1 sd", "alike over items"):
            table.add_column(head, justify="right")
        for i, score in enumerate(self.scores):
            shown = [x for x in (self.effect, self.consistency) if x is not None]
            table.add_row(str(i), f"{score:.3f}", *(f"{x[i]:.3f}" for x in shown))
        return table
