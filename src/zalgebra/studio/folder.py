"""What a workspace is on disk: a model, a card, and the items that the model encoded.

Everything is written aside and then renamed, and parts are kept as they are done, so that a killed
run leaves what was there, and the next one goes on.
"""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any, Self

import numpy as np

from zalgebra.algebra.items import Items
from zalgebra.files import read_json, read_tensors, write_json, write_tensors
from zalgebra.models import Model, load
from zalgebra.studio.locks import locked, remove
from zalgebra.studio.messages import Track, quiet
from zalgebra.studio.names import WorkspaceNames, area
from zalgebra.types import BadInput, WrongModel

__all__ = ["Folder"]

FORMAT = 1
PART = 2048  # items encoded between two looks at the disk


class Folder:
    """A model and its encoded items in a folder; `zalgebra.Workspace` computes with them."""

    def __init__(self, path: str | Path, /) -> None:
        self.path = Path(path)
        if not (self.path / "workspace.json").is_file():
            raise BadInput(f"there is no workspace in {self.path}: make one by `zalgebra fit`")
        self._read()
        self.model = load(self.path / "model")
        self.prior, self.spec = self.model.prior_, self.model.spec_
        self._check_model()
        self._items: Items | None = None

    @classmethod
    def create(cls, path: str | Path, model: Any, /) -> Self:
        """Make a workspace with a fitted model and no items yet."""
        path = Path(path)
        _check_fitted(model)
        with _whole_or_absent(path):
            if (path / "workspace.json").exists():
                raise BadInput(
                    f"{path} is a workspace already; open it by Workspace(path), "
                    "or choose another place"
                )
            model.save(path / "model")
            remove(path.glob("model/.*"))  # what a killed run left half written
            card = {"format": FORMAT, "fingerprint": model.spec_.fingerprint}
            write_json(
                path / "workspace.json", {**card, "items": None, "encoded": [], "classes": {}}
            )
            return cls(path)

    def _read(self) -> None:
        card = read_json(self.path / "workspace.json")
        if not isinstance(card, dict) or card.get("format") != FORMAT:
            found = card.get("format") if isinstance(card, dict) else None
            raise BadInput(f"{self.path} has format {found}, this zalgebra reads {FORMAT}")
        missing = {"fingerprint", "items", "encoded", "classes"} - set(card)
        if missing:
            raise BadInput(f"{self.path / 'workspace.json'} lacks {', '.join(sorted(missing))}")
        self._card: dict[str, Any] = card

    def _check_model(self) -> None:
        if self._card["fingerprint"] != self.spec.fingerprint:
            raise WrongModel(
                f"the model in {self.path} was exchanged after its items were encoded; "
                "fit into a new workspace"
            )

    # Items.

    @property
    def items(self) -> Items:
        """The encoded items and everything that has a name here."""
        if self._items is None:
            latents = np.zeros((0, *self.spec.latent_shape), np.float32)
            labels: dict[str, np.ndarray] = {}
            if self._card["items"] is not None:
                tensors, header = self._read_items()
                if header.get("fingerprint") != self.spec.fingerprint:
                    raise WrongModel(f"the items of {self.path} were encoded by another model")
                latents = tensors.pop("latents")
                labels = {name.removeprefix("label."): v for name, v in tensors.items()}
            self._items = WorkspaceNames(self, latents, labels)
        return self._items

    def _read_items(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        name = self._card["items"]
        try:
            return read_tensors(self.path / name)
        except BadInput:
            self._read()
            if self._card["items"] == name:
                raise
            return read_tensors(self.path / self._card["items"])  # another process has added items

    @property
    def classes(self) -> dict[str, list[str]]:
        """The words of each label that holds class indices."""
        return self._card["classes"]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        labels = ", ".join(self.items.labels) or "none"
        return (
            f"Workspace({str(self.path)!r}, {self.spec.model}, latents {self.spec.latent_shape}, "
            f"{len(self)} items, labels: {labels})"
        )

    def encode(self, dataset: Any, /, *, track: Track = quiet) -> int:
        """Encode a `zalgebra.datasets.Dataset` and add its items; return how many were new.

        Parts are kept as they are done, so a killed run goes on where it was; a data set that is
        here already is not added again.
        """
        if not hasattr(dataset, "fingerprint"):
            raise BadInput(
                f"`encode` takes a data set, got {type(dataset).__name__}; make one of arrays by "
                "za.datasets.Dataset"
            )
        with locked(self.path):
            self._read()
            self._check_model()
            self._forget()
            self._sweep()
            mark = dataset.fingerprint
            if mark in self._card["encoded"] or len(dataset) == 0:
                return 0
            self._check_data(dataset)
            self._check_labels(dataset)
            folder = self.path / "parts" / mark[:16]
            rounds = track(range(math.ceil(len(dataset) / PART)), "encoding")
            try:
                parts = [self._part(folder / f"{i:06d}.safetensors", dataset, i) for i in rounds]
            finally:
                if isinstance(rounds, Generator):
                    rounds.close()  # a progress bar ends before anything is said of an error
            self._add(np.concatenate(parts), dataset, mark)
            self._sweep()
            return len(dataset)

    def _forget(self) -> None:
        """Drop what was read or made of the items: there will be others."""
        self._items = None

    def _part(self, file: Path, dataset: Any, i: int) -> np.ndarray:
        if file.is_file():
            tensors, header = read_tensors(file)
            if header.get("fingerprint") == self.spec.fingerprint:
                return tensors["latents"]
        latents = self.model.transform(dataset.images[i * PART : (i + 1) * PART])
        write_tensors(file, {"latents": latents}, {"fingerprint": self.spec.fingerprint})
        return latents

    def _sweep(self) -> None:
        """Remove what is used no more: old items, parts of what is here, halves of killed runs."""
        old = [f for f in self.path.glob("items-*.safetensors") if f.name != self._card["items"]]
        remove([*old, *self.path.glob(".items-*"), *self.path.glob(".workspace.json.*")])
        parts = self.path / "parts"
        for mark in self._card["encoded"]:
            if (parts / mark[:16]).is_dir():
                remove((parts / mark[:16]).iterdir())
                (parts / mark[:16]).rmdir()
        with contextlib.suppress(OSError):  # none was made, or other parts are waiting
            parts.rmdir()

    def _check_data(self, dataset: Any) -> None:
        mine, new = self.spec.data_shape, tuple(dataset.images.shape[1:])
        if mine != new:
            raise BadInput(
                f"the model takes data of {area(mine)}, {dataset.name} has {area(new)}; "
                "resize or convert it, or fit another workspace to it"
            )
        for name, values in dataset.labels.items():
            if values.dtype.kind not in "biuf":
                raise BadInput(
                    f"label {name!r} holds {values.dtype}; give numbers, or class indices with "
                    "the words in `classes`"
                )

    def _check_labels(self, dataset: Any) -> None:
        if len(self) and dataset.labels.keys() != self.items.labels.keys():
            mine, new = ", ".join(self.items.labels) or "none", ", ".join(dataset.labels) or "none"
            raise BadInput(
                f"the items here have the labels {mine}, the new ones {new}; make them equal"
            )
        classes = {k: list(v) for k, v in dataset.classes.items()}
        if len(self) and classes != self._card["classes"]:
            raise BadInput("the new items have other classes than the items here; make them equal")

    def _add(self, fresh: np.ndarray, dataset: Any, mark: str) -> None:
        old = self.items
        tensors = {"latents": np.concatenate([old.latents, fresh])}
        for name, values in dataset.labels.items():
            before = old.labels.get(name, values[:0])
            tensors[f"label.{name}"] = np.concatenate([before, values])
        name = f"items-{mark[:12]}.safetensors"
        write_tensors(self.path / name, tensors, {"fingerprint": self.spec.fingerprint})
        self._card |= {
            "items": name,
            "encoded": [*self._card["encoded"], mark],
            "classes": {k: list(v) for k, v in dataset.classes.items()},
        }
        write_json(self.path / "workspace.json", self._card)
        self._items = None


def _check_fitted(model: Any) -> None:
    if hasattr(model, "spec_") and hasattr(model, "save"):
        return
    name = type(model).__name__
    if isinstance(model, Model):
        raise BadInput(f"this {name} is not fitted yet: call fit(X) first")
    raise BadInput(
        f"a workspace takes a model of zalgebra, got {name}; an object that has transform and "
        "inverse_transform becomes one by za.models.Wrapped(object).fit(X)"
    )


@contextlib.contextmanager
def _whole_or_absent(path: Path) -> Generator[None]:
    """Hold a new workspace for writing; what was not there before goes again if it is refused."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    was_locked = (path / ".lock").exists()
    with locked(path):
        before = set(path.iterdir())
        try:
            yield
        except BaseException:
            for new in set(path.iterdir()) - before:
                shutil.rmtree(new) if new.is_dir() else new.unlink()
            with contextlib.suppress(OSError):  # another process has come in; Windows holds locks
                if not was_locked:
                    (path / ".lock").unlink()
                for folder in missing:
                    folder.rmdir()
            raise
