"""Diffusion: initial noise to data by DDIM or DPM-Solver, and data back to their noise."""

from __future__ import annotations

import importlib
import math
import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.models.flow import FREE, FlowMatching
from zalgebra.models.ode import Solution
from zalgebra.models.schedulers import LEVELS, angles, sampled, strides, undone
from zalgebra.models.unet import Velocity
from zalgebra.types import BadInput, MissingExtra

__all__ = ["Diffusion"]

ORDERS = {"ddim": 1, "dpm": 2}
# How a step is undone: up to which root mean squared error, in how many iterations at most.
INVERSIONS = {"ddim": (math.inf, 0), "fixed-point": (1e-4, 20), "exact": (2e-6, 50)}
CHOICES = {
    "network": ("small", "unet"),
    "prediction": ("v", "noise"),
    "sampler": tuple(ORDERS),
    "inversion": tuple(INVERSIONS),
}


class Diffusion(FlowMatching):
    r"""Denoising diffusion with deterministic samplers, as a scikit-learn style estimator.

    Learns to take noise off data at 1,000 levels, from the states
    $x_t = \cos φ_t\, x + \sin φ_t\, ε$ with $ε \sim N(0, I)$,

    $$\min_v\; E\,\big\| v(x_t, t) - (\cos φ_t\, ε - \sin φ_t\, x) \big\|^2$$

    or, with ``prediction="noise"``, to say ε itself. A latent is initial noise of the data's
    shape, the state at the last level. That state is exactly N(0, I) under ``"v"``, whose schedule
    ends in pure noise; under ``"noise"`` 0.6 % of the data is left in it. Decoding takes ``steps``
    deterministic steps down; encoding undoes those very steps. The weights are an exponential
    average over the training. Classes and guidance are those of `FlowMatching`:
    $v_g = v(x, t) + g\,(v(x, t, y) - v(x, t))$.

    Parameters
    ----------
    network
        ``"small"``, zalgebra's `Velocity`, for pictures and tables; or ``"unet"``, the
        ``UNet2DModel`` of diffusers, slower, for pictures.
    width
        Channels of the finest grid; time grows with its square.
    prediction
        ``"v"`` or ``"noise"``.
    sampler
        ``"ddim"``; or ``"dpm"``, DPM-Solver++ of second order, 2 evaluations a step.
    steps
        Of the sampler, 2 to 1,000 (500 for ``"dpm"``). Like the sampler, the inversion and the
        guidance it may be changed after `fit` by ``set_params``; latents belong to their settings.
    inversion
        ``"fixed-point"``, each step solved to 1e-4, about 4 evaluations a step; ``"exact"``, to
        the rounding of float32; or ``"ddim"``, plain DDIM inversion, 1 evaluation a step and an
        error of several percent. All are worse from a guidance of 4 on: look at the report.
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
    Ho et al., *Denoising diffusion probabilistic models*, arXiv 2006.11239;
    Song et al., *Denoising diffusion implicit models*, arXiv 2010.02502;
    Lu et al., *DPM-Solver++*, arXiv 2211.01095; Salimans and Ho, arXiv 2202.00512 (v-prediction);
    Lin et al., *Common diffusion noise schedules and sample steps are flawed*, arXiv 2305.08891;
    Pan et al., *Accelerated iterative diffusion inversion*, ICCV 2023 (fixed points).

    Examples
    --------
    >>> import zalgebra as za
    >>> X = za.datasets.digits().images[:200]
    >>> model = za.models.Diffusion(width=8, steps=10, max_epochs=2, verbose=False).fit(X)
    >>> model.transform(X[:5]).shape, float(model.report(X[:5]).rmse.max()) < 0.01
    ((5, 1, 8, 8), True)
    """

    solver = "euler"  # settings of flow matching that a diffusion does not have
    coupling = "independent"

    angles_: np.ndarray

    def __init__(
        self,
        *,
        network: str = "small",
        width: int = 32,
        prediction: str = "v",
        sampler: str = "ddim",
        steps: int = 50,
        inversion: str = "fixed-point",
        conditional: bool = False,
        guidance: float = 1.0,
        max_epochs: int = 30,
        batch_size: int = 128,
        learning_rate: float = 2e-3,
        patience: int | None = None,
        random_state: int = 0,
        verbose: bool = True,
    ) -> None:
        self.network = network
        self.width = width
        self.prediction = prediction
        self.sampler = sampler
        self.steps = steps
        self.inversion = inversion
        self.conditional = conditional
        self.guidance = guidance
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    def solution(
        self, rows: Tensor, /, y: ArrayLike | None = None, *, inverse: bool = False
    ) -> Solution:
        """The way of latents to data, or of data to latents, with its count of evaluations."""
        self._check_fitted()
        self._check_settings()
        at_time, count = self._field(self._codes(y, len(rows))), 0

        def velocity(x: Tensor, level: int) -> Tensor:
            nonlocal count
            count += 1
            said, phi = at_time(x, level / LEVELS), float(self.angles_[level])
            return said if self.prediction == "v" else (said - math.sin(phi) * x) / math.cos(phi)

        way = strides(self.angles_, self.steps, order=ORDERS[self.sampler])
        scale, shift = torch.from_numpy(self.scale_), torch.from_numpy(self.centre_)
        if rows.ndim == 4:  # pictures are scaled to [-1, 1]
            scale, shift = scale / 2, shift + 0.5
        if not inverse:
            x = sampled(velocity, rows, way) * scale + shift
            return Solution(x, count, x.new_zeros(len(x)))
        tolerance, iterations = INVERSIONS[self.inversion]
        z, residual = undone(
            velocity, (rows - shift) / scale, way, tolerance=tolerance, iterations=iterations
        )
        return Solution(z, count, residual)

    # The model itself.

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        self.angles_ = angles(self.prediction)
        net = Velocity if self.network == "small" else _UNet2D
        return net(data_shape, width=self.width, classes=len(self.classes_))

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        x, n = batch[0], len(batch[0])
        x = 2 * x - 1 if x.ndim == 4 else x
        spread = (torch.arange(n) + torch.rand(n, generator=noise)) / n  # one in every n-th part
        t = (spread * LEVELS).long().clamp(max=LEVELS - 1)
        phi = torch.from_numpy(self.angles_)[t].reshape(-1, *[1] * (x.ndim - 1))
        cos, sin = phi.cos().to(x), phi.sin().to(x)
        e = torch.randn(x.shape, generator=noise).to(x)
        target = e if self.prediction == "noise" else cos * e - sin * x
        y = batch[1] if len(batch) > 1 else None
        if y is not None:
            free = torch.rand(n, generator=noise).to(x) < FREE
            y = torch.where(free, len(self.classes_), y)
        return {"loss": F.mse_loss(network(cos * x + sin * e, (t / LEVELS).to(x), y), target)}

    def _check_settings(self) -> None:
        super()._check_settings()
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                known = " or ".join(f'"{c}"' for c in choices)
                raise BadInput(f"`{name}` must be {known}, got {getattr(self, name)!r}")
        strides(angles(self.prediction), self.steps, order=ORDERS[self.sampler])


