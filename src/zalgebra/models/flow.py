"""Flow matching: noise to data along nearly straight lines, and back along the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.algebra.noise import noise as numbered
from zalgebra.algebra.priors import Normal
from zalgebra.models.codec import Codec
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.networks import in_batches
from zalgebra.models.ode import TABLEAUS, Field, Solution, solve, unsolve
from zalgebra.models.training import train
from zalgebra.models.unet import Averaged, Velocity
from zalgebra.types import BadInput, Prior

__all__ = ["FlowMatching"]

BATCH = 512  # rows that are solved together
FREE = 0.1  # share of the rows that learn without their class, for guidance


class FlowMatching(Codec):
    r"""Conditional flow matching with straight paths, as a scikit-learn style estimator.

    Learns the velocity field of the paths $x_t = (1 - t)\,z + t\,x$ from noise
    $z \sim N(0, I)$ to data $x$,

    $$\min_v\; E\,\big\| v(x_t, t) - (x - z) \big\|^2 , \qquad t \sim U(0, 1)$$

    A latent is initial noise of the data's shape: decoding follows $\dot x = v(x, t)$ from
    $t = 0$ to 1 in ``steps`` steps, encoding undoes those very steps, one by one, by a fixed-point
    iteration, so that data come back from their latents. The weights are an exponential average
    over the training.

    Flat areas of a picture lie where no noise leads; so a picture is encoded under a little noise,
    always the same for the same picture at 8 bits, and decoding ends by taking as much off.

    With ``conditional=True`` the field also knows the class, and

    $$v_g = v(x, t) + g\,\big(v(x, t, y) - v(x, t)\big)$$

    is the field of class $y$ under guidance $g$. Without a class, `transform` and
    `inverse_transform` follow $v(x, t)$.

    Parameters
    ----------
    width
        Channels of the finest grid; time grows with its square.
    steps
        Of the solver; decoding evaluates the network ``steps`` times its stages.
    solver
        ``"euler"`` (1 stage), ``"midpoint"``, ``"heun"`` (2) or ``"rk4"`` (4).
    coupling
        ``"independent"``, or ``"ot"``: noise and data of a batch are paired by optimal transport
        (within a class, if there are classes), which straightens the paths.
    dust
        Standard deviation of that noise, for pictures in [-1, 1]: more makes their latents more
        plausible, and is about the error with which they come back. A table has none.
    conditional
        Whether `fit` takes classes ``y``, one for each row.
    guidance
        $g$: 0 ignores the class, 1 follows its law, more exaggerates it.
    max_epochs
        Passes over the data.
    batch_size
        Rows a step.
    learning_rate
        Peak of the one-cycle schedule.
    patience
        Epochs without a better validation loss before stopping; ``None`` never stops early.
    random_state
        Seed of weights, order and noise. On one CPU and thread count a fit repeats bit for bit.
    verbose
        Whether to show progress with losses and the time that is left.

    Attributes
    ----------
    prior_ : zalgebra.priors.Normal
        N(0, I) of the data's shape.
    classes_ : numpy.ndarray
        The classes in order; none if the model is not conditional.
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind and fingerprint.
    training_ : zalgebra.models.training.TrainingResult
        History and images a second (only after `fit`, not after `zalgebra.load`).

    References
    ----------
    Lipman et al., *Flow matching for generative modeling*, arXiv 2210.02747;
    Liu et al., *Flow straight and fast*, arXiv 2209.03003;
    Tong et al., *Minibatch optimal transport*, arXiv 2302.00482;
    Ho and Salimans, *Classifier-free diffusion guidance*, arXiv 2207.12598.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.models.flow import FlowMatching
    >>> X = za.datasets.digits().images[:200]
    >>> flow = FlowMatching(width=8, steps=4, max_epochs=2, verbose=False).fit(X)
    >>> flow.transform(X[:5]).shape, float(flow.report(X[:5]).rmse.max()) < 0.01
    ((5, 1, 8, 8), True)
    """

    kind: ClassVar[str] = "initial noise"

    classes_: np.ndarray

    def __init__(
        self,
        *,
        width: int = 32,
        steps: int = 16,
        solver: str = "midpoint",
        coupling: str = "independent",
        dust: float = 0.0075,
        conditional: bool = False,
        guidance: float = 1.0,
        max_epochs: int = 30,
        batch_size: int = 128,
        learning_rate: float = 2e-3,
        patience: int | None = None,
        random_state: int = 0,
        verbose: bool = True,
    ) -> None:
        self.width = width
        self.steps = steps
        self.solver = solver
        self.coupling = coupling
        self.dust = dust
        self.conditional = conditional
        self.guidance = guidance
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    # scikit-learn's verbs, with classes.

    def fit(
        self,
        X: np.ndarray,
        y: object = None,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn from data, and from their classes if ``conditional``.

        Parameters
        ----------
        X
            ``(n, C, H, W)`` in [0, 1], or ``(n, d)`` of any scale; at least 2 rows.
        y
            Classes ``(n,)``, whole numbers or text. Ignored unless ``conditional``.
        checkpoint, resume
            As in `Codec.fit`.
        """
        X, self._rows_y = self._checked(X, None), None
        self.classes_ = np.zeros(0, dtype=np.int64)
        if self.conditional:
            self.classes_ = _classes(y, len(X))
            self._rows_y = self._codes(y, len(X))
        try:
            return super().fit(X, checkpoint=checkpoint, resume=resume)
        finally:
            del self._rows_y

    def transform(self, X: np.ndarray, /, y: ArrayLike | None = None) -> np.ndarray:
        """Latents ``(n, *data_shape)`` of data, under their classes ``y`` where given."""
        self._check_fitted()
        X = self._checked(X, self.data_shape_)
        batches = self._batches(y, len(X))
        return in_batches(lambda x: self.encode(x, y=next(batches)), X, self.data_shape_, BATCH)

    def inverse_transform(self, Z: np.ndarray, /, y: ArrayLike | None = None) -> np.ndarray:
        """Data ``(n, *data_shape)`` of latents, of class ``y`` where given: one, or one a row."""
        self._check_fitted()
        Z = self._checked_latents(Z)
        batches = self._batches(y, len(Z))
        return in_batches(lambda z: self.decode(z, y=next(batches)), Z, self.data_shape_, BATCH)

    def sample(
        self, n: int = 1, *, y: ArrayLike | None = None, random_state: int | None = None
    ) -> np.ndarray:
        """Data ``(n, *data_shape)`` decoded from ``n`` draws of ``prior_``, of class ``y``."""
        self._check_fitted()
        seed = self.random_state if random_state is None else random_state
        return self.inverse_transform(self.prior_.sample(n, seed=seed), y)

    # The same verbs on tensors, with gradients.

    @overload
    def encode(
        self, x: Tensor, /, y: ArrayLike | None = None, *, report: Literal[False] = False
    ) -> Tensor: ...
    @overload
    def encode(
        self, x: Tensor, /, y: ArrayLike | None = None, *, report: Literal[True]
    ) -> tuple[Tensor, InversionReport]: ...
    def encode(self, x: Tensor, /, y: ArrayLike | None = None, *, report: bool = False) -> Any:
        """Latents of a tensor ``(n, *data_shape)``; with ``report=True`` also how good they are."""
        z = self.solution(x, y, inverse=True).x
        if not report:
            return z
        with torch.no_grad():
            return z, inversion_report(x, self.decode(z, y), z, self.prior_)

    def decode(self, z: Tensor, /, y: ArrayLike | None = None) -> Tensor:
        """Data of a tensor of latents ``(n, *data_shape)``; pictures are held to [0, 1]."""
        x = self.solution(z, y).x
        return x.clamp(0, 1) if x.ndim == 4 else x

    def solution(
        self, rows: Tensor, /, y: ArrayLike | None = None, *, inverse: bool = False
    ) -> Solution:
        """The way of latents to data, or of data to latents, with its count of evaluations.

        A batch under guidance other than 0 and 1 costs two evaluations of the network for one of
        the field.
        """
        self._check_fitted()
        self._check_settings()
        field = self._field(self._codes(y, len(rows)))
        scale, shift = torch.from_numpy(self.scale_), torch.from_numpy(self.centre_)
        dust = 0.0
        if rows.ndim == 4:  # pictures are scaled to [-1, 1]
            scale, shift, dust = scale / 2, shift + 0.5, self.dust
        times = np.linspace(0, 1 - dust, self.steps + 1).tolist()
        if inverse:
            x = (rows - shift) / scale
            x = (1 - dust) * x + dust * _dust(rows) if dust else x
            return unsolve(field, x, times, method=self.solver)
        end = solve(field, rows, times, method=self.solver)
        x = end.x + dust * field(end.x, 1 - dust) if dust else end.x
        return replace(end, x=x * scale + shift, evaluations=end.evaluations + (dust > 0))

    # The model itself.

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        return Velocity(data_shape, width=self.width, classes=len(self.classes_))

    def _learn(self, rows: Tensor, **how: Any) -> None:
        averaged, classes = Averaged(self.network_), self._rows_y
        if classes is not None:
            mark = hashlib.sha256(classes.numpy().tobytes()).hexdigest()
            how["identity"] += f" classes {self.classes_.tolist()} {mark}"
        self.training_ = train(
            averaged,
            self._loss,
            (rows,) if classes is None else (rows, classes),
            epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.random_state,
            patience=self.patience,
            progress=self.verbose,
            what=f"fitting {type(self).__name__}",
            **how,
        )
        self.network_ = averaged.average

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        x, n = batch[0], len(batch[0])
        x = 2 * x - 1 if x.ndim == 4 else x
        y = batch[1] if len(batch) > 1 else None
        z = torch.randn(x.shape, generator=noise).to(x)
        t = ((torch.arange(n) + torch.rand(n, generator=noise)) / n).to(x)  # one in every n-th part
        if self.coupling == "ot":
            z = _paired(z, x, y)
        if y is not None:
            free = torch.rand(n, generator=noise).to(x) < FREE
            y = torch.where(free, len(self.classes_), y)
        s = t.reshape(-1, *[1] * (x.ndim - 1))
        return {"loss": F.mse_loss(network((1 - s) * z + s * x, t, y), x - z)}

    def _field(self, y: Tensor | None) -> Field:
        """The velocity field: free, of classes, or guided."""
        g = 0.0 if y is None else self.guidance

        def velocity(x: Tensor, t: float) -> Tensor:
            at = x.new_full((len(x),), t)
            if g in (0, 1):  # one of the two is not asked for
                return self.network_(x, at, y if g else None)
            free = self.network_(x, at)
            return free + g * (self.network_(x, at, y) - free)

        return velocity

    def _latent_shape(self) -> tuple[int, ...]:
        return self.data_shape_

    def _fit_prior(self, Z: np.ndarray) -> Prior:
        return Normal(self.data_shape_)

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:0]  # what `fit` asks for: the prior is known, encoding all data would take long

    def _check_settings(self) -> None:
        super()._check_settings()
        if not isinstance(self.steps, int | np.integer) or self.steps < 1:
            raise BadInput(f"`steps` must be a whole number of at least 1, got {self.steps}")
        if self.solver not in TABLEAUS:
            raise BadInput(f"`solver` must be one of {', '.join(TABLEAUS)}, got {self.solver!r}")
        if self.coupling not in ("independent", "ot"):
            raise BadInput(f'`coupling` must be "independent" or "ot", got {self.coupling!r}')
        dust = getattr(self, "dust", 0.0)  # a subclass may have none
        if not isinstance(dust, int | float | np.number) or not 0 <= dust < 0.5:
            raise BadInput(f"`dust` must be a number from 0 to below 0.5, got {dust}")
        if not isinstance(self.guidance, int | float | np.number) or not np.isfinite(self.guidance):
            raise BadInput(f"`guidance` must be a finite number, got {self.guidance}")

    # Classes as the network's numbers.

    def _codes(self, y: object, n: int) -> Tensor | None:
        """Numbers ``(n,)`` of the classes ``y``: one for each row, or one for all."""
        if y is None:
            return None
        y = np.asarray(y)
        if len(self.classes_) == 0:
            name = type(self).__name__
            raise BadInput(f"this {name} knows no classes; fit it with conditional=True and y")
        if y.shape not in ((), (n,)):
            raise BadInput(f"`y` must be one class or {n} of them, got shape {y.shape}")
        if unknown := sorted(set(y.ravel().tolist()) - set(self.classes_.tolist())):
            raise BadInput(f"{unknown[0]!r} is no class; known are {self.classes_.tolist()}")
        return torch.from_numpy(np.broadcast_to(np.searchsorted(self.classes_, y), (n,)).copy())

    def _batches(self, y: object, n: int) -> Iterator[Any]:
        """The classes of one batch of rows after another."""
        codes = self._codes(y, n)
        for i in range(0, n, BATCH):
            yield None if codes is None else self.classes_[codes[i : i + BATCH].numpy()]

    # On disk.

    def _facts(self) -> dict[str, Any]:
        return super()._facts() | {"classes": self.classes_.tolist()}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self.classes_ = np.asarray(facts["classes"])
        super()._restore(tensors, facts)


