"""A model on trial: items to learn from and to try on, and each measurement of an audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zalgebra.algebra.certificate import Certificate, check
from zalgebra.estimators.directions_turning import Turning, turning
from zalgebra.measures.accuracy import EditEffect, Score, edit_effect
from zalgebra.measures.arithmetic import Parallelogram, parallelogram
from zalgebra.measures.arithmetic_edits import commutation, survival
from zalgebra.measures.disentanglement import Disentanglement, disentanglement
from zalgebra.measures.probes import Probe, probes
from zalgebra.measures.reconstruction import Reconstruction, explained, reconstruction
from zalgebra.studio.audit_factors import Factor, cells, pairs_of
from zalgebra.studio.audit_judge import LinearJudge
from zalgebra.types import BadInput

__all__ = ["Redraw", "Trial"]

TRIED = 200  # items that each edit is tried on
WAYS = 2000  # items, over all pairs, that are edited in both orders
REDRAWN = 6000  # pictures drawn again, over all pairs
FORESTS = 500  # items that forests grow on, which take longest
READS = 0.3  # R² of the judge below which it proves nothing

Redraw = Callable[[Mapping[str, np.ndarray]], np.ndarray]
Pairs = dict[tuple[int, int], Any]


@dataclass(frozen=True, eq=False)
class Trial:
    """Items of a model, in a random order: the first ``half`` to learn from, the rest to try on."""

    model: Any
    data: np.ndarray | None
    Z: np.ndarray  # (n, *shape)
    factors: Sequence[Factor]
    half: int
    given_judge: Any = None
    seed: int = 0

    @property
    def rest(self) -> np.ndarray:
        """The rows to try on."""
        return np.arange(self.half, len(self.Z))

    @cached_property
    def X(self) -> np.ndarray:
        """The items' data; what the model decodes, if they are not at hand."""
        return self.decode(self.Z) if self.data is None else self.data

    @cached_property
    def codes(self) -> np.ndarray:
        """Latents as rows ``(n, D)``."""
        return self.Z.reshape(len(self.Z), -1).astype(np.float64)

    @cached_property
    def directions(self) -> list[np.ndarray]:
        """Of each factor the difference of its groups' means, of the first half ``(D,)``."""
        Z = self.codes[: self.half]
        learned = [f.take(slice(self.half)) for f in self.factors]
        return [Z[f.high].mean(axis=0) - Z[f.low].mean(axis=0) for f in learned]

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Data of latents; pictures as they are shown, in [0, 1]."""
        x = np.asarray(self.model.inverse_transform(np.asarray(z, dtype=np.float32)))
        return np.clip(x, 0, 1) if x.ndim == 4 else x

    # The judge.

    @cached_property
    def judge(self) -> Any:
        """What was given, or a ridge regression on the data of the first half."""
        learned = [f.take(slice(self.half)) for f in self.factors]
        return self.given_judge or LinearJudge(self.X[: self.half], learned)

    def read(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """What the judge reads of each factor that it knows, ``(n,)``."""
        found, readings = self.judge.predict(X), {}
        for f in self.factors:
            if f.name in found:
                readings[f.name] = np.asarray(found[f.name], dtype=float)
            elif f.column in found:  # a reader of classes gives their index
                readings[f.name] = (np.asarray(found[f.column]) == f.code).astype(float)
        return readings

    @cached_property
    def skill(self) -> dict[str, float]:
        """R² of what the judge reads off the items that it has not learned from."""
        read, rest = self.read(self.X[self.rest]), self.rest
        truth = {f.name: f.values[rest] for f in self.factors if f.name in read}
        return {
            k: 1 - float(((read[k] - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())
            for k, y in truth.items()
        }

    # What is measured.

    def round_trip(self) -> tuple[Reconstruction, Score, Certificate]:
        """Data there and back, latents back and there, and the latents against the prior."""
        z = self.codes[self.rest]
        decoded = self.decode(self.Z[self.rest])
        lost = ((_rows(self.model.transform(decoded)) - z) ** 2).sum(axis=1)
        spread = ((z - z.mean(axis=0)) ** 2).sum(axis=1)
        return (
            reconstruction(self.X[self.rest], decoded),
            explained(lost, spread, "share of the latents' variance that comes back"),
            check(self.Z[self.rest], self.model.prior_, replicate="latents"),
        )

    def probed(self) -> dict[str, Probe]:
        """How well a straight line reads each factor from latents."""
        columns = {f.name: f.values.astype(int) if f.discrete else f.values for f in self.factors}
        return probes(self.codes, columns, seed=self.seed)

    def turned(self, factor: Factor) -> Turning | None:
        """Whether the factor's direction turns from region to region; None if too few items."""
        try:
            return turning(self.codes, factor.values, seed=self.seed)
        except BadInput:
            return None

    def edited(self, factor: Factor, delta: np.ndarray) -> tuple[Score, EditEffect | None]:
        """The factor's edit on items that lack it: what arrives, and what the judge sees of it."""
        rows = self.rest[factor.low[self.rest]][:TRIED]
        z = self.Z[rows]
        plain, moved = (self.decode(y) for y in (z, self._moved(z, delta)))
        arrived = survival(self.model.transform(plain), self.model.transform(moved), delta)
        sure = {f.name: f for f in self.factors if self.skill.get(f.name, 0) >= READS}
        if factor.name not in sure:
            return arrived, None
        seen = {k: f for k, f in sure.items() if f.column != factor.column or f is factor}
        before, after = ({k: r[k] for k in seen} for r in map(self.read, (plain, moved)))
        spreads = {k: float(f.values.std()) for k, f in seen.items()}
        on = {factor.name: 0.5} if factor.discrete else {}
        return arrived, edit_effect(before, after, {factor.name: 1}, spreads, threshold=on)

    def orders(self) -> Pairs:
        """For every two edits, how far both orders end apart: decoded and encoded after each."""
        pairs = pairs_of(self.factors)
        z = self.Z[self.rest][: max(20, min(TRIED, WAYS // max(1, len(pairs))))]
        start = self._through(self._through(z))
        first = [self._through(self._moved(z, delta)) for delta in self.directions]

        def ends(i: int, j: int) -> tuple[np.ndarray, np.ndarray]:
            a, b = self.directions[i], self.directions[j]
            return (
                self._through(self._moved(first[i], b)),
                self._through(self._moved(first[j], a)),
            )

        return {(i, j): commutation(start, *ends(i, j), seed=self.seed) for i, j in pairs}

    def parallelograms(
        self, redraw: Redraw | None, labels: Mapping[str, np.ndarray]
    ) -> dict[tuple[int, int], Parallelogram]:
        """Of every two factors: of group means, or of matched items that were drawn again."""
        found, pairs = {}, pairs_of(self.factors)
        n = max(16, min(len(self.Z), REDRAWN // (4 * max(1, len(pairs)))))
        for i, j in pairs:
            one, other = self.factors[i], self.factors[j]
            drawable = one.ends[0] is not None and other.ends[0] is not None
            if redraw is not None and drawable:
                corners = self._redrawn(redraw, {k: v[:n] for k, v in labels.items()}, one, other)
                found[i, j] = parallelogram(*corners, paired=True, seed=self.seed)
            elif (rows := cells(one, other)) is not None:
                found[i, j] = parallelogram(*(self.codes[r] for r in rows), seed=self.seed)
        return found

    def _redrawn(
        self, redraw: Redraw, table: Mapping[str, np.ndarray], one: Factor, other: Factor
    ) -> list[np.ndarray]:
        """Latents of the same items with neither factor, one, the other, both."""
        corners = []
        for b, a in ((0, 0), (0, 1), (1, 0), (1, 1)):
            changed = dict(table)
            for factor, on in ((one, a), (other, b)):
                column = table[factor.column]
                changed[factor.column] = np.full_like(column, factor.ends[on])
            corners.append(_rows(self.model.transform(redraw(changed))))
        return corners

    def entries(self, columns: Mapping[str, np.ndarray]) -> Disentanglement | None:
        """How entries hold columns of classes; None for fewer than 2 of either, or odd ones."""
        try:
            few = slice(FORESTS)
            return disentanglement(
                self.codes[few], {k: v[few] for k, v in columns.items()}, seed=self.seed
            )
        except BadInput:
            return None

    def _moved(self, z: np.ndarray, delta: np.ndarray) -> np.ndarray:
        return z + delta.reshape(z.shape[1:])

    def _through(self, z: np.ndarray) -> np.ndarray:
        """Decoded and encoded."""
        return self.model.transform(self.decode(z))


def _rows(z: np.ndarray) -> np.ndarray:
    return np.asarray(z, dtype=np.float64).reshape(len(z), -1)
