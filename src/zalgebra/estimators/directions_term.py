"""A direction as a term of expressions: δ, what was learned with it, and its strengths."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from rich.table import Table

from zalgebra.algebra.latent import Latent
from zalgebra.estimators import directions_views as views
from zalgebra.estimators.directions_card import Card
from zalgebra.estimators.directions_file import to_dict, write
from zalgebra.types import BadInput, WrongModel

__all__ = ["Term"]


@dataclass(frozen=True, eq=False, repr=False)
class Term:
    """What a `zalgebra.Direction` holds, and what it does however it was learned."""

    name: str
    vector: np.ndarray
    sd: float
    n: tuple[int, int]
    effect_size: float
    angle_interval: tuple[float, float]
    leakage: dict[str, float] = field(default_factory=dict)
    fingerprint: str = ""
    card: Card | None = None

    __array_ufunc__ = None  # so that NumPy scalars leave ``2 * direction`` to us

    def latent(self, strength: float = 1.0, unit: str | None = None, name: str = "") -> Latent:
        """The direction as a term of an expression.

        Parameters
        ----------
        strength
            How much: group differences, or in ``unit``.
        unit
            ``None`` (default): multiples of δ. ``"°"``: an angle to turn by, the same at any
            scale, which keeps the norm. ``"sd"``: standard deviations of the data along δ.
        name
            The word to print; by default the direction's own.
        """
        word = name or self.name
        if unit is None:
            return strength * Latent.shift(self.vector, word)
        if unit == "°":
            return Latent.turn(self.vector, word, strength)
        if unit == "sd":
            if math.isnan(self.sd):
                raise BadInput(
                    f"the direction {self.name!r} came without latents, so it has no standard "
                    "deviation; give its strength in degrees or as a multiple"
                )
            length = float(np.linalg.norm(self.vector))
            return strength * Latent.shift(self.vector * (self.sd / length), word, unit="sd")
        raise BadInput(f"`unit` must be None, '°' or 'sd', got {unit!r}")

    def __mul__(self, strength: float) -> Latent:
        return self.latent(strength)

    __rmul__ = __mul__

    def __neg__(self) -> Latent:
        return self.latent(-1.0)

    def __add__(self, other: Any) -> Latent:
        return self.latent() + other

    def __sub__(self, other: Any) -> Latent:
        return self.latent() - other

    def check_model(self, fingerprint: str) -> Self:
        """Return self if it belongs to the model of this fingerprint, else raise `WrongModel`."""
        if not isinstance(fingerprint, str):
            raise BadInput(
                "`fingerprint` is text, such as model.spec_.fingerprint, "
                f"got {type(fingerprint).__name__}"
            )
        if self.fingerprint and self.fingerprint != fingerprint:
            raise WrongModel(
                f"the direction {self.name!r} was learned on another model "
                f"({self.fingerprint[:12]}, this one is {fingerprint[:12]}); learn it anew here"
            )
        return self

    @property
    def verdict(self) -> str:
        """One sentence: is there a direction, and how well is it known?"""
        return views.verdict(self)

    def save(self, path: str | Path, /) -> Path:
        """Write one safetensors file, the card in its header."""
        return write(self, path)

    def to_dict(self) -> dict[str, Any]:
        """The card without the vector, as plain JSON values; what is not finite is None."""
        return to_dict(self)

    def __repr__(self) -> str:
        return views.line(self)

    def __rich__(self) -> Table:
        return views.table(self)
