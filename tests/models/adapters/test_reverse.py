"""Samplers run backwards."""

from __future__ import annotations

import copy

import diffusers
import numpy as np
import pytest
import torch

from zalgebra.models.adapters import Diffusers
from zalgebra.models.adapters.reverse import Reverse, steps_of
from zalgebra.types import BadInput

from .conftest import MAKERS, SD_SCHEDULE, call_options, ddim

NAMES = list(MAKERS)


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def adapter(pipes, name: str, **how) -> Diffusers:
    side = 32 if name == "Sana" else 16
    options = {"height": side, "width": side, "prompt": "a cat"} | call_options(name)
    return Diffusers(pipes(name), **options | how)


@pytest.mark.parametrize("name", NAMES)
def test_noise_comes_back(pipes, name):
    noise = adapter(pipes, name, steps=10).noise
    z = noise.draw(2, seed=1)
    codes = noise.to_codes(z)
    errors = [relative(noise.under(iterations=i).from_codes(codes), z) for i in (1, 4)]
    assert errors[0] < 0.05
    assert errors[1] < (2e-3 if name in ("Sana", "PixArt") else 1e-4)
    assert errors[1] < errors[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_noise_comes_back_at_fifty_steps(pipes, name):
    noise = adapter(pipes, name, steps=50).noise
    z = noise.draw(2, seed=1)
    codes = noise.to_codes(z)
    assert relative(noise.under(iterations=1).from_codes(codes), z) < 5e-3
    assert relative(noise.from_codes(codes), z) < 2e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SD3", "Flux", "Chroma"])
def test_codes_of_pictures_come_back_at_fifty_steps(pipes, pictures, name):
    sd = adapter(pipes, name, steps=50)
    codes = sd.codes.encode(torch.from_numpy(pictures[:2]))
    for iterations, most in ((1, 5e-3), (3, 1e-4)):
        noise = sd.noise.under(iterations=iterations)
        assert relative(noise.to_codes(noise.from_codes(codes)), codes) < most


def test_guidance_is_inverted_too(pipes):
    noise = adapter(pipes, "SD3", steps=10, guidance_scale=3.0, iterations=5).noise
    z = noise.draw(1, seed=1)
    assert relative(noise.from_codes(noise.to_codes(z)), z) < 1e-3


def test_pictures_become_noise_with_a_report(pipes, pictures):
    sd = adapter(pipes, "SD3", steps=5)
    z, report = sd.noise.invert(pictures[:2], prompt="a dog", report=True)
    assert tuple(z.shape) == (2, *sd.noise.spec_.latent_shape)
    assert len(report) == 2
    direct = sd.codes.inverse_transform(sd.codes.transform(pictures[:2]))
    rmse = np.sqrt(((direct - pictures[:2]) ** 2).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(report.rmse, rmse, atol=5e-3)  # what is lost is the autoencoder's
    np.testing.assert_array_equal(sd.noise.transform(pictures[:2]).shape, z.shape)
    assert sd.noise.sampling.prompt == "a cat"


def test_many_iterations_solve_the_step_exactly():
    """On a network known in closed form, one step back is the root of x' = a x + b f(x)."""
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    back = Reverse(scheduler, iterations=60)
    back.set_timesteps(4)
    x = torch.full((1, 1, 1, 1), 0.3)
    for t in back.timesteps:
        x = back.step(torch.sin(x), t, x)[0]
    scheduler.set_timesteps(4)
    for t in scheduler.timesteps:
        x = scheduler.step(torch.sin(x), t, x, return_dict=False)[0]
    assert float(x) == pytest.approx(0.3, abs=1e-6)


def test_the_steps_of_ddim_are_its_formula():
    scheduler = ddim()
    scheduler.set_timesteps(5)
    alphas, steps = scheduler.alphas_cumprod.double(), steps_of(copy.deepcopy(scheduler))
    for step in steps:
        now, before = alphas[int(step.t)], int(step.t) - 200
        then = alphas[before] if before >= 0 else scheduler.final_alpha_cumprod.double()
        a = (then / now).sqrt()
        b = (1 - then).sqrt() - a * (1 - now).sqrt()
        assert step.a == pytest.approx(float(a), rel=1e-5)
        assert step.b == pytest.approx(float(b), rel=1e-4)
        assert step.c == 1


def test_euler_and_ddim_are_one_method_in_two_scales(pipes):
    """Codes are the same, and so is the noise that is found: unscaled in both."""
    codes, euler = [], diffusers.EulerDiscreteScheduler(**SD_SCHEDULE)
    for scheduler in (diffusers.DDIMScheduler(**SD_SCHEDULE, clip_sample=False), euler):
        pipe = copy.copy(pipes("SD"))
        pipe.scheduler = scheduler
        noise = adapter(lambda _, p=pipe: p, "SD", steps=10).noise
        z = noise.draw(1, seed=1)
        codes.append(noise.to_codes(z))
        assert relative(noise.from_codes(codes[0]), z) < 1e-3
        assert (noise.spec_.sigma > 5) == (scheduler is euler)
    assert relative(codes[1], codes[0]) < 1e-3


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNDMScheduler", {"skip_prk_steps": True}),
        ("DPMSolverMultistepScheduler", {}),
        ("UniPCMultistepScheduler", {}),
        ("EulerAncestralDiscreteScheduler", {}),
        ("HeunDiscreteScheduler", {}),
        ("DDPMScheduler", {}),
        ("DDIMScheduler", {"clip_sample": True}),
        ("DDIMScheduler", {"clip_sample": False, "thresholding": True}),
    ],
)
def test_samplers_without_an_inverse_are_refused_with_the_mend(pipes, kind, options):
    schedule = {k: v for k, v in SD_SCHEDULE.items() if k != "steps_offset"}
    pipe = copy.copy(pipes("SD"))
    pipe.scheduler = getattr(diffusers, kind)(**schedule, **options)
    noise = adapter(lambda _: pipe, "SD", steps=6).noise
    with pytest.raises(BadInput, match=rf"{kind} as it is set cannot be run backwards.*DDIM"):
        noise.from_codes(torch.zeros(1, *noise.codes.spec_.latent_shape))
    pipe.scheduler = diffusers.DDIMScheduler.from_config(pipe.scheduler.config, clip_sample=False)
    if not options.get("thresholding"):
        noise.from_codes(torch.zeros(1, *noise.codes.spec_.latent_shape))


def test_a_stochastic_flow_is_refused(pipes):
    pipe = copy.copy(pipes("SD3"))
    pipe.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(stochastic_sampling=True)
    noise = adapter(lambda _: pipe, "SD3", steps=4).noise
    with pytest.raises(BadInput, match="stochastic_sampling=False"):
        noise.from_codes(torch.zeros(1, *noise.codes.spec_.latent_shape))
