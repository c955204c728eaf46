"""Certificate: how plausible latents are under their prior, effect sizes before p-values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from rich.table import Table

from zalgebra.algebra._arrays import as_latents, flatten, to_numpy
from zalgebra.algebra.certificate_effects import EFFECTS, GENERAL, kind, word
from zalgebra.algebra.certificate_views import as_html, as_table
from zalgebra.algebra.goodness import Figures, distances, size, tails
from zalgebra.algebra.population import population
from zalgebra.algebra.whiteness import channels, neighbours
from zalgebra.types import Array, BadInput, Prior

__all__ = ["Certificate", "check"]

LEVEL = 0.01
TELLING = 256  # entries below which a test of one latent sees little
POPULATION = 8  # latents below which they are no sample
CHUNK = 2**20  # entries judged at once: five such arrays of float64 are 40 MiB


@dataclass(frozen=True, eq=False)
class Certificate:
    """What was found about ``n`` latents of ``D`` entries; the entries of each are the sample.

    With ``replicate="latents"`` the latents together are the sample, and n is 1 below.

    Parameters
    ----------
    p_values
        Test name to ``(n,)``: ``"mean"``, ``"variance"``, ``"norm"``, ``"skew"``, ``"kurtosis"``,
        ``"ks"``, ``"cvm"``, ``"ad"``, ``"whiteness"``, ``"channels"``; tests that the latents
        cannot carry are left out. Uncorrected: `rejected` corrects them for their number.
    effects
        Name to ``(n,)``: ``"norm"`` in units of √D (1 is typical), ``"norm_percentile"`` under
        the chi law (0 to 100), ``"mean"`` in standard deviations, ``"variance_ratio"`` (1 is
        right), ``"skew"``, ``"kurtosis"`` (excess: 0 is right), ``"w1"`` (Wasserstein-1 distance
        of the entries to the normal, in standard deviations, 0 is right), ``"ks"``, ``"cvm"``,
        ``"ad"`` (distances in probability), ``"lag_one_0"`` ... (correlation of neighbours along
        each axis of the latent's shape), ``"channel"``, ``"channel_mean"`` and
        ``"channel_variance"`` (the channel, index of the first axis, that is farthest off).
    entries
        D, the entries of one latent.
    level
        Chance that any true latent of the whole batch is rejected by any test.
    replicate
        What the sample is: ``"entries"`` of each latent, or ``"latents"``.
    latents
        How many latents were given; ``None`` is n.
    """

    p_values: dict[str, np.ndarray]
    effects: dict[str, np.ndarray]
    entries: int
    level: float = LEVEL
    replicate: str = "entries"
    latents: int | None = None

    @property
    def rejected(self) -> dict[str, np.ndarray]:
        """Test name to ``(n,)`` of bool, at ``level`` over all tests and latents together.

        Holm's step-down: as valid as Bonferroni's rule under any dependence, and never weaker.
        """
        p = np.array(list(self.p_values.values()))
        order = np.argsort(p, axis=None)
        passed = np.sort(p, axis=None) * np.arange(p.size, 0, -1) < self.level
        found = np.zeros(p.size, bool)
        found[order[: np.argmin(np.append(passed, False))]] = True
        return dict(zip(self.p_values, found.reshape(p.shape), strict=True))

    @property
    def plausible(self) -> np.ndarray:
        """Which latents pass, ``(n,)`` of bool.

        A latent fails if a test rejects it (`rejected`) *and* the effect that belongs to the test
        is large enough to be noticed.
        """
        return np.all([d == 0 for d in self._departures().values()], axis=0)

    @property
    def verdict(self) -> str:
        """One sentence: whether the latents are plausible, what is most wrong, and the figures."""
        n, good = len(self), self.plausible
        if n == 0:
            return "there are no latents to check"
        shown = good if good.all() else ~good  # the figures are medians over these
        ratio, w1 = (np.median(self.effects[name][shown]) for name in ("variance_ratio", "w1"))
        found = f"variance {ratio:.2f} of the prior's, W1 {w1:.2f}"
        if self.replicate == "entries" and self.entries < TELLING:
            found += f"; {self.entries} entries show only gross departures"
        if good.all():
            return f"{self._who(n)} plausible under the prior ({found})"
        word, figure = self._most_wrong(~good)
        found = f"{figure}, {found}" if figure else found
        return f"{self._who(n - int(good.sum()))} implausible under the prior: {word} ({found})"

    def _who(self, count: int) -> str:
        if self.replicate == "latents":
            return f"the {self.latents} latents are, as a population,"
        if len(self) == 1:
            return "the latent is"
        if count == len(self) and self.plausible.all():
            return f"all {count} latents are"
        return f"{count} of {len(self)} latents {'is' if count == 1 else 'are'}"

    def _most_wrong(self, bad: np.ndarray) -> tuple[str, str]:
        """The worst departure of the bad latents in words, and its figure where all share it."""
        departures = self._departures()
        for name in GENERAL:  # below any other departure, but above none
            departures[name] = 1e-9 * departures[name]
        names = list(departures)
        worst = [names[k] for k in np.argmax([departures[m][bad] for m in names], axis=0)]
        indices = np.flatnonzero(bad)
        words = [word(self.effects, name, i) for name, i in zip(worst, indices, strict=True)]
        if len(set(words)) == 1:
            form = EFFECTS[kind(worst[0])].figure
            return words[0], form.format(np.median(self.effects[worst[0]][bad]))
        if set(words) == {"too small", "too large"}:
            return "off in scale", ""
        ranked = Counter(words).most_common()
        told = [f"{times} {word}" for word, times in ranked[:3]]
        return ", ".join(told + ["others otherwise"] * (len(ranked) > 3)), ""

    def _departures(self) -> dict[str, np.ndarray]:
        """Effect to how far it is off in units of what is noticed, 0 where it does not count."""
        rejected, none = self.rejected, np.zeros(len(self), bool)
        departures = {}
        for name, value in self.effects.items():
            if (effect := EFFECTS.get(kind(name))) is not None:
                off = np.abs(value - effect.right) / effect.notice
                seen = np.any([rejected.get(test, none) for test in effect.tests], axis=0)
                departures[name] = np.where(seen & (off > 1), off, 0)
        return departures

    def to_dict(self) -> dict[str, Any]:
        """``{"p_values": {test: (n,)}, "effects": {name: (n,)}, "verdict": ...}``, as lists."""
        return {
            "p_values": {k: v.tolist() for k, v in self.p_values.items()},
            "effects": {k: v.tolist() for k, v in self.effects.items()},
            "plausible": self.plausible.tolist(),
            "entries": self.entries,
            "level": self.level,
            "replicate": self.replicate,
            "latents": self.latents,
            "verdict": self.verdict,
        }

    def __len__(self) -> int:
        return len(self.effects["norm"])

    def __rich__(self) -> Table:
        return as_table(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def check(
    z: Array,
    /,
    prior: Prior | None = None,
    *,
    replicate: Literal["entries", "latents"] = "entries",
    level: float = LEVEL,
) -> Certificate:
    """Certificate of latents ``(n, *shape)`` against their prior.

    Each latent is carried to standard normal coordinates u by the prior. Its D entries are then
    held against N(0, 1): size (|u|² ~ χ²_D, √D ū ~ N(0, 1), centred sum of squares ~ χ²_(D-1)),
    shape (skewness, kurtosis, Kolmogorov-Smirnov, Cramér-von Mises, Anderson-Darling),
    correlation of neighbours along each axis of the shape, and mean and variance of each channel
    (first of several axes). For a vector latent the order of the entries may mean nothing; then
    so does its lag-one correlation.

    Parameters
    ----------
    z
        Latents ``(n, *shape)`` of any Array API library.
    prior
        Their prior; ``None`` is the standard normal. Under a prior with the attribute
        ``fixed_radius = True`` (a sphere) a latent is a direction: tests of norm and variance are
        left out, and for the others each is given a radius from the chi law (the same every
        time), with which a uniform direction is standard normal exactly.
    replicate
        ``"entries"``: each latent is judged by itself, its entries are the sample.
        ``"latents"``: at least 8 latents are judged together as independent draws of the prior:
        their mean vector, pooled variance, worst entry, norms, and the cosines of all pairs;
        all nD entries, taken as independent, for the shape (they are sorted at once).
    level
        Chance of rejecting anything in a batch of true latents, over all tests and latents
        together; default 0.01.

    Returns
    -------
    Certificate
        ``.verdict``, ``.plausible``, ``.p_values``, ``.effects``, ``.to_dict()``; Rich and HTML.

    Raises
    ------
    BadInput
        If ``z`` has no latent axis, or holds NaN or infinite entries; if ``level`` is no
        probability; if ``replicate`` is unknown, or there are too few latents to replicate.

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
    if replicate not in ("entries", "latents"):
        raise BadInput(f'`replicate` must be "entries" or "latents", got {replicate!r}')
    if not 0 < level < 1:
        raise BadInput(f"`level` must be between 0 and 1, got {level}")
    shape, free = tuple(z.shape[1:]), not getattr(prior, "fixed_radius", False)
    u = to_numpy(flatten(z if prior is None else prior.to_normal(z)))
    if not np.isfinite(u).all():
        raise BadInput(f"{prior!r} gives these latents no finite normal coordinates; check it")
    n, D = u.shape
    if not free and n and D:
        u = _of_any_radius(u)
    if D == 0:
        raise BadInput("`check` needs latents with at least one entry")
    if replicate == "entries":
        rows = max(1, CHUNK // D)
        parts = [_judge(u[i : i + rows], shape, free) for i in range(0, max(n, 1), rows)]
    elif n < POPULATION:
        raise BadInput(f'`replicate="latents"` needs at least {POPULATION} latents, got {n}')
    else:
        parts = [population(u.astype(float), free_radius=free)]
    p_values, effects = (
        {name: np.concatenate([part[side][name] for part in parts]) for name in parts[0][side]}
        for side in (0, 1)
    )
    return Certificate(p_values, effects, D, level, replicate, n)


def _of_any_radius(u: np.ndarray) -> np.ndarray:
    """Directions with radii drawn from the chi law: u / |u| uniform makes them N(0, I) exactly."""
    n, D = u.shape
    radius = np.sqrt(np.random.default_rng(D).chisquare(D, (n, 1)))
    norms = np.linalg.norm(u, axis=1, keepdims=True)
    return (u * (radius / np.where(norms > 0, norms, 1))).astype(u.dtype)


def _judge(x: np.ndarray, shape: tuple[int, ...], free_radius: bool) -> Figures:
    """All figures of a chunk of latents x ``(n, D)``, each by itself."""
    u = x.astype(float)
    parts = [size(u, free_radius=free_radius), tails(u), neighbours(u, shape)]
    if len(shape) > 1 and min(shape[0], u.shape[1] // shape[0]) > 1:
        by_channel = u.reshape(len(u), shape[0], u.shape[1] // shape[0])
        parts.append(channels(by_channel, free_radius=free_radius))
    del u
    parts.append(distances(np.sort(x, axis=1).astype(float)))  # float32 sorts twice as fast
    return {k: v for p, _ in parts for k, v in p.items()}, {
        k: v for _, e in parts for k, v in e.items()
    }
