"""Style mixing: layers chosen are copied, layers mixed are combined each by itself."""

from __future__ import annotations

import numpy as np
import pytest

import zalgebra as za
from zalgebra.algebra.layers import mix_layers
from zalgebra.types import BadInput, DegenerateWeights

RNG = np.random.default_rng(0)
W = RNG.standard_normal((3, 6, 16))  # three sources of six layers
SOFT = RNG.uniform(0.1, 1, (6, 3))


def test_whole_numbers_choose_to_the_bit() -> None:
    z = mix_layers(W, [0, 0, 2, 1, 1, 0])
    np.testing.assert_array_equal(z, W[[0, 0, 2, 1, 1, 0], range(6)])
    np.testing.assert_array_equal(z, mix_layers(W, np.eye(3)[[0, 0, 2, 1, 1, 0]] * 5))


@pytest.mark.parametrize("correlation", ["independent", 0.3])
def test_weights_combine_each_layer(xp, correlation) -> None:
    z = mix_layers([xp.asarray(w) for w in W], SOFT, correlation=correlation)
    assert xp.owns(z)
    R = "independent" if correlation == "independent" else 0.3 + 0.7 * np.eye(3)
    expected = [za.combine(SOFT[i], W[:, i], correlation=R) for i in range(6)]
    np.testing.assert_allclose(xp.numpy(z), expected, rtol=1e-9)


def test_a_batch_and_another_axis() -> None:
    batch = RNG.standard_normal((3, 5, 6, 16))
    z = mix_layers(batch, SOFT)
    np.testing.assert_allclose(z[4], mix_layers(batch[:, 4], SOFT), rtol=1e-12)
    turned = mix_layers(np.swapaxes(batch, -1, -2), SOFT, axis=-1)
    np.testing.assert_allclose(np.swapaxes(turned, -1, -2), z, rtol=1e-12)
    first = mix_layers(np.moveaxis(batch, 2, 1), SOFT, axis=0)
    np.testing.assert_allclose(np.moveaxis(first, 0, 1), z, rtol=1e-12)


def test_the_prior_is_of_a_latent_or_of_a_layer() -> None:
    mean = RNG.standard_normal(16)
    layer = za.priors.Gaussian(mean, np.eye(16) * 2)
    whole = za.priors.Gaussian(np.tile(mean, (6, 1)), 2.0 * np.eye(96))
    x = layer.sample(3 * 6 * 4000, seed=0).reshape(3, 4000, 6, 16)
    z = mix_layers(x, SOFT, prior=layer)
    np.testing.assert_allclose(z, mix_layers(x, SOFT, prior=whole), rtol=1e-4, atol=1e-5)
    assert np.abs(z.mean(axis=0) - mean).max() < 5 * np.sqrt(2 / 4000)
    assert np.abs(z.var(axis=0) - 2).max() < 6 * 2 * np.sqrt(2 / 4000)


def test_sources_that_hang_together_are_estimated() -> None:
    base, own = RNG.standard_normal((1, 18, 512)), RNG.standard_normal((4, 18, 512))
    x = np.sqrt(0.6) * base + np.sqrt(0.4) * own
    even = np.ones((18, 4))
    assert mix_layers(x, even, correlation="estimate").std() == pytest.approx(1, abs=0.03)
    assert mix_layers(x, even).std() > 1.4


def test_levels_of_different_shapes() -> None:
    shapes = [(8, 4, 4), (4, 8, 8), (2, 16, 16)]
    a, b = ([RNG.standard_normal(s) for s in shapes] for _ in range(2))
    z = mix_layers([a, b], [0, 1, 1])
    for found, expected in zip(z, [a[0], b[1], b[2]], strict=True):
        np.testing.assert_array_equal(found, expected)
    priors = [za.priors.Gaussian(np.ones(s), 1.0) for s in shapes]
    soft = mix_layers([a, b], np.full((3, 2), 0.5), prior=priors)
    for i in range(3):
        expected = za.interpolate(a[i], b[i], 0.5, prior=priors[i])
        np.testing.assert_allclose(soft[i], expected, rtol=1e-12)


def test_gradients_in_torch() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(W[:, :2, :3], requires_grad=True)
    for correlation in ("independent", "estimate"):
        assert torch.autograd.gradcheck(
            lambda x, c=correlation: mix_layers(x, SOFT[:2], correlation=c), (x,)
        )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mix_layers(W, [0, 1]), r"`choice` must be 6 whole numbers"),
        (lambda: mix_layers(W, [0, 0, 0, 0, 0, 3]), "`choice` must name latents 0 to 2"),
        (lambda: mix_layers(W, [-1] * 6), "`choice` must name latents 0 to 2"),
        (lambda: mix_layers(W, [0.5] * 6), "`choice` must be 6 whole numbers"),
        (lambda: mix_layers(W, SOFT * np.nan), "finite weights"),
        (lambda: mix_layers(W[:, 0], [0] * 16), "`axis` must be one of a latent"),
        (lambda: mix_layers(W, SOFT, axis=2), "`axis` must be one of a latent"),
        (lambda: mix_layers([[W[0, 0]], [W[0, 0]] * 2], [0]), "one number of levels"),
        (lambda: mix_layers([[A], [A]], [0], prior=za.priors.Normal()), "a list of 1 priors"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()


A = W[0]


def test_a_layer_without_weight_is_degenerate() -> None:
    with pytest.raises(DegenerateWeights):
        mix_layers(W, np.eye(6)[:, :3])
