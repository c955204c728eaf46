"""Diffusion pipelines: everything is held against the pipelines' own code."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch

import zalgebra as za
from zalgebra.models.adapters import Codes, Diffusers, unpack
from zalgebra.models.adapters.families import FAMILIES
from zalgebra.types import BadInput, LatentModel

from .conftest import MAKERS, call_options

NAMES = list(MAKERS)
SCALED = ("SD", "SDXL", "PixArt")


def size(name: str) -> int:
    return 32  # Sana takes multiples of 32 alone


def adapter(pipes, name: str, **how) -> Diffusers:
    sides = {"height": size(name), "width": size(name)}
    return Diffusers(
        pipes(name), **sides, **{"steps": 2, "prompt": "a cat"} | how, **call_options(name)
    )


def own_call(pipe, name: str, **how):
    """The pipeline as a user calls it, and the latents that it began with."""
    began, spy = [], copy.copy(pipe)
    prepare = pipe.prepare_latents

    def prepare_latents(*args, **kwargs):
        made = prepare(*args, **kwargs)
        began.append(made[0] if isinstance(made, tuple) else made)
        return made

    spy.__dict__["prepare_latents"] = prepare_latents
    base = {"num_inference_steps": 2, "guidance_scale": 1.0, "output_type": "latent"}
    sides = {"height": size(name), "width": size(name)}
    options = sides | dict(FAMILIES[type(pipe).__name__].options)
    out = spy("a cat", **base | options | call_options(name) | how).images
    return out, began[0]


@pytest.fixture(scope="session")
def large(pictures):
    rows = torch.from_numpy(pictures)
    return torch.nn.functional.interpolate(rows, 32, mode="bicubic").clamp(0, 1).numpy()


@pytest.mark.parametrize("name", NAMES)
def test_the_spec_is_what_the_pipeline_makes(pipes, name):
    sd, pipe = adapter(pipes, name), pipes(name)
    code, began = own_call(pipe, name, generator=torch.Generator().manual_seed(0))
    noise, codes = sd.noise.spec_, sd.codes.spec_
    assert tuple(began.shape[1:]) == noise.latent_shape
    assert str(began.dtype) == f"torch.{noise.dtype}"
    assert tuple(sd.noise.unpack(code).shape[1:]) == codes.latent_shape
    assert noise.layout == ("packed" if began.ndim == 3 else "channels first")
    C, h, w = codes.latent_shape
    white = torch.randn(1, C, h, w, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(began, sd.noise.pack(white) * noise.sigma)
    assert (noise.sigma > 1.01) == (name == "SDXL")  # Euler's; DDIM's and the flows' is 1
    assert noise.kind != codes.kind
    assert noise.fingerprint != codes.fingerprint
    assert codes.scale == pipe.vae.config.scaling_factor
    assert codes.shift == (pipe.vae.config.get("shift_factor") or 0.0)
    assert isinstance(sd.noise, LatentModel)


@pytest.mark.parametrize("name", NAMES)
def test_a_mixed_latent_goes_in_unchanged(pipes, name):
    sd, pipe = adapter(pipes, name), pipes(name)
    a, b = sd.noise.draw(2, seed=1)
    z = za.interpolate(a, b, 0.3, prior=sd.noise.prior_)[None]
    torch.testing.assert_close(z, sd.noise.combine([[0.7, 0.3]], [a, b]))
    inputs = sd.noise.inputs(z)
    assert torch.equal(inputs["latents"], z)
    image, began = own_call(pipe, name, **inputs, output_type="pt")
    assert torch.equal(began, z * sd.noise.spec_.sigma)
    assert sd.noise.spec_.data_shape == tuple(image.shape[1:])
    torch.testing.assert_close(sd.noise.decode(z), image, atol=1e-5, rtol=0)
    NumPy = za.combine([0.7, 0.3], np.stack([a, b]), prior=sd.noise.prior_)[None]
    torch.testing.assert_close(sd.noise.inputs(NumPy)["latents"], z)
    torch.testing.assert_close(sd.noise.inverse_transform(NumPy), image.numpy(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_what_the_pipeline_decodes(pipes, large, name):
    sd, pipe = adapter(pipes, name), pipes(name)
    z = sd.noise.draw(1, seed=2)
    code, _ = own_call(pipe, name, latents=z)
    image, _ = own_call(pipe, name, latents=z, output_type="pt")
    torch.testing.assert_close(sd.codes.decode(sd.noise.unpack(code)), image, atol=1e-5, rtol=0)
    torch.testing.assert_close(sd.noise.to_codes(z), sd.noise.unpack(code))
    x = torch.from_numpy(large[:2])
    with torch.no_grad():
        seen = pipe.vae.encode(pipe.image_processor.preprocess(x))
        v = seen.latent_dist.mode() if hasattr(seen, "latent_dist") else seen.latent
        config = pipe.vae.config
        expected = (v - (config.get("shift_factor") or 0.0)) * config.scaling_factor
        torch.testing.assert_close(sd.codes.encode(x), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_two_kinds_and_layouts_never_mix(pipes, large, name):
    sd = adapter(pipes, name)
    noise = sd.noise.draw(20, seed=3)
    codes = sd.codes.encode(torch.from_numpy(large[:4])).detach()
    assert sd.noise.check(noise) is noise
    assert sd.codes.check(codes) is codes
    with pytest.raises(BadInput, match=r"noise.from_codes\(z\)"):
        sd.noise.check(sd.noise.pack(codes))
    with pytest.raises(BadInput, match=r"noise.from_codes\(z\)"):
        sd.noise.combine([0.5, 0.5], [noise[0], sd.noise.pack(codes)[0]])
    with pytest.raises(BadInput, match=r"noise.to_codes\(z\)"):
        sd.codes.check(sd.noise.unpack(noise))
    with pytest.raises(BadInput, match="multiplies by init_noise_sigma"):
        sd.noise.inputs(noise * 14.6)
    C, h, w = sd.codes.spec_.latent_shape
    flat, deep = torch.zeros(1, h * w // 4, 4 * C), torch.zeros(1, C, h, w)
    if sd.family.packed:
        with pytest.raises(BadInput, match=r"not packed.*noise.pack\(z\)"):
            sd.noise.check(deep)
    else:
        with pytest.raises(BadInput, match=r"are packed.*unpack\(z, \d+, \d+\)"):
            sd.noise.check(flat)
    with pytest.raises(BadInput, match=r"are packed.*unpack\(z, \d+, \d+\)"):
        sd.codes.check(flat)
    assert unpack(flat, h, w).shape == deep.shape
    with pytest.raises(BadInput, match="add the axis of rows"):
        sd.noise.check(noise[0])


def test_codes_of_noise_like_pictures_are_not_taken_for_noise(pipes):
    """Where true codes look like noise the check has no say."""
    codes = Codes(pipes("SD3").vae, height=32, width=32)
    assert codes._telling
    Z = codes.transform(np.random.default_rng(0).random((4, 3, 32, 32)))
    codes.transform = lambda X: np.random.default_rng(0).standard_normal(Z.shape)
    codes.fit(np.zeros((4, 3, 32, 32)))
    assert codes.check(torch.from_numpy(codes.transform(0))) is not None


@pytest.mark.parametrize("name", ["SD", "Flux"])
def test_codes_have_a_fitted_prior(pipes, pictures, name):
    codes = Codes(pipes(name).vae, height=16, width=16, batch_size=16)
    with pytest.raises(BadInput, match=r"fit\(images\)"):
        codes.sample(1)
    codes.fit(pictures)
    Z = codes.transform(pictures)
    np.testing.assert_allclose(codes.prior_.mean, Z.mean(axis=0), atol=1e-6)
    assert codes.sample(2).shape == (2, 3, 16, 16)
    assert codes.combine([1.0, -1.0, 1.0], Z[:3]).shape == codes.spec_.latent_shape
    z, report = codes.encode(torch.from_numpy(pictures[:5]), report=True)
    assert len(report) == len(z) == 5
    given = za.priors.Normal(codes.spec_.latent_shape)
    assert codes.fit(prior=given).prior_ is given


def test_codes_pass_gradients(pipes, pictures):
    codes = Codes(pipes("SD").vae, height=16, width=16)
    x = torch.from_numpy(pictures[:1]).requires_grad_()
    codes.decode(codes.encode(x)).sum().backward()
    assert float(x.grad.abs().max()) > 0
    assert not codes.encode(x.detach()).requires_grad  # no graph of gigabytes for nobody


def test_a_spread_a_channel_is_that_of_the_xl_pipeline(pipes):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pipe = MAKERS["SDXL"]()
    pipe.set_progress_bar_config(disable=True)
    pipe.vae.register_to_config(latents_mean=[0.1, -0.2, 0.3, 0.0], latents_std=[1.0, 2.0, 3.0, 4])
    sd = Diffusers(pipe, height=32, width=32, steps=2, prompt="a cat")
    z = sd.noise.draw(1, seed=0)
    image, _ = own_call(pipe, "SDXL", latents=z, output_type="pt")
    torch.testing.assert_close(sd.noise.decode(z), image, atol=1e-5, rtol=0)
    code = sd.noise.to_codes(z)
    v = sd.codes.encode(image)
    assert v.shape == code.shape
    assert len(sd.codes.spec_.scale) == 4


@pytest.mark.parametrize("name", ["SD", "SDXL", "SD3", "Flux", "Sana"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays(pipes, large, name, dtype):
    pipe = MAKERS[name]().to(dtype)
    pipe.set_progress_bar_config(disable=True)
    sd = Diffusers(pipe, height=32, width=32, steps=1, iterations=1, **call_options(name))
    made = torch.float32 if name == "Sana" else dtype
    z = sd.noise.draw(1, seed=0)
    assert z.dtype == made
    assert sd.noise.combine([[0.6, 0.8]], torch.cat([z, z])).dtype == made
    own = own_call(pipe, name)[1]
    assert own.dtype == made
    if name != "Sana":  # whose tiny decoder knows no half precision on a CPU
        assert sd.noise.decode(z).shape == (1, 3, 32, 32)
    codes = sd.codes.encode(torch.from_numpy(large[:1]))
    assert codes.dtype == dtype
    assert bool(codes.isfinite().all())
    assert pipe.vae.dtype == dtype


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_pipeline_has_the_same_latents(pipes, tmp_path, name):
    pipe = pipes(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe.save_pretrained(tmp_path)
        absent = [k for k, v in pipe.components.items() if v is None]
        again = type(pipe).from_pretrained(tmp_path, **dict.fromkeys(absent))
    again.set_progress_bar_config(disable=True)
    a, b = (adapter(lambda _, p=p: p, name) for p in (pipe, again))
    assert a.noise.spec_ == b.noise.spec_
    assert a.codes.spec_ == b.codes.spec_
    z = a.noise.draw(1, seed=5)
    torch.testing.assert_close(a.noise.to_codes(z), b.noise.to_codes(z), atol=1e-4, rtol=1e-3)


def test_a_changed_weight_is_another_model(pipes):
    pipe = copy.deepcopy(pipes("SD"))
    before = adapter(lambda _: pipe, "SD").noise.spec_.fingerprint
    with torch.no_grad():
        pipe.unet.conv_in.weight.add_(1e-3)
    assert adapter(lambda _: pipe, "SD").noise.spec_.fingerprint != before


def test_the_users_pipeline_and_generator_are_left_alone(pipes):
    pipe = pipes("SDXL")
    scheduler, steps = pipe.scheduler, copy.deepcopy(pipe.scheduler.__dict__.get("timesteps"))
    state = torch.get_rng_state()
    sd = adapter(pipes, "SDXL")
    sd.noise.from_codes(sd.noise.to_codes(sd.noise.draw(1)))
    assert pipe.scheduler is scheduler
    assert torch.equal(pipe.scheduler.timesteps, steps)
    assert torch.equal(torch.get_rng_state(), state)
    assert type(pipe.scheduler).__name__ in str(pipe.config["scheduler"])


def test_default_sizes_are_the_pipelines_own(pipes):
    for name, side in {"SD": 16, "SDXL": 16, "SD3": 16, "PixArt": 16}.items():
        assert Diffusers(pipes(name)).codes.spec_.data_shape == (3, side, side)
    assert Diffusers(pipes("Flux")).codes.spec_.data_shape == (3, 256, 256)
    tall = Diffusers(pipes("SD"), height=32, width=16)
    assert tall.noise.spec_.latent_shape == (4, 16, 8)


def test_what_is_not_known_is_told(pipes):
    class OtherPipeline:
        pass

    with pytest.raises(BadInput, match=r"OtherPipeline is not known; known are Stable.*Codes"):
        Diffusers(OtherPipeline())
    with pytest.raises(BadInput, match="multiples of 2, got 15"):
        Diffusers(pipes("SD"), height=15, width=16)
    with pytest.raises(BadInput, match="`steps` must be a whole number"):
        Diffusers(pipes("SD"), steps=0)
    with pytest.raises(BadInput, match="settings are prompt, steps"):
        Diffusers(pipes("SD")).noise.under(colour="red")
    with pytest.raises(BadInput, match=r"data of this Codes have shape \(n, 3, 16, 16\)"):
        Diffusers(pipes("SD")).codes.transform(np.zeros((1, 3, 32, 32)))
