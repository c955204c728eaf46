"""A test of plausibility that is calibrated on a model: what hurts its output is what counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from zalgebra.algebra._arrays import as_latents, flatten, to_numpy
from zalgebra.measures.latent_statistics import latent_statistics
from zalgebra.types import Array, BadInput, Prior

__all__ = ["Tailored", "TailoredTest"]


@dataclass(frozen=True, eq=False)
class Tailored:
    """What a `TailoredTest` found about n latents, each by itself.

    Parameters
    ----------
    damage
        The damage to be expected ``(n,)``, in the unit that the test was fitted with; about 0 for
        draws of the prior.
    p_values
        Chance that a draw of the prior is expected to do as much damage ``(n,)``; uncorrected.
    foremost
        The statistic that adds most to the damage ``(n,)``.
    """

    damage: np.ndarray
    p_values: np.ndarray
    foremost: np.ndarray

    def __len__(self) -> int:
        return len(self.damage)

    def plausible(self, level: float = 0.01) -> np.ndarray:
        """Which latents pass, each at this chance of a false alarm, ``(n,)`` of bool."""
        return self.p_values >= level

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: value.tolist() for name, value in vars(self).items()}


class TailoredTest:
    r"""A test of latents that weighs each statistic by how much it hurts one model's output.

    With the statistics $s_j$ of `latent_statistics`, and their mean $m_j$ and standard deviation
    $\sigma_j$ over draws of the prior, the test statistic is the damage to be expected,

    $$T(z) = \sum_j \theta_j \left(\frac{(s_j(z) - m_j)^2}{\sigma_j^2} - 1\right),
    \qquad \theta_j \ge 0.$$

    The mean of each bracket over a set of latents is 0 for draws of the prior, and the square of
    the departure where a statistic is shifted: no chance of single latents is left in it. The
    sensitivities $\theta_j$ are fitted by nonnegative least squares to latents whose damage is
    known; they say which statistics the model needs. A squared distance between distributions of
    outputs, such as Fréchet's, grows like this for small departures. The p-value of $T$ is its
    rank among N draws of the prior, $(1 + \#\{T_0 \ge T\})/(N + 1)$, so false alarms are right
    whatever was fitted.

    A departure that moves no statistic of `latent_statistics`, or one that did no damage in the
    latents of the fit, is not seen. `zalgebra.check` stays the test of anything.

    Parameters
    ----------
    prior
        The distribution of the latents; ``None`` is the standard normal.
    draws
        N, draws of the prior; no p-value is below 1/(N + 1).
    random_state
        Seed of the draws.

    Attributes
    ----------
    sensitivity_ : dict[str, float]
        $\theta_j$: damage by a shift of one standard deviation of the draws.
    r2_ : float
        Share of the damage's (weighted) variance that T explains in the latents of the fit.

    References
    ----------
    Bodin et al., *Linear combinations of latents in generative models: subspaces and beyond*,
    arXiv 2408.08558, the last of its open questions; Lawson and Hanson, *Solving least squares
    problems* (1974), for the fit.

    Examples
    --------
    A model that is hurt by the mean and by nothing else:

    >>> import numpy as np
    >>> from zalgebra.measures.breakages import broken
    >>> from zalgebra.measures.tailored import TailoredTest
    >>> u = np.random.default_rng(0).standard_normal((400, 1, 8, 8))
    >>> Z = np.concatenate([broken(u, "mean", strength=0.4), broken(u, "sparsity", strength=0.4)])
    >>> test = TailoredTest().fit(Z, np.repeat([1.0, 0.0], 400))
    >>> [name for name, theta in test.sensitivity_.items() if theta > 0.1]
    ['mean']
    >>> found = test.check(Z)
    >>> (found.p_values < 0.05).reshape(2, 400).mean(axis=1).round(1).tolist()
    [1.0, 0.1]
    """

    def __init__(
        self, prior: Prior | None = None, *, draws: int = 2000, random_state: int = 0
    ) -> None:
        self.prior = prior
        self.draws = draws
        self.random_state = random_state

    def fit(
        self,
        Z: Array,
        damage: ArrayLike,
        /,
        *,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn the sensitivities from latents ``(n, *shape)`` and the damage that each does.

        Parameters
        ----------
        Z
            Latents with departures of many kinds, for instance those of
            `zalgebra.measures.broken`, among them harmless ones.
        damage
            ``(n,)``, 0 where the output is as good as that of a draw of the prior.
        groups
            Labels ``(n,)``: the latents of one label count as one observation, their mean. For a
            damage that is measured on a set, such as a Fréchet distance. Have more labels than
            statistics, of which a picture has ten: else what they are by chance is fitted too.
        sample_weight
            ``(n,)``, for instance one over the variance of the damage; equal by default.

        Raises
        ------
        BadInput
            If shapes do not fit, or values are not finite.
        """
        if not isinstance(self.draws, int | np.integer) or self.draws < 100:
            raise BadInput(f"`draws` must be a whole number of at least 100, got {self.draws}")
        Z = as_latents(Z, "Z")
        n = int(Z.shape[0]) if Z.ndim else 0
        y, w = (
            _column(damage, "damage", n),
            _column(1.0 if sample_weight is None else sample_weight, "sample_weight", n),
        )
        if n < 2 or (w < 0).any() or not w.any():
            raise BadInput("`fit` needs 2 latents or more, and weights of at least 0, not all 0")
        self._learn_law(tuple(int(side) for side in Z.shape[1:]))
        x = self._departures(Z)
        if groups is not None:
            x, y, w = _means(np.asarray(groups), x, y, w)
        root = np.sqrt(w / w.mean())
        theta = nnls(x * root[:, None], y * root)[0]
        total = float(w @ (y - np.average(y, weights=w)) ** 2)
        self.r2_ = 1 - float(w @ (y - x @ theta) ** 2) / total if total > 0 else float("nan")
        self.sensitivity_ = dict(zip(self._names, theta.tolist(), strict=True))
        self._null = np.sort(self._of_draws @ theta)
        return self

    def check(self, Z: Array, /) -> Tailored:
        """Judge latents ``(n, *shape)`` of the shape of the fit, each by itself."""
        if not hasattr(self, "sensitivity_"):
            raise BadInput("this TailoredTest is not fitted yet: call fit(Z, damage) first")
        theta = np.array(list(self.sensitivity_.values()))
        terms = self._departures(Z) * theta
        T = terms.sum(axis=1)
        # Draws without any departure are one lump: to rounding, they are as large as each other.
        least = T - 1e-9 * max(1e-300, float(np.abs(self._null).max()))
        above = len(self._null) - np.searchsorted(self._null, least)
        return Tailored(
            damage=T,
            p_values=(1 + above) / (1 + len(self._null)),
            foremost=np.array(self._names)[terms.argmax(axis=1)],
        )

    def _learn_law(self, shape: tuple[int, ...]) -> None:
        """Means and standard deviations of the statistics over draws of the prior."""
        if self.prior is None:
            draws = np.random.default_rng(self.random_state).standard_normal((self.draws, *shape))
        else:
            draws = self.prior.sample(self.draws, seed=self.random_state)
        u = self._normal(draws)
        self._shape, found = u.shape[1:], latent_statistics(u)
        s = np.stack(list(found.values()), axis=1)
        self._names, self._mean, spread = list(found), s.mean(axis=0), s.std(axis=0)
        # What does not vary at all under the prior (the norm on a sphere) is no statistic there.
        self._spread = np.where(spread > 1e-9, spread, np.inf)
        self._of_draws = ((s - self._mean) / self._spread) ** 2 - np.isfinite(self._spread)

    def _departures(self, Z: Array) -> np.ndarray:
        """The brackets of T, ``(n, statistics)``."""
        u = self._normal(Z)
        if u.shape[1:] != self._shape:
            raise BadInput(
                f"this TailoredTest is of latents of shape {self._shape} each, as its statistics "
                f"depend on it, got latents of shape {u.shape[1:]}: reshape them, or fit another"
            )
        s = np.stack(list(latent_statistics(u).values()), axis=1)
        return ((s - self._mean) / self._spread) ** 2 - np.isfinite(self._spread)

    def _normal(self, Z: Array) -> np.ndarray:
        Z = as_latents(Z, "Z")
        u = Z if self.prior is None else self.prior.to_normal(Z)
        return to_numpy(flatten(u)).reshape(tuple(int(side) for side in Z.shape))


def _column(values: ArrayLike, name: str, n: int) -> np.ndarray:
    """A number for each of n latents; one number is that of all."""
    x = np.asarray(values, dtype=float)
    x = np.full(n, x) if x.ndim == 0 and name == "sample_weight" else x
    if x.shape != (n,) or not np.isfinite(x).all():
        raise BadInput(
            f"`{name}` must hold a finite number for each of {n} latents, got shape {x.shape}"
        )
    return x


def _means(
    groups: np.ndarray, x: np.ndarray, y: np.ndarray, w: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each group's mean of all three."""
    if groups.shape != y.shape:
        raise BadInput(f"`groups` must have shape {y.shape}, got {groups.shape}")
    parts = [groups == g for g in np.unique(groups)]
    a, b, c = (np.stack([values[p].mean(axis=0) for p in parts]) for values in (x, y, w))
    return a, b, c
