"""A test of plausibility calibrated on the model: its power, and whether it heeds what harms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import spearmanr

import zalgebra as za
from _questions_departures import departures
from _questions_ground import Ground, normal
from _questions_report import Found, Row, axes, bars, by_root, legend
from _questions_statistics import DRAWN, Cell, cells
from zalgebra.measures import Score, proportion
from zalgebra.measures.tailored import TailoredTest

QUESTION = "Can a test be calibrated on the model, so that it heeds what harms its output?"
ALARM = 0.05  # the rate of false alarms at which all tests are compared
TRUE = 4000  # draws of the prior that set each test's threshold
Scoring = Callable[[np.ndarray], np.ndarray]


class Case(NamedTuple):
    """Departing latents, the harm that they do, and the share that each test rejects."""

    name: str
    harm: Score
    rejected: dict[str, Score]
    score: dict[str, float]


def run(ground: Ground) -> Found:
    power: list[Row] = []
    weights: list[Row] = []
    whole: list[Row] = []
    found: dict[str, list[Case]] = {}
    for kind in ground.models:
        model = ground.model(kind)
        own, learned = ground.own(model), cells(ground, kind, model)
        harm = [cell.judged.distance(own) for cell in learned]
        test = tailored(learned, harm)
        u = normal(model, ground.n, DRAWN + 1)  # others than those of the calibration
        scores = rivals() | {"tailored": lambda x, test=test: test.check(x).damage}
        limits = thresholds(model, scores)
        cases = [
            case(name, x, ground.decoded(model, model.prior_.from_normal(x)).distance(own), scores,
                 limits)
            for name, x in departures(u).items()
        ]  # fmt: skip
        found[kind] = cases
        weights += [{"model": kind, "R² of the fit": test.r2_, **sensitivities(test)}]
        power += [
            {"model": kind, "departure": c.name, "harm (Fréchet)": c.harm, **c.rejected}
            for c in cases
        ]
        whole += summary(kind, cases, left_out(learned, harm))
    titles = ("Sensitivities: harm for one standard deviation of each statistic",
              f"Share rejected at {ALARM:.0%} false alarms, of departures that no test has seen",
              "Power and relevance")  # fmt: skip
    tables = dict(zip(titles, (weights, power, whole), strict=True))
    return Found(tables, figure(found), [NOTE])


def tailored(learned: list[Cell], harm: list[Score]) -> TailoredTest:
    """Fitted to F less that of the same latents undisturbed; sure cells count for more."""
    n, nothing = len(learned[0].u), harm[0].value
    return TailoredTest().fit(
        np.concatenate([cell.u for cell in learned]),
        np.repeat([h.value - nothing for h in harm], n),
        groups=np.repeat(np.arange(len(learned)), n),
        sample_weight=np.repeat([(h.high - h.low) ** -2.0 for h in harm], n),
    )


def left_out(learned: list[Cell], harm: list[Score]) -> float:
    """Spearman's ρ of harm and of what is expected by a test that never saw that statistic."""
    expected, truth = [], []
    for name in dict.fromkeys(cell.statistic for cell in learned[1:]):
        kept = [i for i, cell in enumerate(learned) if cell.statistic != name]
        test = tailored([learned[i] for i in kept], [harm[i] for i in kept])
        for cell, h in zip(learned, harm, strict=True):
            if cell.statistic == name:
                expected.append(test.check(cell.u).damage.mean())
                truth.append(h.value)
    return rank_correlation(expected, truth)


def rivals() -> dict[str, Scoring]:
    """Each test as a score that is larger the less plausible; of p-values their negative logs."""

    def effect(name: str) -> Scoring:
        return lambda u: za.check(u).effects[name]

    def least_p(u: np.ndarray) -> np.ndarray:
        p = np.min(list(za.check(u).p_values.values()), axis=0)
        return -np.log(np.maximum(p, 1e-300))

    found = {name.upper(): effect(name) for name in ("ks", "cvm", "ad")}
    return found | {"certificate": least_p}


def thresholds(model: Any, scores: dict[str, Scoring]) -> dict[str, float]:
    true = normal(model, TRUE, DRAWN + 2)
    return {name: float(np.quantile(score(true), 1 - ALARM)) for name, score in scores.items()}


def case(
    name: str, u: np.ndarray, harm: Score, scores: dict[str, Scoring], limits: dict[str, float]
) -> Case:
    value = {k: score(u) for k, score in scores.items()}
    rejected = {k: proportion(v > limits[k], "share rejected") for k, v in value.items()}
    return Case(name, harm, rejected, {k: float(np.mean(v)) for k, v in value.items()})


def summary(kind: str, cases: list[Case], apart: float) -> list[Row]:
    """Each test's mean power where there is harm and where none is seen, and its relevance."""
    bad = [c for c in cases if c.harm.low > 0]
    good = [c for c in cases if c.harm.low <= 0]

    def mean(group: list[Case], test: str) -> float | None:
        return float(np.mean([c.rejected[test].value for c in group])) if group else None

    return [
        {
            "model": kind,
            "test": test,
            "harmful": len(bad),
            "rejected of them": mean(bad, test),
            "harmless": len(good),
            "rejected of these": mean(good, test),
            "relevance, ρ": rank_correlation(
                [c.score[test] for c in cases], [c.harm.value for c in cases]
            ),
            "ρ, its statistic left out": apart if test == "tailored" else None,
        }
        for test in cases[0].rejected
    ]


def rank_correlation(a: list[float], b: list[float]) -> float | None:
    """Spearman's ρ; none of a constant."""
    return float(spearmanr(a, b).statistic) if np.ptp(a) > 0 and np.ptp(b) > 0 else None


def sensitivities(test: TailoredTest) -> dict[str, float]:
    return {name: float(theta) for name, theta in test.sensitivity_.items()}


def figure(found: dict[str, list[Case]]) -> Any:
    """Rejected against harm: a relevant test rises from left to right."""
    made, panels = axes(len(found))
    for ax, (kind, cases) in zip(panels, found.items(), strict=True):
        harm = [c.harm.value for c in cases]
        for i, test in enumerate(("KS", "certificate", "tailored")):
            bars(ax, harm, [c.rejected[test] for c in cases], i, test)
        ax.axhline(ALARM, color="black", lw=0.8, ls="--")
        by_root(ax, "x")
        ax.set_xlabel("harm: Fréchet distance to own draws")
        ax.set_title(kind)
    made.supylabel(f"share rejected at {ALARM:.0%} false alarms", fontsize=10)
    legend(made, panels[0])
    return made


NOTE = (
    "Every test is a score of one latent, with its threshold at the same quantile of "
    f'{TRUE} draws of the prior. "Certificate" is the smallest p-value of `za.check`. Harmful is '
    "a departure whose interval of the Fréchet distance to the model's own draws lies above 0. "
    "Relevance is Spearman's ρ over departures between a test's mean score and the harm."
)
