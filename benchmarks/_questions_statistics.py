"""Which statistics beyond the norm does a network need? One is broken at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from _questions_ground import Ground, Judged, normal
from _questions_report import Found, Row, axes, bars, by_root, legend
from zalgebra.files import read_tensors, write_tensors
from zalgebra.measures.breakages import BREAKAGES, breakages, broken
from zalgebra.measures.latent_statistics import latent_statistics

QUESTION = "Which statistics beyond the norm does a network need?"
DRAWN = 7  # the seed of the latents that are broken
COLUMNS = ("features", "classes", "sure")  # of `Judged`
TYPICAL = 2000  # draws that say how a statistic varies from latent to latent


class Cell(NamedTuple):
    """Latents in normal coordinates with one statistic broken, and their pictures, judged."""

    statistic: str
    strength: float
    u: np.ndarray
    judged: Judged


def cells(ground: Ground, kind: str, model: Any) -> list[Cell]:
    """Undisturbed latents, then each breakage of the same ones; pictures are judged once only."""
    u = normal(model, ground.n, DRAWN)
    plan = [("nothing", 0.0)]
    plan += [(k, s) for k in breakages(u.shape[1:]) for s in BREAKAGES[k].strengths]
    made = [u if k == "nothing" else broken(u, k, strength=s) for k, s in plan]
    marks = f"{model.fingerprint_[:8]}-{ground.reader.fingerprint_[:8]}"
    file = ground.out / ground.data / "cells" / f"{kind}-{ground.n}-{marks}.safetensors"
    if not file.is_file():
        judged = [ground.decoded(model, model.prior_.from_normal(x)) for x in made]
        write_tensors(file, {c: np.stack([getattr(j, c) for j in judged]) for c in COLUMNS})
    kept, _ = read_tensors(file)
    judged = [Judged(*part) for part in zip(*(kept[c] for c in COLUMNS), strict=True)]
    return [Cell(k, s, x, j) for (k, s), x, j in zip(plan, made, judged, strict=True)]


def run(ground: Ground) -> Found:
    rows: list[Row] = []
    for kind in ground.models:
        model = ground.model(kind)
        own, found = ground.own(model), cells(ground, kind, model)
        draws = latent_statistics(normal(model, TYPICAL, DRAWN + 1))
        was = {k: (v.mean(), v.std()) for k, v in draws.items()}
        rows += [row(kind, cell, found[0], own, ground.real, was) for cell in found]
    bright = [brightness(kind, ground.model(kind), ground.n) for kind in ground.models]
    tables = {QUESTION: rows, "What the mean of a latent is in its picture": bright}
    return Found(tables, figure(rows, ground.models), [method(ground)])


def brightness(kind: str, model: Any, n: int) -> Row:
    """How bright pictures are, and that by the mean of their latents."""
    u = normal(model, n, DRAWN)
    means = {
        m: np.clip(model.inverse_transform(model.prior_.from_normal(z).astype(np.float32)), 0, 1)
        .reshape(n, -1).mean(axis=1)
        for m, z in {
            "drawn": u, "0.1": broken(u, "mean", strength=0.1),
            "-0.1": -broken(-u, "mean", strength=0.1),
        }.items()
    }  # fmt: skip
    r = float(np.corrcoef(u.reshape(n, -1).mean(axis=1), means["drawn"])[0, 1])
    return {
        "model": kind,
        "correlation of both means": r,
        **{f"brightness, mean {m}": float(b.mean()) for m, b in means.items()},
    }


def row(kind: str, cell: Cell, plain: Cell, own: Judged, real: Judged, was: dict[str, Any]) -> Row:
    """One line: how far the statistic is off in standard deviations of a latent, and the harm."""
    off = 0.0
    if cell.statistic in was:
        mean, spread = was[cell.statistic]
        off = abs(float(latent_statistics(cell.u)[cell.statistic].mean() - mean)) / spread
    return {
        "model": kind,
        "broken": cell.statistic,
        "strength": f"{cell.strength:g}" if cell.strength else "",
        "off by, sd": off,
        "Fréchet to own draws": (distance := cell.judged.distance(own)),
        "harm": distance.value - plain.judged.distance(own).value,
        "Fréchet to real": cell.judged.distance(real),
        "confidence": cell.judged.confidence,
        "class kept": cell.judged.kept(plain.judged.classes),
    }


def figure(rows: list[Row], models: tuple[str, ...]) -> Any:
    made, panels = axes(len(models))
    for ax, kind in zip(panels, models, strict=True):
        mine = [r for r in rows if r["model"] == kind]
        names = list(dict.fromkeys(r["broken"] for r in mine))
        for i, at in enumerate((-0.25, 0, 0.25)):  # weak, middle, strong
            chosen = [[r for r in mine if r["broken"] == k] for k in names[1:]]
            score = [group[i]["Fréchet to own draws"] for group in chosen]
            bars(ax, np.arange(1, len(names)) + at, score, i, ("weak", "middle", "strong")[i])
        bars(ax, [0], [mine[0]["Fréchet to own draws"]], 6, "nothing")
        ax.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
        by_root(ax)
        ax.set_title(kind)
    made.supylabel("Fréchet distance to own draws", fontsize=10)
    legend(made, panels[0])
    return made


def method(ground: Ground) -> str:
    return (
        f"{ground.n} latents a cell, the same ones in every cell of a model, broken by "
        "`zalgebra.measures.breakages` at their former norms (only norm itself moves it). Fréchet "
        f"distances along {ground.axes[1].shape[1]} axes of the reader's features; *off by*: how "
        "far the statistic of one latent moved, in its standard deviations under the prior; "
        "*harm*: the distance to own draws less that of the same latents with nothing broken, "
        "whose chance both share."
    )
