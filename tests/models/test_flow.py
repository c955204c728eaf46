"""Flow matching: the law of the data is met, data come back from latents, classes are obeyed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

import zalgebra as za
from zalgebra.models.base import load
from zalgebra.models.flow import FlowMatching, _dust, _paired
from zalgebra.models.unet import Velocity
from zalgebra.types import BadInput, LatentModel

SMALL = {"width": 4, "steps": 2, "max_epochs": 2, "batch_size": 16, "dust": 0.0, "verbose": False}
QUICK = {"width": 8, "max_epochs": 16, "batch_size": 256, "learning_rate": 1e-2}
SHAPES = [(1, 28, 28), (3, 16, 32), (1, 8, 8), (2, 9, 7), (1, 1, 5), (5,), (1,)]


def ring(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Eight Gaussians on a circle of radius 4, of spread 0.3 each, and which one a row is of."""
    rng = np.random.default_rng(seed)
    y = rng.integers(8, size=n)
    centres = 4 * np.stack([np.cos(y * np.pi / 4), np.sin(y * np.pi / 4)], axis=1)
    return (centres + 0.3 * rng.standard_normal((n, 2))).astype(np.float32), y


def energy(a: np.ndarray, b: np.ndarray) -> float:
    """Energy distance (squared) of two groups of rows, without bias."""
    inner = sum(cdist(g, g).sum() / (len(g) * (len(g) - 1)) for g in (a, b))
    return float(2 * cdist(a, b).mean() - inner)


def twin(model: FlowMatching, **settings) -> FlowMatching:
    """The fitted model under other settings."""
    other = FlowMatching(**{**model.get_params(), **settings})
    other.__dict__.update({k: v for k, v in model.__dict__.items() if k.endswith("_")})
    return other


def pictures(n: int, *shape: int, seed: int = 0) -> np.ndarray:
    a, b = np.random.default_rng(seed).random((2, n, *(1 for _ in shape)))
    ramp = np.linspace(0, 1, math.prod(shape)).reshape(shape)
    return (a * ramp + b * (1 - ramp)).astype(np.float32)


@pytest.fixture(scope="module")
def flow(digits) -> FlowMatching:
    """A short fit; tests only read it."""
    settings = {"width": 8, "max_epochs": 6, "batch_size": 128, "verbose": False}
    return FlowMatching(steps=8, **settings).fit(digits.images[:1000])


@pytest.fixture(scope="module")
def ringed() -> FlowMatching:
    """Eight classes on a ring; tests only read it."""
    return FlowMatching(conditional=True, verbose=False, **QUICK).fit(*ring(3000))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape_goes_to_noise_and_back(shape) -> None:
    X = pictures(20, *shape)
    model = FlowMatching(**SMALL)
    assert model.fit(X) is model
    Z = model.transform(X)
    back = model.inverse_transform(Z)
    assert (Z.shape, Z.dtype) == (X.shape, np.float32)
    assert (back.shape, back.dtype) == (X.shape, np.float32)
    np.testing.assert_allclose(back, X, atol=2e-3)
    assert model.transform(X[:0]).shape == (0, *shape)
    assert model.inverse_transform(Z[:0]).shape == (0, *shape)
    assert isinstance(model, LatentModel)
    spec = model.spec_
    assert (spec.model, spec.kind) == ("FlowMatching", "initial noise")
    assert spec.latent_shape == spec.data_shape == shape
    np.testing.assert_array_equal(model.prior_.to_normal(Z), Z)  # the prior is N(0, I)
    np.testing.assert_array_equal(model.transform(model.sample(2)).shape, (2, *shape))


