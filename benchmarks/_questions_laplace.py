"""LOL for latents that are not Gaussian at all: Laplace, two humps, bounded, skewed, heavy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

import zalgebra as za
from _questions_ground import Ground
from _questions_report import Found, Row, axes, bars, by_root, legend
from zalgebra.measures import proportion
from zalgebra.measures.intervals import mean_score
from zalgebra.types import Prior

QUESTION = "Does LOL hold for Laplace and for multimodal latents?"
K = (2, 5)
m = za.priors.marginals
LAWS = {  # of one entry, in closed form
    "normal": m.Normal(0, 1),
    "Laplace": m.Laplace(0, 2**-0.5),
    "two humps": m.Mixture([0.5, 0.5], [-0.9, 0.9], [0.436, 0.436]),
    "three humps, uneven": m.Mixture([0.6, 0.3, 0.1], [-0.7, 0.7, 2.4], [0.25, 0.25, 0.25]),
    "exponential": m.Exponential(),
    "Cauchy": m.Cauchy(0, 1),
}


def run(ground: Ground) -> Found:
    rows: list[Row] = []
    for kind in ground.models:
        model = ground.model(kind)
        own = ground.own(model)
        for law in LAWS:
            for k in K:
                rows += [row | harm for row, harm in cell(ground, kind, model, own, law, k)]
    tables = {QUESTION: rows, "Two humps for whole latents, not entries": whole_latents(ground)}
    return Found(tables, figure(rows, ground.models), [NOTE])


def cell(ground: Ground, kind: str, model: Any, own: Any, law: str, k: int) -> Any:
    """Averages of k latents of this law, judged as latents and as the model's pictures.

    The model is G∘T, with T: the law → the model's own prior, entry by entry. It was trained with
    that law as much as G was with its own, since T is a bijection.
    """
    prior = za.priors.Independent(LAWS[law])
    shape = np.asarray(model.prior_.sample(1, seed=0)).shape[1:]
    u = np.random.default_rng(k).standard_normal((ground.n * k, *shape))
    seeds = prior.from_normal(u).reshape(ground.n, k, *shape)
    made = {"the seeds": seeds[:, 0]} | {
        name: za.centroid(seeds, axis=1, **how) for name, how in ways(prior, seeds).items()
    }
    for name, z in made.items():
        judged = ground.decoded(model, model.prior_.from_normal(to_normal(prior, z)))
        yield (
            {"model": kind, "law": law, "k": k, "method": name, **agreement(prior, z)},
            {"Fréchet to own draws": judged.distance(own), "confidence": judged.confidence},
        )


def ways(prior: Prior, seeds: np.ndarray) -> dict[str, dict[str, Any]]:
    """As in the priors' question; the Gaussian has the mean and variance of the seeds."""
    one = seeds.shape[2:]
    as_if = za.priors.Gaussian(np.full(one, np.median(seeds)), np.full(one, seeds.var()))
    return {
        "LERP": {"method": "linear"},
        "LOL, as if normal": {"prior": as_if},
        "LOL, its prior": {"prior": prior},
    }


def to_normal(prior: Prior, z: np.ndarray) -> np.ndarray:
    """Normal coordinates; what lies outside a bounded support counts as at its end."""
    low, high = (float(np.max(end)) for end in prior.dist.support)
    return np.clip(prior.to_normal(np.clip(z, low, high)), -8, 8)


def agreement(prior: Prior, z: np.ndarray) -> Row:
    """The distance of each latent's entries from the law, and whether KS rejects it at 5 %."""
    found = za.check(to_normal(prior, z))
    return {
        "KS distance": mean_score(found.effects["ks"], "sup |F - F₀|"),
        "rejected by KS": proportion(found.p_values["ks"] < 0.05, "share rejected at 5 %"),
    }


def whole_latents(ground: Ground) -> list[Row]:
    """A mixture of two Gaussians over *whole* vectors: its entries depend on each other.

    Each latent is N(±c, I) with the same c in all entries: entry by entry it is "two humps", and
    `Independent` is the wrong prior: a combination of one of each kind has humps in its entries.
    """
    D, c, n = 256, 1.5, 10 * ground.n
    rng = np.random.default_rng(0)
    sign = rng.choice([-1, 1], (n, 2, 1))
    seeds = rng.standard_normal((n, 2, D)) + c * sign
    prior = za.priors.Independent(m.Mixture([0.5, 0.5], [-c, c], [1, 1]))
    alike = (sign[:, 0] == sign[:, 1]).ravel()
    z = za.centroid(seeds, axis=1, prior=prior)
    rows = []
    for name, x in (("a seed", seeds[:, 0]), ("seeds of one hump", z[alike]),
                    ("seeds of both", z[~alike])):  # fmt: skip
        mean = x.mean(axis=1)
        near = np.abs(np.abs(mean) - c) < ndtri(0.9995) / np.sqrt(D)
        rows.append(
            {"result of": name, "D": D,
             "mean of |x̄|": mean_score(np.abs(mean), "1.5 is right"),
             "in one of the humps": proportion(near, "share within 99.9 % of a hump's law")}
        )  # fmt: skip
    return rows


def figure(rows: list[Row], models: tuple[str, ...]) -> Any:
    made, panels = axes(len(models))
    for ax, kind in zip(panels, models, strict=True):
        mine = [r for r in rows if r["model"] == kind and r["k"] == K[-1]]
        names = list(dict.fromkeys(r["method"] for r in mine))
        for i, name in enumerate(names):
            score = [r["Fréchet to own draws"] for r in mine if r["method"] == name]
            bars(ax, np.arange(len(LAWS)) + 0.15 * (i - 1.5), score, i, name)
        ax.set_xticks(range(len(LAWS)), list(LAWS), rotation=30, ha="right", fontsize=8)
        by_root(ax)
        ax.set_title(f"{kind}, averages of {K[-1]}", fontsize=10)
    made.supylabel("Fréchet distance to own draws", fontsize=10)
    legend(made, panels[0])
    return made


NOTE = (
    "The decoder of a law is the model behind the bijection from that law to the model's prior, "
    'entry by entry, so all laws have the same pictures and only the combining differs. "As if '
    'normal" is the published Gaussian formula with the median and the variance of the seeds.'
)
