"""One pair of digits under six metrics, in a latent plane that can be seen whole.

    .venv/bin/python docs/gallery/metrics.py

The digits that come with scikit-learn and a small VAE with Bernoulli pixels, fitted here in
seconds. Nothing is downloaded. The table is of all pairs that were drawn; the picture is of the one
on which the six ways lie furthest apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from palette import ASSETS, save
from scipy.spatial import cKDTree
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent
from torch.nn import functional as F

import zalgebra as za
from zalgebra.estimators.density_paths import DensityPaths
from zalgebra.measures import speed_deviation
from zalgebra.models.geodesics import geodesic
from zalgebra.studio.map_figures import COLORS

STEPS, SHOWN, PAIRS, EPOCHS = 33, 9, 120, 100
ROOM = 0.28  # between two letters on the map, in its unit
Paths = Callable[[np.ndarray, np.ndarray], np.ndarray]  # two (n, 2) to (n, STEPS, 2)
STYLES = {  # colours after Okabe and Ito; a mark, a dash and a width besides
    "straight": ("#000000", "o", (0, (1, 1)), 3),
    "spherical": ("#0072b2", "s", (0, (5, 1)), 3),
    "prior kept": ("#d55e00", "^", (0, (3, 1, 1, 1)), 3),
    "data density": ("#009e73", "D", "-", 3),
    "pull-back": ("#c4559a", "v", "-", 6),
    "Fisher–Rao": ("#5c4400", "P", (0, (2, 2)), 2),
}


class Digits(nn.Module):
    """Pictures to a normal law of latents, and latents to a law of black-and-white pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, 64), nn.SiLU(),
            nn.Linear(64, 4),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, 64)
        )

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def law(self, z: Tensor) -> Independent:
        """What a latent says: for each pixel, how likely it is to be white."""
        return Independent(Bernoulli(logits=self.decoder(z), validate_args=False), 1)

    def picture(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.decoder(z))

    def loss(self, x: Tensor) -> Tensor:
        """The negative evidence bound; a grey value is the share of draws that are white."""
        mean, log_variance = self.posterior(x)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        error = F.binary_cross_entropy_with_logits(self.decoder(z), x.flatten(1), reduction="sum")
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
        return (error + kl) / len(x)


