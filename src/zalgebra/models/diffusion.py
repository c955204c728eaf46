"""Diffusion: initial noise to data by DDIM or DPM-Solver, and data back to their noise."""

from __future__ import annotations

import importlib
import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.models.guided import Guided
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


@dataclass(kw_only=True, eq=False, repr=False)
class Diffusion(Guided):
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
    conditional, guidance
        As in `FlowMatching`.
    max_epochs, batch_size, learning_rate, patience, random_state, verbose
        As in `Autoencoder`.

    Attributes
    ----------
    prior_, classes_, spec_, training_
        As in `FlowMatching`.

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
    >>> model.transform(X[:5]).shape, float(model.report(X[:5]).rmse.max()) < 0.005
    ((5, 1, 8, 8), True)
    """

    network: str = "small"
    prediction: str = "v"
    sampler: str = "ddim"
    steps: int = 50
    inversion: str = "fixed-point"

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
        scale, shift = self._frame(rows)
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

    def _noised(
        self, x: Tensor, y: Tensor | None, noise: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        n = len(x)
        spread = (torch.arange(n) + torch.rand(n, generator=noise)) / n  # one in every n-th part
        t = (spread * LEVELS).long().clamp(max=LEVELS - 1)
        phi = torch.from_numpy(self.angles_)[t].reshape(-1, *[1] * (x.ndim - 1))
        cos, sin = phi.cos().to(x), phi.sin().to(x)
        e = torch.randn(x.shape, generator=noise).to(x)
        target = e if self.prediction == "noise" else cos * e - sin * x
        return cos * x + sin * e, (t / LEVELS).to(x), target

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