def _dust(pictures: Tensor) -> Tensor:
    """Standard normal noise, by a number that is read off each picture at 8 bits."""
    grey = (pictures.detach().cpu() * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    digests = (hashlib.sha256(row.tobytes()).digest() for row in grey)
    numbers = [int.from_bytes(digest[:8], "big") for digest in digests]
    return torch.from_numpy(numbered(numbers, grey.shape[1:])).to(pictures)


def _paired(z: Tensor, x: Tensor, y: Tensor | None) -> Tensor:
    """The rows of noise in the order that moves them least to ``x``, within each class."""
    order = torch.arange(len(z))
    groups = [order] if y is None else [order[(y == c).cpu()] for c in torch.unique(y)]
    cost = torch.cdist(x.flatten(1), z.flatten(1)).square().cpu()
    for rows in groups:
        at, noise = linear_sum_assignment(cost[rows][:, rows].numpy())
        order[rows[at]] = rows[noise]
    return z[order]


def _classes(y: object, n: int) -> np.ndarray:
    y = np.asarray(y)
    if y.shape != (n,) or y.dtype.kind not in "iubU":
        raise BadInput(
            f"`y` must hold a class, a whole number or text, for each of {n} rows, "
            f"got {y.dtype} of shape {y.shape}"
        )
    return np.unique(y)
