"""Directions of linear classifiers: the move that raises one readout and no other, and its noise.

The readouts are learned in whitened coordinates u = L⁻¹ (z - m), Σ = L Lᵀ the covariance of the
latents. The geometry is done where the metric is the identity: there for ``metric="data"``, and in
the latents' own coordinates for ``"euclidean"``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zalgebra.algebra.priors.covariance import Covariance
from zalgebra.algebra.priors.shrinkage import shrunk, spread
from zalgebra.estimators.directions_linear import Estimate, linear
from zalgebra.estimators.directions_readouts import Readout, readout, solved
from zalgebra.estimators.directions_samples import Sample
from zalgebra.types import BadInput

__all__ = ["Normals", "normals"]

FULL = 1e-9  # of the largest singular value: what is below is the same readout twice


@dataclass(frozen=True, eq=False)
class Normals:
    """The readout of y and those of what is held still, with the geometry between them.

    With the normals b of y and G ``(D, k)`` of the others, v = b - G a is what of b is at right
    angles to G: the shortest move that raises b's reading and no other. In the latents' own
    coordinates that is δ ∝ Σ B (Bᵀ Σ B)⁻¹ e₁ with B = (b, G). δ = ``length`` v is one adjusted
    group difference of the reading. Σ is that of the items themselves.
    """

    readouts: list[Readout]
    X: np.ndarray  # the latents, centred
    U: np.ndarray  # whitened
    cov: Covariance
    metric: str
    G: np.ndarray
    b: np.ndarray
    v: np.ndarray
    length: float

    @classmethod
    def of(cls, sample: Sample, method: str, metric: str) -> Normals:
        """The readouts of the sample's label and of what it holds still."""
        X = sample.Z - sample.Z.mean(axis=0)
        sd = spread(X)
        cov = shrunk(X / sd, sd)  # of these items, so that refits vary as it does
        U = cov.whiten(X)
        readouts = [readout(U, c, method) for c in (sample.y, *sample.C.T)]
        B, shift = np.stack([r.normal for r in readouts]), linear(replace(sample, Z=U))
        if metric == "euclidean":
            B, shift = normals(B, cov), cov.colour(shift[None])[0]
        b, G = B[0], B[1:].T
        v = b - G @ np.linalg.lstsq(G, b, rcond=FULL)[0]
        if np.linalg.norm(v) < 1e-6 * np.linalg.norm(b):
            raise BadInput("what is `given` has the same readout as `y`; leave some of it out")
        return cls(readouts, X, U, cov, metric, G, b, v, abs(b @ shift) / (b @ v))

    @property
    def delta(self) -> np.ndarray:
        """δ ``(D,)``."""
        return self._coloured(self.length * self.v[None])[0]

    def estimate(self) -> Estimate:
        """δ̂ with its noise: a row for each item, what it adds to δ̂ beside lengthening it.

        Those are influence functions over n, freed of the bias of few items like HC2. An item that
        moves the readouts by db and dG, and the metric by dM, moves v by

            P (dM v + db - dG a) - G N⁻¹ dGᵀ v,   N = Gᵀ G, P = I - G N⁻¹ Gᵀ.

        Refits without each of a few folds would give the size of the noise as well, but not its
        shape: 20 rows do not know over how many axes it is spread.
        """
        y, *others = self.readouts
        dv = self._moved(y)
        if self.metric == "data":
            dv = dv + self._own(self.v)
        inverse = np.linalg.pinv(self.G, rcond=FULL)  # N⁻¹ Gᵀ
        turned = np.zeros_like(dv)
        for a, row, other in zip(inverse @ self.b, inverse, others, strict=True):
            dg = self._moved(other)
            dv -= a * dg
            turned += np.outer(dg @ self.v, row)
        dv -= dv @ inverse.T @ self.G.T + turned
        n = len(dv)
        return Estimate(self.delta, self._coloured(dv * (self.length / n)), n - 1 - len(others))

    def _moved(self, r: Readout) -> np.ndarray:
        """What the items move b by, times n: H⁻¹ (g_i - κ Σ_i b) / √(1 - h_i), with leverages h."""
        E = r.rows
        leverage = np.sum(E * solved(E, r.weights, r.penalty, E), axis=1) * r.weights / len(E)
        pull = r.scores - r.penalty * self._own(r.normal)
        db = solved(E, r.weights, r.penalty, pull)
        db /= np.sqrt(np.maximum(1 - leverage, 1e-9))[:, None]
        return normals(db, self.cov) if self.metric == "euclidean" else db

    def _own(self, v: np.ndarray) -> np.ndarray:
        """Σ_i v ``(n, D)`` in whitened coordinates, where Σ_i is what item i adds to Σ times n.

        Of correlations that are shrunk by ρ that is (1 - ρ) x xᵀ + ρ diag(x²).
        """
        rho = shrinkage(self.X, self.cov)
        own = (1 - rho) * (self.U @ v)[:, None] * self.U
        return own + rho * self.cov.whiten(self.X**2 * normals(v[None], self.cov)) if rho else own

    def _coloured(self, rows: np.ndarray) -> np.ndarray:
        """From where the metric is the identity to the latents' coordinates."""
        return self.cov.colour(rows) if self.metric == "data" else rows


def normals(B: np.ndarray, cov: Covariance) -> np.ndarray:
    """L⁻ᵀ b = Σ⁻¹ L b for each row b: readouts of whitened latents as those of latents."""
    coloured = cov.colour(B)
    if cov.kind == "full":
        return np.linalg.solve(cov.cov, coloured.T).T
    return coloured / cov.cov.reshape(-1)


def shrinkage(X: np.ndarray, cov: Covariance) -> float:
    """ρ by which a covariance has shrunk the correlations of centred rows X."""
    if cov.kind != "full":
        return 1.0
    S = X.T @ X / len(X)
    np.fill_diagonal(S, 0.0)
    square = float(np.sum(S**2))
    return 1 - float(np.sum(S * cov.cov)) / square if square > 0 else 0.0
