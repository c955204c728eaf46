"""Microseconds of every method of combining, over shapes and numbers of seeds; algebra only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import zalgebra as za
from _questions_ground import Ground
from _questions_report import INKS, MARKS, Found, Row, axes, legend
from _timing import in_turns
from zalgebra.measures import Score

QUESTION = "How fast is LOL beside every other method?"
SHAPES = [(2, (1, 28, 28)), (10, (1, 28, 28)), (2, (4, 64, 64)), (10, (4, 64, 64)),
          (2, (16, 128, 128)), (10, (16, 128, 128))]  # fmt: skip
BATCH = 32  # combinations of one call: rows of weights over the same seeds
METHODS: dict[str, dict[str, Any]] = {
    "LERP": {"method": "linear"},
    "SLERP": {"method": "slerp"},
    "norm": {"method": "norm"},
    "standardize": {"method": "standardize"},
    "NAO": {"method": "nao"},
    "LOL": {"method": "lol"},
    "LOL, correlation estimated": {"method": "lol", "correlation": "estimate"},
}


def run(ground: Ground) -> Found:
    one, many = [], []
    shapes = SHAPES if ground.n >= 100 else SHAPES[:2]
    for k, shape in shapes:
        one += timed(k, shape, rows=1, budget=ground.n / 60)
        many += timed(k, shape, rows=BATCH, budget=ground.n / 60)
    tables = {
        "One combination in a call": one,
        f"{BATCH} combinations of the same seeds in a call, for one of them": many,
    }
    return Found(tables, figure(one, many), [NOTE])


def timed(k: int, shape: tuple[int, ...], *, rows: int, budget: float) -> list[Row]:
    """Each method in turns with the others on the same seeds and weights, by its median."""
    rng = np.random.default_rng(k)
    seeds = rng.standard_normal((k, *shape), dtype=np.float32)
    weights = rng.dirichlet(np.ones(k), rows).astype(np.float32)
    if rows > 1 and k > 2:  # NAO makes each centroid by itself, and takes seconds for many
        chosen = {name: how for name, how in METHODS.items() if name != "NAO"}
    else:
        chosen = METHODS
    calls: dict[str, Callable[[], object]] = {
        name: partial(za.combine, weights, seeds, **how) for name, how in chosen.items()
    }
    spent = {name: s / rows for name, s in in_turns(calls, budget=budget, least=3).items()}
    return [
        {
            "k": k,
            "shape": " × ".join(map(str, shape)),
            "method": name,
            "µs": microseconds(s),
            "of LOL's": ratio(s, spent["LOL"]),
        }
        for name, s in spent.items()
    ]


def microseconds(seconds: np.ndarray) -> Score:
    """The median, and the quarter and three quarters of the rounds (no interval of a mean)."""
    low, value, high = 1e6 * np.quantile(seconds, [0.25, 0.5, 0.75])
    return Score(float(value), float(low), float(high), len(seconds), "microseconds, quartiles")


def ratio(seconds: np.ndarray, lol: np.ndarray) -> float:
    """The median of the rounds' ratios, so that a slow minute hits both."""
    return float(np.median(seconds / lol))


def figure(one: list[Row], many: list[Row]) -> Any:
    made, panels = axes(2)
    titles = ("one in a call", f"{BATCH} in a call")
    for ax, rows, title in zip(panels, (one, many), titles, strict=True):
        cells = list(dict.fromkeys((r["k"], r["shape"]) for r in rows))
        for i, name in enumerate(METHODS):
            mine = [r for r in rows if r["method"] == name]
            at = [cells.index((r["k"], r["shape"])) for r in mine]
            y = [r["µs"].value for r in mine]
            ax.plot(at, y, MARKS[i], color=INKS[i], label=name, ms=6)
        ax.set_xticks(range(len(cells)), [f"k = {k}\n{s}" for k, s in cells], fontsize=7)
        ax.set_yscale("log")
        ax.set_title(title, fontsize=10)
    made.supylabel("µs a combination", fontsize=10)
    legend(made, panels[0])
    return made


NOTE = (
    "float32, NumPy; the methods run in turns in one process; medians with quartiles of the "
    "rounds. Decoding is in none of it: a network takes milliseconds and more for one picture."
)