def test_data_come_back_from_their_latents(flow, digits) -> None:
    X = digits.images[1500:1516]
    Z = flow.transform(X)
    report = flow.report(X)
    assert 2 * np.sqrt(np.mean(report.rmse**2)) < 1e-2  # the range is [-1, 1] inside
    assert len(report) == 16
    with torch.no_grad():
        z, same = flow.encode(torch.from_numpy(X), report=True)
    np.testing.assert_array_equal(z.numpy(), Z)
    np.testing.assert_allclose(same.rmse, report.rmse, atol=1e-6)
    assert np.abs(Z - (2 * X - 1)).mean() > 0.3  # they are other numbers than the data
    np.testing.assert_allclose(flow.transform(X[3:4]), Z[3:4], atol=1e-3)  # rows do not mix
    exact = twin(flow, dust=0.0)
    assert exact.report(X).rmse.max() < 1e-3
    assert np.abs(exact.transform(X) - Z).max() > 0


def test_dust_is_the_same_for_the_same_picture(digits) -> None:
    x = torch.from_numpy(digits.images[:20])
    dust = _dust(x)
    torch.testing.assert_close(_dust((255 * x).round() / 255), dust)
    torch.testing.assert_close(_dust(x.flip(0)).flip(0), dust)
    assert abs(np.corrcoef(dust[:2].flatten(1).numpy())[0, 1]) < 0.5
    assert float(dust.std()) == pytest.approx(1, abs=0.1)
    still = FlowMatching(**{**SMALL, "dust": 0.3, "learning_rate": 0.0}).fit(digits.images[:20])
    z = still.encode(x)  # the field is 0, so that nothing but the dust happens
    torch.testing.assert_close(z, 0.7 * (2 * x - 1) + 0.3 * dust)


def test_evaluations_are_reported(flow, digits) -> None:
    x = torch.from_numpy(digits.images[:4])
    with torch.no_grad():
        back = flow.solution(x, inverse=True)
        forth = flow.solution(back.x)
    assert forth.evaluations == 17  # 8 steps of 2 stages, and the dust
    assert 32 < back.evaluations <= 8 * 21 * 2
    torch.testing.assert_close(forth.x, x, atol=2e-2, rtol=0)


def test_samples_have_the_law_of_the_data(ringed) -> None:
    fresh, y = ring(2000, seed=1)
    samples = ringed.inverse_transform(ringed.prior_.sample(2000, seed=1), y)
    assert energy(samples, fresh) < 0.2 * energy(gaussian(fresh), fresh)


def gaussian(X: np.ndarray) -> np.ndarray:
    """As many rows of the Gaussian of the same mean and covariance."""
    rng = np.random.default_rng(2)
    return rng.multivariate_normal(X.mean(axis=0), np.cov(X.T), size=len(X))


def test_transport_pairs_the_nearest() -> None:
    x, y = (torch.from_numpy(a) for a in ring(64))
    z = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
    paired = _paired(z, x, None)
    assert sorted(paired.tolist()) == sorted(z.tolist())
    assert (paired - x).square().sum() < 0.8 * (z - x).square().sum()
    by_class = _paired(z, x, y)
    for c in range(8):  # a class keeps its own noise, or its law would no longer be N(0, I)
        assert sorted(by_class[y == c].tolist()) == sorted(z[y == c].tolist())
    assert (paired - x).square().sum() < (by_class - x).square().sum() < (z - x).square().sum()


def test_columns_of_a_table_are_standardised() -> None:
    X = ring(1000)[0] * [1e3, 1e-3] + [5e3, 0]
    model = FlowMatching(verbose=False, **{**QUICK, "max_epochs": 20}).fit(X)
    S = model.sample(1000)
    np.testing.assert_allclose(S.mean(axis=0), X.mean(axis=0), atol=0.15 * X.std(axis=0).max())
    np.testing.assert_allclose(S.std(axis=0), X.std(axis=0), rtol=0.15)
    back = model.inverse_transform(model.transform(X[:50]))
    assert (np.abs(back - X[:50]) < 1e-2 * X.std(axis=0)).all()


def test_pictures_decode_into_zero_to_one(flow) -> None:
    far = flow.inverse_transform(np.full((1, 1, 8, 8), 30.0))
    assert far.min() >= 0
    assert far.max() <= 1
    assert flow.transform(flow.sample(3)).shape == (3, 1, 8, 8)


