"""Certificate: how plausible latents are under their prior, effect sizes before p-values."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.table import Table
from scipy.special import chdtr, chdtrc, kolmogorov, ndtr, ndtri

from zalgebra.algebra._arrays import as_latents, flatten, to_numpy
from zalgebra.types import Array, BadInput, Prior

__all__ = ["Certificate", "check"]

LEVEL = 0.01
TELLING = 256  # entries below which a test of one latent sees little
# A convention: an effect below these does not fail a latent, however small its p-value
# (on 262,144 entries a test rejects an error of scale of 1 %).
NOTICEABLE = {"variance_ratio": 0.1, "w1": 0.1}


@dataclass(frozen=True, eq=False)
class Certificate:
    """What was found about ``n`` latents of ``D`` entries; the entries of each are the sample.

    Parameters
    ----------
    p_values
        Test name to ``(n,)``: ``"norm"`` (χ² law of the squared norm, two-sided) and ``"ks"``
        (Kolmogorov-Smirnov of the entries).
    effects
        Name to ``(n,)``: ``"norm"`` in units of √D (1 is typical), ``"norm_percentile"`` under
        the chi law (0 to 100), ``"variance_ratio"`` (1 is right), ``"w1"`` (Wasserstein-1
        distance of the entries to the normal, in standard deviations, 0 is right).
    entries
        D, the entries of one latent.
    """

    p_values: dict[str, np.ndarray]
    effects: dict[str, np.ndarray]
    entries: int
    level: float = field(default=LEVEL)

    @property
    def plausible(self) -> np.ndarray:
        """Which latents pass, ``(n,)`` of bool.

        A latent fails if a test rejects it at ``level`` over the whole batch (Bonferroni over
        latents and tests) *and* its effect is large enough to be noticed.
        """
        tests = len(self.p_values) * len(self)
        rejected = np.any([p * tests < self.level for p in self.p_values.values()], axis=0)
        off = np.abs(self.effects["variance_ratio"] - 1) > NOTICEABLE["variance_ratio"]
        off |= self.effects["w1"] > NOTICEABLE["w1"]
        return ~(rejected & off)

    @property
    def verdict(self) -> str:
        """One sentence."""
        n, good = len(self), self.plausible
        if n == 0:
            return "there are no latents to check"
        shown = good if good.all() else ~good  # the figures are medians over these
        ratio, w1 = (np.median(self.effects[name][shown]) for name in ("variance_ratio", "w1"))
        found = f"variance {ratio:.2f} of the prior's, W1 {w1:.2f}"
        if self.entries < TELLING:
            found += f"; {self.entries} entries show only gross departures"
        if good.all():
            who = "the latent is" if n == 1 else f"all {n} latents are"
            return f"{who} plausible under the prior ({found})"
        low = self.effects["norm"][~good] < 1
        side = "too small" if low.all() else "too large" if not low.any() else "off in scale"
        bad = n - int(good.sum())
        who = "the latent is" if n == 1 else f"{bad} of {n} latents {'is' if bad == 1 else 'are'}"
        if abs(ratio - 1) <= NOTICEABLE["variance_ratio"]:
            side = "of the wrong shape"
        return f"{who} implausible under the prior: {side} ({found})"

    def to_dict(self) -> dict[str, Any]:
        """``{"p_values": {test: (n,)}, "effects": {name: (n,)}, "verdict": ...}``, as lists."""
        return {
            "p_values": {k: v.tolist() for k, v in self.p_values.items()},
            "effects": {k: v.tolist() for k, v in self.effects.items()},
            "plausible": self.plausible.tolist(),
            "entries": self.entries,
            "verdict": self.verdict,
        }

    def __len__(self) -> int:
        return len(self.effects["norm"])

    def __rich__(self) -> Table:
        table = Table(title=self.verdict, title_justify="left")
        for column in self._columns():
            table.add_column(column, justify="right")
        for row in self._rows():
            table.add_row(*row)
        return table

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(c)}</th>" for c in self._columns())
        body = "".join(
            "<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in self._rows()
        )
        return (
            f"<table class='certificate'><caption>{html.escape(self.verdict)}</caption>"
            f"<tr>{head}</tr>{body}</table>"
        )

    def _columns(self) -> list[str]:
        return ["latent", "norm/√D", "percentile", "variance", "W1", "p norm", "p KS", "plausible"]

    def _rows(self) -> list[list[str]]:
        e, p = self.effects, self.p_values
        return [
            [
                str(i),
                f"{e['norm'][i]:.3f}",
                f"{e['norm_percentile'][i]:.1f}",
                f"{e['variance_ratio'][i]:.3f}",
                f"{e['w1'][i]:.3f}",
                f"{p['norm'][i]:.2g}",
                f"{p['ks'][i]:.2g}",
                "yes" if self.plausible[i] else "no",
            ]
            for i in range(len(self))
        ]


def check(z: Array, /, prior: Prior | None = None) -> Certificate:
    """Certificate of latents ``(n, *shape)`` against their prior.

    Each latent is carried to standard normal coordinates u by the prior; its D entries are the
    sample. The norm is judged by |u|² ~ χ²_D, the shape by the Kolmogorov-Smirnov distance
    sup |F_D - Φ| (with the finite-sample correction of Vrbik 2018, right to 0.001 from D = 16 on),
    the distance by W1 = mean |u_(i) - Φ⁻¹((i - ½)/D)|.

    Parameters
    ----------
    z
        Latents ``(n, *shape)`` of any Array API library.
    prior
        Their prior; ``None`` is the standard normal.

    Returns
    -------
    Certificate
        ``.verdict``, ``.plausible``, ``.p_values``, ``.effects``, ``.to_dict()``; Rich and HTML.

    Raises
    ------
    BadInput
        If ``z`` has no latent axis, or holds NaN or infinite entries.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> x = np.random.default_rng(0).standard_normal((8, 4096))
    >>> za.check(x.mean(axis=0)[None]).verdict
    "the latent is implausible under the prior: too small (variance 0.12 of the prior's, W1 0.52)"
    >>> za.check(za.centroid(x)[None]).verdict
    "the latent is plausible under the prior (variance 0.98 of the prior's, W1 0.02)"
    """
    z = as_latents(z, "z")
    if z.ndim < 2:
        shape = tuple(z.shape)
        raise BadInput(f"`check` takes latents (n, *shape), got shape {shape}; use z[None] for one")
    u = to_numpy(flatten(z if prior is None else prior.to_normal(z))).astype(float)
    D = u.shape[1]
    if D == 0:
        raise BadInput("`check` needs latents with at least one entry")
    square = np.einsum("nd,nd->n", u, u)
    below, above = chdtr(D, square), chdtrc(D, square)
    u.sort(axis=1)
    ranks = np.arange(D)
    F = ndtr(u)
    ks = np.maximum((ranks + 1) / D - F, F - ranks / D).max(axis=1, initial=0)
    root = math.sqrt(D)
    return Certificate(
        p_values={
            "norm": np.minimum(1.0, 2 * np.minimum(below, above)),
            "ks": kolmogorov(root * ks + 1 / (6 * root) + (root * ks - 1) / (4 * D)),
        },
        effects={
            "norm": np.sqrt(square / D),
            "norm_percentile": 100 * below,
            "variance_ratio": u.var(axis=1, ddof=1) if D > 1 else square,
            "w1": np.abs(u - ndtri((ranks + 0.5) / D)).mean(axis=1),
        },
        entries=D,
    )
