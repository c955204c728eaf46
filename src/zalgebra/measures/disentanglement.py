"""All figures of how codes hold the factors that made the items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zalgebra.measures.dci import DCI, dci
from zalgebra.measures.factor_vae import factor_vae_score
from zalgebra.measures.information import mig, modularity
from zalgebra.measures.sap import sap
from zalgebra.measures.score import Score
from zalgebra.types import Array, BadInput

__all__ = ["Disentanglement", "disentanglement"]


@dataclass(frozen=True, eq=False)
class Disentanglement:
    """All figures of how codes hold factors: see the functions of the same names.

    Parameters
    ----------
    factor_vae
        ``None`` if a factor is a quantity or has a class of one item: a vote holds a class.
    note
        What was left out, and why; empty if nothing was.
    """

    mig: Score
    modularity: Score
    sap: Score
    factor_vae: Score | None
    dci: DCI
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; None for what was left out."""
        plain = {name: figure and figure.to_dict() for name, figure in self._figures.items()}
        return {**plain, "note": self.note}

    def __str__(self) -> str:
        found = ", ".join(f"{name} {figure}" for name, figure in self._figures.items() if figure)
        return found + (self.note and f"; {self.note}")

    @property
    def _figures(self) -> dict[str, Score | DCI | None]:
        return {name: figure for name, figure in vars(self).items() if name != "note"}


def disentanglement(
    codes: Array, factors: Mapping[str, Any] | Array, /, *, seed: int = 0
) -> Disentanglement:
    """MIG, modularity, SAP, FactorVAE score and DCI of the same codes, with their defaults.

    Parameters
    ----------
    codes
        ``(n, d)``, d ≥ 2.
    factors
        At least 2 factors: mapping from names to columns ``(n,)``, or an array ``(n, K)``. With
        a quantity, or a class of one item, among them the FactorVAE score is left out.
    seed
        Of groups, splits, forests and votes.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import disentanglement
    >>> v = np.random.default_rng(0).integers(0, 4, (500, 2))
    >>> found = disentanglement(v + 0.0, {"colour": v[:, 0], "size": v[:, 1]})  # a code a factor
    >>> found.mig.value > 0.9, found.factor_vae.value
    (True, 1.0)
    """
    options = {"seed": seed}
    try:
        votes, note = factor_vae_score(codes, factors, **options), ""
    except BadInput as error:  # what forbids the other scores too, they say themselves
        votes, note = None, f"no FactorVAE score: {error}"
    return Disentanglement(
        mig=mig(codes, factors, **options),
        modularity=modularity(codes, factors, **options),
        sap=sap(codes, factors, **options),
        factor_vae=votes,
        dci=dci(codes, factors, **options),
        note=note,
    )
