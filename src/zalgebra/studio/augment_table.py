"""Tables to tables: cells are copied as they are, new ones are written in the manner of theirs."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.estimators.samplers import LatentResampler
from zalgebra.studio.augment_told import (
    Augmented,
    delimiter,
    label_of,
    origins,
    saved_model,
    told,
    write_table,
)
from zalgebra.types import BadInput

__all__ = ["augment_table", "read_table"]

WHOLE = re.compile(r"[+-]?\d+")


def augment_table(
    header: list[str],
    cells: list[list[str]],
    output: Path,
    label: str | None,
    model: str | None,
    options: dict[str, Any],
) -> Augmented:
    """Write the cells and new rows below them, and a table of their parents beside it."""
    if output.suffix.lower() not in (".csv", ".tsv"):
        raise BadInput(f"a table becomes a table: -o must end in .csv or .tsv, got {output}")
    label = label_of(header, label)
    columns = dict(zip(header, map(list, zip(*cells, strict=True)), strict=True))
    y = np.array(columns.pop(label))
    if empty := [name for name, column in [*columns.items(), (label, y)] if "" in column]:
        raise BadInput(f"column {empty[0]!r} has empty cells; fill them in, or leave it out")
    if not columns:
        raise BadInput(f"the table has no column beside {label!r}")
    X, categories = _numbers(columns)
    resampler = LatentResampler(
        _table_model(model or "none"), categorical_features=categories, **options
    )
    X_new, y_new = resampler.fit_resample(X, y)
    made = [_words(X_new[len(y) :, j], column) for j, column in enumerate(columns.values())]
    place = header.index(label)
    new = [[*row[:place], c, *row[place:]] for *row, c in zip(*made, y_new[len(y) :], strict=True)]
    beside = output.with_name(f"{output.stem}.provenance.csv")
    write_table(output, [header, *cells, *new])
    names = [str(i + 1) for i in range(len(y_new))]
    write_table(beside, origins(resampler.provenance_, names))
    return told(output, beside, label, y, y_new, model or "none", resampler)


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and cells of a table, every row of one length."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [
                [c.strip() for c in row] for row in csv.reader(stream, delimiter=delimiter(path))
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} must be a table in UTF-8, got an error: {error}") from error
    lines = [line for line in lines if any(line)]
    if len(lines) < 3:
        raise BadInput(f"{path} must have a header and two rows or more")
    header, *cells = lines
    if len(set(header)) < len(header):
        raise BadInput(f"{path} must name its columns differently, got {', '.join(header)}")
    for i, row in enumerate(cells, start=1):
        if len(row) != len(header):
            raise BadInput(f"{path} must have {len(header)} cells in row {i}, got {len(row)}")
    return header, cells


def _numbers(columns: dict[str, list[str]]) -> tuple[np.ndarray, list[int]]:
    """The columns as one array, and which of them hold words."""
    from zalgebra.data.columns import numbers_or_text

    read = [numbers_or_text(column) for column in columns.values()]
    words = [j for j, column in enumerate(read) if column.dtype.kind == "U"]
    X = np.empty((len(read[0]), len(read)), dtype=object if words else float)
    for j, column in enumerate(read):
        X[:, j] = column
    return X, words


def _words(values: np.ndarray, column: Sequence[str]) -> list[str]:
    """New cells of a column, with as many decimals as its cells have."""
    if values.dtype == object and values.size and isinstance(values[0], str):
        return values.tolist()
    if all(WHOLE.fullmatch(cell) for cell in column):
        return [str(round(v)) for v in values]
    if any("e" in cell.lower() for cell in column):
        return [repr(float(v)) for v in values]
    decimals = max(len(cell.partition(".")[2]) for cell in column)
    return [f"{v:.{decimals}f}" for v in values]


def _table_model(model: str) -> Any:
    if model == "none":
        return None
    if model == "pca":
        from sklearn.decomposition import PCA
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), PCA(0.95))
    return saved_model(model, "none, pca")
