"""A sampler run backwards: from a picture's code to the noise that it would have come from."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from zalgebra.types import BadInput

__all__ = ["Reverse", "Step"]


@dataclass(frozen=True)
class Step:
    r"""One step of a sampler, $x' = a x + b\, f(c x, t)$, with f the network's answer."""

    t: Tensor
    a: float
    b: float
    c: float


class Reverse:
    r"""A scheduler of diffusers backwards, to be given to the pipeline in the place of its own.

    A deterministic one-step sampler (DDIM, Euler, flow-matching Euler) takes the steps
    $x' = a x + b\, f(c x, t)$. The step back from x' solves for x by fixed point,

    $$x \leftarrow \big(x' - b\, f(c x, t)\big) / a$$

    from the guess that f is what it was one step before. It is exact in the limit of many
    ``iterations``; one of them costs one call of the network a step, as sampling does.

    The numbers a, b and c are not derived again from each scheduler's formulas: they are read off
    its own ``step``, which is tried on numbers.

    Parameters
    ----------
    scheduler
        The pipeline's own; a copy is used.
    iterations
        Of the fixed point, for every step.

    References
    ----------
    Song, Meng and Ermon, *Denoising diffusion implicit models*, arXiv 2010.02502;
    Pan et al., *Effective real image editing with accelerated iterative diffusion inversion*,
    arXiv 2309.04907.
    """

    order = 1
    init_noise_sigma = 1.0  # a code goes in, which no pipeline may scale

    def __init__(self, scheduler: Any, /, *, iterations: int = 3) -> None:
        self.forward = copy.deepcopy(scheduler)
        self.config = self.forward.config
        self.iterations = iterations

    @property
    def sigma(self) -> float:
        """What a pipeline multiplies noise by before the first step of the forward sampler."""
        return float(getattr(self.forward, "init_noise_sigma", 1.0))

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: Any = None,
        timesteps: Any = None,
        sigmas: Any = None,
        mu: float | None = None,
    ) -> None:
        """Lay out the forward sampler's times, last one first."""
        asked = {"timesteps": timesteps, "sigmas": sigmas, "mu": mu}
        given = {k: v for k, v in asked.items() if v is not None}
        first = {} if timesteps is not None or sigmas is not None else {
            "num_inference_steps": num_inference_steps
        }  # fmt: skip
        self.forward.set_timesteps(**first, device=device, **given)
        self._steps = steps_of(self.forward)[::-1]
        times = torch.stack([step.t for step in self._steps])
        self.timesteps = times.repeat_interleave(self.iterations)
        self._calls, self._known = 0, None

    def set_begin_index(self, begin_index: int = 0) -> None:
        """Nothing to do: it begins at the code."""

    def scale_model_input(self, sample: Tensor, timestep: Any = None) -> Tensor:
        """What the network sees of a sample at this step."""
        return sample * self._steps[self._calls // self.iterations].c

    def step(
        self, model_output: Tensor, timestep: Any, sample: Tensor, return_dict: bool = False
    ) -> tuple[Tensor]:
        """One iteration of the step back; float32 inside, whatever the network computes in."""
        f = model_output.float()
        if self._known is None:
            self._known = sample.float()
        now = self._steps[self._calls // self.iterations]
        x = (self._known - now.b * f) / now.a
        self._calls += 1
        if self._calls % self.iterations == 0:
            self._known = x
            if self._calls < len(self.timesteps):
                after = self._steps[self._calls // self.iterations]
                x = (x - after.b * f) / after.a
        return (x.to(sample.dtype),)


def steps_of(scheduler: Any, /) -> list[Step]:
    """The steps of a scheduler whose times are set, read off its own ``step``.

    Raises
    ------
    BadInput
        If a step is not of the form a x + b f: it draws noise, remembers earlier steps, or clips.
    """
    steps, rolls = [], torch.Generator().manual_seed(0)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    with torch.random.fork_rng(devices=[]):  # a stochastic scheduler draws from the global one
        for t in scheduler.timesteps:
            roll = 5 * torch.randn(2, 2, generator=rolls)
            x = torch.cat([torch.tensor([1.0, 0.0]), roll[0]]).reshape(4, 1, 1, 1).to(t.device)
            f = torch.cat([torch.tensor([0.0, 1.0]), roll[1]]).reshape(4, 1, 1, 1).to(t.device)
            scaled = getattr(scheduler, "scale_model_input", lambda x, t: x)(x, t)
            y = scheduler.step(f, t, x, return_dict=False)[0].double().flatten()
            a, b, c = float(y[0]), float(y[1]), float(scaled.flatten()[0])
            predicted = a * x.flatten().double() + b * f.flatten().double()
            scale = abs(a) * x.flatten().abs() + abs(b) * f.flatten().abs() + 1e-6
            if a == 0 or bool(((y - predicted).abs() > 1e-3 * scale).any()):
                raise _no_inverse(scheduler)
            steps.append(Step(t, a, b, c))
    return steps


def _no_inverse(scheduler: Any) -> BadInput:
    name, flow = type(scheduler).__name__, "FlowMatch" in type(scheduler).__name__
    other = "FlowMatchEulerDiscreteScheduler" if flow else "DDIMScheduler"
    plain = "stochastic_sampling=False" if flow else "clip_sample=False"
    return BadInput(
        f"{name} as it is set cannot be run backwards (it draws noise, remembers earlier steps or "
        f"clips); set pipe.scheduler = diffusers.{other}.from_config(pipe.scheduler.config, "
        f"{plain}) and invert again"
    )