class _UNet2D(nn.Module):
    """The network of diffusers on patches, called as `Velocity` is."""

    def __init__(self, data_shape: tuple[int, ...], *, width: int, classes: int) -> None:
        super().__init__()
        if len(data_shape) != 3:
            raise BadInput(
                f'`network="unet"` takes pictures (n, C, H, W), got (n, {data_shape[0]}); '
                'use network="small" for tables'
            )
        side = min(data_shape[1:])
        self.classes, self.patch = classes, 4 if side >= 64 else 2 if side >= 16 else 1
        channels = data_shape[0] * self.patch**2
        self.body = _unet2d_class()(
            in_channels=channels,
            out_channels=channels,
            layers_per_block=1,
            block_out_channels=(width, 2 * width),
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=math.gcd(8, width),
            attention_head_dim=math.gcd(32, 2 * width),
            num_class_embeds=classes + 1 if classes else None,
        )

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """What the network says of ``x`` ``(n, C, H, W)`` at times ``t`` ``(n,)`` in [0, 1]."""
        H, W = x.shape[2:]
        block = 2 * self.patch  # the coarser of two grids must be whole
        padded = F.pad(x, (0, -W % block, 0, -H % block))
        if self.classes and y is None:
            y = torch.full_like(t, self.classes, dtype=torch.long)
        said = self.body(F.pixel_unshuffle(padded, self.patch), t * LEVELS, class_labels=y).sample
        return F.pixel_shuffle(said, self.patch)[:, :, :H, :W]


def _unet2d_class() -> Any:
    """Diffusers is imported late, for it is heavy, and without its advice."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("diffusers").UNet2DModel
    except ModuleNotFoundError as error:
        raise MissingExtra("diffusers", "diffusers") from error
