"""The dimension of a subspace against quality, diversity and class coherence."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import zalgebra as za
from _questions_ground import SEED, Ground, Judged
from _questions_report import Found, Row, axes, bars, legend
from zalgebra.measures import Score, diversity

QUESTION = "How does the dimension of a subspace affect quality, diversity and coherence?"
K = (2, 3, 5, 10, 20)
POOL = 60  # draws a class, of which those that are read surely are seeds
SURE = 0.5  # probability that the reader gives the class of a seed, at least
LINES = ("-", "--", ":")  # of the models; colours are of the places
PLACES = ("anywhere", "between the seeds", "between, estimated")


def run(ground: Ground) -> Found:
    rows: list[Row] = []
    for kind in ground.models:
        asked = Asked(kind, ground, model := ground.model(kind), ground.own(model))
        seeds = seeds_of(ground, model)
        each = max(max(K), ground.n // len(seeds))
        some = {c: pool[:each] for c, pool in seeds.items()}
        rows.append(row(asked, "the seeds themselves", 1, some))
        D = min(pool[0].size for pool in seeds.values())
        cells = [(p, k) for p in PLACES for k in K if k <= D or p != "anywhere"]
        rows += [row(asked, place, k, made(asked, seeds, k, place)) for place, k in cells]
    return Found({QUESTION: rows}, figure(rows, ground.models), [NOTE])


class Asked(NamedTuple):
    """A model with its own undisturbed draws, and what judges it."""

    kind: str
    ground: Ground
    model: Any
    own: Judged


def seeds_of(ground: Ground, model: Any) -> dict[int, np.ndarray]:
    """Class to its seeds, draws that are read as the class; classes with fewer than 20 are out."""
    classes = np.unique(ground.parts["train"].y)
    z = np.asarray(model.prior_.sample(POOL * len(classes), seed=SEED + 1), dtype=np.float32)
    judged = ground.decoded(model, z)
    sure = {c: np.flatnonzero((judged.classes == c) & (judged.sure > SURE)) for c in classes}
    return {c: z[rows] for c, rows in sure.items() if len(rows) >= max(K)}


def made(asked: Asked, seeds: dict[int, np.ndarray], k: int, place: str) -> dict[int, np.ndarray]:
    """Class to points of many subspaces, each of k seeds of it."""
    rng, each = np.random.default_rng([k, PLACES.index(place)]), 5  # points of one subspace
    sets = max(1, round(asked.ground.n / (each * len(seeds))))
    prior = asked.model.prior_
    return {
        c: np.concatenate(
            [points(pool[rng.permutation(len(pool))[:k]], prior, each, place, rng)
             for _ in range(sets)]
        )
        for c, pool in seeds.items()
    }  # fmt: skip


def points(
    chosen: np.ndarray, prior: Any, m: int, place: str, rng: np.random.Generator
) -> np.ndarray:
    """Directions drawn evenly in the subspace; or weights drawn evenly from all that are ≥ 0."""
    if place == "anywhere":
        plane = za.Subspace(prior).fit(chosen)
        return plane.sample(m, seed=int(rng.integers(2**31)))
    how = "estimate" if place.endswith("estimated") else "independent"
    return za.combine(rng.dirichlet(np.ones(len(chosen)), m), chosen, prior=prior, correlation=how)


def row(asked: Asked, place: str, k: int, latents: dict[int, np.ndarray]) -> Row:
    z = np.concatenate(list(latents.values()))
    wanted = np.repeat(list(latents), [len(pool) for pool in latents.values()])
    judged = asked.ground.decoded(asked.model, z)
    return {
        "model": asked.kind,
        "points": place,
        "seeds": k,
        "n": len(z),
        "variance": float(np.mean(np.asarray(asked.model.prior_.to_normal(z), dtype=float) ** 2)),
        "Fréchet to own draws": judged.distance(asked.own),
        "confidence": judged.confidence,
        "class kept": judged.kept(wanted),
        "diversity in a class": within(judged, wanted),
    }


def within(judged: Judged, wanted: np.ndarray) -> Score:
    """Mean distance of two pictures made of one class, over the classes."""
    parts = [diversity(judged.features[wanted == c]) for c in np.unique(wanted)]
    half = np.sqrt(sum(((p.high - p.low) / 2) ** 2 for p in parts)) / len(parts)
    value = float(np.mean([p.value for p in parts]))
    return Score(value, value - half, value + half, len(wanted), parts[0].question)


def figure(rows: list[Row], models: tuple[str, ...]) -> Any:
    shown = ("Fréchet to own draws", "class kept", "diversity in a class")
    made, panels = axes(len(shown), height=3.4)
    for ax, name in zip(panels, shown, strict=True):
        for j, kind in enumerate(models):
            for i, place in enumerate(PLACES):
                mine = [r for r in rows if r["model"] == kind and r["points"] == place]
                beside = 0.1 * (len(models) * i + j - (len(models) * len(PLACES) - 1) / 2)
                at = [K.index(r["seeds"]) + beside for r in mine]
                bars(ax, at, [r[name] for r in mine], i, f"{kind}, {place}", line=LINES[j])
        ax.set_xticks(range(len(K)), [str(k) for k in K])
        for i in range(1, len(K)):
            ax.axvline(i - 0.5, color="black", lw=0.6, alpha=0.25)
        ax.set_xlim(-0.5, len(K) - 0.5)
        ax.set_xlabel("seeds")
        ax.set_title(name, fontsize=10)
    legend(made, panels[0], 2)
    return made


NOTE = (
    "Seeds are draws of the prior that the reader names with over 50 % probability; each "
    'subspace has seeds of one class and gives 5 points: "anywhere" (`Subspace.sample`, '
    'negative weights too) or "between the seeds" (weights even on the simplex), the latter also '
    "with the correlation of the seeds estimated. More seeds than entries span the "
    "whole space, and are left out of the former."
)
