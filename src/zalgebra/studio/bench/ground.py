"""What a comparison stands on: pictures of classes in two halves, a model, and a judge."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from zalgebra.data import datasets
from zalgebra.data.datasets import Dataset
from zalgebra.models import load
from zalgebra.studio.names import area
from zalgebra.studio.options import Kind
from zalgebra.types import BadInput

__all__ = [
    "MANY", "Classed", "Data", "decoded", "fitted", "learned", "learned_judge", "prepared",
    "unlabelled",
]  # fmt: skip

MANY = 20  # values of a column of numbers from which on they are measures and no classes
JUDGED = 20_000  # pictures that the classifier learns from, at most
LEAST = 8  # pictures of a class: half of them to learn from, the others seeds and reference

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Classed:
    """Pictures ``(n, C, H, W)`` and the index of each one's class ``(n,)``."""

    images: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: np.ndarray) -> Classed:
        return Classed(self.images[rows], self.y[rows])


@dataclass(frozen=True)
class Data:
    """Pictures to learn from, and held-out ones that neither model nor judge learns from.

    Parameters
    ----------
    name
        Of the data.
    label
        The column of classes.
    names
        What each class is called.
    train, held
        Both halves.
    source
        Origin and licence.
    """

    name: str
    label: str
    names: tuple[str, ...]
    train: Classed
    held: Classed
    source: str

    @property
    def mark(self) -> str:
        """SHA-256 over pictures and classes."""
        digest = hashlib.sha256(repr((self.label, self.names)).encode())
        for half in (self.train, self.held):
            digest.update(np.ascontiguousarray(half.images).data)
            digest.update(half.y.astype("<i8").tobytes())
        return digest.hexdigest()

    def chosen(self, wanted: Sequence[str] | None) -> tuple[int, ...]:
        """The indices of the classes of these names; all of them by default."""
        if wanted is None:
            return tuple(range(len(self.names)))
        if unknown := [name for name in wanted if name not in self.names]:
            raise BadInput(f"there is no class {unknown[0]!r}; there are: {', '.join(self.names)}")
        return tuple(i for i, name in enumerate(self.names) if name in wanted)


def prepared(
    data: str | Path | Dataset,
    /,
    *,
    label: str | None = None,
    size: int | None = None,
    n: int | None = None,
) -> Data:
    """Pictures of a column of classes, in two halves.

    Fashion-MNIST comes in its own parts; of all other data half is held out at random, by the seed
    0, so that the same command has the same halves.

    Parameters
    ----------
    data
        ``"digits"``, ``"fashion-mnist"``, ``"faces"``, a folder or a table, or a data set.
    label
        Its column of classes; by default the first that there is.
    size, n
        As in `zalgebra.datasets.load`.
    """
    if isinstance(data, Dataset):
        return _halves(data, label)
    if data == "fashion-mnist" and n is None:
        train, test = (_classes(datasets.fashion_mnist(part), label) for part in ("train", "test"))
        return Data(str(data), train[0], train[1], train[2], test[2], train[3])
    return _halves(datasets.load(data, size=size, n=n), label)


def unlabelled(
    data: str | Path | Dataset, least: int, /, *, size: int | None = None, n: int | None = None
) -> Data:
    """As `prepared`, of pictures that need no classes: the first column of them, or class 0."""
    if isinstance(data, str) and data == "fashion-mnist" and n is None:
        train, test = (datasets.fashion_mnist(part) for part in ("train", "test"))
        return Data(data, "", (), _any_class(train), _any_class(test), train.source)
    whole = data if isinstance(data, Dataset) else datasets.load(data, size=size, n=n)
    if len(whole) < 2 * least:
        raise BadInput(f"{whole.name} has {len(whole)} pictures, this needs {2 * least}: half of "
                       "them are held out")  # fmt: skip
    items, held = _any_class(whole), np.random.default_rng(0).permutation(len(whole))
    held = held < len(whole) // 2
    return Data(whole.name, "", (), items[~held], items[held], whole.source)


def _any_class(items: Dataset) -> Classed:
    label = next(iter(items.classes), None)
    y = np.zeros(len(items), np.int64) if label is None else items.labels[label].astype(np.int64)
    return Classed(items.images, y)


def _halves(whole: Dataset, label: str | None) -> Data:
    label, names, rows, source = _classes(whole, label)
    for c, name in enumerate(names):
        if (found := int((rows.y == c).sum())) < LEAST:
            raise BadInput(
                f"class {name!r} has {found} pictures, a comparison needs {LEAST} of each; "
                "leave that class out of the data, or bring more"
            )
    held = np.random.default_rng(0).permutation(len(rows)) < len(rows) // 2
    return Data(whole.name, label, names, rows[~held], rows[held], source)


