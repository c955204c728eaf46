"""Data sets: the pictures that are drawn, shipped or downloaded here, and anybody's own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from zalgebra.data.columns import choose_columns, choose_rows
from zalgebra.data.dataset import Dataset
from zalgebra.data.fashion import fashion_mnist
from zalgebra.data.furniture import furniture, furniture_meshes
from zalgebra.data.pictures import check_memory, check_options
from zalgebra.data.portraits import draw_faces, sample_factors
from zalgebra.data.sources import images
from zalgebra.types import BadInput, MissingExtra

__all__ = [
    "Dataset",
    "digits",
    "draw_faces",
    "faces",
    "fashion_mnist",
    "furniture",
    "furniture_meshes",
    "images",
    "load",
    "sample_factors",
]

BUILT_IN = ("faces", "digits", "fashion-mnist")


def faces(n: int = 1000, size: int = 64, seed: int = 0, **fixed: float) -> Dataset:
    """Drawn faces whose factors are known exactly.

    Parameters
    ----------
    n
        How many.
    size
        Side in pixels.
    seed
        The same seed draws the same faces.
    **fixed
        Factors to hold at one value, for example ``smile=1.0``.

    Raises
    ------
    BadInput
        If a factor is unknown, a number is out of its range, or the pictures would take more
        than 4 GiB.

    Examples
    --------
    >>> ds = faces(4, size=32, seed=1)
    >>> ds.images.shape, "smile" in ds.labels
    ((4, 3, 32, 32), True)
    """
    check_options(size, "RGB")
    factors = sample_factors(n, seed=seed, **fixed)
    check_memory(n, (3, size, size))
    return Dataset(
        "faces",
        draw_faces(factors, size=size),
        dict(factors),
        source="Drawn by zalgebra from random factors: nobody's face, free to use.",
    )


def digits() -> Dataset:
    """The 1797 handwritten digits of 8 × 8 pixels that come with scikit-learn.

    Raises
    ------
    MissingExtra
        If scikit-learn is not installed.

    Examples
    --------
    >>> digits()
    Dataset('digits', 1797 pictures of 1 × 8 × 8, labels: class (10 classes))
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtra("scikit-learn", "data") from None
    bunch = load_digits()
    return Dataset(
        "digits",
        (bunch.images[:, None] / 16).astype(np.float32),  # the pixels count from 0 to 16
        {"class": bunch.target.astype(np.int64)},
        classes={"class": tuple("0123456789")},
        source="Optical Recognition of Handwritten Digits, Alpaydin and Kaynak 1998, "
        "UCI repository, CC BY 4.0, as shipped by scikit-learn.",
    )


def load(
    name_or_path: str | os.PathLike[str],
    *,
    size: int | None = None,
    n: int | None = None,
    seed: int = 0,
    labels: Sequence[str] | None = None,
) -> Dataset:
    """The data set of that name, or at that path: the door of the command line.

    Parameters
    ----------
    name_or_path
        ``"faces"``, ``"digits"``, ``"fashion-mnist"`` (the training part), or what `images`
        reads. A folder that happens to be called like a data set is reached as ``"./faces"``.
    size
        Side in pixels, for faces (default 64) and for pictures of your own.
    n
        How many: faces to draw (default 1000), else rows to pick at random (default all).
    seed
        Seed of the drawing or picking.
    labels
        Names of the label columns to keep; ``None`` keeps all.

    Raises
    ------
    BadInput
        If there is no such data set, or its own function refuses.

    Examples
    --------
    >>> load("digits", n=100)
    Dataset('digits', 100 pictures of 1 × 8 × 8, labels: class (10 classes))
    """
    if name_or_path not in BUILT_IN:
        if not Path(name_or_path).exists():
            raise BadInput(
                f"a data set must be one of {', '.join(BUILT_IN)}, or an existing folder of "
                f"pictures, .csv or .tsv table or .npz file, got {os.fspath(name_or_path)!r}"
            )
        return images(name_or_path, size=size, n=n, seed=seed, labels=labels)
    if name_or_path == "faces":
        whole = faces(1000 if n is None else n, 64 if size is None else size, seed)
    else:
        whole = digits() if name_or_path == "digits" else fashion_mnist()
        if size not in (None, whole.images.shape[-1]):
            raise BadInput(
                f"`size` must be {whole.images.shape[-1]} for {name_or_path}, got {size}"
            )
        whole = whole if n is None else whole[choose_rows(len(whole), n, seed)]
    kept = choose_columns(whole.labels, labels)
    classes = {key: names for key, names in whole.classes.items() if key in kept}
    return replace(whole, labels=kept, classes=classes)
