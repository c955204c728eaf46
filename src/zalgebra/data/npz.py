"""Pictures and labels in an ``.npz`` file, its headers checked before anything is unpacked."""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic

from zalgebra.data.columns import choose_columns, choose_rows, to_labels
from zalgebra.data.dataset import Dataset
from zalgebra.data.pictures import check_memory, fit_pictures
from zalgebra.types import BadInput


def read_npz(
    path: Path,
    size: int | None,
    mode: str | None,
    n: int | None,
    seed: int,
    labels: Sequence[str] | None,
) -> Dataset:
    """Pictures of an ``.npz`` file; the options are those of `images`."""
    # The headers first: what is too large or holds objects is refused before it is unpacked.
    with _guarded(path):
        shapes = _headers(path)
    if "images" not in shapes:
        raise BadInput(f"`{path}` must hold an array `images`, got {', '.join(shapes) or 'none'}")
    total = (*shapes["images"][0], 0)[0]
    if total == 0:
        raise BadInput(f"`{path}` must hold at least one picture in `images`, got none")
    rows = choose_rows(total, n, seed)
    columns = [k for k, (shape, _) in shapes.items() if shape == (total,) and k != "images"]
    columns = list(choose_columns(dict.fromkeys(columns), labels))
    for key in ("images", *columns):
        shape, dtype = shapes[key]
        if dtype.hasobject:
            raise BadInput(
                f"`{key}` in `{path}` must hold numbers or text, got Python objects, which can "
                "run code: save it with astype(str) or astype(float)"
            )
        check_memory(shape[0], shape[1:], dtype.itemsize)
    with _guarded(path), np.load(path, allow_pickle=False) as archive:
        pixels = archive["images"]
        arrays = {key: archive[key] for key in columns}
    values, classes = to_labels(arrays, lambda i: f"{i} (counted from 0)")
    return Dataset(
        path.stem,
        fit_pictures(pixels if n is None else pixels[rows], size=size, mode=mode),
        {key: column[rows] for key, column in values.items()},
        tuple(str(i) for i in rows),
        classes,
        source=f"Pictures read from {path.name}, under the terms of their owners.",
    )


@contextmanager
def _guarded(path: Path) -> Generator[None]:
    try:
        yield
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen types on damaged files
        raise BadInput(
            f"`{path}` must be a whole .npz file as np.savez writes it, got an error: {error}"
        ) from error


def _headers(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            with archive.open(member) as stream:
                old = read_magic(stream) == (1, 0)
                read = read_array_header_1_0 if old else read_array_header_2_0
                shape, _, dtype = read(stream)
                headers[member.removesuffix(".npy")] = (shape, dtype)
    return headers
