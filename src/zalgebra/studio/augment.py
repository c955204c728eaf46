"""Fill up the rare classes of a table or of a folder of pictures: files in, files out."""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.estimators.samplers import LatentResampler, Provenance
from zalgebra.files import aside
from zalgebra.types import BadInput

__all__ = ["Augmented", "augment"]

TARGETS = ("class", "label", "target", "y")  # names of a column of labels, the first that is there
PICTURES = ("path", "file", "image")  # columns that make a table a list of pictures
WHOLE = re.compile(r"[+-]?\d+")


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
        header, cells = _read(path)
        if not set(header) & set(PICTURES):
            return _table(header, cells, output, label, model, options)
    return _pictures(source, output, label, model or "pca", size, verbose, options)


# Tables.


def _table(
    header: list[str],
    cells: list[list[str]],
    output: Path,
    label: str | None,
    model: str | None,
    options: dict[str, Any],
) -> Augmented:
    if output.suffix.lower() not in (".csv", ".tsv"):
        raise BadInput(f"a table becomes a table: -o must end in .csv or .tsv, got {output}")
    label = _label(header, label)
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
    _write(output, [header, *cells, *new])
    names = [str(i + 1) for i in range(len(y_new))]
    _write(beside, _origins(resampler.provenance_, names))
    return _said(output, beside, label, y, y_new, model or "none", resampler)


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and cells of a table, every row of one length."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [[c.strip() for c in row] for row in csv.reader(stream, delimiter=_mark(path))]
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


def _mark(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _label(known: Iterable[str], wanted: str | None) -> str:
    known = list(known)
    if wanted is None:
        wanted = next((name for name in TARGETS if name in known), None)
    if wanted in known:
        return wanted
    if wanted is None:
        raise BadInput(f"name the column of classes with --label; there are {', '.join(known)}")
    raise BadInput(f"there is no column {wanted!r}; there are {', '.join(known) or 'none'}")


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
    return _saved(model, "none, pca")


def _saved(model: str, kinds: str) -> Any:
    from zalgebra.models import load

    if not Path(model).is_dir() and model != "faces":
        raise BadInput(f"--model must be one of {kinds}, or a saved model's folder, got {model!r}")
    return load(model)


# Pictures.


def _pictures(
    source: str,
    output: Path,
    label: str | None,
    model: str,
    size: int | None,
    verbose: bool,
    options: dict[str, Any],
) -> Augmented:
    from zalgebra.data import datasets
    from zalgebra.data.pictures import save_picture

    dataset = datasets.load(source, size=size)
    label = _label(dataset.labels, label)
    y = _class_names(dataset, label)
    X, network = dataset.images, _picture_model(model, dataset.images, options, verbose)
    resampler = LatentResampler(network, **options)
    with _new_folder(output) as folder:
        X_new, y_new = resampler.fit_resample(X, y)
        origin = Path(source) if Path(source).is_dir() else Path(source).parent
        names = [f"{_folder(c)}/{_flat(name)}" for c, name in zip(y, dataset.names, strict=True)]
        if len(set(names)) < len(names):
            raise BadInput("two pictures would get one name; name the files differently")
        digits = len(str(len(y_new)))
        names += [
            f"{_folder(c)}/synthetic-{i + 1:0{digits}}.png" for i, c in enumerate(y_new[len(y) :])
        ]
        for i, name in enumerate(names):
            original = origin / dataset.names[i] if i < len(y) and size is None else None
            if original is not None and original.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(original, folder / name)
            else:
                save_picture(X_new[i], folder / name)
        _write(folder / "provenance.csv", _origins(resampler.provenance_, names))
    return _said(output, output / "provenance.csv", label, y, y_new, model, resampler)


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
    return _saved(model, ", ".join(("none", *get_args(Kind))))


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


# Both.


def _origins(provenance: Provenance, names: list[str]) -> list[list[str]]:
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


def _write(path: Path, lines: list[list[str]]) -> None:
    with aside(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=_mark(path), lineterminator="\n").writerows(lines)


def _said(
    output: Path,
    beside: Path,
    label: str,
    y: np.ndarray,
    y_new: np.ndarray,
    model: str,
    resampler: LatentResampler,
) -> Augmented:
    counts = [np.unique(values, return_counts=True) for values in (y, y_new)]
    before, after = ({str(c): int(n) for c, n in zip(*of, strict=True)} for of in counts)
    return Augmented(output, beside, label, before, after, model, resampler.method)