def learned(x: Tensor) -> Digits:
    torch.manual_seed(0)
    model, begun = Digits(), time.process_time()
    adam = torch.optim.Adam(model.parameters(), 4e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, EPOCHS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(128):
            adam.zero_grad()
            model.loss(x[batch]).backward()
            adam.step()
        schedule.step()
    with torch.no_grad():
        bound = -model.loss(x).item()
    print(
        f"{len(x)} digits fitted in {time.process_time() - begun:.0f} s of CPU, bound {bound:.1f}"
    )
    return model.requires_grad_(False)


def ways(model: Digits, prior: za.types.Prior, codes: np.ndarray) -> dict[str, Paths]:
    """Every way from a to b."""
    t, data = np.linspace(0, 1, STEPS), DensityPaths(prior=prior).fit(codes)

    def by(method: str) -> Paths:
        how = {"prior": prior, "method": method, "correlation": "estimate"}
        return lambda a, b: np.stack(
            [za.interpolate(*one, t, **how) for one in zip(a, b, strict=True)]
        )

    def shortest(decode: Callable[[Tensor], Any], metric: str) -> Paths:
        def found(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            way = geodesic(decode, a, b, steps=STEPS, metric=metric)
            print(f"{metric}: {way.outcome}")
            return way.path

        return found

    paths = (
        by("linear"),
        by("slerp"),
        by("lol"),
        lambda a, b: data.path(a, b, steps=STEPS).path,
        shortest(model.picture, "pullback"),
        shortest(model.law, "fisher"),
    )
    return dict(zip(STYLES, paths, strict=True))


def table(
    model: Digits,
    prior: za.types.Prior,
    z: np.ndarray,
    paths: dict[str, np.ndarray],
    cpu: list[float],
) -> None:
    """Medians over pairs. Distances to the data are in standard deviations of the latents."""
    print("| path | length | energy | pace | Fisher–Rao length | to the data, sd | CPU a pair |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    near = cKDTree(in_sd(prior, z))
    for (name, path), seconds in zip(paths.items(), cpu, strict=True):
        p = decoded(model, path)
        d, fisher = (np.linalg.norm(np.diff(x, axis=1), axis=2) for x in (p, angles(p)))
        pace = [speed_deviation(one).value for one in p]
        far = near.query(in_sd(prior, path)[:, 1:-1])[0].mean(axis=1)
        each = d.sum(axis=1), (STEPS - 1) * (d**2).sum(axis=1), pace, fisher.sum(axis=1), far
        figures = [f"{np.median(x):.2f}" for x in each]
        print(f"| {name} | {' | '.join(figures)} | {1000 * seconds / len(path):.1f} ms |")


def in_sd(prior: za.types.Prior, z: np.ndarray) -> np.ndarray:
    """Latents ``(..., 2)`` in the prior's standard normal coordinates."""
    return prior.to_normal(z.reshape(-1, 2)).reshape(z.shape)


def decoded(model: Digits, path: np.ndarray) -> np.ndarray:
    """Pictures ``(..., 64)`` of latents ``(..., 2)``."""
    return model.picture(torch.from_numpy(path).float()).numpy().astype(float)


def angles(p: np.ndarray) -> np.ndarray:
    """Where straight steps are Fisher and Rao's: for a pixel that is white with probability p."""
    return 2 * np.arcsin(np.sqrt(p))


def most_apart(u: np.ndarray, paths: dict[str, np.ndarray]) -> int:
    """The pair with the largest geometric mean of the distances between its ways, two by two.

    Pairs with a way that goes further out than any digit are left out: the map would be about it.
    """
    edge = np.linalg.norm(u, axis=1).max()
    ways = np.stack(list(paths.values()), axis=1)
    out = (np.linalg.norm(ways, axis=-1) > edge).any(axis=2)
    print("\nfurther out than any digit:", dict(zip(paths, out.sum(axis=0).tolist(), strict=True)))
    score = [np.mean(np.log([apart(p, q) for p, q in combinations(pair, 2)])) for pair in ways]
    return int(np.argmax(np.where(out.any(axis=1), -np.inf, score)))


def apart(p: np.ndarray, q: np.ndarray) -> float:
    """The mean distance from the points of each way to the other."""
    return (cKDTree(p).query(q)[0].mean() + cKDTree(q).query(p)[0].mean()) / 2


def picture(
    model: Digits, z: np.ndarray, classes: np.ndarray, ways: dict[str, np.ndarray]
) -> Figure:
    """The latent plane with every way across it, and below it what each way decodes to."""
    figure = Figure(figsize=(7.8, 10.9), dpi=100)
    whole = figure.add_gridspec(2, 1, left=0.01, right=0.99, top=0.995, bottom=0.005,
                                height_ratios=(6.6, 4.2), hspace=0.02)  # fmt: skip
    plane(figure.add_subplot(whole[0]), z, classes, ways)
    rows = whole[1].subgridspec(len(ways), 2, width_ratios=(2.05, 5.6), wspace=0, hspace=0.08)
    for i, (name, path) in enumerate(ways.items()):
        ax = figure.add_subplot(rows[i, 0])
        ax.axis("off")
        letter(ax, i, (0.1, 0.5))
        ax.text(0.22, 0.5, name, va="center", fontsize=17)
        shown = decoded(model, path[:: (STEPS - 1) // (SHOWN - 1)]).reshape(-1, 1, 8, 8)
        za.figures.strip(shown, ax=figure.add_subplot(rows[i, 1]))
    return figure


def plane(ax: Any, z: np.ndarray, classes: np.ndarray, ways: dict[str, np.ndarray]) -> None:
    """Digits as dots in the colour of their class, ways with a letter each."""
    pale = np.array([0.55 * np.array(to_rgb(c)) + 0.45 for c in COLORS])
    ax.scatter(*z.T, s=16, c=pale[classes], linewidths=0)
    every = (STEPS - 1) // (SHOWN - 1)
    for path in ways.values():
        ax.plot(*path.T, color="white", lw=7)
    for name, path in ways.items():
        color, mark, dash, width = STYLES[name]
        ax.plot(*path.T, color=color, ls=dash, lw=width)
        ax.plot(*path[every:-1:every].T, mark, color=color, ms=5 + width, mec="white")
    taken = np.empty((0, 2))
    for i, (name, path) in enumerate(ways.items()):
        others = np.concatenate([q for other, q in ways.items() if other != name])
        at = clearest(path[4:-4], others, taken)
        letter(ax, i, at)
        taken = np.vstack([taken, at])
    a, b = next(iter(ways.values()))[[0, -1]]
    for word, at, other in (("from", a, b), ("to", b, a)):
        ax.plot(*at, "o", color="white", mec="black", mew=3, ms=15, zorder=6)
        side = np.sign(at[0] - other[0])
        ax.annotate(word, at, (14 * side, 0), textcoords="offset points", fontsize=16,
                    ha="left" if side > 0 else "right", va="center", zorder=6,
                    path_effects=[withStroke(linewidth=4, foreground="white")])  # fmt: skip
    taken = np.concatenate([taken, *ways.values()])
    for k in range(10):
        dots = z[classes == k]
        off = np.linalg.norm(dots - np.median(dots, axis=0), axis=1)
        at = dots[np.argmin(off + 100 * (cKDTree(taken).query(dots)[0] < ROOM))]
        dark = 0.6 * np.array(to_rgb(COLORS[k]))
        ax.text(*at, str(k), color=dark, fontsize=22, fontweight="bold", ha="center", va="center",
                path_effects=[withStroke(linewidth=4, foreground="white")], zorder=5)  # fmt: skip
        taken = np.vstack([taken, at])
    ax.set_aspect("equal", adjustable="datalim")
    ax.axis("off")


def clearest(points: np.ndarray, others: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The point that is furthest from the other ways, among those with room for a letter."""
    free = cKDTree(others).query(points)[0]
    if len(taken):
        free = free - 100 * (cKDTree(taken).query(points)[0] < 1.5 * ROOM)
    return points[np.argmax(free)]


def letter(ax: Any, i: int, at: Any) -> None:
    """The name of a way: a disc in its colour."""
    color = list(STYLES.values())[i][0]
    ax.text(*at, "ABCDEF"[i], color="white", fontsize=16, fontweight="bold", ha="center",
            va="center", bbox={"boxstyle": "circle,pad=0.2", "fc": color, "ec": "white", "lw": 2},
            zorder=7)  # fmt: skip


def main() -> None:
    digits = za.datasets.digits()
    x, classes = torch.from_numpy(digits.images).float(), np.asarray(digits.labels["class"])
    model = learned(x)
    z = model.posterior(x)[0].numpy().astype(float)
    prior = za.priors.Empirical().fit(z)
    rows = np.random.default_rng(0).choice(len(z), (PAIRS, 2), replace=False)
    paths, cpu = {}, []
    for name, way in ways(model, prior, z).items():
        begun = time.process_time()
        paths[name] = way(z[rows[:, 0]], z[rows[:, 1]])
        cpu.append(time.process_time() - begun)
    table(model, prior, z, paths, cpu)
    ways_in_sd = {name: in_sd(prior, path) for name, path in paths.items()}
    best = most_apart(in_sd(prior, z), ways_in_sd)
    print(f"\nshown: digits {rows[best].tolist()}, of classes {classes[rows[best]].tolist()}")
    shown = {name: path[best] for name, path in paths.items()}
    table(model, prior, z, {k: v[None] for k, v in shown.items()}, [s / PAIRS for s in cpu])
    save(picture(model, z, classes, shown), ASSETS / "metrics.png")


if __name__ == "__main__":
    main()
