"""A workspace on disk: a model, its prior, encoded items with labels, directions.

Every verb here is a line or two into another room; this file only knows where things lie.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import numpy as np

from zalgebra.algebra import weights as rows
from zalgebra.algebra.certificate import Certificate, check
from zalgebra.algebra.expressions import evaluate
from zalgebra.algebra.items import Items
from zalgebra.algebra.latent import Latent
from zalgebra.estimators.directions import Direction
from zalgebra.files import read_json, read_tensors, write_json, write_tensors
from zalgebra.models import load
from zalgebra.studio.locks import locked, remove
from zalgebra.studio.messages import Track, quiet
from zalgebra.studio.mixes import as_mix, checked_options, described
from zalgebra.studio.names import WorkspaceNames, area, is_file
from zalgebra.types import BadInput, WrongModel

__all__ = ["Result", "Workspace"]

FORMAT = 1
PART = 2048  # items encoded between two looks at the disk


@dataclass(frozen=True, repr=False)
class Result:
    """What a verb made: latents, their pictures and how plausible they are.

    Parameters
    ----------
    expression
        The words that made it.
    latents
        Shape ``(n, *latent_shape)``.
    pictures
        Decoded data ``(n, *data_shape)``.
    certificate
        Of the latents against the workspace's prior.
    describe
        Gives `mix`; none for a walk.
    """

    expression: str
    latents: np.ndarray
    pictures: np.ndarray
    certificate: Certificate
    describe: Callable[[], dict[str, Any]] | None = None

    @property
    def mix(self) -> dict[str, Any] | None:
        """What the latent was made of, as plain JSON values that `Workspace.mix` replays."""
        return None if self.describe is None else self.describe()

    def __repr__(self) -> str:
        return f"Result({self.expression!r}, {len(self.latents)}: {self.certificate.verdict})"


class Workspace:
    """A folder that holds everything that one model's latents are computed with.

    Parameters
    ----------
    path
        The folder, by custom ``something.zal``. It must exist; `Workspace.create` makes one.

    Raises
    ------
    BadInput
        If there is no workspace there, or its format is newer.

    Examples
    --------
    >>> import tempfile, zalgebra as za
    >>> digits = za.datasets.digits()[:300]
    >>> vae = za.models.VAE(latent_dim=6, max_epochs=2, verbose=False).fit(digits.images)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ws = za.Workspace.create(folder + "/digits.zal", vae)
    ...     _ = ws.encode(digits)
    ...     result = ws.edit("img:12", "+ mean(class=3) - mean(class=8)")
    >>> result.pictures.shape, len(result.certificate)
    ((1, 1, 8, 8), 1)
    """

    def __init__(self, path: str | Path, /) -> None:
        self.path = Path(path)
        if not (self.path / "workspace.json").is_file():
            raise BadInput(f"there is no workspace in {self.path}: make one by `zalgebra fit`")
        self._read()
        self.model = load(self.path / "model")
        self.prior, self.spec = self.model.prior_, self.model.spec_
        self._check_model()
        self._items: Items | None = None
        self._directions: dict[str, Direction] = {}

    @classmethod
    def create(cls, path: str | Path, model: Any, /) -> Self:
        """Make a workspace with a fitted model and no items yet."""
        path = Path(path)
        if not hasattr(model, "spec_"):
            raise BadInput(f"this {type(model).__name__} is not fitted yet: call fit(X) first")
        with locked(path):
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
        with locked(self.path):
            self._read()
            self._check_model()
            self._items = None
            self._directions.clear()  # those of labels are learned anew, from the new items too
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

    # Directions.

    def direction(self, name: str, /) -> Direction:
        """The direction of this name: one that `learn` saved, or that of the label of this name.

        A label with two values gives their groups; one with more numbers its upper and lower
        third. It is learned from all items that are here now, so it is not saved.
        """
        if name in self._directions:
            return self._directions[name]
        file = self._direction_file(name)
        if is_file(file):
            self._directions[name] = Direction.load(file, fingerprint=self.spec.fingerprint)
            return self._directions[name]
        usable = [k for k in self.items.labels if k not in self.classes]
        if name not in usable:
            raise BadInput(
                f"there is no direction {name!r} and no numeric label to learn it from "
                f"(there are: {', '.join(usable) or 'none'}); `learn` makes one from two groups"
            )
        values = self.items.labels[name]
        low, high = np.quantile(values, [1 / 3, 2 / 3])
        if low == high:  # two values, one of them rare, or nearly constant
            low, high = values.min(), values.max()
        return self._learn(name, [(name, ">=", float(high))], [(name, "<=", float(low))])

    def learn(
        self,
        name: str,
        /,
        positive: Sequence[tuple[str, str, float | str]],
        negative: Sequence[tuple[str, str, float | str]],
    ) -> Direction:
        """Learn a direction between two groups of items, given by conditions, and save it."""
        direction = self._learn(name, positive, negative)
        with locked(self.path):
            direction.save(self._direction_file(name))
        return direction

    def _learn(self, name: str, positive: Any, negative: Any) -> Direction:
        chosen = [np.flatnonzero(self.items.mask(c)) for c in (positive, negative)]
        both = np.concatenate(chosen)
        used = {label for label, _, _ in [*positive, *negative]}
        direction = Direction.from_groups(
            self.items.latents[chosen[0]],
            self.items.latents[chosen[1]],
            name=name,
            attributes={
                k: v[both]
                for k, v in self.items.labels.items()
                if k not in used and k not in self.classes
            },
            fingerprint=self.spec.fingerprint,
        )
        self._directions[name] = direction
        return direction

    def _direction_file(self, name: str) -> Path:
        """Any name is a file's name: ``T-shirt/top`` is no folder, ``..`` no way out."""
        return self.path / "directions" / f"{quote(name, safe=' ').replace('.', '%2E')}.safetensors"

    # Verbs: expression in, pictures and certificate out.

    def evaluate(self, expression: str, /) -> Latent:
        """The `Latent` of an expression over items, labels and directions."""
        return evaluate(expression, self.items)

    def mix(
        self, expression: str | Path | Mapping[str, Any], /, *, method: str | None = None
    ) -> Result:
        """Realise an expression, such as ``"img:3 + mean(smile=1) - mean(smile=0)"``.

        A ``mix.json``, by its path or as a dictionary, is replayed as it was: the same latent to
        the bit. It is refused if it was made with another model, or of other items.
        """
        found = as_mix(expression)
        if found is None:
            latent = self.evaluate(str(expression))
            how: dict[str, Any] = {"method": method or "lol", "correlation": "estimate"}
        else:
            how = checked_options(found, self.spec, method)
            latent = Latent.from_dict(found, self.items)
        how["shape"] = tuple(self.spec.latent_shape)
        z = latent.array(prior=self.prior, **how)

        def describe() -> dict[str, Any]:  # when asked for, since it reads every seed
            return described(latent.to_dict(prior=self.prior, **how), self.spec)

        return self._result(repr(latent), z[None], describe)

    def edit(self, item: str, change: str, /, *, method: str = "lol") -> Result:
        """Change an item: ``edit("img:12", "+ 30° smile")``."""
        joined = change if change.lstrip().startswith(("+", "-", "−")) else f"+ {change}"
        return self.mix(f"{item} {joined}", method=method)

    def walk(
        self,
        keyframes: Sequence[str],
        /,
        steps: int = 9,
        *,
        method: str = "lol",
        closed: bool = False,
    ) -> Result:
        """Walk through expressions in order; each segment takes the same time.

        The keyframes stay symbolic, so that what they share is known: their weights are blended,
        and the prior is applied once. Each keyframe is met as it is by itself.
        """
        w = rows.polyline(len(keyframes), steps, closed=closed)
        walk = reduce(add, (self.evaluate(key) * w[:, i] for i, key in enumerate(keyframes)))
        z = walk.array(prior=self.prior, method=method, correlation="estimate")
        return self._result(" → ".join(keyframes), z)

    def _result(self, expression: str, z: np.ndarray, describe: Any = None) -> Result:
        z = np.asarray(z, dtype=np.float32)
        pictures = self.model.inverse_transform(z)
        return Result(expression, z, pictures, check(z, self.prior), describe)
