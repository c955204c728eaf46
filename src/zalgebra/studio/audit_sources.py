"""Where an audit's model and items come from: a workspace or a saved model, and data by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.data import datasets
from zalgebra.models import load
from zalgebra.studio.audit_trial import Redraw
from zalgebra.studio.workspace import Workspace
from zalgebra.types import BadInput

__all__ = ["Source", "source_of"]


@dataclass(frozen=True, eq=False)
class Source:
    """A model, its items, and their origin in ``words``: what `zalgebra.studio.audit` takes."""

    model: Any
    X: np.ndarray | None
    latents: np.ndarray | None
    labels: Mapping[str, np.ndarray]
    classes: Mapping[str, Sequence[str]]
    redraw: Redraw | None
    words: str


def source_of(
    model: Path, data: str | None, /, *, n: int, labels: Sequence[str] | None, seed: int
) -> Source:
    """The model in a folder, with data of that name, or with the workspace's own items.

    Raises
    ------
    BadInput
        If there is no model, no data to a model that is no workspace, or they do not fit.
    """
    if (model / "workspace.json").is_file():
        space = Workspace(model)
        if data is None:
            return _own(space, n, labels, seed)
        network = space.model
    else:
        network = load(model)
        if not hasattr(network, "inverse_transform"):
            raise BadInput(f"{model} holds a {type(network).__name__}, which does not decode")
        if data is None:
            raise BadInput(f"{model} has no items of its own: name data, such as faces")
    shape = tuple(network.spec_.data_shape)
    fixed = data in ("digits", "fashion-mnist")
    size = shape[-1] if len(shape) == 3 and not fixed else None
    found = datasets.load(
        data, size=size, n=n if data == "faces" else None, labels=labels, seed=seed
    )
    if found.images.shape[1:] != shape:
        raise BadInput(f"the model takes data of {shape}, {data} has {found.images.shape[1:]}")
    if len(found) > n:
        found = found[np.random.default_rng(seed).permutation(len(found))[:n]]
    redraw = _drawn(n, shape[-1], seed) if data == "faces" else None
    words = f"{found.name}, {len(found)} items. {found.source}".strip()
    return Source(network, found.images, None, found.labels, found.classes, redraw, words)


def _own(space: Workspace, n: int, labels: Sequence[str] | None, seed: int) -> Source:
    items = space.items
    unknown = [k for k in labels or () if k not in items.labels]
    if unknown:
        known = ", ".join(items.labels) or "none"
        raise BadInput(f"there is no label {unknown[0]!r} in {space.path}; there are: {known}")
    rows = np.random.default_rng(seed).permutation(len(items))[:n]
    kept = {k: v[rows] for k, v in items.labels.items() if labels is None or k in labels}
    words = f"{len(rows)} of {len(items)} items of {space.path}"
    return Source(space.model, None, items.latents[rows], kept, space.classes, None, words)


def _drawn(n: int, size: int, seed: int) -> Redraw:
    """Faces of a table of factors; a factor that the table lacks is some face's, row by row."""
    whole = datasets.sample_factors(n, seed=seed)

    def draw(table: Mapping[str, np.ndarray]) -> np.ndarray:
        rows = len(next(iter(table.values())))
        return datasets.draw_faces({**{k: v[:rows] for k, v in whole.items()}, **table}, size=size)

    return draw
