"""`Comparison`: the cells of a folder, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from zalgebra.studio.bench.cells import Kept
from zalgebra.studio.bench.expectations import Expectation, expectations
from zalgebra.studio.bench.gaps import Gap, References, gaps
from zalgebra.studio.bench.pool import Pool

__all__ = ["Comparison"]


@dataclass(frozen=True)
class Comparison:
    """What was compared, and what came out.

    Parameters
    ----------
    output
        The folder of the results.
    configuration
        What every cell stands on; two folders with one configuration hold the same figures.
    facts
        Model, judge, data, versions, machine and date, as plain values.
    cells
        All cells of the folder, the seeds themselves among them.
    pools
        The seeds of each source and repeat.
    references
        Features and classes of the real items that each is held against.
    names
        What each class is called.
    against
        The method that gaps are taken to.
    """

    output: Path
    configuration: dict[str, Any]
    facts: dict[str, Any]
    cells: list[Kept]
    pools: dict[tuple[str, int], Pool]
    references: References
    names: tuple[str, ...]
    against: str

    @cached_property
    def expectations(self) -> list[Expectation]:
        """The paper's claims, held against these cells."""
        return expectations(self.cells, self.references)

    @cached_property
    def gaps(self) -> list[Gap]:
        """Every other method less ``against``, over pairs of the same seeds and weights."""
        return gaps(self.cells, self.references, self.against)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what results.json holds."""
        return {
            "configuration": self.configuration,
            **self.facts,
            "expectations": [e.to_dict() for e in self.expectations],
            "gaps": [gap.to_dict() for gap in self.gaps],
            "cells": [cell.to_dict() for cell in self.cells],
        }
