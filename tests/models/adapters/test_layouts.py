"""Packing, and telling noise from codes."""

from __future__ import annotations

import numpy as np
import pytest

from zalgebra.models.adapters import DiffusersSpec, pack, unpack
from zalgebra.models.adapters.layouts import likeness
from zalgebra.types import BadInput


def test_packing_is_that_of_flux(pipes):
    import torch

    z = torch.randn(2, 4, 6, 8, generator=torch.Generator().manual_seed(0))
    flux = pipes("Flux")
    packed = flux._pack_latents(z, 2, 4, 6, 8)
    torch.testing.assert_close(pack(z), packed, rtol=0, atol=0)
    back = flux._unpack_latents(packed, 12, 16, flux.vae_scale_factor)
    torch.testing.assert_close(unpack(packed, 6, 8), back, rtol=0, atol=0)


def test_packing_on_every_array_library(xp):
    z = np.random.default_rng(0).standard_normal((2, 3, 4, 6))
    packed = pack(xp.asarray(z))
    assert xp.owns(packed)
    np.testing.assert_array_equal(xp.numpy(packed), pack(z))
    np.testing.assert_array_equal(xp.numpy(unpack(packed, 4, 6)), z)


@pytest.mark.parametrize("shape", [(4, 6, 8), (1, 4, 5, 8), (1, 4, 6, 7)])
def test_what_has_no_patches_is_not_packed(shape):
    with pytest.raises(BadInput, match="even h, w"):
        pack(np.zeros(shape))


def test_unpacking_needs_the_size():
    with pytest.raises(BadInput, match=r"packed latents of 6 x 8 are \(n, 12, 4 C\)"):
        unpack(np.zeros((1, 16, 16)), 6, 8)


def test_a_spec_survives_json():
    spec = DiffusersSpec(
        "P", (16, 64), (3, 64, 64), "initial noise", "ab", layout="packed", scale=(1.0, 2.0)
    )
    as_json = spec.to_dict() | {"latent_shape": [16, 64], "scale": [1.0, 2.0]}
    assert DiffusersSpec.from_dict(as_json) == spec


def test_white_noise_is_white_and_smooth_latents_are_smooth():
    rng = np.random.default_rng(0)
    white = rng.standard_normal((500, 4, 16, 16))
    sd, smooth, error = likeness(white)
    assert abs(sd.mean() - 1) < 0.01
    assert smooth.std() == pytest.approx(error, rel=0.2)
    assert abs(smooth.mean()) < 0.01
    wide = np.repeat(np.repeat(white[:, :, :8, :8], 2, axis=2), 2, axis=3)
    assert likeness(wide)[1].min() > 0.3
