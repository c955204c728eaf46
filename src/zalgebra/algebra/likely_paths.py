"""The length of a path where unlikely norms are long, and how it changes with the path's nodes.

The measure is ∫ -log P(|γ|) ds under the chi law P of the norm of a standard normal latent. A
shortest path between two latents lies in their plane, so a node is a radius and an angle there,
and norms and angles are all that this module knows. `zalgebra.algebra.nao` finds the minima.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

__all__ = ["NO_STEP", "SEGMENTS", "ChiLaw", "Paths", "squares"]

SEGMENTS = 64
NO_STEP = 1e-12  # the length of a step between equal nodes, in modes: the gradient exists there too


@dataclass(frozen=True)
class ChiLaw:
    """The law of the norm of N(0, I) in D dimensions, as the cost -log P(r) of being there."""

    entries: int

    @property
    def mode(self) -> float:
        """√(D - 1), the likeliest norm."""
        return math.sqrt(self.entries - 1)

    @property
    def least(self) -> float:
        """-log P(mode): above 0 for every D (0.57 for a large one), so the cost is a metric."""
        D, s = self.entries, self.entries - 1
        return (D / 2 - 1) * math.log(2) + float(gammaln(D / 2)) + (s - s * math.log(s)) / 2

    def cost(self, square: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """-log P(r) and its derivative by r², for squared norms r².

        With v = r²/mode² - 1 it is least + mode² (v - log(1 + v)) / 2: (D - 1) log r and r²/2
        themselves would cancel each other's digits.
        """
        v = square / self.mode**2 - 1
        return self.least + self.mode**2 / 2 * (v - np.log1p(v)), v / (1 + v) / 2


class Paths:
    """Polylines from ``p`` seeds to a common end, each in polar coordinates of its own plane.

    Node i of path j has the radius r_ji and the angle Ω_j i / N + s_ji / mode: the arc from the
    seed to the end, bent. Radii and shifts ``(2, p, N - 1)`` are free, flat as ``z``.
    """

    def __init__(self, norms: np.ndarray, rho: float, omega: np.ndarray, law: ChiLaw) -> None:
        self.norms, self.law, self.t = norms, law, np.linspace(0, 1, SEGMENTS + 1)
        r = norms[:, None] + (rho - norms[:, None]) * self.t
        self.start = np.stack([r, np.zeros_like(r)])[..., 1:-1].ravel()
        step2, mid2 = squares(r, omega[:, None] * self.t)
        self.n = law.cost(mid2)[0].mean(axis=1, keepdims=True)
        self.length = np.sqrt(step2).mean(axis=1, keepdims=True) + NO_STEP * law.mode

    def nodes(self, rho: float, omega: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Radii and angles ``(p, N + 1)``, to an end of norm ``rho`` at angles ``omega``."""
        r, shift = np.zeros((2, len(self.norms), SEGMENTS + 1))
        r[:, 1:-1], shift[:, 1:-1] = z.reshape(2, len(self.norms), -1)
        r[:, 0], r[:, -1] = self.norms, rho
        return r, omega[:, None] * self.t + shift / self.law.mode

    def cost(
        self, rho: float, omega: np.ndarray, z: np.ndarray, w: np.ndarray
    ) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Σ_j w_j cost_j, and its derivatives by ``rho``, by ``omega`` and by ``z``.

        The cost of a path is Σ_i n_i |step_i| with n = -log P(|mid|). To it comes the rule of even
        distances, n̄/ℓ Σ_i (|step_i| - mean)² with n̄ and ℓ the mean n and step at the start: nodes
        would else slide to where a coarse sum misses what lies between them.
        """
        r, angle = self.nodes(rho, omega, z)
        step2, mid2 = squares(r, angle)
        step = np.sqrt(step2) + NO_STEP * self.law.mode
        n, slope = self.law.cost(mid2)
        uneven, firm = step - step.mean(axis=1, keepdims=True), self.n / self.length
        total = float(w @ np.sum(n * step + firm * uneven**2, axis=1))
        by_step2 = w[:, None] * (n + 2 * firm * uneven) / (2 * step)
        by_r, by_angle = _by_nodes(r, angle, by_step2, w[:, None] * slope * step)
        by_z = np.stack([by_r, by_angle / self.law.mode])[..., 1:-1]
        return total, float(by_r[:, -1].sum()), by_angle @ self.t, by_z.ravel()


def squares(r: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|γ_{i+1} - γ_i|² and |γ_i + γ_{i+1}|²/4 of neighbouring nodes."""
    a, b = r[:, :-1], r[:, 1:]
    bend = 4 * a * b * np.sin(np.diff(angle) / 2) ** 2
    return (a - b) ** 2 + bend, ((a + b) ** 2 - bend) / 4


def _by_nodes(
    r: np.ndarray, angle: np.ndarray, by_step2: np.ndarray, by_mid2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The chain rule through `squares`: derivatives by radii and by angles."""
    a, b, turn = r[:, :-1], r[:, 1:], np.diff(angle)
    cos, by_r, by_angle = np.cos(turn), np.zeros_like(r), np.zeros_like(r)
    by_r[:, :-1] += 2 * by_step2 * (a - b * cos) + by_mid2 * (a + b * cos) / 2
    by_r[:, 1:] += 2 * by_step2 * (b - a * cos) + by_mid2 * (b + a * cos) / 2
    by_turn = (2 * by_step2 - by_mid2 / 2) * a * b * np.sin(turn)
    by_angle[:, 1:] += by_turn
    by_angle[:, :-1] -= by_turn
    return by_r, by_angle
