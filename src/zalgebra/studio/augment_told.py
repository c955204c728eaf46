"""What every augmentation writes: tables, the parents of its rows, and an account of itself."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.estimators.samplers import LatentResampler, Provenance
from zalgebra.files import aside
from zalgebra.types import BadInput

__all__ = ["Augmented", "delimiter", "label_of", "origins", "saved_model", "told", "write_table"]

TARGETS = ("class", "label", "target", "y")  # names of a column of labels, the first that is there


@dataclass(frozen=True)
class Augmented:
    """What was written: where, of which label, and how many rows of each class."""

    output: Path
    provenance: Path
    label: str
    before: dict[str, int]
    after: dict[str, int]
    model: str
    method: str

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        paths = {"output": str(self.output), "provenance": str(self.provenance)}
        return {**vars(self), **paths}


def label_of(known: Iterable[str], wanted: str | None) -> str:
    """The column of classes: the one that is named, or the first whose name says so."""
    known = list(known)
    if wanted is None:
        wanted = next((name for name in TARGETS if name in known), None)
    if wanted in known:
        return wanted
    if wanted is None:
        there = (
            f"there are {', '.join(known)}" if known else "there is none here: one folder a class"
        )
        raise BadInput(f"name the column of classes with --label; {there}")
    raise BadInput(f"there is no column {wanted!r}; there are {', '.join(known) or 'none'}")


def saved_model(model: str, kinds: str) -> Any:
    """A model from its folder; `BadInput` says what else ``--model`` may name."""
    from zalgebra.models import load

    if not Path(model).is_dir() and model != "faces":
        raise BadInput(f"--model must be one of {kinds}, or a saved model's folder, got {model!r}")
    return load(model)


def origins(provenance: Provenance, names: list[str]) -> list[list[str]]:
    """A table with a row for each synthetic one: its parents by name, and their weights."""
    k = provenance.parents.shape[1]
    of = [f"{word}_{i + 1}" for i in range(k) for word in ("parent", "weight")]
    lines = [["row", "class", "method", "seed", "noise", "noise_number", *of]]
    first = len(names) - len(provenance)
    for i, row in enumerate(provenance):
        pairs = zip(row["parents"], row["weights"], strict=True)
        parents = [cell for p, w in pairs for cell in (names[p], f"{w:.17g}")]
        parents += [""] * (2 * k - len(parents))
        facts = (row["method"], row["seed"], f"{row['noise']:g}", row["number"])
        lines.append([names[first + i], *map(str, (row["label"], *facts)), *parents])
    return lines


def delimiter(path: Path) -> str:
    """What stands between the cells of a table of this ending."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def write_table(path: Path, lines: list[list[str]]) -> None:
    """Write all lines or none."""
    with aside(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=delimiter(path), lineterminator="\n").writerows(lines)


def told(
    output: Path,
    beside: Path,
    label: str,
    y: np.ndarray,
    y_new: np.ndarray,
    model: str,
    resampler: LatentResampler,
) -> Augmented:
    """The account, with the classes counted before and after."""
    counts = [np.unique(values, return_counts=True) for values in (y, y_new)]
    before, after = ({str(c): int(n) for c, n in zip(*of, strict=True)} for of in counts)
    return Augmented(output, beside, label, before, after, model, resampler.method)
