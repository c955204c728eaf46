"""Recipes: which data, model, judge and edits the demo uses for each kind of data."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zalgebra.data import datasets
from zalgebra.data.datasets import Dataset
from zalgebra.models import VAE, Reader
from zalgebra.studio.default_models import KINDS, default_model
from zalgebra.types import BadInput

__all__ = ["KINDS", "Edit", "Recipe", "default_model", "recipe"]

Condition = tuple[str, str, float | str]
FEW = 1000  # pictures; so few are mirrored to learn from


@dataclass(frozen=True)
class Edit:
    """A change, the held-out items that it is tried on, and what it is meant to do.

    Parameters
    ----------
    title
        What a person would call it.
    change
        Terms added to an item's expression.
    where
        Conditions on the held-out items it is tried on.
    meant
        Readings that are to change, +1 up or -1 down; for a class, its name and +1.
    """

    title: str
    change: str
    where: tuple[Condition, ...]
    meant: Mapping[str, int]


@dataclass(frozen=True)
class Recipe:
    """Everything that a demo needs.

    Parameters
    ----------
    name
        Of the data.
    train, judge, held
        Data that the model is fitted on, that the judge is trained on (made when it is called
        for), and that neither saw.
    model, reader
        Not fitted yet.
    edits
        What is tried.
    directions
        Name to (positive conditions, negative conditions), learned on the training items.
    items
        How many training items the workspace keeps.
    group
        Label whose items stay together, such as a person; items of one group are twins.
    """

    name: str
    train: Dataset
    judge: Callable[[], Dataset]
    held: Dataset
    model: VAE
    reader: Reader | None
    edits: tuple[Edit, ...] = ()
    directions: Mapping[str, tuple[Sequence[Condition], Sequence[Condition]]] = field(
        default_factory=dict
    )
    items: int = 12_000
    group: str | None = None


def recipe(
    data: str,
    *,
    size: int | None = None,
    group: str | None = None,
    labels: Sequence[str] | None = None,
    seed: int = 0,
) -> Recipe:
    """The recipe for ``"faces"``, ``"digits"``, ``"fashion-mnist"`` or a folder or table."""
    if data == "faces":
        return _faces(seed)
    if data == "digits":
        return _digits(seed)
    if data == "fashion-mnist":
        return _fashion(seed)
    return _pictures(data, size, group, labels, seed)


def _faces(seed: int) -> Recipe:
    return Recipe(
        name="faces",
        train=datasets.faces(12_000, seed=1000 + seed),
        judge=lambda: datasets.faces(10_000, seed=2000 + seed),
        held=datasets.faces(2_000, seed=3000 + seed),
        model=VAE(32, beta=16.0, max_epochs=48, patience=None, random_state=seed),
        reader=Reader(max_epochs=20, random_state=seed),
        edits=(
            Edit("add a smile", "+ smile", (("smile", "=", 0),), {"smile": +1}),
            Edit("add glasses", "+ glasses", (("glasses", "=", 0),), {"glasses": +1}),
            Edit("remove the beard", "- beard", (("beard", "=", 1),), {"beard": -1}),
            Edit(
                "smile, then glasses, then turn",
                "+ smile + glasses + turn",
                (("smile", "=", 0), ("glasses", "=", 0), ("turn", "<", 0)),
                {"smile": +1, "glasses": +1, "turn": +1},
            ),
        ),
        directions={
            "smile": ([("smile", "=", 1)], [("smile", "=", 0)]),
            "glasses": ([("glasses", "=", 1)], [("glasses", "=", 0)]),
            "beard": ([("beard", "=", 1)], [("beard", "=", 0)]),
            "turn": ([("turn", ">", 1 / 3)], [("turn", "<", -1 / 3)]),
        },
    )


def _digits(seed: int) -> Recipe:
    train, held = split(datasets.digits(), 0.25, seed)
    edits, directions = _class_edits("class", (("3", "8"), ("1", "7"), ("9", "5")))
    return Recipe(
        name="digits",
        train=train,
        judge=lambda: train,
        held=held,
        model=VAE(
            10,
            max_epochs=60,
            batch_size=32,
            learning_rate=2e-3,
            patience=None,
            random_state=seed,
        ),
        reader=Reader(max_epochs=60, batch_size=64, random_state=seed),
        edits=edits,
        directions=directions,
    )


def _fashion(seed: int) -> Recipe:
    train = datasets.fashion_mnist("train")
    pairs = (("Sandal", "Ankle boot"), ("T-shirt/top", "Dress"), ("Pullover", "Coat"))
    edits, directions = _class_edits("class", pairs)
    return Recipe(
        name="fashion-mnist",
        train=train,
        judge=lambda: train,
        held=datasets.fashion_mnist("test"),
        model=VAE(20, beta=16.0, max_epochs=8, batch_size=256, patience=None, random_state=seed),
        reader=Reader(width=32, max_epochs=6, random_state=seed),
        edits=edits,
        directions=directions,
        items=20_000,
    )


def _pictures(
    source: str, size: int | None, group: str | None, labels: Sequence[str] | None, seed: int
) -> Recipe:
    """Somebody's own pictures: whatever labels there are, and none are needed."""
    whole = datasets.load(source, size=size, labels=labels)
    if len(whole) < 20:
        raise BadInput(f"the demo needs at least 20 pictures, {source} has {len(whole)}")
    train, held = split(whole, 0.25, seed, group)
    train = _mirrored(train) if len(train) < FEW else train
    edits: list[Edit] = []
    directions: dict[str, tuple[list[Condition], list[Condition]]] = {}
    readable: dict[str, np.ndarray] = {}
    for label, values in whole.labels.items():
        distinct = np.unique(values)
        if label == group or len(distinct) < 2 or len(distinct) > 20:
            continue
        if label in whole.classes:
            names = [whole.classes[label][int(v)] for v in distinct]
            more, learned = _class_edits(label, ((names[0], names[1]),))
            directions |= learned
            edits += more
        else:
            low, high = float(distinct[0]), float(distinct[-1])
            directions[label] = ([(label, "=", high)], [(label, "=", low)])
            edits.append(Edit(f"add {label}", f'+ "{label}"', ((label, "=", low),), {label: +1}))
        readable[label] = values
    return Recipe(
        name=Path(source).stem,
        train=train,
        judge=lambda: train,
        held=held,
        model=default_model(train.images, seed=seed),
        reader=Reader(max_epochs=30, batch_size=32, learning_rate=1e-3, random_state=seed)
        if readable
        else None,
        edits=tuple(edits[:4]),
        directions=directions,
        group=group,
    )


