"""Folders of pictures to folders with a subfolder for each class, given pictures copied."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.estimators.samplers import LatentResampler
from zalgebra.studio.augment_told import (
    Augmented,
    label_of,
    origins,
    saved_model,
    told,
    write_table,
)
from zalgebra.types import BadInput

__all__ = ["augment_pictures"]


def augment_pictures(
    source: str,
    output: Path,
    label: str | None,
    model: str,
    size: int | None,
    verbose: bool,
    options: dict[str, Any],
) -> Augmented:
    """Write the pictures by class with new ones among them, and a table of their parents."""
    from zalgebra.data import datasets

    dataset = datasets.load(source, size=size)
    label = label_of(dataset.labels, label)
    y = _class_names(dataset, label)
    network = _picture_model(model, dataset.images, options, verbose)
    resampler = LatentResampler(network, **options)
    with _new_folder(output) as folder:
        X_new, y_new = resampler.fit_resample(dataset.images, y)
        names = _file_names(dataset.names, y, y_new)
        files = _originals(source, dataset.names) if size is None else {}
        for i, name in enumerate(names):
            _put(X_new[i], files.get(i), folder / name)
        write_table(folder / "provenance.csv", origins(resampler.provenance_, names))
    return told(output, output / "provenance.csv", label, y, y_new, model, resampler)


def _file_names(given: Sequence[str], y: np.ndarray, y_new: np.ndarray) -> list[str]:
    """Where each picture goes: its class's folder, under its own name or a number."""
    names = [f"{_folder(c)}/{_flat(name)}" for c, name in zip(y, given, strict=True)]
    if len(set(names)) < len(names):
        raise BadInput("two pictures would get one name; name the files differently")
    digits = len(str(len(y_new)))
    return names + [
        f"{_folder(c)}/synthetic-{i:0{digits}}.png" for i, c in enumerate(y_new[len(y) :], start=1)
    ]


def _originals(source: str, names: Sequence[str]) -> dict[int, Path]:
    """The files of those pictures that have one."""
    origin = Path(source) if Path(source).is_dir() else Path(source).parent
    return {i: origin / name for i, name in enumerate(names) if (origin / name).is_file()}


def _put(picture: np.ndarray, original: Path | None, place: Path) -> None:
    """A copy of the file itself, or the picture saved."""
    from zalgebra.data.pictures import save_picture

    if original is None:
        save_picture(picture, place)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, place)


def _class_names(dataset: Any, label: str) -> np.ndarray:
    values = dataset.labels[label]
    if label in dataset.classes:
        return np.array(dataset.classes[label])[values]
    if values.dtype.kind == "f" and np.any(values != values.round()):
        raise BadInput(f"the label {label!r} holds measures and no classes; name another")
    return values.astype(int).astype(str) if values.dtype.kind == "f" else values.astype(str)


def _picture_model(model: str, images: np.ndarray, options: dict[str, Any], verbose: bool) -> Any:
    from typing import get_args

    from zalgebra.studio.options import Kind

    if model == "none":
        return None
    if model == "pca":
        from sklearn.decomposition import PCA

        return PCA(0.95, svd_solver="full")
    if model in get_args(Kind):
        from zalgebra.studio.recipes import default_model

        return default_model(images, model, seed=options["random_state"], verbose=verbose)
    return saved_model(model, ", ".join(("none", *get_args(Kind))))


def _folder(c: str) -> str:
    """A class as the name of a folder."""
    return re.sub(r"[^\w .+-]", "_", c).strip(". ") or "_"


def _flat(name: str) -> str:
    """A picture's path as one name, with the ending of a picture."""
    flat = "_".join(Path(name).parts[-2:]) if len(Path(name).parts) > 2 else Path(name).name
    return flat if Path(flat).suffix else f"{flat}.png"


@contextmanager
def _new_folder(output: Path) -> Any:
    """A folder to write to, which takes its place when the block ends well."""
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise BadInput(f"{output} is there already; choose another place with -o")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}."))
    except OSError as error:
        raise BadInput(f"cannot write {output}: {error.strerror}; choose another place") from error
    try:
        yield beside
        if output.exists():
            output.rmdir()
        beside.chmod(0o755)
        beside.replace(output)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
