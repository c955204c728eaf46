"""The labels of a workspace's items on a map: groups with names, or numbers with a scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra.words import number_words
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.studio.workspace import Workspace

__all__ = ["colours", "default_label", "legend"]

GROUPS = 12  # values of a label up to which each has a colour and a name of its own


def colours(workspace: Workspace, label: str | None, rows: np.ndarray, /) -> dict[str, Any]:
    """What `map_figures.scatter` is told of a label: groups and their names, or numbers.

    By default the first label of classes, if there is one.
    """
    label = default_label(workspace, label)
    if label is None:
        return {}
    values = workspace.items.labels[label][rows]
    if label in workspace.classes:
        return {"groups": values, "names": workspace.classes[label]}
    known = np.where(np.isfinite(values), values, np.nan)  # what is not is unknown
    kinds, groups = np.unique(known, return_inverse=True)
    if len(kinds) <= GROUPS:
        return {"groups": groups, "names": [f"{label} {_word(float(v))}" for v in kinds]}
    return {"color": values, "label": label}


def _word(value: float) -> str:
    return number_words(value) if math.isfinite(value) else "unknown"


def default_label(workspace: Workspace, label: str | None, /) -> str | None:
    """The label that is asked for, by default the first of classes; None for none."""
    label = next(iter(workspace.classes), None) if label is None else label
    labels = workspace.items.labels
    if label is not None and label != "none" and label not in labels:
        raise BadInput(f"there is no label {label!r}; there are: {', '.join(labels) or 'none'}")
    return None if label == "none" else label


def legend(
    workspace: Workspace, label: str | None, rows: np.ndarray, /
) -> tuple[dict[str, np.ndarray], str | None]:
    """The labels that a page shows, none with ``"none"``, and the one that it shows first.

    A label with more classes than a legend holds is left out, and refused if it is asked for.
    """
    first = default_label(workspace, label)
    held = {} if first is None and label else _legible(workspace, rows)
    if first is not None and first not in held:
        if label is not None:
            raise BadInput(
                f"label {label!r} has {len(workspace.classes[label])} classes, too many for the "
                "legend of a page; colour by another label, or by none"
            )
        first = None
    return held, first


def _legible(workspace: Workspace, rows: np.ndarray, /) -> dict[str, np.ndarray]:
    """The labels of the items that a legend can hold: not those with a word for nearly each."""
    from zalgebra.studio.map_page import KINDS

    labels, classes = workspace.items.labels, workspace.classes
    return {k: v[rows] for k, v in labels.items() if len(classes.get(k, ())) <= KINDS}