def _mirrored(dataset: Dataset) -> Dataset:
    """Few pictures and their mirror images, twice as many to learn from."""
    return dataclasses.replace(
        dataset,
        images=np.concatenate([dataset.images, dataset.images[..., ::-1]]),
        labels={k: np.concatenate([v, v]) for k, v in dataset.labels.items()},
        names=(*dataset.names, *(f"{name} (mirrored)" for name in dataset.names)),
        source=f"{dataset.source} Mirrored.",
    )


def _class_edits(
    label: str, pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[Edit, ...], dict[str, tuple[list[Condition], list[Condition]]]]:
    """From one class to another by the difference of their means."""
    edits, directions = [], {}
    for a, b in pairs:
        name = f"{a} to {b}"
        directions[name] = ([(label, "=", b)], [(label, "=", a)])
        edits.append(Edit(name, f'+ "{name}"', ((label, "=", a),), {b: +1, a: -1}))
    return tuple(edits), directions


def split(
    whole: Dataset, share: float, seed: int, group: str | None = None
) -> tuple[Dataset, Dataset]:
    """Two parts of a data set; items with one value of the label ``group`` stay together."""
    if group is not None and group not in whole.labels:
        known = ", ".join(whole.labels) or "none"
        raise BadInput(f"unknown label {group!r} to group by; the labels are: {known}")
    of = np.arange(len(whole)) if group is None else whole.labels[group]
    groups = np.random.default_rng(seed).permutation(np.unique(of))
    held = np.isin(of, groups[: max(1, round(share * len(groups)))])
    return whole[~held], whole[held]
