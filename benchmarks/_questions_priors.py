"""LOL through priors that are not Gaussian, on models that were trained with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import zalgebra as za
from _questions_ground import Ground, Judged
from _questions_report import Found, Row, axes, bars, by_root, legend
from zalgebra.measures import proportion
from zalgebra.types import Prior

QUESTION = "Does LOL work where the latents are not Gaussian?"
KINDS = {"gan": "GAN, uniform on [-1, 1]", "sphere": "HypersphericalVAE, uniform on the sphere"}
K = (2, 5, 10)
LATENTS = 3  # latents of a cell for each picture asked for: these decoders are fast


def run(ground: Ground) -> Found:
    rows: list[Row] = []
    for kind in KINDS:
        model = ground.model(kind)
        rows += [row for k in K for row in of_draws(ground, kind, model, k)]
    of_class = of_classes(ground)
    tables = {
        "Averages of k draws from the prior": rows,
        "Averages of k encoded pictures of one class (HypersphericalVAE)": of_class,
    }
    return Found(tables, figure(rows), [NOTE])


def of_draws(ground: Ground, kind: str, model: Any, k: int) -> list[Row]:
    """True seeds, equal weights: only the way of combining can be at fault."""
    own, n, prior = ground.own(model), LATENTS * ground.n, model.prior_
    seeds = np.asarray(prior.sample(n * k, seed=k), dtype=float)
    seeds = seeds.reshape(n, k, *seeds.shape[1:])
    made = {"the seeds": seeds[:, 0]} | {
        name: za.centroid(seeds, axis=1, **how) for name, how in ways(prior).items()
    }
    return [
        {"model": kind, "k": k, "method": name, **outside(z, prior), **harm(ground, model, z, own)}
        for name, z in made.items()
    ]


def ways(prior: Prior) -> dict[str, dict[str, Any]]:
    return {
        "LERP": {"method": "linear"},
        "SLERP": {"method": "slerp"},
        "LOL, as if N(0, σ²)": {"prior": as_if_normal(prior)},
        "LOL, its prior": {"prior": prior},
    }


def as_if_normal(prior: Prior) -> Prior:
    """The Gaussian of the prior's mean 0 and variance: what the published formula supposes."""
    draws = np.asarray(prior.sample(10_000, seed=1), dtype=float)
    return za.priors.Gaussian(np.zeros(draws.shape[1:]), np.full(draws.shape[1:], draws.var()))


def outside(z: np.ndarray, prior: Prior) -> Row:
    """How many latents the model cannot have been trained on, and of the rest how many pass."""
    if getattr(prior, "fixed_radius", False):
        off = np.abs(np.linalg.norm(z, axis=1) - 1) > 1e-3
    else:
        off = np.any(np.abs(z) > 1, axis=1)
    return {"outside the support": proportion(off, "share of latents outside")}


def harm(ground: Ground, model: Any, z: np.ndarray, own: Judged) -> Row:
    judged = ground.judged(forced(model, z))
    return {
        "Fréchet to own draws": judged.distance(own),
        "Fréchet to real": judged.distance(ground.real),
        "confidence": judged.confidence,
    }


def forced(model: Any, z: np.ndarray) -> np.ndarray:
    """Pictures of any latents: the network itself, which no check keeps from what is outside."""
    with torch.no_grad():
        decoder = model.network_.get_submodule("decoder")
        out = decoder(torch.from_numpy(np.asarray(z, dtype=np.float32))).float()
    out = torch.sigmoid(out) if isinstance(model, za.models.VAE) else out  # the GAN's has its own
    return np.clip(out.numpy(), 0, 1)


def of_classes(ground: Ground) -> list[Row]:
    """Real seeds of one class, under the prior of all, or the von Mises-Fisher law of the class."""
    model, train, seeds = ground.model("sphere"), ground.parts["train"], ground.parts["seeds"]
    encoded, items = model.transform(train.images[:5000]), model.transform(seeds.images)
    laws = {
        c: za.priors.VonMisesFisher.fit(encoded[train.y[:5000] == c].astype(float))
        for c in np.unique(train.y)
    }
    rng, rows = np.random.default_rng(3), []
    for k in K:
        n = LATENTS * ground.n // len(laws)
        sets = {c: rng.choice(np.flatnonzero(seeds.y == c), (n, k)) for c in laws}
        wanted = np.repeat(list(laws), n)
        for name in ("the seeds", "SLERP", "LOL, uniform", "LOL, vMF of the class"):
            z = np.concatenate([averaged(items[sets[c]], name, laws[c]) for c in laws])
            judged = ground.judged(forced(model, z))
            rows.append(
                {"k": k, "method": name, "class kept": judged.kept(wanted),
                 "Fréchet to real": judged.distance(ground.real), "confidence": judged.confidence,
                 "mean cosine to the class": float(np.mean(
                     [z[wanted == c] @ law.mean for c, law in laws.items()]))}
            )  # fmt: skip
    return rows


def averaged(x: np.ndarray, name: str, law: Prior) -> np.ndarray:
    """The averages ``(n, d)`` of sets of seeds ``(n, k, d)``."""
    x = x.astype(float)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    if name == "the seeds":
        return x[:, 0]
    if name == "SLERP":
        return za.centroid(x, axis=1, method="slerp")
    prior = za.priors.Hypersphere(x.shape[-1]) if name == "LOL, uniform" else law
    return za.centroid(x, axis=1, prior=prior)


def figure(rows: list[Row]) -> Any:
    made, panels = axes(len(KINDS))
    for ax, (kind, title) in zip(panels, KINDS.items(), strict=True):
        mine = [r for r in rows if r["model"] == kind]
        names = list(dict.fromkeys(r["method"] for r in mine))
        for i, name in enumerate(names):
            score = [r["Fréchet to own draws"] for r in mine if r["method"] == name]
            bars(ax, np.arange(len(K)) + 0.12 * (i - 2), score, i, name)
        ax.set_xticks(range(len(K)), [f"{k} seeds" for k in K])
        by_root(ax)
        ax.set_title(title, fontsize=10)
    made.supylabel("Fréchet distance to own draws", fontsize=10)
    legend(made, panels[0], 2)
    return made


NOTE = (
    "Latents outside the support are decoded by the bare network; zalgebra's models refuse them. "
    '"As if N(0, σ²)" is the published Gaussian formula with the prior\'s own variance. On the '
    "sphere, LERP and that formula differ from LOL through `Hypersphere` by the radius alone."
)
