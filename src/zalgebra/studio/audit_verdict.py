"""From what was found of a factor to a verdict with reasons: trusted, with care, not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.estimators.directions_turning import Turning
from zalgebra.measures.accuracy import EditEffect, Score
from zalgebra.measures.arithmetic import Parallelogram
from zalgebra.measures.probes import Probe

__all__ = ["CARE", "FEW", "PARTS", "TRUSTED", "Findings", "Judged", "Pair", "judged"]

TRUSTED = 0.75  # of each part, for a factor to be trusted
CARE = 0.4  # of any part, below which the factor is not to be trusted
FEW = 50  # items of the smaller group, below which nothing is trusted
BLURRED = 0.5  # of an edge: where sampling noise makes more, what is not beyond it is not known
LEVEL = 0.05
FLOOR = 0.01  # of a part in the geometric mean, so that the rest still tells models apart

PARTS = {
    "readable": "a straight line reads it from latents",
    "steady": "its direction is the same in every region",
    "adds up": "its change is the same whatever else has changed",
    "arrives": "an edit of it survives decoding and encoding",
    "works": "edited items show it, by a judge",
    "clean": "its edit leaves the other factors alone",
    "commutes": "the order of its edit and another makes no difference",
}


@dataclass(frozen=True)
class Pair:
    """Two factors: the parallelogram of their means (None: too few items), and their edits' order.

    ``order`` is the distance between the ends of both orders, in the length of the way.
    """

    one: str
    other: str
    parallelogram: Parallelogram | None
    order: Score

    def square_of(self, name: str) -> float:
        """The parallelogram's squared error in edges of this factor, sampling noise taken off (so
        it may be below 0); NaN if noise hides it: it is not beyond chance, and chance alone makes
        half an edge.
        """
        p = self.parallelogram
        edge = 0.0 if p is None else p.one if name == self.one else p.other
        if p is None or edge == 0:
            return math.nan
        chance = p.by_chance * math.sqrt((p.one + p.other) / 2 / edge)
        return math.nan if p.p_value > LEVEL and chance > BLURRED else p.beyond / edge

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        figure = self.parallelogram and self.parallelogram.to_dict()
        return {
            "factors": [self.one, self.other],
            "parallelogram": figure,
            "order": self.order.to_dict(),
        }


@dataclass(frozen=True)
class Findings:
    """What was measured of one factor.

    Parameters
    ----------
    name
        Its word.
    n
        Items of its upper and of its lower group.
    probe
        How well a straight line reads it from latents.
    turning
        Its directions in four regions; None if too few items for it.
    survival
        Share of its edit that decoding and encoding keep.
    effect
        What the judge saw of its edit; None if the judge reads it too poorly.
    skill
        R² of the judge on items that it has not learned from.
    pairs
        Those that it belongs to.
    """

    name: str
    n: tuple[int, int]
    probe: Probe
    turning: Turning | None
    survival: Score
    effect: EditEffect | None
    skill: float
    pairs: tuple[Pair, ...]

    @property
    def leakage(self) -> float:
        """How far the other factors moved: mean over them of the median, in sd; NaN if none."""
        moved = [s.value for s in self.effect.leakage.values()] if self.effect else []
        return float(np.mean(moved)) if moved else math.nan

    @property
    def excess(self) -> float:
        """Degrees by which regions' directions turn beyond what sampling noise gives; or NaN.

        Noise turns a direction at right angles to the truth, so its squares are taken off.
        """
        if self.turning is None:
            return math.nan
        angles, chance = (
            np.nanmean(np.square(a)) for a in (self.turning.angles, self.turning.by_chance)
        )
        return math.sqrt(max(0.0, float(angles - chance)))

    @property
    def missed(self) -> float:
        """Root mean square over its pairs of the parallelogram's error, in its own edges; or NaN.

        Squares are averaged with their signs, so that the noise in them cancels.
        """
        square = _mean([p.square_of(self.name) for p in self.pairs])
        return square if math.isnan(square) else math.sqrt(max(0.0, square))

    @property
    def disordered(self) -> float:
        """Mean over its pairs of the distance that the order of edits makes; NaN if none."""
        return _mean([p.order.value for p in self.pairs])

    def parts(self) -> dict[str, float]:
        """Each of `PARTS` from 0 to 1, which is exact arithmetic; NaN where it is not known."""
        score, base = self.probe.score.value, self.probe.baseline
        effect = self.effect
        found = {
            "readable": (score - base) / (1 - base) if base < 1 else math.nan,
            "steady": math.cos(math.radians(self.excess)),
            "adds up": 1 - self.missed,
            "arrives": self.survival.value,
            "works": effect.success.value - _before(effect) if effect else math.nan,
            "clean": 1 - self.leakage,
            "commutes": 1 - self.disordered,
        }
        return {k: v if math.isnan(v) else min(1.0, max(0.0, v)) for k, v in found.items()}


@dataclass(frozen=True)
class Judged:
    """A factor's findings, what they come to, and why."""

    findings: Findings
    parts: Mapping[str, float]
    score: float
    verdict: str
    reasons: tuple[str, ...]

    @property
    def name(self) -> str:
        """The factor's."""
        return self.findings.name

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        f = self.findings
        turned = f.turning and {
            "angles": [_finite(a) for a in f.turning.angles],
            "by_chance": [_finite(a) for a in f.turning.by_chance],
            "p_value": f.turning.p_value,
            "says": str(f.turning),
        }
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "score": self.score,
            "parts": {k: _finite(v) for k, v in self.parts.items()},
            "n": list(f.n),
            "probe": f.probe.to_dict(),
            "turning": turned,
            "survival": f.survival.to_dict(),
            "effect": f.effect and f.effect.to_dict(),
            "judge_skill": _finite(f.skill),
        }


