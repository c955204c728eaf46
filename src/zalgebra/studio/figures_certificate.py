"""Certificates as a figure: how far each latent is off, in units of what is noticed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra.certificate_effects import EFFECTS, kind
from zalgebra.studio.figures import _axes
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from zalgebra.algebra.certificate import Certificate

__all__ = ["certificate"]

GOOD, BAD, INK = "#00798c", "#c1440e", "#2b2d42"
FARTHEST = 4.0  # those that are farther off are counted, beside an arrow
ARROW, EDGE = FARTHEST + 0.35, FARTHEST + 1.8
WORDS = {
    "norm": "norm / √D", "variance_ratio": "variance", "w1": "shape (W1)", "mean": "mean",
    "skew": "skewness", "kurtosis": "kurtosis", "lag_one": "lag one, axis {}",
    "channel_mean": "channel means", "channel_variance": "channel variances",
    "entry_mean": "entries' means", "entry_variance": "entries' variances",
    "cosine_max": "closest pair", "cosine_rms": "cosines", "norm_spread": "spread of norms",
}  # fmt: skip


def certificate(found: Certificate, /, *, ax: Axes | None = None) -> Figure:
    """Every effect of a certificate as a row, and every latent as a mark in it.

    The mark's place is how far the latent is off what is right, over how far off it is noticed:
    in the grey band from -1 to 1 nobody sees it, whatever its p-value. Discs are latents that
    pass, crosses those that fail; beside an arrow stands how many are off by more than 4. On the
    right stands the median over the latents, in the effect's own unit, and what is right.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> z = np.random.default_rng(0).standard_normal((3, 1000)) * [[1], [1], [0.5]]
    >>> figure = za.figures.certificate(za.check(z))
    >>> [t.get_text() for t in figure.axes[0].get_yticklabels()][:3]
    ['norm / √D', 'mean', 'variance']
    """
    names = [n for n in found.effects if kind(n) in EFFECTS]
    if not len(found) or not names:
        raise BadInput("there are no latents in this certificate to draw")
    figure, ax = _axes(ax, 5.6, 1.25 + 0.3 * len(names))
    ax.axvspan(-1, 1, color="#e9ebf0", lw=0, zorder=0)
    ax.axvline(0, color="#8d93a3", lw=0.8, zorder=1)
    good = found.plausible
    for row, name in enumerate(names):
        effect, values = EFFECTS[kind(name)], found.effects[name]
        off = (values - effect.right) / effect.notice
        _marks(ax, row, off, good)
        _beyond(ax, row, off, good)
        told = f"{_plain(np.median(values))} (right: {effect.right:g})"
        ax.text(
            1.02, row, told, transform=ax.get_yaxis_transform(), va="center", fontsize=8, color=INK
        )
    ax.set_yticks(range(len(names)), [_word(name) for name in names], fontsize=8.5)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(-EDGE, EDGE)
    ax.spines["bottom"].set_bounds(-FARTHEST, FARTHEST)
    ax.set_xticks(range(-4, 5, 2), ["−4", "−2", "0", "2", "4"], fontsize=8)
    ax.set_xlabel(
        "how far off, 1 = as far as is noticed\n(arrows: so many lie beyond 4)", fontsize=8.5
    )
    verdict = textwrap.fill(found.verdict, 68, break_long_words=False)
    ax.set_title(verdict, fontsize=9, loc="left", parse_math=False, color=INK)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return figure


def _marks(ax: Any, row: int, off: np.ndarray, good: np.ndarray) -> None:
    """The latents of one row, a little apart in height so that many are seen."""
    height = row + (np.random.default_rng(0).uniform(-0.22, 0.22, len(off)) if len(off) > 1 else 0)
    height = np.broadcast_to(height, off.shape)
    for passes, color, mark in ((True, GOOD, "o"), (False, BAD, "x")):
        chosen = (good == passes) & (np.abs(off) <= FARTHEST)
        if chosen.any():
            ax.scatter(
                off[chosen], height[chosen], s=22, c=color, marker=mark, alpha=0.75, zorder=3,
                linewidths=1.4 if mark == "x" else 0,
            )  # fmt: skip


def _beyond(ax: Any, row: int, off: np.ndarray, good: np.ndarray) -> None:
    """How many of one row are too far off to be drawn, at an arrow on their side."""
    for side, form, ha in ((-1, "<", "right"), (1, ">", "left")):
        far = side * off > FARTHEST
        apart = 0.24 if 0 < np.count_nonzero(far & good) < np.count_nonzero(far) else 0
        for mine, color, height in ((good, GOOD, row - apart), (~good, BAD, row + apart)):
            if n := np.count_nonzero(far & mine):
                ax.scatter(side * ARROW, height, s=30, c=color, marker=form, linewidths=0)
                ax.annotate(
                    f"{n:,}", (side * ARROW, height), (side * 5, 0), textcoords="offset points",
                    ha=ha, va="center", fontsize=8, color=color,
                )  # fmt: skip


def _plain(number: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{round(float(number), 2) + 0.0:.2f}".replace("-", "−")


def _word(name: str) -> str:
    return WORDS.get(kind(name), name).format(name.rpartition("_")[2])
