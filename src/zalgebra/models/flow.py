"""Flow matching: noise to data along nearly straight lines, and back along the same ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from zalgebra.algebra.noise import noise as numbered
from zalgebra.models.guided import Guided
from zalgebra.models.ode import TABLEAUS, Solution, solve, unsolve
from zalgebra.models.unet import Velocity
from zalgebra.types import BadInput

__all__ = ["FlowMatching"]


@dataclass(kw_only=True, eq=False, repr=False)
class FlowMatching(Guided):
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
    max_epochs, batch_size, learning_rate, patience, random_state, verbose
        As in `Autoencoder`.

    Attributes
    ----------
    prior_ : zalgebra.priors.Normal
        N(0, I) of the data's shape.
    classes_ : numpy.ndarray
        The classes in order; none if the model is not conditional.
    spec_, training_
        As in `Autoencoder`.

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
    >>> flow.transform(X[:5]).shape, float(flow.report(X[:5]).rmse.max()) < 0.005
    ((5, 1, 8, 8), True)
    """

    steps: int = 16
    solver: str = "midpoint"
    coupling: str = "independent"
    dust: float = 0.0075

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
        scale, shift = self._frame(rows)
        dust = self.dust if rows.ndim == 4 else 0.0
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

    def _noised(
        self, x: Tensor, y: Tensor | None, noise: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        n = len(x)
        z = torch.randn(x.shape, generator=noise).to(x)
        t = ((torch.arange(n) + torch.rand(n, generator=noise)) / n).to(x)  # one in every n-th part
        if self.coupling == "ot":
            z = _paired(z, x, y)
        s = t.reshape(-1, *[1] * (x.ndim - 1))
        return (1 - s) * z + s * x, t, x - z

    def _check_settings(self) -> None:
        super()._check_settings()
        if not isinstance(self.steps, int | np.integer) or self.steps < 1:
            raise BadInput(f"`steps` must be a whole number of at least 1, got {self.steps}")
        if self.solver not in TABLEAUS:
            raise BadInput(f"`solver` must be one of {', '.join(TABLEAUS)}, got {self.solver!r}")
        if self.coupling not in ("independent", "ot"):
            raise BadInput(f'`coupling` must be "independent" or "ot", got {self.coupling!r}')
        if not isinstance(self.dust, int | float | np.number) or not 0 <= self.dust < 0.5:
            raise BadInput(f"`dust` must be a number from 0 to below 0.5, got {self.dust}")


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
