"""Networks: every shape in and out, convolutions only where patches fit."""

from __future__ import annotations

import math

import pytest
import torch

from zalgebra.models.networks import decoder, encoder
from zalgebra.types import BadInput

CONVOLVED = [(1, 16, 16), (1, 28, 28), (3, 64, 64), (3, 16, 48), (2, 20, 24), (1, 128, 32)]
DENSE = [(1, 8, 8), (2, 17, 23), (1, 16, 18), (1, 12, 64), (1, 1, 5), (5,), (1,)]


@pytest.mark.parametrize("shape", [*CONVOLVED, *DENSE], ids=str)
def test_every_shape_goes_in_and_comes_out(shape) -> None:
    encode, decode = encoder(shape, 6, width=4), decoder(shape, 2, width=4)
    for network in (encode, decode):
        kinds = {type(m) for m in network.modules()}
        assert (torch.nn.Conv2d in kinds) == (shape in CONVOLVED)
    x = torch.rand(3, *shape)
    assert encode(x).shape == (3, 6)
    assert decode(torch.randn(3, 2)).shape == (3, *shape)
    torch.testing.assert_close(encode(x)[1:2], encode(x[1:2]))  # rows do not mix


@pytest.mark.parametrize("shape", CONVOLVED, ids=str)
def test_each_pixel_counts(shape) -> None:
    torch.manual_seed(0)
    x = torch.rand(1, *shape, requires_grad=True)
    encoder(shape, 6, width=4)(x).square().sum().backward()
    assert (x.grad != 0).float().mean() > 0.9
    y = decoder(shape, 2, width=4)(torch.randn(2, 2))
    assert ((y[0] - y[1]).abs() > 0).float().mean() > 0.99
    assert y.numel() == 2 * math.prod(shape)


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3, 4), ()], ids=str)
def test_other_data_are_one_sentence(shape) -> None:
    for network in (encoder, decoder):
        with pytest.raises(BadInput, match="data must have shape"):
            network(shape, 2, width=4)


def test_a_finer_patch_convolves_more_shapes() -> None:
    for shape in [(1, 16, 16), (1, 28, 28), (3, 18, 22)]:
        network = encoder(shape, 6, width=4, patch=2)
        assert isinstance(network[0], torch.nn.PixelUnshuffle)
        assert network(torch.rand(3, *shape)).shape == (3, 6)
