"""A torch data set that augments on the fly: other synthetic rows in every epoch."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from zalgebra.estimators.samplers.provenance import Provenance, joined
from zalgebra.estimators.samplers.resampler import LatentResampler
from zalgebra.types import BadInput, MissingExtra

__all__ = ["AugmentedDataset"]

COUNTED = -1  # the epoch is not fixed: it is how often a row has been asked for


class AugmentedDataset:
    """A map-style data set for ``torch.utils.data.DataLoader`` whose rows are made when asked for.

    The given items come first: each is itself or, with probability ``p``, a synthetic row made
    of it. The rows after them fill up the rare classes as the resampler's ``sampling_strategy``
    says; they are always synthetic. What row i is depends on ``seed``, on the epoch and on i
    alone: not on the batch, nor on the worker that makes it, nor on their number.

    Parameters
    ----------
    data
        ``(X, y)``, or a map-style data set of pairs (item, label), which is read once.
    resampler
        A `LatentResampler`; it is cloned, its model is kept if fitted, else fitted on ``data``.
    p
        Probability that a given item is replaced.
    seed
        Of all draws.

    Attributes
    ----------
    classes_ : numpy.ndarray
        The labels that the indices count.

    Notes
    -----
    A row is a pair of a tensor and a class index; with ``"mixup"`` the second is a tensor of the
    classes' shares. A batch is combined by one product and decoded at once (``__getitems__``).

    The epoch of a row is the number of times that it has been asked for before, counted in memory
    that all workers share, so that nothing need be set; `set_epoch` fixes it, as that of
    ``DistributedSampler`` does. Latents of all items are kept in memory, and the model is copied
    to each worker.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators.samplers import LatentResampler
    >>> X = np.random.default_rng(0).random((20, 3), dtype=np.float32)
    >>> y = np.repeat([0, 1], [16, 4])
    >>> data = AugmentedDataset((X, y), LatentResampler(method="correlated"), seed=0)
    >>> len(data), data[31][1]
    (32, 1)
    >>> first, second = data[31][0], data[31][0]  # two epochs
    >>> bool((first == second).all())
    False
    """

    def __init__(
        self, data: Any, resampler: LatentResampler, *, p: float = 0.5, seed: int = 0
    ) -> None:
        if not isinstance(p, int | float | np.number) or not 0 <= p <= 1:
            raise BadInput(f"`p` must lie between 0 and 1, got {p!r}")
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise BadInput(f"`seed` must be a whole number, 0 or more, got {seed!r}")
        torch = _torch()
        X, y = _arrays(data)
        self.p, self.seed = float(p), int(seed)
        self._rows, self._mixer, self.resampler_ = resampler.prepared(X, y)
        self.classes_ = self.resampler_.classes_
        self._X, self._label = X, self._mixer.label
        place = {c: i for i, c in enumerate(self._mixer.classes)}
        extra = [np.full(m, place[c]) for c, m in self.resampler_.sampling_strategy_.items() if m]
        self._extra = np.concatenate([np.zeros(0, dtype=int), *extra])
        # In memory that workers share, so that an epoch counts for all of them.
        self._visits = torch.zeros(len(self), dtype=torch.int64).share_memory_()
        self._epoch = torch.tensor(COUNTED).share_memory_()

    def __len__(self) -> int:
        return len(self._label) + len(self._extra)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Any, Any]]:
        """The rows of a batch, which torch's loader asks for together."""
        rows = [self._row(index) for index in indices]
        recipes = [self._recipe(row, self._next_epoch(row)) for row in rows]
        there = [recipe for recipe in recipes if recipe is not None]
        made = iter(self._made(joined(there)) if there else ())
        return [
            self._given(row) if recipe is None else next(made)
            for row, recipe in zip(rows, recipes, strict=True)
        ]

    def set_epoch(self, epoch: int | None) -> None:
        """Fix the epoch of all rows, 0 or more; ``None`` counts again."""
        number = COUNTED if epoch is None else operator.index(epoch)
        if epoch is not None and number < 0:
            raise BadInput(f"`epoch` must be 0 or more, got {epoch}")
        self._epoch.fill_(number)

    def recipe(self, index: int, epoch: int) -> dict[str, Any] | None:
        """Parents and weights of a row in an epoch; None where it is the given item."""
        recipe = self._recipe(self._row(index), operator.index(epoch))
        return None if recipe is None else recipe[0]

    # Its steps.

    def _row(self, index: int) -> int:
        row = operator.index(index)
        row += len(self) if row < 0 else 0
        if not 0 <= row < len(self):
            raise IndexError(f"row {index} of a data set of {len(self)} rows")
        return row

    def _next_epoch(self, row: int) -> int:
        if (epoch := int(self._epoch)) != COUNTED:
            return epoch
        epoch = int(self._visits[row])
        self._visits[row] += 1
        return epoch

    def _recipe(self, row: int, epoch: int) -> Provenance | None:
        rng, n = np.random.default_rng([self.seed, epoch, row]), len(self._label)
        if row < n and rng.random() >= self.p:
            return None
        c = int(self._label[row] if row < n else self._extra[row - n])
        base = row if row < n else rng.choice(self._mixer.members[c])
        return self._mixer.drawn(rng, c, np.array([base]), self.seed)

    def _made(self, recipes: Provenance) -> list[tuple[Any, Any]]:
        torch = _torch()
        X = torch.as_tensor(self.resampler_.realised(self._rows, self._mixer, recipes)[0])
        if recipes.method != "mixup":
            return list(zip(X, recipes.label.tolist(), strict=True))
        shares = self._mixer.shares(recipes).astype(np.float32)
        return list(zip(X, torch.as_tensor(shares), strict=True))

    def _given(self, row: int) -> tuple[Any, Any]:
        torch = _torch()
        x, c = torch.as_tensor(self._X[row]), int(self._label[row])
        if self._mixer.method != "mixup":
            return x, c
        return x, torch.eye(len(self.classes_))[c]


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtra("torch", "torch") from error
    return torch


def _arrays(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Items and labels as arrays."""
    if isinstance(data, tuple) and len(data) == 2:
        X, y = data
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        pairs = [data[i] for i in range(len(data))]
        if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
            raise BadInput("`data` must give pairs (item, label)")
        X, y = [np.asarray(x) for x, _ in pairs], [int(label) for _, label in pairs]
    else:
        raise BadInput(f"`data` must be (X, y) or a map-style data set, got {type(data).__name__}")
    if hasattr(X, "iloc"):
        raise BadInput("`data` must hold arrays, for tensors are made of them; pass X.to_numpy()")
    return np.stack(X) if isinstance(X, list) else np.asarray(X), np.asarray(y)
