"""Where each synthetic row comes from: its parents, their weights, its noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

__all__ = ["Provenance", "joined"]

NONE = -1  # stands where a row has fewer parents than others


@dataclass(frozen=True, eq=False)
class Provenance:
    """The recipe of m synthetic rows, enough to make them again from the same data.

    Row i is made of the items ``parents[i]`` with ``weights[i]``, combined in the latent space by
    ``method``; the noise of its own is `zalgebra.noise` of its ``number``, times ``noise[i]``.

    Parameters
    ----------
    label
        Class ``(m,)`` of each row, as an index into ``classes``.
    parents
        Rows of the data ``(m, k)``; -1 where there is none.
    weights
        Their weights ``(m, k)``, 0 where there is none. All zero for ``"gaussian"``, whose rows
        are draws: its parent is the nearest item, which gives the categories only.
    noise
        How much of the class's own spread is added as noise, ``(m,)``: 1 for draws and for rows of
        a class with a single item, else 0.
    number
        Of that noise, ``(m,)`` uint64.
    method, seed
        What made them: the method, and the seed that ``random_state`` led to.
    classes
        The labels that ``label`` counts.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators.samplers import LatentResampler
    >>> X, y = np.arange(12.0)[:, None], np.repeat([0, 1], [9, 3])
    >>> resampler = LatentResampler(method="interpolate", random_state=0)
    >>> _ = resampler.fit_resample(X, y)
    >>> resampler.provenance_
    Provenance(6 rows by 'interpolate', seed 209652396, of 1 class)
    >>> resampler.provenance_[0]["parents"]
    [9, 10]
    """

    label: np.ndarray
    parents: np.ndarray
    weights: np.ndarray
    noise: np.ndarray
    number: np.ndarray
    method: str
    seed: int
    classes: tuple[Any, ...]

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, row: int) -> dict[str, Any]:
        """One row's recipe, as plain values."""
        there = self.parents[row] != NONE
        return {
            "label": self.classes[int(self.label[row])],
            "parents": self.parents[row][there].tolist(),
            "weights": self.weights[row][there].tolist(),
            "noise": float(self.noise[row]),
            "number": int(self.number[row]),
            "method": self.method,
            "seed": self.seed,
        }

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[row] for row in range(len(self)))

    def take(self, rows: Any) -> Provenance:
        """The recipes of these rows: a slice, a mask or indices."""
        kept = ("label", "parents", "weights", "noise", "number")
        return replace(self, **{name: getattr(self, name)[rows] for name in kept})

    @property
    def main_parent(self) -> np.ndarray:
        """Of each row, the parent with the largest weight ``(m,)``: the first if all are 0."""
        return self.parents[np.arange(len(self)), self.weights.argmax(axis=1)]

    def __repr__(self) -> str:
        count = len(np.unique(self.label))
        return (
            f"Provenance({len(self)} rows by {self.method!r}, seed {self.seed}, "
            f"of {count} class{'' if count == 1 else 'es'})"
        )


def joined(parts: list[Provenance], /) -> Provenance:
    """Recipes one after the other; those with fewer parents are filled up with none."""
    k = max(part.parents.shape[1] for part in parts)
    return replace(
        parts[0],
        label=np.concatenate([part.label for part in parts]),
        parents=np.concatenate([_wide(part.parents, k, NONE) for part in parts]),
        weights=np.concatenate([_wide(part.weights, k, 0.0) for part in parts]),
        noise=np.concatenate([part.noise for part in parts]),
        number=np.concatenate([part.number for part in parts]),
    )


def _wide(rows: np.ndarray, k: int, fill: float) -> np.ndarray:
    return np.pad(rows, ((0, 0), (0, k - rows.shape[1])), constant_values=fill)
