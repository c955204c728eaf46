"""Anybody's own pictures: a folder, a table, or an ``.npz`` file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zalgebra.data._pillow import SUFFIXES
from zalgebra.data.columns import choose_columns, choose_rows, to_labels
from zalgebra.data.dataset import Columns, Dataset
from zalgebra.data.npz import read_npz
from zalgebra.data.pictures import read_pictures
from zalgebra.data.tables import read_columns, read_list
from zalgebra.types import BadInput

__all__ = ["images"]


def images(
    source: str | os.PathLike[str],
    *,
    size: int | None = None,
    mode: str | None = None,
    n: int | None = None,
    seed: int = 0,
    labels: Sequence[str] | None = None,
) -> Dataset:
    """Pictures of your own: a folder, a table, or an ``.npz`` file.

    - **A folder**: every PNG, JPEG, WebP, GIF and BMP file below it, sorted by path; hidden ones
      are left out. If all lie in subfolders, and these are two or more, their names become the
      label column ``class``. A ``labels.csv`` in the folder adds columns, as in a table, and
      must have one row for each picture.
    - **A table** (``.csv`` or ``.tsv``): a column ``path``, ``file`` or ``image`` with paths
      relative to the table's folder; the others are labels. Columns without a name are left out.
    - **An .npz file**: ``images`` of uint8, ``(n, H, W)`` or ``(n, H, W, C)``; other arrays of
      shape ``(n,)`` are labels, arrays of other shapes are left out.

    A column of numbers becomes float32, a column of text becomes int64 with its sorted distinct
    values in ``classes``.

    Parameters
    ----------
    source
        Path of the folder, table or file.
    size
        Side in pixels to which pictures are cropped and resized, see `read_picture`; needed if
        they differ in size.
    mode
        ``"RGB"`` or ``"L"`` (grey); ``None`` is RGB for files, and follows the channels of an
        ``.npz``.
    n
        Read only this many pictures, drawn without replacement and kept in order.
    seed
        Seed of that draw.
    labels
        Names of the label columns to read; ``None`` reads all.

    Raises
    ------
    BadInput
        If the source holds no pictures, one is missing, damaged or of another size, a label is
        missing or not finite, or the whole would take more than 4 GiB.
    MissingExtra
        If Pillow is needed and not installed.

    Examples
    --------
    >>> import tempfile
    >>> from zalgebra.data.pictures import save_picture
    >>> with tempfile.TemporaryDirectory(prefix="pets") as folder:
    ...     for file in ("cat/tom.png", "cat/kit.png", "dog/rex.png"):
    ...         _ = save_picture(np.zeros((16, 12)), f"{folder}/{file}")
    ...     ds = images(folder, size=8)
    >>> ds.names, ds.classes["class"], ds.images.shape
    (('cat/kit.png', 'cat/tom.png', 'dog/rex.png'), ('cat', 'dog'), (3, 3, 8, 8))
    """
    path = Path(source)
    if path.is_dir():
        names, columns = _read_folder(path)
    elif not path.exists():
        raise BadInput(f"`{path}` does not exist: give a folder, a .csv or .tsv table or an .npz")
    elif path.suffix.lower() in (".csv", ".tsv"):
        names, columns = read_list(path)
    elif path.suffix.lower() == ".npz":
        return read_npz(path, size, mode, n, seed, labels)
    else:
        raise BadInput(f"`{path}` must be a folder, a .csv or .tsv table or an .npz file")
    folder = path if path.is_dir() else path.parent
    rows = choose_rows(len(names), n, seed)
    columns = choose_columns(columns, labels)
    values, classes = to_labels(columns, lambda i: f"{i + 1} (`{names[i]}`)")
    return Dataset(
        path.resolve().name if path.is_dir() else path.stem,
        read_pictures([folder / names[i] for i in rows], size=size, mode=mode or "RGB"),
        {key: column[rows] for key, column in values.items()},
        tuple(names[i] for i in rows),
        classes,
        source=f"Pictures read from {path.resolve().name}, under the terms of their owners.",
    )


def _read_folder(folder: Path) -> tuple[list[str], Columns]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if _is_picture(path, folder))
    names = sorted(path.as_posix() for path in found)
    if not names:
        raise BadInput(f"`{folder}` must hold pictures ({', '.join(SUFFIXES)}), got none")
    columns: Columns = {}
    tops = [name.split("/")[0] if "/" in name else None for name in names]
    if None not in tops and len(set(tops)) >= 2:
        columns["class"] = np.array(tops, dtype=str)
    table = folder / "labels.csv"
    if table.is_file():
        columns |= read_columns(table, names)
    return names, columns


def _is_picture(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in SUFFIXES and not hidden and path.is_file()
