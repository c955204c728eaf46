"""A workspace: what a model's latents are computed with, and the verbs that compute.

Every verb here is a line or two into another room; `zalgebra.studio.folder` knows where things lie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from zalgebra.algebra.certificate import check
from zalgebra.algebra.expressions import evaluate
from zalgebra.algebra.latent import Latent
from zalgebra.estimators.directions import Direction
from zalgebra.studio.chains import Realise, is_joined, order_of, steps_of
from zalgebra.studio.folder import Folder
from zalgebra.studio.grids import Grid, plan_of
from zalgebra.studio.label_groups import Condition, other_labels, upper_and_lower
from zalgebra.studio.locks import locked
from zalgebra.studio.mixes import as_mix, checked_options, described
from zalgebra.studio.names import is_file
from zalgebra.studio.result import Result
from zalgebra.studio.walks import Walk, walk
from zalgebra.types import BadInput

__all__ = ["Result", "Workspace"]


class Workspace(Folder):
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
        super().__init__(path)
        self._directions: dict[str, Direction] = {}

    def _forget(self) -> None:
        super()._forget()
        self._directions.clear()  # those of labels are learned anew, from the new items too

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
        return self._learn(name, *upper_and_lower(name, self.items.labels[name]))

    def learn(
        self,
        name: str,
        /,
        positive: Sequence[Condition],
        negative: Sequence[Condition],
    ) -> Direction:
        """Learn a direction between two groups of items, given by conditions, and save it."""
        return self.keep(self._learn(name, positive, negative))

    def keep(self, direction: Direction, /) -> Direction:
        """Save a direction under its name, where expressions and later sessions find it."""
        with locked(self.path):
            direction.check_model(self.spec.fingerprint)
            direction.save(self._direction_file(direction.name))
        self._directions[direction.name] = direction
        return direction

    def _learn(self, name: str, positive: Any, negative: Any) -> Direction:
        chosen = [np.flatnonzero(self.items.mask(c)) for c in (positive, negative)]
        both = np.concatenate(chosen)
        used = {label for label, _, _ in [*positive, *negative]}
        direction = Direction.from_groups(
            self.items.latents[chosen[0]],
            self.items.latents[chosen[1]],
            name=name,
            attributes=other_labels(self.items.labels, both, leave_out=[*used, *self.classes]),
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
            latent, how = self.evaluate(str(expression)), self._how(method or "lol")
        else:
            how = {**checked_options(found, self.spec, method), "shape": self.spec.latent_shape}
            latent = Latent.from_dict(found, self.items)
        z = latent.array(prior=self.prior, **how)
        return self._result(repr(latent), z[None], describe=lambda: self._described(latent, how))

    def edit(self, item: str, change: str, /, *more: str, method: str = "lol") -> Result:
        """Change an item: ``edit("img:12", "+ 30° smile")``, or by several changes in turn.

        Sums and shifts are one combination, in whatever order they come. What follows a turn by an
        angle starts from the turned latent, so there the order matters. ``.steps`` says of each
        change what it made and whether it left the data, ``.order`` what another order would make.

        Parameters
        ----------
        item
            Such as ``"img:12"``, any expression.
        change, more
            Terms to add, such as ``"+ 30° smile"`` and ``"- glasses"``.
        method
            As in `zalgebra.combine`.
        """
        if other := [c for c in (item, change, *more) if not isinstance(c, str)]:
            raise BadInput(f"`edit` takes words, got {type(other[0]).__name__}; see `evaluate`")
        words = [c if c.lstrip().startswith(("+", "-", "−")) else f"+ {c}" for c in (change, *more)]
        latent, how = self.evaluate(" ".join([item, *words])), self._how(method)
        start, changes = self.evaluate(item), [self.evaluate(c) for c in words]
        steps = steps_of(start, changes, self._realise(how), self.prior, self.items)
        one = is_joined(changes)
        return Result(
            repr(latent) if one else f"{start!r}, then {', then '.join(map(repr, changes))}",
            steps[-1].latent[None],
            steps[-1].certificate,
            self.model.inverse_transform,
            (lambda: self._described(latent, how)) if one else None,
            steps,
            order_of(start, changes, self._realise(how), self.prior),
        )

    def walk(
        self,
        keyframes: Sequence[str],
        /,
        steps: int = 9,
        *,
        method: str = "lol",
        closed: bool = False,
        pace: str = "time",
    ) -> Walk:
        """Walk through expressions in order; each is met as it is by itself.

        Under the methods of `zalgebra.combine` they stay symbolic: what they share is known, and
        the prior is applied once. ``"geodesic"`` is shortest as the decoder sees it,
        ``"geodesic-prior"`` keeps the prior too, ``"density"`` goes along the items. ``pace`` is
        ``"time"``, the same for each segment, ``"arc"``, one speed along the whole way as in
        `zalgebra.path`, or ``"even"``, equal steps of what is seen. ``.notes`` tells the rest.
        """
        return walk(self, keyframes, steps, method=method, closed=closed, pace=pace)

    def grid(
        self,
        *expressions: str,
        x: str | None = None,
        y: str | None = None,
        along: Sequence[str] = (),
        n: int = 7,
        to: float | None = None,
        unit: str | None = None,
        beyond: int = 0,
        method: str = "lol",
    ) -> Grid:
        """Lay out what lies between three or four expressions, or what directions make of one.

        Parameters
        ----------
        expressions
            Three or four: corners of a square, weighted as by `zalgebra.weights.corner_grid`; of
            three the fourth is their analogy. One: changed by directions.
        x, y
            Directions to the right and upwards; or one of the two.
        along
            Directions, a row for each.
        n, beyond
            Places a side, and so many more beyond the corners at each end.
        to, unit
            Strengths go from ``-to`` to ``to``: 40 degrees (``"deg"``), or 2 standard deviations of
            the data (``"sd"``) or multiples of δ (``"delta"``).
        method
            As in `zalgebra.combine`.

        Returns
        -------
        Grid
            ``.latents`` and ``.pictures`` ``(rows, columns, ...)``, ``.certificate`` and
            ``.figure()``.

        Raises
        ------
        BadInput
            If there are other numbers of expressions, or flags of the other kind of grid.
        """
        plan = plan_of(
            self.evaluate, expressions, x=x, y=y, directions=along, n=n, to=to, unit=unit,
            beyond=beyond,
        )  # fmt: skip
        made = [self._realise(self._how(method))(recipe) for recipe in plan.recipes]
        z = np.concatenate([m.reshape(-1, *self.spec.latent_shape) for m in made])
        return Grid(self._result(plan.expression, z), plan)

    def _how(self, method: str) -> dict[str, Any]:
        """How latents are realised here: encoded items hang together, so that is estimated."""
        shape = tuple(self.spec.latent_shape)
        return {"method": method, "correlation": "estimate", "shape": shape}

    def _realise(self, how: Mapping[str, Any]) -> Realise:
        return lambda latent: np.asarray(latent.array(prior=self.prior, **how), dtype=np.float32)

    def _described(self, latent: Latent, how: Mapping[str, Any]) -> dict[str, Any]:
        """A recipe as a mix; made when asked for, since it reads every seed."""
        return described(latent.to_dict(prior=self.prior, **how), self.spec)

    def _result(self, expression: str, z: np.ndarray, **more: Any) -> Result:
        z = np.asarray(z, dtype=np.float32)
        return Result(expression, z, check(z, self.prior), self.model.inverse_transform, **more)
