"""DeepSDF: shapes as latents of a network that gives signed distances; no encoder is trained."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from zalgebra.algebra._whole import at_least
from zalgebra.models.base import as_numbers
from zalgebra.models.codec import Codec
from zalgebra.models.distances import Distances, as_rows, cells, compared, encoded, seeded, surface
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.networks import in_batches
from zalgebra.types import BadInput, Prior

__all__ = ["DeepSDF"]

CHUNK = 128  # points of one shape that make one row of the training
MOST = 1 << 16  # points decoded at a time, so that memory stays bounded


@dataclass(eq=False, repr=False)
class DeepSDF(Codec):
    r"""Auto-decoder of signed distances, as a scikit-learn style estimator.

    Each training shape $i$ has a code $z_i$, learned together with one network $f(z, p)$ that
    gives the signed distance of a point $p$, negative inside. Minimised is

    $$\operatorname{mean}_{ij} \big|[f(z_i, p_{ij})]_\delta - [s_{ij}]_\delta\big|
    + \lambda \operatorname{mean}_i \|z_i\|^2$$

    with $[s]_\delta = \min(\delta, \max(-\delta, s))$, over distances $s_{ij}$ at points $p_{ij}$
    of the cube [-1, 1]³; the last term is a prior N(0, σ²) of the codes. The network's distance is
    clamped only where the true one is, so that no point is without a gradient. A new shape is
    encoded by the same minimum over its code alone, found by Adam from the prior's middle, always
    by the same steps. ``prior_`` is the Gaussian that the learned codes follow. Farther than δ
    from a surface the network only knows that it is far.

    Shapes come in one of two forms, here called X: rows of x, y, z and distance, ``(n, m, 4)``, of
    any m; or grids ``(n, r, r, r)`` of distances at the centres of r³ cells, by x, y and z, of
    which ``points`` cells are used, four fifths of them nearer than δ to the surface.

    Parameters
    ----------
    latent_dim
        Entries of one code.
    clamp
        δ, in the unit of the coordinates.
    penalty
        λ, the weight of the codes' prior; more makes walks smoother and shapes softer.
    width, depth
        Of the network: units a layer, and hidden layers. The code enters at every layer.
    resolution
        Cells along each side of the grids that `inverse_transform` gives.
    points
        Cells of a grid that are used, for shapes that are given as grids.
    encode_steps
        Steps of Adam that encode a new shape.
    max_epochs
        Passes over all points.
    batch_size
        Rows a step, of 128 points each.
    learning_rate, patience, random_state, verbose
        As in `Autoencoder`.

    Attributes
    ----------
    codes_ : numpy.ndarray
        The training shapes' codes ``(n, latent_dim)``.
    prior_ : zalgebra.priors.Gaussian
        Fitted on ``codes_``.
    spec_, training_
        As in `Autoencoder`.

    References
    ----------
    Park et al., *DeepSDF: learning continuous signed distance functions for shape representation*,
    CVPR 2019, arXiv 1901.05103.

    Examples
    --------
    Balls of several radii, one number each:

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> points, radius = rng.uniform(-1, 1, (20, 400, 3)), np.linspace(0.3, 0.7, 20)
    >>> distances = np.linalg.norm(points, axis=2) - radius[:, None]
    >>> X = np.concatenate([points, distances[..., None]], axis=2)
    >>> model = DeepSDF(2, width=32, max_epochs=5, verbose=False).fit(X)
    >>> model.transform(X[:3]).shape, model.inverse_transform(model.codes_[:3]).shape
    ((3, 2), (3, 32, 32, 32))
    """

    kind: ClassVar[str] = "code"

    latent_dim: int = 16
    _: KW_ONLY
    clamp: float = 0.1
    penalty: float = 1e-3
    width: int = 128
    depth: int = 4
    resolution: int = 32
    points: int = 4096
    encode_steps: int = 200
    max_epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 5e-3
    patience: int | None = None
    random_state: int = 0
    verbose: bool = True

    @property
    def codes_(self) -> np.ndarray:
        """The training shapes' codes ``(n, latent_dim)``."""
        self._check_fitted()
        return self._distances.codes.detach().numpy().copy()

    # The model itself.

    @property
    def _distances(self) -> Distances:
        return cast("Distances", self.network_)

    def _data_shape(self, X: np.ndarray) -> tuple[int, ...]:
        return 3 * (self.resolution,)

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        return Distances(self._shapes, self.latent_dim, self.width, self.depth)

    def _batched(self, rows: Tensor, y: object) -> tuple[Tensor, ...]:
        """Numbers of shapes, and some points of each; held out are points, not shapes."""
        self._shapes, m = rows.shape[:2]
        chunk = max(1, min(CHUNK, m // 8))
        order = torch.randperm(m, generator=seeded(self.random_state))[: m // chunk * chunk]
        numbers = torch.arange(self._shapes).repeat_interleave(m // chunk)
        return numbers, rows[:, order].reshape(-1, chunk, 4)

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        shape, rows = batch
        distances = cast("Distances", network)
        z = distances.codes[shape]
        f, s = distances.clamped(z, rows, self.clamp)
        error = (f - s).abs().mean()
        return {"loss": error + self.penalty * z.square().sum(dim=1).mean(), "error": error}

    def _learn_prior(self, X: np.ndarray) -> Prior:
        return self._fit_prior(self.codes_)

    def _encode(self, x: Tensor) -> Tensor:
        middle = np.asarray(self.prior_.from_normal(np.zeros((1, self.latent_dim), np.float32)))
        start = torch.from_numpy(middle.astype(np.float32))  # where every encoding starts
        how = {"clamp": self.clamp, "penalty": self.penalty, "steps": self.encode_steps}
        return encoded(self._distances, x, start, seed=self.random_state, **how)

    # The verbs: a shape goes in as points or a grid, and comes back as a grid or a mesh.

    def inverse_transform(self, Z: np.ndarray, /) -> np.ndarray:
        """Signed distances ``(n, r, r, r)`` of codes ``(n, latent_dim)``, r being `resolution`."""
        self._check_fitted()
        return in_batches(self.decode, self._checked_latents(Z), self.data_shape_, size=1)

    def encode(self, x: Tensor, /, *, report: bool = False) -> Any:
        """Codes ``(n, latent_dim)`` of shapes, without gradients: they are found by optimisation.

        With ``report=True`` also the `InversionReport`, see `report`.
        """
        self._check_fitted()
        rows = self._checked(x.detach().cpu().numpy(), None)
        z = self._encode(torch.from_numpy(rows))
        return (z, self._report(rows, z.numpy())) if report else z

    def decode(self, z: Tensor, /, points: Tensor | None = None) -> Tensor:
        """Signed distances of codes ``(n, latent_dim)``, with gradients.

        ``(n, m)`` at points ``(m, 3)`` or ``(n, m, 3)``; without points ``(n, r, r, r)``.
        """
        self._check_fitted()
        if points is not None:
            return self.network_(z, points)
        parts = [self.network_(z, p) for p in cells(self.resolution).split(MOST)]
        return torch.cat(parts, dim=1).reshape(-1, *self.data_shape_)

    def mesh(self, z: np.ndarray, /, *, resolution: int = 64) -> tuple[np.ndarray, np.ndarray]:
        """Vertices ``(v, 3)`` and triangles ``(f, 3)`` of the surface of one code.

        They are found by marching cubes among the centres of ``resolution``³ cells.

        Raises
        ------
        BadInput
            If the code's shape is empty.
        MissingExtra
            If scikit-image is not installed.
        """
        self._check_fitted()
        code = torch.from_numpy(self._checked_latents(np.atleast_2d(z)))
        with torch.no_grad():
            parts = [self.decode(code, p)[0] for p in cells(resolution).split(MOST)]
        return surface(torch.cat(parts).reshape(3 * (resolution,)).numpy())

    def score(self, X: np.ndarray, y: object = None) -> float:
        """Minus the mean absolute error of clamped distances, of X encoded and decoded."""
        rows = self._checked(X, None)
        if len(rows) == 0:
            raise BadInput("`score` needs at least 1 shape, got 0")
        f, s = self._compared(rows, self.transform(rows))
        return -float(abs(f - s).mean())

    def report(self, X: np.ndarray, /) -> InversionReport:
        """How well the clamped distances of X come back, and how plausible its codes are."""
        rows = self._checked(X, None)
        return self._report(rows, self.transform(rows))

    # What the verbs are made of.

    def _report(self, rows: np.ndarray, Z: np.ndarray) -> InversionReport:
        f, s = self._compared(rows, Z)
        return inversion_report(s, f, Z, self.prior_)

    def _compared(self, rows: np.ndarray, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return compared(self._distances, Z, rows, self.clamp)

    def _checked(self, X: ArrayLike, data_shape: tuple[int, ...] | None) -> np.ndarray:
        """Shapes in either form as rows ``(n, m, 4)``, float32."""
        return as_rows(
            as_numbers(X, "shapes"), points=self.points, near=self.clamp, seed=self.random_state
        )

    def _check_settings(self) -> None:
        super()._check_settings()
        for name, least in {"depth": 1, "resolution": 2, "points": 1, "encode_steps": 1}.items():
            at_least(name, getattr(self, name), least)
        if not 0 < self.clamp < math.inf or not 0 <= self.penalty < math.inf:
            raise BadInput(
                f"`clamp` must be above 0 and `penalty` 0 or more, got {self.clamp}, {self.penalty}"
            )

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self._shapes = len(tensors["codes"])
        super()._restore(tensors, facts)
