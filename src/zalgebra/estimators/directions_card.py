"""The card of a direction: is there one, how well is it known, how far does it reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

__all__ = ["Card", "Profile"]

LEVEL = 0.01  # of the test, so that 99 in 100 labels at random are called no direction


@dataclass(frozen=True)
class Profile:
    """The data along a direction, at strengths counted in δ from a typical item without it.

    Parameters
    ----------
    edges
        Of the bins, ``(b + 1,)``.
    positive, negative
        Items of either group in each bin; all and none for a continuous label.
    reading
        Share of positive items, or the label's mean, in each of ``at``, made monotone.
    at
        Strengths ``(r,)``, as many items between each two.
    """

    edges: tuple[float, ...]
    positive: tuple[int, ...]
    negative: tuple[int, ...]
    at: tuple[float, ...]
    reading: tuple[float, ...]


@dataclass(frozen=True)
class Card:
    """What the data say about a direction, beside its size and angle.

    Parameters
    ----------
    method, metric, given
        How it was learned: the estimator, the metric of a classifier's normal, what was held still.
    kind
        ``"groups"``, ``"pairs"`` or ``"continuous"``.
    alignment
        Estimated cosine, in whitened latents, between the label's direction and the true one.
    by_chance
        95 % quantile of the same for labels that were shuffled.
    p_value
        Share of shuffled labels that align as well: 199 shufflings and the labels themselves.
    score
        Held-out, read along δ alone: balanced accuracy; share of pairs that are put in the right
        order; R² of a continuous label. NaN for a classifier that came fitted.
    support
        Strengths between which a typical item stays within the central 99 % of the data along δ.
    saturates
        Strength from which on the reading has reached 95 %: of all items there have the attribute,
        or of a continuous label's range. None if it never does.
    profile
        What `support` and `saturates` were read from.
    data_hash
        SHA-256 of the latents and labels.
    note
        What to doubt on this card; empty if nothing.
    """

    method: str
    metric: str
    given: tuple[str, ...]
    kind: str
    alignment: float
    by_chance: float
    p_value: float
    score: float
    support: tuple[float, float]
    saturates: float | None
    profile: Profile = field(repr=False)
    data_hash: str
    note: str = ""

    @property
    def found(self) -> bool:
        """Whether there is one: shuffled labels align as well in 1 of 100 cases at most."""
        return self.p_value <= LEVEL

    @property
    def score_name(self) -> str:
        """What `score` is."""
        names = {"groups": "balanced accuracy", "pairs": "pairs in order", "continuous": "R²"}
        return f"held-out {names[self.kind]}"

    @property
    def how(self) -> str:
        """How it was learned, in words."""
        metric = f", {self.metric} metric" if self.metric else ""
        return f"{self.method}{metric}" + (f", given {', '.join(self.given)}" if self.given else "")

    def rows(self) -> list[tuple[str, str]]:
        """What it says, as rows of a table."""
        low, high = self.support
        full = "nowhere" if self.saturates is None else f"from {self.saturates:+.1f} δ"
        score = "unknown" if math.isnan(self.score) else f"{self.score:.3f}"
        return [
            ("alignment (shuffled labels)", f"{self.alignment:.2f} (up to {self.by_chance:.2f})"),
            (self.score_name, score),
            ("strengths that the data support", f"{low:+.1f} δ to {high:+.1f} δ"),
            ("the effect is complete", full),
            ("data", self.data_hash[:12]),
            *([("note", self.note)] if self.note else []),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; NaN becomes None."""
        fields = asdict(self) | {"profile": {k: list(v) for k, v in asdict(self.profile).items()}}
        fields |= {"given": list(self.given), "support": list(self.support)}
        return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in fields.items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """What `to_dict` gave; `KeyError`, `TypeError` or `ValueError` if it is none."""
        numbers = ("alignment", "by_chance", "p_value", "score")
        low, high = fields["support"]
        profile = Profile(**{k: tuple(v) for k, v in fields["profile"].items()})
        return cls(
            **{k: fields[k] for k in ("method", "metric", "kind", "saturates", "data_hash")},
            **{k: math.nan if fields[k] is None else float(fields[k]) for k in numbers},
            given=tuple(fields["given"]),
            support=(float(low), float(high)),
            profile=profile,
            note=fields.get("note", ""),
        )
