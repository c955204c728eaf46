"""Does this latent space support arithmetic at all? What is measured, and how it is judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zalgebra.algebra.certificate import Certificate
from zalgebra.measures.accuracy import Score
from zalgebra.measures.disentanglement import Disentanglement
from zalgebra.measures.reconstruction import Reconstruction
from zalgebra.studio.audit_factors import Factor, factors_of
from zalgebra.studio.audit_trial import Redraw, Trial
from zalgebra.studio.audit_verdict import Findings, Judged, Pair, judged
from zalgebra.studio.messages import Track, quiet
from zalgebra.types import BadInput

__all__ = ["Audit", "audit"]

MOST = 2000  # items looked at: half to learn from, half to try on
LEAST = 40  # items below which there is no audit
FEW_ITEMS = 400


@dataclass(frozen=True, eq=False)
class Audit:
    """Where arithmetic can be trusted in a latent space, and why.

    Parameters
    ----------
    factors
        Of each factor its findings, its verdict and the reasons.
    pairs
        Of every two factors their parallelogram, and whether their edits commute.
    round_trip
        Data decoded from their latents, against the data.
    latents_back
        Share of the latents' variance that decoding and encoding keep.
    certificate
        Of the latents against the model's prior.
    disentanglement
        How entries hold the columns of classes; None for fewer than 2 of these, or of entries.
    n
        Items: learned from, and tried on.
    redrawn
        Whether parallelograms are of pictures that were drawn again, one factor changed.
    skipped
        Label columns that are no factor, and why.
    notes
        What else to know of this audit.
    trial
        What it was measured on, for pictures of the edits.
    """

    factors: tuple[Judged, ...]
    pairs: tuple[Pair, ...]
    round_trip: Reconstruction
    latents_back: Score
    certificate: Certificate
    disentanglement: Disentanglement | None
    n: tuple[int, int]
    model: Mapping[str, Any]
    redrawn: bool = False
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seed: int = 0
    trial: Trial | None = field(default=None, repr=False)

    @property
    def score(self) -> float:
        """Mean over factors of the geometric mean of what was found of each; from 0 to 1."""
        return float(np.mean([f.score for f in self.factors]))

    @property
    def verdict(self) -> str:
        """One sentence."""
        found = {
            word: [f.name for f in self.factors if f.verdict == word]
            for word in ("trusted", "with care", "not")
        }
        said = [f"{', '.join(names)}: {word}" for word, names in found.items() if names]
        return f"score {self.score:.2f}; {'; '.join(said)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "score": self.score,
            "verdict": self.verdict,
            "factors": {f.name: f.to_dict() for f in self.factors},
            "pairs": [pair.to_dict() for pair in self.pairs],
            "round_trip": self.round_trip.to_dict(),
            "latents_back": self.latents_back.to_dict(),
            "certificate": self.certificate.to_dict(),
            "disentanglement": self.disentanglement and self.disentanglement.to_dict(),
            "n": {"learned_from": self.n[0], "tried_on": self.n[1]},
            "model": dict(self.model),
            "redrawn": self.redrawn,
            "skipped": dict(self.skipped),
            "notes": list(self.notes),
            "seed": self.seed,
        }

    def __repr__(self) -> str:
        return f"Audit({self.verdict})"

    def __rich__(self) -> Any:
        from zalgebra.studio.audit_page import as_table

        return as_table(self)


def audit(
    model: Any,
    X: np.ndarray | None,
    labels: Mapping[str, Any],
    /,
    *,
    latents: np.ndarray | None = None,
    classes: Mapping[str, Sequence[str]] | None = None,
    redraw: Redraw | None = None,
    judge: Any = None,
    entries: bool = True,
    seed: int = 0,
    track: Track = quiet,
) -> Audit:
    """Whether a model's latent space supports arithmetic, factor by factor.

    Up to 2000 items are cut into two halves at random. From the one the directions are learned,
    each the difference of two group means, and a judge; on the other they are tried.

    Parameters
    ----------
    model
        Anything with ``transform``, ``inverse_transform`` and ``prior_``.
    X
        Data ``(n, ...)`` as the model takes them, best such that it has not seen; at least 40.
        None: what the model decodes from ``latents``.
    labels
        Columns ``(n,)`` by name: two values, numbers, or classes (words, whole numbers).
    latents
        Of the items, if they are encoded already.
    classes
        For a column of class indices, the word of each.
    redraw
        From a table like ``labels`` to data ``(n, ...)``: the same items drawn again with some
        factor changed, such as `zalgebra.datasets.draw_faces`. Then parallelograms are of
        matched items, otherwise of group means.
    judge
        Reads factors off data: ``predict(X)`` gives a mapping from the factors' names to readings
        ``(n,)``, such as `zalgebra.models.Reader`, trained on other data. By default a ridge
        regression on the data of the first half, which knows nothing of the model.
    entries
        Whether to ask how entries hold columns of classes too, which takes longest.
    seed
        Of the halves and all else that is random.
    track
        Shows progress.

    Raises
    ------
    BadInput
        If there are fewer than 40 items, or no label column holds a factor.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.studio.audit import audit
    >>> faces = za.datasets.faces(200, size=16, seed=1)
    >>> labels = {k: faces.labels[k] for k in ("skin", "backdrop")}
    >>> found = audit(za.models.PCA(12).fit(faces.images), faces.images, labels)
    >>> [f.name for f in found.factors], found.n
    (['skin', 'backdrop'], (100, 100))
    """
    order, factors, skipped = _chosen(X, labels, latents, classes, seed)
    Z = np.asarray(model.transform(np.asarray(X)[order]) if latents is None else latents[order])
    data = None if X is None else np.asarray(X)[order]
    trial = Trial(model, data, Z, factors, len(order) // 2, judge, seed)
    table = {k: np.asarray(v)[order] for k, v in labels.items()}
    found = _measured(trial, redraw, table, entries, track)
    pairs = tuple(
        Pair(factors[i].name, factors[j].name, found["figures"].get((i, j)), order)
        for (i, j), order in found["orders"].items()
    )
    spec = getattr(model, "spec_", None)
    return Audit(
        tuple(map(judged, _findings(trial, found, pairs))),
        pairs,
        *found["back"],
        disentanglement=found["entries"],
        n=(trial.half, len(trial.rest)),
        model=spec.to_dict() if spec else {"model": type(model).__name__},
        redrawn=redraw is not None,
        skipped=skipped,
        notes=tuple(_notes(len(order), X is None, judge is None)),
        seed=seed,
        trial=trial,
    )


def _measured(
    trial: Trial, redraw: Redraw | None, table: dict[str, np.ndarray], entries: bool, track: Track
) -> dict[str, Any]:
    """All measurements, one after another."""
    factors = trial.factors
    classed = {f.column: table[f.column] for f in factors if f.discrete and entries}
    steps: dict[str, Callable[[], Any]] = {
        "back": trial.round_trip,
        "probes": trial.probed,
        "turns": lambda: [trial.turned(f) for f in factors],
        "edits": lambda: [trial.edited(*p) for p in zip(factors, trial.directions, strict=True)],
        "orders": trial.orders,
        "figures": lambda: trial.parallelograms(redraw, table),
        "entries": lambda: trial.entries(classed),
    }
    return {name: steps[name]() for name in track(list(steps), "auditing")}


def _findings(trial: Trial, found: dict[str, Any], pairs: Sequence[Pair]) -> Iterator[Findings]:
    for f, turned, (arrived, effect) in zip(
        trial.factors, found["turns"], found["edits"], strict=True
    ):
        yield Findings(
            name=f.name,
            n=(int(f.high.sum()), int(f.low.sum())),
            probe=found["probes"][f.name],
            turning=turned,
            survival=arrived,
            effect=effect,
            skill=trial.skill.get(f.name, math.nan),
            pairs=tuple(p for p in pairs if f.name in (p.one, p.other)),
        )


def _chosen(
    X: Any, labels: Any, latents: Any, classes: Any, seed: int
) -> tuple[np.ndarray, list[Factor], dict[str, str]]:
    """Which items, in what order, and what their labels say."""
    if X is None and latents is None:
        raise BadInput("an audit needs data `X`, or `latents` to decode")
    n = len(latents if X is None else X)
    if n < LEAST:
        raise BadInput(f"an audit needs at least {LEAST} items with labels, got {n}")
    if latents is not None and len(latents) != n:
        raise BadInput(f"`latents` must be one for each of {n} items, got {len(latents)}")
    columns = {k: np.asarray(v) for k, v in labels.items()}
    for name, column in columns.items():
        if column.shape != (n,):
            raise BadInput(f"label {name!r} must have {n} values, got shape {column.shape}")
    order = np.random.default_rng(seed).permutation(n)[:MOST]
    columns = {k: v[order] for k, v in columns.items()}
    factors, skipped = factors_of(columns, len(order), classes)
    halves = slice(len(order) // 2), slice(len(order) // 2, None)
    kept = [f for f in factors if min(g[h].sum() for h in halves for g in (f.high, f.low)) >= 3]
    skipped |= {f.name: "too few items of it in one half" for f in factors if f not in kept}
    if not kept:
        why = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
        raise BadInput(f"the labels hold no factor to audit ({why or 'there are none'})")
    return order, kept, skipped


def _notes(n: int, decoded: bool, linear: bool) -> Iterator[str]:
    if n < FEW_ITEMS:
        yield f"{n} items are few: intervals are wide, and verdicts may change with more."
    if decoded:
        yield (
            "The items' own data are not at hand. What the model decodes from their latents takes "
            "their place, so what it lost of the data is not counted, and the round trip is "
            "that of its own pictures."
        )
    if linear:
        yield (
            "The judge is a ridge regression on the data. It sees whether a factor's marks are "
            "there, not whether the item looks natural: look at the pictures too."
        )
