"""What a decoder does to steps: products with its Jacobian, and the metric that it pulls back."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from zalgebra.models.pullback import pullback_metric, pushforward
from zalgebra.types import BadInput


def network(*shape: int, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    D = int(torch.tensor(shape).prod())
    net = nn.Sequential(nn.Flatten(), nn.Linear(D, 9), nn.Tanh(), nn.Linear(9, 6))
    return nn.Sequential(net, nn.Unflatten(1, (2, 3))).double()


def jacobians(decode, z: torch.Tensor) -> torch.Tensor:
    """The textbook's way, one latent at a time: ``(n, 6, D)``."""
    rows = [torch.autograd.functional.jacobian(lambda v: decode(v[None])[0], one) for one in z]
    return torch.stack(rows).reshape(len(z), 6, -1)


@pytest.mark.parametrize("shape", [(4,), (1, 2, 2)])
@pytest.mark.parametrize("n", [1, 5, 40])  # more than are held together, too
def test_products_and_metric_are_those_of_the_jacobian(shape, n) -> None:
    decode = network(*shape)
    z, v = torch.randn(2, n, *shape, dtype=torch.float64, generator=torch.manual_seed(1))
    J = jacobians(decode, z)
    pushed = pushforward(decode, z, v)
    assert pushed.shape == (n, 2, 3)
    assert not pushed.requires_grad
    torch.testing.assert_close(pushed.flatten(1), (J @ v.flatten(1)[:, :, None])[:, :, 0])
    torch.testing.assert_close(pullback_metric(decode, z), J.mT @ J)


def test_it_is_what_forward_differentiation_gives() -> None:
    decode = network(3)
    z, v = torch.randn(2, 7, 3, dtype=torch.float64, generator=torch.manual_seed(2))
    forward = torch.autograd.functional.jvp(decode, z, v)[1]
    torch.testing.assert_close(pushforward(decode, z, v), forward)


def test_the_graph_of_the_caller_is_left_alone() -> None:
    decode = network(3)
    z = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    pullback_metric(decode, z)
    assert z.grad is None
    assert all(p.grad is None for p in decode.parameters())


@pytest.mark.parametrize(
    ("decode", "z", "words"),
    [
        (lambda z: z.detach().numpy(), torch.ones(2, 3), "must give a tensor, got ndarray"),
        (lambda z: z.sum(), torch.ones(2, 3), "one row for each latent"),
        (lambda z: z, torch.ones(3), "must have shape"),
        (lambda z: z, torch.ones(0, 3), "at least 1"),
    ],
)
def test_bad_input_gets_one_sentence(decode, z, words) -> None:
    with pytest.raises(BadInput, match=words):
        pullback_metric(decode, z)


def test_a_step_of_another_shape_is_refused() -> None:
    with pytest.raises(BadInput, match="one shape"):
        pushforward(lambda z: z, torch.ones(2, 3), torch.ones(2, 4))