def _classes(whole: Dataset, label: str | None) -> tuple[str, tuple[str, ...], Classed, str]:
    """The column, the names of its classes, the pictures with their indices, and their source."""
    if label is None:
        label = next(iter(whole.classes), None)
    if label is None or label not in whole.labels:
        known, wanted = ", ".join(whole.labels) or "none", "" if label is None else f" {label!r}"
        raise BadInput(
            f"{whole.name} has no column of classes{wanted}: name one by --label (there are: "
            f"{known}), or put the pictures in one folder a class"
        )
    values = whole.labels[label]
    found, y = np.unique(values, return_inverse=True)
    if not len(found) >= 2 or (label not in whole.classes and len(found) > MANY):
        raise BadInput(f"{label!r} has {len(found)} values, a comparison needs classes: 2 or more "
                       f"names, or up to {MANY} numbers")  # fmt: skip
    words = whole.classes.get(label)
    names = tuple(words[int(v)] if words else f"{v:g}" for v in found)
    return label, names, Classed(whole.images, y.astype(np.int64)), whole.source


def fitted(
    model: Any, data: Data, /, *, work: Path, tell: Tell, verbose: bool = False
) -> tuple[Any, str]:
    """A model fitted on the data or given as it is, and one sentence on what it has seen.

    Parameters
    ----------
    model
        A kind of `zalgebra fit`, the folder of a saved model or of a workspace, or a fitted model.
    work
        Where a model that is fitted here is kept: a killed run goes on with its last epoch.
    """
    if isinstance(model, str) and model in get_args(Kind):
        from zalgebra.studio.recipes import default_model

        network = default_model(data.train.images, model, verbose=verbose)
        made = learned(work / "model", network, (data.train.images,), "the model", tell)
        return made, f"fitted here on {len(data.train)} pictures that are none of the held-out ones"
    if isinstance(model, str | Path):
        model = _opened(Path(model))
    if not all(hasattr(model, name) for name in ("prior_", "spec_", "inverse_transform")):
        raise BadInput(
            f"a model has transform, inverse_transform, prior_ and spec_; {type(model).__name__} "
            "lacks one of them, or is not fitted yet (two functions become a model by "
            "`za.models.Functions(decoder, encoder).fit(X)`)"
        )
    mine, new = tuple(model.spec_.data_shape), data.held.images.shape[1:]
    if mine != new:
        raise BadInput(
            f"the model takes data of {area(mine)}, {data.name} has {area(new)}; "
            "name the data that it was fitted on"
        )
    return model, "given; whether it has seen the held-out pictures is not known here"


def decoded(model: Any, z: np.ndarray, /) -> np.ndarray:
    """Pictures ``(n, C, H, W)`` as they would be shown: in [0, 1], which a linear model leaves."""
    return np.clip(np.asarray(model.inverse_transform(z), dtype=np.float32), 0, 1)


def known(model: Any, /) -> None:
    """Refuse a word that is neither a kind nor a folder, before anything is trained."""
    if not isinstance(model, str | Path) or str(model) in (*get_args(Kind), "faces"):
        return
    path = Path(model)
    if not path.is_dir() and path.suffix == ".zal":
        raise BadInput(f"there is no workspace in {path}: make one by `zalgebra fit`")
    if not path.is_dir():
        kinds = ", ".join(get_args(Kind))
        raise BadInput(f"a model is one of {kinds}, a saved model's folder or a workspace, "
                       f"got {str(path)!r}")  # fmt: skip


def _opened(path: Path) -> Any:
    """The model of a folder: saved by itself, or in a workspace."""
    known(path)
    return load(path / "model" if (path / "workspace.json").is_file() else path)


def learned_judge(data: Data, /, *, work: Path, tell: Tell) -> Any:
    """A classifier trained on the first half, on at most 20,000 of its pictures."""
    from zalgebra.models import Reader

    rows = np.random.default_rng(0).permutation(len(data.train))[:JUDGED]
    seen, batch = data.train[np.sort(rows)], 64
    epochs = int(np.clip(math.ceil(2000 * batch / len(seen)), 6, 60))
    reader = Reader(fine=True, max_epochs=epochs, batch_size=batch, verbose=False)
    return learned(
        work / "judge", reader, (seen.images, {data.label: seen.y}), "the classifier", tell
    )


def learned(folder: Path, network: Any, given: tuple[Any, ...], what: str, tell: Tell) -> Any:
    """A network fitted once: kept in a folder, and from its checkpoint on if a run was killed."""
    if (folder / "model.json").is_file():
        return load(folder)
    tell(f"training {what} on {len(given[0])} pictures")
    trains = "max_epochs" in network.get_params()
    checkpoint = folder.with_suffix(".checkpoint.safetensors")
    network.fit(*given, **({"checkpoint": checkpoint, "resume": True} if trains else {}))
    network.save(folder)
    checkpoint.unlink(missing_ok=True)
    return network