# Classes.


def test_a_class_decodes_to_its_own_rows(ringed) -> None:
    _, y = ring(400, seed=3)
    Z = ringed.prior_.sample(400, seed=3)
    angle = np.arctan2(*ringed.inverse_transform(Z, y).T[::-1])
    own = np.abs((angle - y * np.pi / 4 + np.pi) % (2 * np.pi) - np.pi) < np.pi / 8
    assert own.mean() > 0.95
    free = np.arctan2(*ringed.inverse_transform(Z).T[::-1])
    assert len(np.unique(np.round(free / (np.pi / 4)) % 8)) == 8  # without one, all of them
    two = ringed.sample(50, y=2, random_state=4)
    assert np.linalg.norm(np.median(two, axis=0) - [0, 4]) < 0.4
    np.testing.assert_array_equal(two, ringed.sample(50, y=np.full(50, 2), random_state=4))


def test_guidance_moves_between_no_class_and_more_than_one_class(ringed) -> None:
    Z = ringed.prior_.sample(200, seed=5)
    model = twin(ringed)
    one = model.inverse_transform(Z, 2)
    np.testing.assert_array_equal(
        model.set_params(guidance=0).inverse_transform(Z, 2), ringed.inverse_transform(Z)
    )
    strong = model.set_params(guidance=2.0)
    assert strong.inverse_transform(Z, 2)[:, 1].mean() > one[:, 1].mean() + 0.1
    X = strong.inverse_transform(Z, 2)
    np.testing.assert_allclose(
        strong.inverse_transform(strong.transform(X, 2), 2), X, atol=1e-2
    )  # what was encoded under a class and a guidance is decoded under them


def test_data_come_back_under_their_class(ringed) -> None:
    X, y = ring(100, seed=6)
    Z = ringed.transform(X, y)
    np.testing.assert_allclose(ringed.inverse_transform(Z, y), X, atol=1e-2)
    assert np.abs(Z - ringed.transform(X)).max() > 0.1
    report = ringed.encode(torch.from_numpy(X), y, report=True)[1]
    assert report.rmse.max() < 1e-2
    x = X[:1].repeat(600, axis=0)  # more rows than are solved together
    np.testing.assert_allclose(ringed.transform(x, y[0]), Z[:1].repeat(600, axis=0), atol=1e-3)


def test_classes_may_be_words_and_are_kept_on_disk(tmp_path) -> None:
    X, y = ring(60)
    names = np.array(["north", "east"])[y % 2]
    model = FlowMatching(conditional=True, **SMALL).fit(X, names)
    assert model.classes_.tolist() == ["east", "north"]
    again = load(model.save(tmp_path / "m"))
    assert again.classes_.tolist() == ["east", "north"]
    Z = model.prior_.sample(4, seed=0)
    for y in (None, "north", names[:4]):
        np.testing.assert_array_equal(again.inverse_transform(Z, y), model.inverse_transform(Z, y))
    assert again.fingerprint_ == model.fingerprint_
    assert again.get_params() == model.get_params()


def test_wrong_classes_are_one_sentence(ringed, flow) -> None:
    X, y = ring(10)
    new = FlowMatching(conditional=True, **SMALL)
    for wrong in (None, y[:5], y.astype(float), np.stack([y, y])):
        with pytest.raises(BadInput, match="`y` must hold a class, a whole number or text, for"):
            new.fit(X, wrong)
    with pytest.raises(BadInput, match=r"9 is no class; known are \[0, 1, 2"):
        ringed.transform(X, 9)
    with pytest.raises(BadInput, match=r"one class or 10 of them, got shape \(3,\)"):
        ringed.inverse_transform(X, y[:3])
    with pytest.raises(BadInput, match="knows no classes; fit it with conditional=True"):
        flow.sample(2, y=1)


# The contract.


