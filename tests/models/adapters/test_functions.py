"""Any two functions, and a decoder alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import zalgebra as za
from zalgebra.models.adapters import Functions
from zalgebra.types import BadInput, LatentModel

D, K = 12, 3


def linear(seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """An encoder and a decoder that undo one another."""
    basis = torch.linalg.qr(torch.randn(D, K, generator=torch.Generator().manual_seed(seed)))[0]
    encoder, decoder = nn.Linear(D, K, bias=False), nn.Linear(K, D, bias=False)
    with torch.no_grad():
        encoder.weight.copy_(basis.T)
        decoder.weight.copy_(basis)
    return encoder, decoder


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    z = np.random.default_rng(0).normal(2.0, 3.0, (200, K)).astype(np.float32)
    return z @ linear()[1].weight.detach().numpy().T


def test_modules_keep_the_contract(data):
    encoder, decoder = linear()
    model = Functions(encoder=encoder, decoder=decoder, batch_size=64).fit(data)
    assert isinstance(model, LatentModel)
    Z = model.transform(data)
    assert Z.shape == (200, K)
    assert Z.dtype == np.float32
    np.testing.assert_allclose(model.inverse_transform(Z), data, atol=1e-5)
    np.testing.assert_allclose(model.prior_.mean, Z.mean(axis=0), rtol=1e-5)
    assert model.spec_.latent_shape == (K,)
    assert model.spec_.data_shape == (D,)
    assert model.sample(5).shape == (5, D)
    assert model.score(data) == pytest.approx(0, abs=1e-8)
    assert "plausible" in model.report(data).verdict


def test_batches_are_of_the_size_asked_for(data):
    sizes = []
    encoder, decoder = linear()
    model = Functions(
        encoder=lambda x: (sizes.append(len(x)), encoder(x))[1], decoder=decoder, batch_size=64
    ).fit(data)
    sizes.clear()
    model.transform(data)
    assert sizes == [64, 64, 64, 8]


def test_numpy_functions(data):
    A = linear()[1].weight.detach().numpy()
    model = Functions(encoder=lambda x: x @ A, decoder=lambda z: z @ A.T, arrays="numpy").fit(data)
    assert model.score(data) == pytest.approx(0, abs=1e-8)
    x = torch.from_numpy(data[:3])
    torch.testing.assert_close(model.decode(model.encode(x)), x, atol=1e-5, rtol=0)


def test_gradients_come_through(data):
    encoder, decoder = linear()
    model = Functions(encoder=encoder, decoder=decoder).fit(data)
    x = torch.from_numpy(data[:2]).requires_grad_()
    model.decode(model.encode(x)).sum().backward()
    assert x.grad is not None
    assert float(x.grad.abs().max()) > 0


def test_modules_are_called_in_evaluation_mode_and_put_back(data):
    encoder, decoder = linear()
    noisy = nn.Sequential(nn.Dropout(0.5), decoder)
    noisy[1].eval()
    model = Functions(encoder=encoder, decoder=noisy).fit(data)
    Z = model.transform(data)
    np.testing.assert_array_equal(model.inverse_transform(Z), model.inverse_transform(Z))
    assert noisy.training
    assert noisy[0].training
    assert not noisy[1].training


def test_a_decoder_alone_encodes_by_search():
    decoder = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, D)).requires_grad_(False)
    with torch.no_grad():
        for i, weight in enumerate(decoder.parameters()):
            weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(i)))
    model = Functions(decoder=decoder, steps=150).fit(prior=za.priors.Normal((2,)))
    assert model.spec_.data_shape == (D,)
    Z = za.priors.Normal((2,)).sample(8, seed=3)
    back = model.transform(model.inverse_transform(Z))
    np.testing.assert_allclose(back, Z, atol=0.05)
    np.testing.assert_array_equal(back, model.transform(model.inverse_transform(Z)))


def test_the_search_goes_through_any_prior():
    decoder = linear()[1]
    prior = za.priors.Gaussian(np.array([5.0, -3.0, 0.0]), np.diag([4.0, 1.0, 0.25]))
    model = Functions(decoder=decoder, steps=200).fit(prior=prior)
    Z = prior.sample(6, seed=0)
    np.testing.assert_allclose(model.transform(model.inverse_transform(Z)), Z, atol=0.1)


def test_a_fingerprint_is_of_the_weights_or_of_the_name(data):
    def mark(**how):
        return Functions(**how).fit(data).spec_.fingerprint

    a, b = linear(0), linear(1)
    assert mark(encoder=a[0], decoder=a[1]) == mark(encoder=a[0], decoder=a[1], name="other")
    assert mark(encoder=a[0], decoder=a[1]) != mark(encoder=b[0], decoder=b[1])
    plain = {"encoder": lambda x: x[:, :K], "decoder": lambda z: z.repeat(1, D // K)}
    assert mark(**plain, name="a") != mark(**plain, name="b")


@pytest.mark.parametrize(
    ("how", "fit", "words"),
    [
        ({}, {}, "law must come from somewhere"),
        ({}, {"prior": za.priors.Normal()}, "must tell the latents' shape"),
        ({"arrays": "jax"}, {"prior": za.priors.Normal((K,))}, "`arrays` must be"),
        ({"batch_size": 0}, {"prior": za.priors.Normal((K,))}, "`batch_size`"),
    ],
)
def test_what_is_missing_is_told(how, fit, words):
    with pytest.raises(BadInput, match=words):
        Functions(decoder=linear()[1], **how).fit(**fit)


@pytest.mark.parametrize(
    ("decoder", "words"),
    [
        (lambda z: z, r"makes data of shape \(n, 3\) .* but the data given are \(n, 12\)"),
        (lambda z: z[:1].repeat(1, 4), r"one row for each: of \(2, 3\) it made \(1, 12\)"),
        (nn.Linear(K + 1, D), r"cannot take latents \(n, 3\), .* RuntimeError"),
    ],
)
def test_a_decoder_that_does_not_match_is_found_at_once(data, decoder, words):
    with pytest.raises(BadInput, match=words):
        Functions(encoder=linear()[0], decoder=decoder).fit(data)


def test_refusals(data, tmp_path):
    encoder, decoder = linear()
    model = Functions(encoder=encoder, decoder=decoder)
    with pytest.raises(BadInput, match="not fitted"):
        model.transform(data)
    model.fit(data)
    with pytest.raises(BadInput, match=r"have shape \(n, 3\), got \(3,\); add the axis"):
        model.inverse_transform(np.zeros(K))
    with pytest.raises(BadInput, match=r"data of this Functions have shape \(n, 12\)"):
        model.transform(np.zeros((2, 5)))
    with pytest.raises(BadInput, match="no form on disk"):
        model.save(tmp_path)
    blind = Functions(decoder=lambda z: torch.zeros(len(z), D)).fit(prior=za.priors.Normal((K,)))
    with pytest.raises(BadInput, match="passes no gradient"):
        blind.transform(data[:2])


def test_combining_is_checked_and_under_the_prior(data):
    encoder, decoder = linear()
    model = Functions(encoder=encoder, decoder=decoder).fit(data)
    Z = model.transform(data[:2])
    expected = za.combine([0.5, 0.5], Z, prior=model.prior_)
    np.testing.assert_array_equal(model.combine([0.5, 0.5], Z), expected)
    with pytest.raises(BadInput, match="have shape"):
        model.combine([1.0], np.zeros((1, 7)))
