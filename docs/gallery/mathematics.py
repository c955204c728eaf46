"""The figures of the page Mathematics: each draws one of its claims from numbers made here.

    .venv/bin/python docs/gallery/mathematics.py

It writes ``docs/assets/mathematics-*.png``; seed 0, a few seconds on one core.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from palette import ASSETS, save
from scipy import stats
from scipy.special import ndtri

import zalgebra as za

PLAIN, OURS = "#d55e00", "#006d4e"  # after Okabe and Ito; a dash and a mark besides
STYLES = {
    "linear": {"label": "LERP", "color": PLAIN, "marker": "s", "linestyle": "--"},
    "slerp": {"label": "SLERP", "color": "#0072b2", "marker": "^", "linestyle": (0, (5, 1))},
    "lol": {"label": "LOL", "color": OURS, "marker": "o", "linestyle": "-"},
}


def averages(ax: Axes, D: int = 4096) -> None:
    """Variance of the average of k independent seeds."""
    rng = np.random.default_rng(0)
    counts = np.array([1, 2, 3, 5, 8, 12, 20, 32])
    for method in ("linear", "slerp", "lol"):
        found = [za.centroid(rng.standard_normal((k, D)), method=method).var() for k in counts]
        ax.plot(counts, found, **STYLES[method])
    ax.plot(counts, 1 / counts, ":", color="black", label="1/k", zorder=3)
    ax.set(xscale="log", xlabel="seeds averaged", ylabel="variance of the average")
    ax.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.set_title("Averages shrink under LERP, not under LOL")


def pace(ax: Axes, D: int = 100_000) -> None:
    """Where slerp and LOL stand on the arc between two independent seeds."""
    a, b = np.random.default_rng(0).standard_normal((2, D))
    t = np.linspace(0, 1, 101)
    angle = {}
    for method in ("slerp", "lol"):
        z = za.interpolate(a, b, t, method=method)
        cosine = z @ a / np.linalg.norm(z, axis=1) / np.linalg.norm(a)
        angle[method] = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        ax.plot(t, angle[method], markevery=20, **STYLES[method])
    gap = np.abs(angle["slerp"] - angle["lol"])
    ax.annotate(
        f"at most {gap.max():.1f}° apart",
        (t[gap.argmax()], angle["lol"][gap.argmax()]),
        (0.42, 12),
        arrowprops={"arrowstyle": "-", "color": "grey"},
    )
    ax.set(xlabel="position t", ylabel="angle from the first seed, degrees")
    ax.set_title("SLERP and LOL: one arc, two paces")


def correlated(ax: Axes, D: int = 784, repeats: int = 200) -> None:
    """Variance of eight averaged seeds that hang together."""
    rhos = np.array([0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6])
    styles = {"independent": STYLES["linear"], "estimate": STYLES["lol"]}
    labels = {"independent": "taken as independent", "estimate": 'correlation="estimate"'}
    for correlation, style in styles.items():
        rng, found = np.random.default_rng(0), []
        for rho in rhos:
            shared = rng.standard_normal((repeats, 1, D))
            x = np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.standard_normal((repeats, 8, D))
            found.append(np.mean(za.centroid(x, axis=1, correlation=correlation) ** 2))
        ax.plot(rhos, found, **style | {"label": labels[correlation]})
    ax.axhline(1, color="grey", linewidth=0.8, linestyle=":")
    ax.set(xlabel="correlation among eight seeds", ylabel="variance of their average")
    ax.set_title("Seeds that hang together")


def provenance(ax: Axes, D: int = 784, repeats: int = 2000) -> None:
    """Norms of combinations of combinations that share their seeds."""
    x = np.random.default_rng(0).standard_normal((repeats, 2, D))
    first, second = (za.combine([1 - t, t], x, axis=1) for t in (0.5, 0.3))
    reused = za.centroid(np.stack([first, second], axis=1), axis=1)
    kept = za.combine([0.5 + 0.7, 0.5 + 0.3], x, axis=1)
    bins = np.linspace(0.85, 1.55, 90)
    for z, label, colour, hatch in (
        (reused, "results reused as new seeds", PLAIN, "///"),
        (kept, "weights added, prior applied once", OURS, ""),
    ):
        norms = np.linalg.norm(z, axis=1) / np.sqrt(D)
        words = f"{label}: variance {np.mean(z**2):.2f}"
        how = {"histtype": "stepfilled", "alpha": 0.6, "hatch": hatch, "edgecolor": "black"}
        ax.hist(norms, bins, density=True, color=colour, label=words, **how)
    r = np.linspace(0.85, 1.55, 400)
    ax.plot(
        r,
        stats.chi(D, scale=1 / np.sqrt(D)).pdf(r),
        color="black",
        linewidth=2.5,
        label="the prior's law",
    )
    ax.set(xlabel="norm of the latent / √D", ylabel="density", ylim=(0, 30))
    ax.set_title("Results must remember their seeds")


def tails(ax: Axes) -> None:
    """Normal coordinates of Laplace entries, in float32."""
    u = np.linspace(0, 12, 400)
    prior = za.priors.Independent(stats.laplace())
    x = prior.from_normal(u[:, None]).astype(np.float32)
    with np.errstate(divide="ignore"):
        plain = ndtri((1 - 0.5 * np.exp(-x)).astype(np.float32))[:, 0]
    ours = prior.to_normal(x)[:, 0]
    ax.plot(u, ours, color=OURS, alpha=0.45, linewidth=7, label="logarithms of the smaller tail")
    finite = np.isfinite(plain)
    ax.plot(u[finite], plain[finite], "--", color=PLAIN, label="Φ⁻¹(F(x))")
    end = u[finite].max()
    ax.axvline(end, color="black", linewidth=1, linestyle=":")
    ax.text(end + 0.15, 2.8, f"Φ⁻¹(F(x)) is infinite\nfrom {end:.1f} on")
    ax.set(xlabel="true u of a Laplace entry", ylabel="u recovered in float32")
    ax.set_title("Tails that survive")


def strength(ax: Axes) -> None:
    """The share of a direction in the result, by weight and by angle."""
    s = np.linspace(0, 8, 200)
    weight, angle = s / np.sqrt(1 + s**2), np.sin(np.radians(90 * s / 8))
    ax.plot(s, weight, "--", color=PLAIN, label="weight s, 0 to 8")
    ax.plot(s, angle, "-", color=OURS, label="angle θ, 0° to 90°")
    ax.set(xlabel="position of the slider", ylabel="share of the direction", xticks=[])
    ax.set_title("Why strength is an angle")


PANELS = {
    "averages": averages,
    "pace": pace,
    "correlated": correlated,
    "provenance": provenance,
    "tails": tails,
    "strength": strength,
}


def main() -> None:
    for name, draw in PANELS.items():
        figure = Figure(figsize=(5.6, 3.9), layout="constrained")
        ax = figure.subplots()
        draw(ax)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
        save(figure, ASSETS / f"mathematics-{name}.png", dpi=130)


if __name__ == "__main__":
    main()
