"""What the demo's report is told from: the model at work on pictures that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra.items import Items
from zalgebra.algebra.latent import Latent
from zalgebra.data.datasets import Dataset
from zalgebra.measures.accuracy import EditEffect
from zalgebra.models import Reader
from zalgebra.studio.recipes import Edit, Recipe
from zalgebra.studio.workspace import Workspace

__all__ = ["Outcome", "Scene", "columns"]


@dataclass(frozen=True)
class Outcome:
    """One edit tried on held-out items."""

    edit: Edit
    rows: np.ndarray  # the held-out items that it was tried on
    latents: np.ndarray  # after the edit
    effect: EditEffect


@dataclass(frozen=True)
class Scene:
    """Everything that the report's stories are told from."""

    recipe: Recipe
    workspace: Workspace
    reader: Reader | None
    held: Dataset
    latents: np.ndarray  # of the held-out items
    spreads: dict[str, float]
    outcomes: list[Outcome]
    seed: int

    def edited(self, change: str, latents: np.ndarray) -> np.ndarray:
        """Latents ``(n, d)`` changed by the terms of an expression."""
        terms, prior = self.workspace.evaluate(change), self.workspace.prior
        return np.stack([(Latent(z, "item") + terms).array(prior=prior) for z in latents])

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Pictures of latents ``(n, d)``."""
        return self.workspace.model.inverse_transform(latents)

    def rows(self, where: Any) -> np.ndarray:
        """The held-out items that meet conditions."""
        return np.flatnonzero(
            Items(self.latents, self.held.labels, classes=self.held.classes).mask(where)
        )

    def read(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        """What the judge reads; a class column becomes one 0/1 column a class."""
        assert self.reader is not None
        return columns(self.reader.predict(pictures), self.held.classes)


def columns(read: Mapping[str, np.ndarray], classes: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Readings as numbers: a class column becomes one 0/1 column for each class."""
    numbers: dict[str, np.ndarray] = {}
    for name, values in read.items():
        if name in classes:
            numbers |= {c: (values == i).astype(float) for i, c in enumerate(classes[name])}
        else:
            numbers[name] = np.asarray(values, dtype=float)
    return numbers