def test_a_fit_repeats_bit_for_bit_and_leaves_global_randomness_alone() -> None:
    X, y = ring(60)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    for options in ({}, {"coupling": "ot"}, {"conditional": True}):
        a, b = (FlowMatching(random_state=5, **options, **SMALL).fit(X, y) for _ in range(2))
        assert a.fingerprint_ == b.fingerprint_
        np.testing.assert_array_equal(a.sample(3), b.sample(3))
        assert (a.sample(3) != a.sample(3, random_state=6)).any()
        assert FlowMatching(random_state=6, **options, **SMALL).fit(X, y).fingerprint_ != (
            a.fingerprint_
        )
    assert torch.equal(torch.get_rng_state(), state)
    unlabelled = FlowMatching(random_state=5, **SMALL)
    assert unlabelled.fit(X).fingerprint_ == unlabelled.fit(X, y).fingerprint_


def test_a_resumed_fit_ends_where_an_uninterrupted_one_does(tmp_path, monkeypatch) -> None:
    (X, y), checkpoint = ring(64), tmp_path / "run.safetensors"

    def model() -> FlowMatching:
        return FlowMatching(conditional=True, **{**SMALL, "max_epochs": 4})

    whole, calls, loss = model().fit(X, y), [], FlowMatching._loss

    def until(self, network, batch, noise):
        calls.append(0)
        if len(calls) == 14:  # in the third epoch
            raise KeyboardInterrupt
        return loss(self, network, batch, noise)

    with monkeypatch.context() as patch:
        patch.setattr(FlowMatching, "_loss", until)
        with pytest.raises(KeyboardInterrupt):
            model().fit(X, y, checkpoint=checkpoint)
    with pytest.raises(BadInput, match="checkpoint of another run"):
        model().fit(X, y[::-1], checkpoint=checkpoint, resume=True)
    resumed = model().fit(X, y, checkpoint=checkpoint, resume=True)
    assert resumed.fingerprint_ == whole.fingerprint_
    losses = [e["validation"] for e in resumed.training_.history]
    assert losses == [e["validation"] for e in whole.training_.history]


def test_gradients_go_through_both_ways(flow, digits) -> None:
    flow = twin(flow, dust=0.0)
    x = torch.from_numpy(digits.images[:2]).clamp(0.1, 0.9).requires_grad_()
    z = flow.encode(x)
    np.testing.assert_allclose(z.detach().numpy(), flow.transform(x.detach().numpy()), atol=1e-4)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    g = torch.autograd.grad((z * direction).sum(), x)[0]
    step = 1e-2 * g / g.norm()
    with torch.no_grad():
        change = ((flow.encode(x + step) - flow.encode(x - step)) * direction).sum() / 2
    assert float(change) == pytest.approx(float((g * step).sum()), rel=0.05)
    z = z.detach().requires_grad_()
    g = torch.autograd.grad((flow.decode(z) * direction).sum(), z)[0]
    step = 1e-2 * g / g.norm()
    with torch.no_grad():
        change = ((flow.decode(z + step) - flow.decode(z - step)) * direction).sum() / 2
    assert float(change) == pytest.approx(float((g * step).sum()), rel=0.05)


def test_latents_are_mixed_by_the_algebra(flow, digits) -> None:
    Z = flow.transform(digits.images[:2])
    z = za.interpolate(Z[0], Z[1], [0.0, 0.5, 1.0], prior=flow.prior_)
    X = flow.inverse_transform(z)
    assert X.shape == (3, 1, 8, 8)
    np.testing.assert_allclose(X[[0, 2]], digits.images[:2], atol=2e-2)
    assert np.isfinite(X).all()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("steps", 0), ("steps", 2.5), ("solver", "magic"), ("coupling", "loose"), ("width", 0),
     ("dust", -0.1), ("guidance", math.inf), ("guidance", "much"), ("learning_rate", -1.0)],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_one_sentence(setting, value, flow) -> None:
    with pytest.raises(BadInput, match=f"`{setting}` must be"):
        FlowMatching(**{**SMALL, setting: value}).fit(pictures(4, 3))
    with pytest.raises(BadInput, match=f"`{setting}` must be"):
        twin(flow, **{setting: value}).sample(1)


