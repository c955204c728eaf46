"""Seeds that are no true samples: how each method degrades, and what repairs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.fft import dctn, idctn

import zalgebra as za
from _questions_ground import Ground, Judged
from _questions_report import Found, Row, axes, bars, by_root, legend
from zalgebra.algebra.certificate import Certificate
from zalgebra.measures import Score, proportion
from zalgebra.measures.intervals import mean_score

QUESTION = "How do methods degrade where seeds are imperfect, and what repairs it?"
K = 5
POOL = 40  # seeds of each class, at most
MOST = 200  # averages of a cell: there are many cells
FEW = {"flow": {"steps": 2}, "diffusion": {"steps": 2, "inversion": "ddim"}}
Change = Callable[[np.ndarray], np.ndarray]


def run(ground: Ground) -> Found:
    rows: list[Row] = []
    for kind in ground.models:
        asked = Asked(kind, ground, model := ground.model(kind), ground.own(model))
        n, (seeds, y) = min(ground.n, MOST), pool(ground)
        exact, hasty = encoded(model, kind, seeds), encoded(model, kind, seeds, early=True)
        # Averages that share seeds would resemble each other: true draws are all new.
        true = np.random.default_rng(0).standard_normal((n * K, *exact.shape[1:]))
        rows += cell(asked, "true draws", true, np.arange(n * K).reshape(n, K), None)
        drawn = sets(y, n)
        for name, u in imperfect(exact, hasty).items():
            rows += cell(asked, name, u, drawn, y[drawn[:, 0]])
    return Found({QUESTION: rows}, figure(rows, ground.models), [NOTE])


class Asked(NamedTuple):
    """A model with its own undisturbed draws, and what judges it."""

    kind: str
    ground: Ground
    model: Any
    own: Judged


def pool(ground: Ground) -> tuple[np.ndarray, np.ndarray]:
    part = ground.parts["seeds"]
    rows = np.concatenate([np.flatnonzero(part.y == c)[:POOL] for c in np.unique(part.y)])
    return part.images[rows], part.y[rows]


def encoded(model: Any, kind: str, pictures: np.ndarray, *, early: bool = False) -> np.ndarray:
    """Latents in normal coordinates; early: an inversion that stops after few, coarse steps.

    A VAE has no steps to stop: its early encoding is of pictures that were shrunk to half.
    """
    settings = model.get_params()
    if early and kind in FEW:
        model.set_params(**FEW[kind])
    elif early:
        half = pictures[..., ::2, ::2].repeat(2, -1).repeat(2, -2)
        pictures = half[..., : pictures.shape[-2], : pictures.shape[-1]]
    try:
        z = model.transform(pictures)
    finally:
        model.set_params(**settings)
    return np.asarray(model.prior_.to_normal(z), dtype=float)


def imperfect(exact: np.ndarray, early: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "inverted": exact,
        "stopped early": early,
        "compressed": compressed(exact),
        "scale 0.7": 0.7 * exact,
        "scale 1.4": 1.4 * exact,
    }


def compressed(u: np.ndarray) -> np.ndarray:
    """The lower half of the frequencies along each axis of a picture; of a vector, its entries
    shrunk by a fifth with noise in their place.
    """
    if u.ndim == 2:
        return 0.8 * u + 0.2 * np.random.default_rng(1).standard_normal(u.shape)
    H, W = u.shape[-2:]
    modes = dctn(u, axes=(-2, -1), norm="ortho")
    low = (np.arange(H)[:, None] < H / 2) & (np.arange(W) < W / 2)
    return idctn(modes * low, axes=(-2, -1), norm="ortho")


def sets(y: np.ndarray, n: int) -> np.ndarray:
    """Which seeds are averaged ``(n, K)``: K of one class, drawn anew for each average."""
    rng = np.random.default_rng(4)
    wanted = rng.choice(np.unique(y), n)
    return np.stack([rng.permutation(np.flatnonzero(y == c))[:K] for c in wanted])


def ways() -> dict[str, tuple[Change, dict[str, Any]]]:
    """Name to what is done to the seeds first, and the method."""

    def as_given(u: np.ndarray) -> np.ndarray:
        return u

    def standardised(u: np.ndarray) -> np.ndarray:
        """Each seed with mean 0 and variance 1 over its entries."""
        flat = u.reshape(len(u), -1)
        flat = flat - flat.mean(axis=1, keepdims=True)
        return (flat / flat.std(axis=1, keepdims=True)).reshape(u.shape)

    lol, estimate = {"method": "lol"}, {"method": "lol", "correlation": "estimate"}
    plain = {n: (as_given, {"method": n}) for n in ("linear", "slerp", "norm", "standardize")}
    plain = {"LERP": plain.pop("linear"), "SLERP": plain.pop("slerp"), **plain}
    return plain | {
        "LOL": (as_given, lol),
        "LOL, estimate": (as_given, estimate),
        "seeds standardised, LOL, est.": (standardised, estimate),
    }


def cell(
    asked: Asked, name: str, u: np.ndarray, drawn: np.ndarray, wanted: np.ndarray | None
) -> list[Row]:
    """One kind of seeds under every method; all in normal coordinates."""
    made = {"one seed": u[drawn[:, 0]]}
    for method, (prepare, how) in ways().items():
        made[method] = np.asarray(za.centroid(prepare(u)[drawn], axis=1, **how))
    rows = []
    for method, x in made.items():
        judged = asked.ground.decoded(asked.model, asked.model.prior_.from_normal(x))
        rows.append(
            {
                "model": asked.kind,
                "seeds": name,
                "method": method,
                "variance": mean_score((x.reshape(len(x), -1) ** 2).mean(axis=1), "1 is right"),
                "plausible": plausible(x),
                "Fréchet to own draws": judged.distance(asked.own),
                "Fréchet to real": judged.distance(asked.ground.real),
                "class kept": None if wanted is None else judged.kept(wanted),
            }
        )
    return rows


def plausible(u: np.ndarray) -> Score:
    """The share of latents that pass when each is judged by itself, whatever their number."""
    found = za.check(u)

    def one(values: dict[str, np.ndarray], i: int) -> dict[str, np.ndarray]:
        return {k: v[i : i + 1] for k, v in values.items()}

    alone = [Certificate(one(found.p_values, i), one(found.effects, i), found.entries, found.level)
             for i in range(len(found))]  # fmt: skip
    return proportion(np.array([c.plausible[0] for c in alone]), "share that pass by themselves")


def figure(rows: list[Row], models: tuple[str, ...]) -> Any:
    made, panels = axes(len(models), height=3.2)
    kinds, methods = (list(dict.fromkeys(r[c] for r in rows)) for c in ("seeds", "method"))
    for ax, kind in zip(panels, models, strict=True):
        for i, method in enumerate(methods):
            score = [r["Fréchet to real"] for r in rows
                     if r["model"] == kind and r["method"] == method]  # fmt: skip
            bars(ax, np.arange(len(kinds)) + 0.11 * (i - (len(methods) - 1) / 2), score, i, method)
        ax.set_xticks(range(len(kinds)), kinds, rotation=18, fontsize=8)
        ax.set_xlim(-0.5, len(kinds) - 0.5)
        for i in range(1, len(kinds)):
            ax.axvline(i - 0.5, color="black", lw=0.6, alpha=0.25)
        by_root(ax)
        ax.set_title(f"{kind}, averages of {K}", fontsize=10)
    made.supylabel("Fréchet distance to real pictures", fontsize=10)
    legend(made, panels[0], 2)
    return made


NOTE = (
    f"Averages of {K} seeds: true draws, all different; or of one class, of up to {POOL} pictures "
    'a class, inverted by the model and then spoiled. "Stopped early": 2 steps of the inverting '
    'solver (a VAE: pictures at half size). "Compressed": the lower half of the frequencies along '
    'each axis (a VAE: 0.8 of the entries, and noise). "Class kept" is the class of the seeds\' '
    "pictures."
)
