"""Leakage: what else a direction moves, for one and as a matrix for several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from zalgebra.estimators.directions_readouts import ridge
from zalgebra.estimators.directions_samples import as_rows, attributes_of
from zalgebra.types import Array, BadInput

__all__ = ["LeakageMatrix", "leakage", "leakage_matrix"]


@dataclass(frozen=True)
class LeakageMatrix:
    """How far one δ of each direction moves each attribute's readout, in its standard deviations.

    Parameters
    ----------
    directions, attributes
        Names of the rows and of the columns.
    values
        ``(directions, attributes)``.
    """

    directions: tuple[str, ...]
    attributes: tuple[str, ...]
    values: np.ndarray

    def __rich__(self) -> Table:
        table = Table("one δ of", *self.attributes, title="moves, in sd", title_justify="left")
        for name, row in zip(self.directions, self.values, strict=True):
            table.add_row(name, *(f"{v:+.2f}" for v in row))
        return table


def leakage_matrix(
    directions: Sequence[Any], latents: Array, attributes: Mapping[str, Array], /
) -> LeakageMatrix:
    """The leakage of several directions onto several attributes, read off one set of latents.

    Here the readouts hold nothing still, unlike those of a card, since the directions have several
    labels: attributes that go together in these latents are read off one another's traces too.

    Parameters
    ----------
    directions
        `Direction` objects, or anything with a ``name`` and a ``vector``.
    latents
        ``(n, *shape)``.
    attributes
        Labels of the latents, each ``(n,)``; words become one column a word.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> from zalgebra.estimators.directions_leakage import leakage_matrix
    >>> Z = np.random.default_rng(0).standard_normal((2000, 8))
    >>> labels = {"smile": Z[:, 0] > 0, "age": Z[:, 1] + Z[:, 0]}
    >>> smile = za.Direction.from_labels(Z, labels["smile"], name="smile")
    >>> pure = za.Direction.from_labels(
    ...     Z, labels["smile"], given={"age": labels["age"]}, name="smile given age"
    ... )
    >>> for name, row in zip(["plain", "given"], leakage_matrix([smile, pure], Z, labels).values):
    ...     print(name, *(f"{abs(v):.1f}" for v in row))
    plain 1.3 1.1
    given 1.0 0.0
    """
    Z, _ = as_rows(latents, "latents")
    if not directions or not attributes:
        raise BadInput("a leakage matrix needs at least one direction and one attribute")
    deltas = [np.asarray(d.vector, dtype=float).reshape(-1) for d in directions]
    for d, delta in zip(directions, deltas, strict=True):
        if delta.size != Z.shape[1]:
            raise BadInput(
                f"the direction {d.name!r} has {delta.size} entries, the latents {Z.shape[1]}"
            )
    moved = leakage(Z, np.stack(deltas), attributes_of(attributes, len(Z)))
    names = tuple(d.name for d in directions)
    return LeakageMatrix(names, tuple(moved), np.stack(list(moved.values()), axis=1))


def leakage(
    Z: np.ndarray,
    deltas: np.ndarray,
    attributes: Mapping[str, np.ndarray],
    label: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """How far each δ ``(m, D)`` moves each attribute's linear readout, in its standard deviations.

    The readout is the ridge regression of the attribute on the latents. With ``label`` ``(n,)`` it
    is learned among items that are alike in it: otherwise an attribute that goes with the label is
    read off the label's own traces, and every direction of the label seems to move it. An attribute
    that the label determines is read without.
    """
    if not attributes:
        return {}
    Y = np.stack(list(attributes.values()), axis=1)
    X, Y, sd = Z - Z.mean(axis=0), Y - Y.mean(axis=0), Y.std(axis=0)
    readouts = _readouts(X, Y)
    if label is not None:
        t = (label - label.mean()) / np.linalg.norm(label - label.mean())
        rest = Y - np.outer(t, t @ Y)
        within = rest.std(axis=0) > 1e-6 * sd
        readouts = np.where(within, _readouts(X - np.outer(t, t @ X), rest), readouts)
    moved = deltas @ readouts / np.where(sd > 0, sd, 1.0)
    return dict(zip(attributes, moved.T, strict=True))


def _readouts(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    return ridge(X, Y, 1e-3 * float(np.mean(X**2)) or 1.0)
