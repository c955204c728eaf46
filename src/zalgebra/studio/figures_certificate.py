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
FARTHEST = 4.0  # where what is farther off is drawn, as an arrow
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
    pass, crosses those that fail; what is off by more than 4 is an arrow at the edge. On the
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
        _marks(ax, row, (values - effect.right) / effect.notice, good)
        told = f"{_plain(np.median(values))} (right: {effect.right:g})"
        ax.text(
            1.02, row, told, transform=ax.get_yaxis_transform(), va="center", fontsize=8, color=INK
        )
    ax.set_yticks(range(len(names)), [_word(name) for name in names], fontsize=8.5)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(-FARTHEST - 0.35, FARTHEST + 0.35)
    ax.set_xticks(range(-4, 5, 2), ["−4", "−2", "0", "2", "4"], fontsize=8)
    ax.set_xlabel("how far off, 1 = as far as is noticed", fontsize=8.5)
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
        mine = good == passes
        for there, form in (
            (np.abs(off) <= FARTHEST, mark),
            (off > FARTHEST, ">"),
            (off < -FARTHEST, "<"),
        ):
            chosen = mine & there
            if chosen.any():
                at = np.clip(off[chosen], -FARTHEST - 0.15, FARTHEST + 0.15)
                ax.scatter(
                    at, height[chosen], s=22, c=color, marker=form, alpha=0.75, zorder=3,
                    linewidths=1.4 if form == "x" else 0, clip_on=False,
                )  # fmt: skip


def _plain(number: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{round(float(number), 2) + 0.0:.2f}".replace("-", "−")


def _word(name: str) -> str:
    return WORDS.get(kind(name), name).format(name.rpartition("_")[2])
