"""Tables that list pictures: the names in one column, their labels in the others."""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

from zalgebra.data.columns import numbers_or_text
from zalgebra.data.dataset import Columns
from zalgebra.types import BadInput

PATH_COLUMNS = ("path", "file", "image")


def read_table(path: Path) -> tuple[list[str], Columns]:
    """Names of the pictures that a table lists, and its other columns."""
    header, rows = _read_rows(path)
    key = next((key for key in PATH_COLUMNS if key in header), None)
    if key is None:
        raise BadInput(
            f"`{path}` must have a column {', '.join(PATH_COLUMNS[:-1])} or {PATH_COLUMNS[-1]}, "
            f"got {', '.join(header)}"
        )
    if not rows:
        raise BadInput(f"`{path}` must have at least one row below its header, got none")
    texts = dict(zip(header, zip(*rows, strict=True), strict=True))
    # Tables from Windows separate folders with a backslash.
    names = [PurePosixPath(text.replace("\\", "/")).as_posix() for text in texts.pop(key)]
    return names, {name: numbers_or_text(column) for name, column in texts.items() if name}


def read_list(table: Path) -> tuple[list[str], Columns]:
    """`read_table`, for a table whose pictures lie beside it."""
    names, columns = read_table(table)
    for i, name in enumerate(names, start=1):
        if not (table.parent / name).is_file():
            raise BadInput(
                f"`{table}` must list files that exist beside it, got `{name}` in row {i}"
            )
    return names, columns


def read_columns(table: Path, names: list[str]) -> Columns:
    """Columns of a table in the order of ``names``, each of which it lists once."""
    listed, columns = read_table(table)
    place = {name: i for i, name in enumerate(listed)}
    if len(place) < len(listed):
        twice = next(name for i, name in enumerate(listed) if place[name] != i)
        raise BadInput(f"`{table}` must list each picture once, got `{twice}` again")
    for name in names:
        if name not in place:
            raise BadInput(f"`{table}` must have a row for each picture, got none for `{name}`")
    present = set(names)
    for name in listed:
        if name not in present:
            raise BadInput(f"`{table}` must list pictures of its folder, got `{name}`")
    order = [place[name] for name in names]
    return {key: values[order] for key, values in columns.items()}


def _read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            lines = [[cell.strip() for cell in line] for line in reader if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"`{path}` must be a table in UTF-8, got an error: {error}") from error
    if not lines:
        raise BadInput(f"`{path}` must have a header and rows, got an empty table")
    header, *rows = lines
    named = [name for name in header if name]
    if len(set(named)) < len(named):
        raise BadInput(f"`{path}` must name its columns differently, got {', '.join(header)}")
    for i, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise BadInput(f"`{path}` must have {len(header)} cells in row {i}, got {len(row)}")
    return header, rows