def judged(findings: Findings, /) -> Judged:
    """The verdict on a factor.

    It is "trusted" if every part is at least 0.75 and both groups have 50 items, "not" if any part
    is below 0.4, else "with care". The score is the geometric mean of the parts, each at least
    0.01: one part that fails is not made good by the others.
    """
    parts = findings.parts()
    known = {k: v for k, v in parts.items() if not math.isnan(v)}
    lowest = min(known, key=lambda k: known[k])
    failed = [k for k in _REASONS if known.get(k, 1) < TRUSTED]
    reasons = [_REASONS[k](findings) for k in sorted(failed, key=lambda k: round(known[k], 1))]
    reasons += [_MISSING[k].format(f=findings) for k in _MISSING if k not in known]
    few = min(findings.n) < FEW
    if few:
        reasons.append(f"only {findings.n[0]} and {findings.n[1]} items of its two groups")
    if known[lowest] < CARE:
        verdict = "not"
    elif known[lowest] < TRUSTED or few or math.isnan(parts["works"]):
        verdict = "with care"
    else:
        verdict = "trusted"
        reasons.append(f"all parts hold; the least is that {_REASONS[lowest](findings)}")
    score = math.exp(np.mean([math.log(max(v, FLOOR)) for v in known.values()]))
    return Judged(findings, parts, float(score), verdict, tuple(reasons))


_REASONS: dict[str, Callable[[Findings], str]] = {  # those that explain others first
    "arrives": lambda f: f"decoding and encoding keep {max(0.0, f.survival.value):.0%} of its edit",
    "works": lambda f: (
        f"{_effect(f).success.value:.0%} of the edited items show it"
        + (f" ({_effect(f).before.value:.0%} did before)" if _effect(f).before.value else "")
    ),
    "readable": lambda f: f"a straight line reads it from latents with {_probe(f.probe)}",
    "adds up": lambda f: (
        f"its change differs by {_length(f.missed)} when another factor has changed"
    ),
    "steady": lambda f: (
        f"its direction turns from region to region, {f.excess:.0f}° more than sampling noise gives"
    ),
    "clean": lambda f: (
        f"its edit moves the other factors by {f.leakage:.2f} sd, most of all "
        f"{_effect(f).worst[0]} by {_effect(f).worst[1]:.2f}"
    ),
    "commutes": lambda f: (
        f"with another edit, the order makes a difference of {f.disordered:.0%} of the way"
    ),
}

_MISSING = {
    "steady": "too few items to see whether its direction turns",
    "adds up": "whether its change adds up with others is hidden by noise, or items are too few",
    "works": "the judge reads it too poorly to prove an edit (R² {f.skill:.2f})",
}


def _effect(f: Findings) -> EditEffect:
    assert f.effect is not None
    return f.effect


def _probe(probe: Probe) -> str:
    if probe.baseline == 0:
        return f"R² {probe.score.value:.2f}"
    return f"{probe.score.value:.0%} right, {probe.baseline:.0%} without latents"


def _before(effect: EditEffect) -> float:
    """Share read as having it before: all items lack it, so that was lost in decoding."""
    return effect.before.value


def _length(missed: float) -> str:
    return "more than its own length" if missed > 1 else f"{missed:.0%} of its length"


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if math.isfinite(value) else None


def _mean(values: list[float]) -> float:
    known = [v for v in values if not math.isnan(v)]
    return float(np.mean(known)) if known else math.nan