def test_an_unfitted_model_says_so() -> None:
    for method in ("transform", "inverse_transform", "sample", "encode", "decode", "score"):
        argument = 2 if method == "sample" else torch.zeros(2, 4)
        with pytest.raises(BadInput, match="this FlowMatching is not fitted yet"):
            getattr(FlowMatching(), method)(argument)


# The networks.


@pytest.mark.parametrize("shape", [*SHAPES, (3, 64, 64)], ids=str)
def test_an_untrained_velocity_is_zero_and_a_trained_one_reads_all(shape) -> None:
    torch.manual_seed(0)
    v = Velocity(shape, width=4, classes=3)
    x, t, y = torch.randn(3, *shape), torch.tensor([0.1, 0.5, 0.9]), torch.tensor([0, 1, 2])
    assert v(x, t, y).shape == x.shape
    assert not v(x, t, y).any()
    for p in v.parameters():
        torch.nn.init.normal_(p, std=0.2)
    out = v(x, t, y)
    assert not torch.allclose(out, v(x, t.flip(0), y))
    assert not torch.allclose(out, v(x, t, y.flip(0)))
    torch.testing.assert_close(v(x, t), v(x, t, torch.full((3,), 3)))
    torch.testing.assert_close(v(x[1:2], t[1:2], y[1:2]), out[1:2], atol=1e-4, rtol=1e-3)
    jacobian = torch.autograd.grad(out[0].flatten()[0], v.parameters(), allow_unused=True)
    assert all(g is not None for g in jacobian)
    with pytest.raises(BadInput, match="shape"):
        Velocity((3, 4))


# Slow proofs.


@pytest.mark.slow
def test_without_classes_a_longer_fit_meets_the_law_and_transport_straightens_it() -> None:
    X, fresh = ring(3000)[0], ring(2000, seed=1)[0]
    longer = {"width": 16, "max_epochs": 100, "batch_size": 256, "learning_rate": 5e-3}
    lost = []
    for coupling in ("independent", "ot"):
        model = FlowMatching(coupling=coupling, verbose=False, **longer).fit(X)
        Z = model.prior_.sample(2000, seed=0)
        fine = model.inverse_transform(Z)
        assert energy(fine, fresh) < 0.2 * energy(gaussian(fresh), fresh)
        one_step = twin(model, steps=1, solver="euler").inverse_transform(Z)
        lost.append(((fine - one_step) ** 2).mean())
    assert lost[1] < 0.5 * lost[0]


@pytest.mark.slow
def test_latents_of_digits_are_plausible_noise_and_guidance_names_the_digit(digits) -> None:
    X, y = digits.images, digits.labels["class"]
    settings = {"width": 16, "max_epochs": 60, "batch_size": 64, "verbose": False}
    model = FlowMatching(conditional=True, **settings).fit(X[:1500], y[:1500])
    Z, report = model.encode(torch.from_numpy(X[1500:]), report=True)
    assert report.certificate.plausible.mean() > 0.8
    assert 2 * np.sqrt(np.mean(report.rmse**2)) < 1e-2
    assert 0.85 < Z.std() < 1.15

    judge = LogisticRegression(max_iter=3000).fit(X[:1500].reshape(1500, -1), y[:1500])
    wanted = np.arange(300) % 10
    Z = model.prior_.sample(300, seed=1)
    share = []
    for guidance in (0.0, 1.0, 3.0):
        S = model.set_params(guidance=guidance).inverse_transform(Z, wanted)
        share.append((judge.predict(S.reshape(300, -1)) == wanted).mean())
    assert share[0] < 0.25
    assert share[1] > 0.75
    assert share[2] > share[1]
