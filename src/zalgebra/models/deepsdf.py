"""DeepSDF: shapes as latents of a network that gives signed distances; no encoder is trained."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.algebra._whole import at_least
from zalgebra.files import fingerprint
from zalgebra.models.base import as_numbers
from zalgebra.models.codec import Codec
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.networks import in_batches
from zalgebra.models.training import train
from zalgebra.types import BadInput, MissingExtra

__all__ = ["DeepSDF"]

CHUNK = 128  # points of one shape that make one row of the training
DRAWN = 256  # points of each shape that a step of the encoding looks at
ENCODE_RATE = 0.02  # its first learning rate; a code's entries are about 0.2
MOST = 1 << 16  # points decoded at a time, so that memory stays bounded


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
    learning_rate
        Peak of the one-cycle schedule.
    patience
        Epochs without a better loss on held-out points before stopping; ``None`` never stops early.
    random_state
        Seed of weights, codes and order. On one CPU and thread count a fit repeats bit for bit.
    verbose
        Whether to show progress.

    Attributes
    ----------
    codes_ : numpy.ndarray
        The training shapes' codes ``(n, latent_dim)``.
    prior_ : zalgebra.priors.Gaussian
        Fitted on ``codes_``.
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind and fingerprint.
    training_ : zalgebra.models.training.TrainingResult
        History (only after `fit`, not after `zalgebra.load`).

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

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        clamp: float = 0.1,
        penalty: float = 1e-3,
        width: int = 128,
        depth: int = 4,
        resolution: int = 32,
        points: int = 4096,
        encode_steps: int = 200,
        max_epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 5e-3,
        patience: int | None = None,
        random_state: int = 0,
        verbose: bool = True,
    ) -> None:
        self.latent_dim = latent_dim
        self.clamp = clamp
        self.penalty = penalty
        self.width = width
        self.depth = depth
        self.resolution = resolution
        self.points = points
        self.encode_steps = encode_steps
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    @property
    def codes_(self) -> np.ndarray:
        """The training shapes' codes ``(n, latent_dim)``."""
        self._check_fitted()
        return self.network_.get_parameter("codes").detach().numpy().copy()

    # The model itself.

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        return _Field(self._shapes, self.latent_dim, self.width, self.depth)

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        shape, rows = batch
        z = network.get_parameter("codes")[shape]
        f, s = self._both(network, z, rows)
        error = (f - s).abs().mean()
        return {"loss": error + self.penalty * z.square().sum(dim=1).mean(), "error": error}

    def _both(self, network: nn.Module, z: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Clamped distances ``(n, m)``, the network's and the true ones, of rows ``(n, m, 4)``."""
        f, s, d = network(z, rows[..., :3]), rows[..., 3], self.clamp
        f = torch.where(s >= d, f.clamp(max=d), torch.where(s <= -d, f.clamp(min=-d), f))
        return f, s.clamp(-d, d)

    def _learn(self, rows: Tensor, **how: Any) -> None:
        """Codes and network together; a row is a shape's number and some of its points."""
        n, m = rows.shape[:2]
        chunk = max(1, min(CHUNK, m // 8))  # held-out rows are of shapes that are learned too
        order = torch.randperm(m, generator=_generator(self.random_state))[: m // chunk * chunk]
        chunks = rows[:, order].reshape(-1, chunk, 4)
        self.training_ = train(
            self.network_,
            self._loss,
            (torch.arange(n).repeat_interleave(m // chunk), chunks),
            epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.random_state,
            patience=self.patience,
            progress=self.verbose,
            what="fitting DeepSDF",
            **how,
        )

    def _encode(self, x: Tensor) -> Tensor:
        """Codes of rows ``(n, m, 4)`` by optimisation; the network stays as it is."""
        pick, start = _generator(self.random_state), torch.from_numpy(self._start)
        with torch.enable_grad():
            z = start.repeat(len(x), 1).requires_grad_()
            adam = torch.optim.Adam([z], lr=ENCODE_RATE)
            falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.encode_steps)
            for _ in range(self.encode_steps):
                seen = x[:, torch.randperm(x.shape[1], generator=pick)[:DRAWN]]
                f, s = self._both(self.network_, z, seen)
                error = (f - s).abs().mean(dim=1) + self.penalty * z.square().sum(dim=1)
                (z.grad,) = torch.autograd.grad(error.sum(), z)
                adam.step()
                falling.step()
        return z.detach()

    @property
    def _start(self) -> np.ndarray:
        """Where every encoding starts: the prior's middle."""
        zero = np.zeros((1, self.latent_dim), np.float32)
        return np.asarray(self.prior_.from_normal(zero), np.float32)

    # The verbs: a shape goes in as points or a grid, and comes back as a grid or a mesh.

    def fit(
        self,
        X: np.ndarray,
        y: object = None,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn from shapes X, at least 2; ``checkpoint`` and ``resume`` as in `Codec.fit`."""
        self._check_settings()
        rows = self._checked(X, None)
        if len(rows) < 2:
            raise BadInput(f"`fit` needs at least 2 shapes, got {len(rows)}")
        self.fitted_ = False  # a fit that breaks off leaves no half-learned model
        self._shapes = len(rows)
        self._prepare(3 * (self.resolution,))
        self.centre_, self.scale_ = np.zeros(1, np.float32), np.ones(1, np.float32)
        settings = {k: v for k, v in self.get_params().items() if k != "verbose"}
        identity = f"DeepSDF {settings} data {fingerprint({'rows': rows})}"
        self._learn(torch.from_numpy(rows), checkpoint=checkpoint, resume=resume, identity=identity)
        self.network_.cpu()
        self.fitted_ = True
        self.prior_ = self._fit_prior(self.codes_)
        self._describe()
        return self

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
        parts = [self.network_(z, p) for p in _cells(self.resolution).split(MOST)]
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
        try:
            from skimage.measure import marching_cubes
        except ImportError:
            raise MissingExtra("scikit-image", "shapes") from None
        self._check_fitted()
        code = torch.from_numpy(self._checked_latents(np.atleast_2d(z)))
        with torch.no_grad():
            parts = [self.decode(code, p)[0] for p in _cells(resolution).split(MOST)]
        grid = torch.cat(parts).reshape(3 * (resolution,)).numpy()
        if not grid.min() < 0:
            raise BadInput(f"this code has no surface: its least distance is {grid.min():.3g}")
        cell = 2 / resolution
        outside = np.pad(grid, 1, constant_values=cell)  # so that the surface is closed
        vertices, faces, _, _ = marching_cubes(outside, 0.0, spacing=(cell, cell, cell))
        return (vertices - 1 - cell / 2).astype(np.float32), faces.astype(np.int64)

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

    @torch.no_grad()
    def _compared(self, rows: np.ndarray, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`_both`, a shape at a time."""
        out = np.empty((2, *rows.shape[:2]), np.float32)
        for i, (z, x) in enumerate(zip(torch.from_numpy(Z), torch.from_numpy(rows), strict=True)):
            out[:, i] = torch.cat(self._both(self.network_, z[None], x[None]))
        return out[0], out[1]

    def _checked(self, X: ArrayLike, data_shape: tuple[int, ...] | None) -> np.ndarray:
        """Shapes in either form as rows ``(n, m, 4)``, float32."""
        X = as_numbers(X, "shapes")
        if X.ndim == 3 and X.shape[2] == 4 and X.shape[1] > 0:
            return X
        if X.ndim == 4 and len(set(X.shape[1:])) == 1 and X.shape[1] > 1:
            return self._thinned(X)
        raise BadInput(
            "shapes must be rows of x, y, z and distance (n, m, 4), or grids of distances "
            f"(n, r, r, r), got {X.shape}"
        )

    def _thinned(self, grids: np.ndarray) -> np.ndarray:
        """Rows of ``points`` cells of each grid, four fifths of them nearer than δ to 0."""
        cells, rng = _cells(grids.shape[1]).numpy(), np.random.default_rng(self.random_state)
        m, distances = min(self.points, len(cells)), grids.reshape(len(grids), -1)
        rows = np.empty((len(grids), m, 4), np.float32)
        for row, s in zip(rows, distances, strict=True):
            order = rng.random(len(s)) + (abs(s) >= self.clamp)
            order[rng.permutation(len(s))[: m // 5]] = -1  # these are taken wherever they are
            chosen = np.argsort(order)[:m]
            row[:, :3], row[:, 3] = cells[chosen], s[chosen]
        return rows

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


class _Field(nn.Module):
    """Codes, and distances ``(n, m)`` of codes ``(n, d)`` at points; the code enters each layer."""

    def __init__(self, shapes: int, latent_dim: int, width: int, depth: int) -> None:
        super().__init__()
        self.codes = nn.Parameter(0.1 * torch.randn(shapes, latent_dim))
        self.by_code = nn.ModuleList(nn.Linear(latent_dim, width) for _ in range(depth))
        self.by_point = nn.ModuleList(
            nn.Linear(width if i else 3, width, bias=False) for i in range(depth)
        )
        self.out = nn.Linear(width, 1)

    def forward(self, z: Tensor, points: Tensor) -> Tensor:
        h = points.expand(len(z), *points.shape[-2:])
        for code, point in zip(self.by_code, self.by_point, strict=True):
            h = F.relu(point(h) + code(z)[:, None])
        return 0.1 * self.out(h)[..., 0]  # distances that matter are of this size


def _cells(resolution: int) -> Tensor:
    """Centres ``(r³, 3)`` of the cells of [-1, 1]³, by x, y and z."""
    line = (2 * torch.arange(resolution) + 1) / resolution - 1
    return torch.cartesian_prod(line, line, line)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
