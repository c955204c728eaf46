"""Fill up the rare classes of a table or of a folder of pictures: files in, files out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zalgebra.studio.augment_pictures import augment_pictures
from zalgebra.studio.augment_table import augment_table, read_table
from zalgebra.studio.augment_told import Augmented
from zalgebra.types import BadInput

__all__ = ["Augmented", "augment"]

PICTURES = ("path", "file", "image")  # columns that make a table a list of pictures


def augment(
    source: str,
    output: str | Path,
    /,
    *,
    label: str | None = None,
    model: str | None = None,
    size: int | None = None,
    seed: int = 0,
    verbose: bool = False,
    **options: Any,
) -> Augmented:
    """Write the rows of ``source`` and synthetic ones, and where each of these comes from.

    A table (``.csv`` or ``.tsv``) of numbers and categories becomes a table; its cells are copied
    as they are, and ``NAME.provenance.csv`` is written beside it. A folder or list of pictures
    becomes a folder with a subfolder for each class and ``provenance.csv`` in it.

    Parameters
    ----------
    source
        A table, a folder or list of pictures, or a data set's name, as ``zalgebra fit`` takes it.
    output
        The table, another than ``source``; or the folder, which must not hold anything yet.
    label
        Column of classes; by default the first of class, label, target, y that is there.
    model
        Where rows are combined: ``"none"`` (the data themselves, default for tables), ``"pca"``
        (default for pictures), another kind that ``zalgebra fit`` knows, or a saved model's folder.
    size
        Side that pictures are cropped and resized to.
    seed
        Of all draws.
    verbose
        Whether a model shows how far its training is.
    **options
        Of `zalgebra.LatentResampler`: ``method``, ``sampling_strategy``, ``k_neighbors``.

    Raises
    ------
    BadInput
        If the source, the label or an option does not fit, or the output is there already.
    """
    path, output = Path(source), Path(output)
    options["random_state"] = seed
    if path.suffix.lower() in (".csv", ".tsv") and path.is_file():
        if output.resolve() == path.resolve():
            raise BadInput(f"{output} is the table itself; choose another place with -o")
        header, cells = read_table(path)
        if not set(header) & set(PICTURES):
            return augment_table(header, cells, output, label, model, options)
    return augment_pictures(source, output, label, model or "pca", size, verbose, options)
