"""The pictures and the table of the page on paths: one pair under every metric.

    .venv/bin/python docs/gallery/paths.py

Drawn faces and the bundled model, drawn points, and Fashion-MNIST (the folder that
``ZALGEBRA_DATA`` names, or a download) with a small model that is fitted here. POT is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from palette import ASSETS, save
from strips import strips

import zalgebra as za
from zalgebra.algebra.transport.pictures import picture_barycenter
from zalgebra.estimators.density_paths import DensityPaths
from zalgebra.measures import speed_deviation
from zalgebra.models.geodesics import geodesic
from zalgebra.models.geodesics_pace import even_pace
from zalgebra.models.pullback import pullback_metric

STEPS, COLUMNS, PAIRS = 17, 9, 4
BACK, FRONT, THIRD = "#00798c", "#a3283a", "#d98a00"
Paths = Callable[[np.ndarray, np.ndarray], np.ndarray]  # two (n, D) to (n, STEPS, D)


def each(one: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Paths:
    return lambda a, b: np.stack([one(*pair) for pair in zip(a, b, strict=True)])


def ways(model: za.models.VAE) -> dict[str, Paths]:
    """Every way from a to b."""
    t, prior = np.linspace(0, 1, STEPS), model.prior_
    data = DensityPaths(prior=prior).fit(model.transform(za.datasets.faces(1000, seed=5).images))

    def by(method: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        how = {"prior": prior, "method": method, "correlation": "estimate"}
        return lambda a, b: za.interpolate(a, b, t, **how)

    def even(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return even_pace(by("lol")(a, b), model.inverse_transform).path

    return {
        "straight line": each(by("linear")),
        "spherical": each(by("slerp")),
        "prior kept (lol)": each(by("lol")),
        "lol, even pace": each(even),
        "through the data": lambda a, b: data.path(a, b, steps=STEPS).path,
        "pull-back geodesic": lambda a, b: geodesic(model.decode, a, b, steps=STEPS).path,
        "pull-back, prior kept": lambda a, b: (
            geodesic(model.decode, a, b, steps=STEPS, prior=prior).path
        ),
    }


def measured(model: za.models.VAE, paths: np.ndarray, seconds: float) -> list[str]:
    """Medians over pairs: length and energy in pixels, pace, the middle's norm, time a pair."""
    x = model.inverse_transform(paths.reshape(-1, paths.shape[-1]).astype("float32"))
    x = x.reshape(len(paths), STEPS, -1)
    d = np.linalg.norm(np.diff(x, axis=1), axis=2)
    pace = np.median([speed_deviation(one).value for one in x])
    u = model.prior_.to_normal(paths[:, STEPS // 2])
    norm = np.median(np.linalg.norm(u, axis=1)) / np.sqrt(u.shape[1])
    energy = (STEPS - 1) * (d**2).sum(axis=1)
    return [f"{np.median(d.sum(axis=1)):.2f}", f"{np.median(energy):.0f}", f"{pace:.2f}",
            f"{norm:.2f}", f"{1000 * seconds / len(paths):.1f} ms"]  # fmt: skip


def same_pair(model: za.models.VAE) -> Figure:
    """The first pair under every metric, and its pictures' barycentres; prints the table."""
    z = model.transform(za.datasets.faces(2 * PAIRS, seed=3).images)
    a, b = z[:PAIRS], z[PAIRS:]
    print("| path | length | energy | pace | norm at the middle | CPU a pair |")
    print("|---|---:|---:|---:|---:|---:|")
    rows = {}
    for name, way in ways(model).items():
        begun = time.process_time()
        paths = way(a, b)
        figures = measured(model, paths, time.process_time() - begun)
        print(f"| {name} | {' | '.join(figures)} |", flush=True)
        shown = paths[0, :: (STEPS - 1) // (COLUMNS - 1)]
        rows[name] = model.inverse_transform(shown.astype("float32"))
    t = np.linspace(0, 1, COLUMNS)
    begun = time.process_time()
    ends = rows["straight line"][[0, -1]]
    rows["pictures' barycentre"] = picture_barycenter(ends, np.stack([1 - t, t], axis=1))
    print(
        f"\nbarycentres of pictures: {(time.process_time() - begun) / (COLUMNS - 2):.2f} s a frame"
    )
    return strips(rows)


def fashion() -> Figure:
    """A sandal to an ankle boot: blended, carried as light, and through a model."""
    data = za.datasets.fashion_mnist()
    X, kinds = data.images[:6000], np.asarray(data.labels["class"])[:6000]
    shoes = X[np.isin(kinds, [5, 7, 9])]
    model = za.models.VAE(16, max_epochs=8, batch_size=64, verbose=False).fit(shoes)
    sandal, boot = (X[kinds == kind][i] for kind, i in ((5, 2), (9, 1)))
    t = np.linspace(0, 1, COLUMNS)
    w, ends = np.stack([1 - t, t], axis=1), np.stack([sandal, boot])
    z = za.interpolate(*model.transform(ends), t, prior=model.prior_, correlation="estimate")
    return strips(
        {
            "blend of pixels": np.tensordot(w, ends, axes=1),
            "barycentre, plain": picture_barycenter(ends, w, method="convolutional"),
            "barycentre, debiased": picture_barycenter(ends, w),
            "barycentre, sliced": picture_barycenter(ends, w, method="sliced"),
            "latents (VAE, lol)": model.inverse_transform(z),
        }
    )


def plane() -> Figure:
    """Above: through drawn data. Below: over a hill, in the chart of its map."""
    figure = Figure(figsize=(6.2, 9.2), dpi=110, layout="constrained")
    figure.get_layout_engine().set(h_pad=0.12)
    above, below = figure.subplots(2, 1, height_ratios=(1, 1.7))
    through_the_data(above)
    around_the_hill(below)
    for ax in (above, below):
        ax.set_aspect("equal")
        ax.set(xticks=[], yticks=[])
    return figure


def through_the_data(ax: Any) -> None:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0.0, np.pi, 600)
    bow = np.stack([2 * np.cos(angle), 1.6 * np.sin(angle)], axis=1)
    bow += 0.16 * rng.standard_normal(bow.shape)
    ends = np.array([[-2.0, 0.0]]), np.array([[2.0, 0.0]])
    ax.scatter(*bow.T, s=6, color="#b4b4b4", linewidths=0)
    ax.plot(*np.concatenate(ends).T, color="black", ls=":", lw=2, label="straight line")
    for power, color, dash in ((1.0, THIRD, "--"), (3.0, FRONT, "-")):
        way = DensityPaths(power=power).fit(bow).path(*ends, steps=60)
        ax.plot(*way.path[0].T, color=color, ls=dash, lw=2.5, label=f"power {power:g}")
    ax.legend(frameon=False, loc="center", fontsize=12)
    ax.set_title("through the data", fontsize=13)


def hill(z: torch.Tensor) -> torch.Tensor:
    height = 2.2 * torch.exp(-z.square().sum(dim=1, keepdim=True))
    return torch.cat([z, height], dim=1)


def around_the_hill(ax: Any) -> None:
    side = torch.linspace(-2.2, 2.2, 90)
    grid = torch.cartesian_prod(side, side)
    area = torch.linalg.det(pullback_metric(hill, grid)).sqrt().reshape(90, 90).T
    shown = ax.pcolormesh(side, side, area, cmap="Greys", shading="gouraud", vmin=0.8, vmax=3)
    bar = ax.figure.colorbar(shown, ax=ax, location="bottom", shrink=0.8)
    bar.set_label("area of a unit of the latent", fontsize=12)
    y = np.array([-1.2, -0.7, -0.35, 0.05, 0.4, 0.8, 1.3])
    a, b = (np.stack([np.full_like(y, x), y], axis=1) for x in (-2.0, 2.0))
    way = geodesic(hill, a, b, steps=40)
    for i in range(len(y)):
        label = ("straight line", "geodesic") if i == 0 else (None, None)
        ax.plot([-2, 2], [y[i], y[i]], color="black", ls=":", lw=1.5, label=label[0])
        ax.plot(*way.path[i].T, color=BACK, lw=2.5, label=label[1])
    ax.legend(frameon=True, loc="lower center", fontsize=12, ncols=2)
    ax.set_title("around a hill", fontsize=13)
    print(f"\nhill: {way}")


def main() -> None:
    save(plane(), ASSETS / "paths-plane.png")
    save(same_pair(za.load("faces")), ASSETS / "paths.png", dpi=90)
    save(fashion(), ASSETS / "paths-transport.png")


if __name__ == "__main__":
    main()
