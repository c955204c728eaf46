"""The GAN: its modes, its prior, its inversion, and a game that resumes and repeats."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from sklearn.linear_model import LogisticRegression

import zalgebra as za
from zalgebra.files import read_tensors
from zalgebra.models import adversarial
from zalgebra.models.gan import GAN
from zalgebra.types import BadInput, LatentModel

PRIORS = ["normal", "uniform"]
ALPHA = 1e-4
SETTINGS = {"width": 2, "max_epochs": 4, "batch_size": 16, "refine": 3, "verbose": False}
ANGLES = np.arange(8) * math.pi / 4
CENTRES = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def ring(n: int, seed: int = 0) -> np.ndarray:
    """Eight Gaussians on a ring of radius 2, with a standard deviation of 0.15."""
    rng = np.random.default_rng(seed)
    return (CENTRES[rng.integers(8, size=n)] + 0.15 * rng.standard_normal((n, 2))).astype("f4")


def modes(Y: np.ndarray, centres: np.ndarray, spread: float) -> np.ndarray:
    """Share of the samples within 4 ``spread`` of each centre."""
    away = np.linalg.norm(Y[:, None] - centres, axis=2)
    nearest = away.argmin(axis=1)[away.min(axis=1) < 4 * spread]
    return np.bincount(nearest, minlength=len(centres)) / len(Y)


def pictures(n: int = 48) -> np.ndarray:
    return np.random.default_rng(0).random((n, 1, 16, 16), dtype=np.float32)


@pytest.fixture(scope="module", params=PRIORS)
def rings(request) -> GAN:
    """A game on eight modes, for each prior; tests only read it."""
    settings = {"width": 8, "penalty": 0.01, "learning_rate": 1e-2, "refine": 30}
    gan = GAN(2, prior=request.param, max_epochs=30, batch_size=100, verbose=False, **settings)
    return gan.fit(ring(1200))


def test_it_finds_every_mode(rings) -> None:
    share = modes(rings.sample(2000), CENTRES, 0.15)
    assert (share > 0.25 / 8).sum() >= 7, share
    assert share.sum() > 0.6  # a continuous map of a disc must also cover what lies between
    chance = modes(np.random.default_rng(0).uniform(-2.5, 2.5, (2000, 2)), CENTRES, 0.15)
    assert share.sum() > 1.3 * chance.sum()


def test_the_prior_is_the_law_that_it_was_trained_with(rings, monkeypatch) -> None:
    seen: list[torch.Tensor] = []

    def watch(self, x, z):
        seen.append(z)
        raise KeyboardInterrupt

    monkeypatch.setattr(adversarial.Game, "forward", watch)
    with pytest.raises(KeyboardInterrupt):
        GAN(40, prior=rings.prior, **{**SETTINGS, "batch_size": 500}).fit(np.ones((500, 3)))
    drawn = seen[0].numpy().ravel()
    kept = rings.prior_.sample(10_000, seed=1).ravel()
    law = ("norm", ()) if rings.prior == "normal" else ("uniform", (-1, 2))
    assert kstest(drawn, *law).pvalue > ALPHA
    assert kstest(kept, *law).pvalue > ALPHA
    other = ("uniform", (-1, 2)) if rings.prior == "normal" else ("norm", ())
    assert kstest(kept, *other).pvalue < ALPHA


def test_what_it_makes_leads_back_to_its_latents(rings) -> None:
    Z = rings.prior_.sample(300, seed=5)
    Y = rings.inverse_transform(Z)
    back = rings.transform(Y)
    error = np.sqrt(((rings.inverse_transform(back) - Y) ** 2).mean(axis=1))
    assert np.median(error) < 0.05  # the ring's radius is 2
    u, v = rings.prior_.to_normal(Z), rings.prior_.to_normal(back)
    near = np.sqrt(((u - v) ** 2).mean(axis=1))
    assert np.median(near) < 0.3  # of a standard deviation
    shuffled = np.sqrt(((u - v[::-1]) ** 2).mean(axis=1))
    assert np.median(near) < 0.4 * np.median(shuffled)


def test_refinement_makes_no_datum_worse_and_most_better(rings) -> None:
    X = ring(200, seed=1)
    guess = GAN(**{**rings.get_params(), "refine": 0})
    for name in ("network_", "prior_", "data_shape_", "centre_", "scale_", "fitted_"):
        setattr(guess, name, getattr(rings, name))
    before = ((guess.inverse_transform(guess.transform(X)) - X) / rings.scale_) ** 2
    after = ((rings.inverse_transform(rings.transform(X)) - X) / rings.scale_) ** 2
    before, after = before.mean(axis=1), after.mean(axis=1)
    assert (after <= before * 1.01 + 1e-5).all()
    assert np.median(after) < 0.5 * np.median(before)


def test_encoded_latents_lie_in_the_support_and_have_a_plausible_norm(rings) -> None:
    far = 50 * ring(50, seed=2)
    for Z in (rings.transform(ring(50, seed=2)), rings.transform(far)):
        if rings.prior == "uniform":
            assert np.abs(Z).max() <= 1
        norm = np.linalg.norm(rings.prior_.to_normal(Z), axis=1)
        assert norm.min() > 0.99 * math.sqrt(-2 * math.log(0.995))  # the chi law of two entries
        assert norm.max() < 1.01 * math.sqrt(-2 * math.log(0.005))


def test_mixed_latents_follow_the_prior(rings) -> None:
    seeds = rings.prior_.sample(1200, seed=3).reshape(600, 2, 2)
    mixed = np.stack([za.combine([0.5, 0.5], s, prior=rings.prior_) for s in seeds])
    for Z in (rings.prior_.sample(600, seed=4), mixed):
        report = za.check(Z, rings.prior_, replicate="latents", level=ALPHA)
        assert report.plausible.all(), report.verdict
    linear = seeds.mean(axis=1)
    assert not za.check(linear, rings.prior_, replicate="latents").plausible.all()
    share = modes(rings.inverse_transform(mixed), CENTRES, 0.15)
    assert (share > 0.2 / 8).sum() >= 6, share


def test_the_verbs_agree_and_the_gradient_is_the_encoders(rings) -> None:
    X = ring(10, seed=4)
    x = torch.tensor(X, requires_grad=True)
    z = rings.encode(x)
    np.testing.assert_allclose(z.detach().numpy(), rings.transform(X), atol=1e-6)
    np.testing.assert_array_equal(rings.transform(X), rings.transform(X))
    np.testing.assert_allclose(rings.transform(X[3:4]), rings.transform(X)[3:4], atol=1e-3)
    z.sum().backward()
    assert x.grad.abs().sum() > 0
    _, report = rings.encode(torch.tensor(X), report=True)
    assert len(report) == 10
    assert report.certificate.plausible.all()


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 32), (1, 8, 8), (1, 1, 5), (5,), (1,)])
@pytest.mark.parametrize("prior", PRIORS)
def test_every_shape_goes_to_latents_and_back(shape, prior, tmp_path) -> None:
    X = np.random.default_rng(0).random((20, *shape), dtype=np.float32)
    model = GAN(3, prior=prior, **{**SETTINGS, "max_epochs": 1}).fit(X)
    Z = model.transform(X)
    back = model.inverse_transform(Z)
    assert (Z.shape, Z.dtype, back.shape, back.dtype) == ((20, 3), np.float32, X.shape, np.float32)
    assert model.transform(X[:0]).shape == (0, 3)
    assert model.sample(2).shape == (2, *shape)
    assert isinstance(model, LatentModel)
    assert (model.spec_.latent_shape, model.spec_.kind) == ((3,), "generator input")
    model.save(tmp_path)
    loaded = za.load(tmp_path)
    assert repr(loaded.prior_) == repr(model.prior_)
    assert loaded.spec_ == model.spec_
    np.testing.assert_array_equal(loaded.transform(X), Z)
    np.testing.assert_array_equal(loaded.sample(3), model.sample(3))


def test_the_encoder_learns_from_the_finished_generator() -> None:
    model = GAN(3, **SETTINGS).fit(pictures())
    losses = model.encoder_training_.history
    assert len(losses) == 2  # half of the game's epochs
    assert {"pairs", "data"} <= losses[0].keys()
    assert model.training_.outcome == "finished"
    assert len(model.training_.history) == 4
    assert not any(k.startswith(("critic", "generator")) for k in model._tensors())


def test_the_critic_and_the_generator_do_not_move_each_other() -> None:
    torch.manual_seed(0)
    game = adversarial.Game(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1), penalty=0.0)
    x, z = torch.randn(5, 3), torch.randn(5, 2)
    parts = game(x, z)
    parts["loss"].backward()
    sides = {"critic": game.critic, "generator": game.generator}
    got = {name: [p.grad for p in side.parameters()] for name, side in sides.items()}
    parts = game(x, z)
    for name, side in sides.items():
        alone = torch.autograd.grad(parts[name], list(side.parameters()), retain_graph=True)
        for a, b in zip(alone, got[name], strict=True):
            torch.testing.assert_close(a, b)


def test_the_penalty_is_the_squared_slope_of_the_critic() -> None:
    critic = torch.nn.Linear(3, 1)
    game = adversarial.Game(torch.nn.Linear(2, 3), critic, penalty=2.0)
    parts = game(torch.randn(8, 3), torch.randn(8, 2))
    slope = critic.weight.square().sum()  # everywhere, so data and generated give it twice
    torch.testing.assert_close(parts["steepness"], 2 * slope)
    torch.testing.assert_close(parts["loss"], parts["critic"] + parts["generator"] + 2 * slope)


def test_what_decodes_is_the_average_of_the_generators_weights(monkeypatch) -> None:
    seen, step = [], GAN._loss

    def watch(self, network, *arguments):
        seen.append(network.generator[0][0].weight.detach().clone())
        return step(self, network, *arguments)

    monkeypatch.setattr(GAN, "_loss", watch)
    model = GAN(3, **SETTINGS).fit(pictures())
    average = seen[0].clone()
    for k, weight in enumerate(seen, 1):  # those that the steps started from
        average += max(0.001, 10 / (10 + k)) * (weight - average)
    found = model.network_.get_submodule("decoder")[0][0].weight
    torch.testing.assert_close(found, average, atol=1e-6, rtol=1e-5)
    assert not torch.allclose(found, seen[-1], atol=1e-4)


# Repeats, resumes, refuses.


def without_seconds(model: GAN) -> list[dict[str, float]]:
    parts = model.training_.history + model.encoder_training_.history
    return [{**e, "seconds": 0} for e in parts]


def test_a_fit_repeats_bit_for_bit_and_leaves_global_randomness_alone() -> None:
    X = pictures()
    torch.manual_seed(1)
    state = torch.get_rng_state()
    a = GAN(3, random_state=5, **SETTINGS).fit(X)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    b = GAN(3, random_state=5, **SETTINGS).fit(X)
    other = GAN(3, random_state=6, **SETTINGS).fit(X)
    assert a.fingerprint_ == b.fingerprint_ != other.fingerprint_
    np.testing.assert_array_equal(a.transform(X), b.transform(X))


@pytest.mark.parametrize(("phase", "call"), [("_loss", 8), ("_encoder_loss", 4)])
def test_a_resumed_fit_ends_where_an_uninterrupted_one_does(
    phase, call, tmp_path, monkeypatch
) -> None:
    whole, calls, step = GAN(3, **SETTINGS).fit(pictures()), [], getattr(GAN, phase)

    def until(self, *arguments):
        calls.append(1)
        if len(calls) == call:  # in the middle of an epoch after the first
            raise KeyboardInterrupt
        return step(self, *arguments)

    run = tmp_path / "run.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr(GAN, phase, until)
        with pytest.raises(KeyboardInterrupt):
            GAN(3, **SETTINGS).fit(pictures(), checkpoint=run)
    done = len(read_tensors(run)[1]["history"])
    assert done == (2 if phase == "_loss" else 4)
    resumed = GAN(3, **SETTINGS).fit(pictures(), checkpoint=run, resume=True)
    assert resumed.fingerprint_ == whole.fingerprint_
    assert without_seconds(resumed) == without_seconds(whole)
    again = GAN(3, **SETTINGS).fit(pictures(), checkpoint=run, resume=True)  # nothing left to do
    assert again.fingerprint_ == whole.fingerprint_
    assert math.isnan(again.training_.items_per_second)
    with pytest.raises(BadInput, match="another run"):
        GAN(4, **SETTINGS).fit(pictures(), checkpoint=run, resume=True)


def test_a_fit_that_starts_anew_forgets_the_encoder_of_an_older_one(tmp_path, monkeypatch) -> None:
    run = tmp_path / "run.safetensors"
    GAN(3, **SETTINGS).fit(pictures(), checkpoint=run)
    assert (tmp_path / "run.encoder.safetensors").exists()

    def broken(*_: object) -> dict:
        raise KeyboardInterrupt

    monkeypatch.setattr(GAN, "_loss", broken)
    with pytest.raises(KeyboardInterrupt):
        GAN(4, **SETTINGS).fit(pictures(), checkpoint=run)
    assert not (tmp_path / "run.encoder.safetensors").exists()


KILLED = f"""
import sys, time
import numpy as np
from zalgebra.models.gan import GAN
loss = GAN._loss
def slow(self, *arguments):
    time.sleep(0.1)
    return loss(self, *arguments)
GAN._loss = slow
X = np.random.default_rng(0).random((48, 1, 16, 16), dtype=np.float32)
GAN(3, **{SETTINGS!r}).fit(X, checkpoint=sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_fit_resumes_to_the_same_weights(tmp_path) -> None:
    run = tmp_path / "run.safetensors"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(run)], env=os.environ)
    try:
        deadline = time.monotonic() + 120
        while not run.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it could be killed"
    finally:
        process.kill()
        process.wait()
    assert 1 <= len(read_tensors(run)[1]["history"]) < SETTINGS["max_epochs"]
    resumed = GAN(3, **SETTINGS).fit(pictures(), checkpoint=run, resume=True)
    assert resumed.fingerprint_ == GAN(3, **SETTINGS).fit(pictures()).fingerprint_


@pytest.mark.parametrize(
    ("setting", "value"),
    [("prior", "cauchy"), ("prior", None), ("penalty", -1.0), ("penalty", math.nan),
     ("penalty", "1"), ("refine", -1), ("refine", 2.5), ("latent_dim", 0), ("max_epochs", 0)],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_one_sentence(setting, value) -> None:
    with pytest.raises(BadInput, match=f"`{setting}` must be"):
        GAN(**{**SETTINGS, setting: value}).fit(np.zeros((4, 3)))


def test_a_game_that_diverges_says_so() -> None:
    with pytest.raises(BadInput, match=r"the loss became .* lower the learning rate"):
        GAN(3, learning_rate=1e20, **SETTINGS).fit(pictures())


# What takes longer.


@pytest.mark.slow
@pytest.mark.parametrize("prior", PRIORS)
def test_it_finds_most_of_twenty_five_modes(prior) -> None:
    rng, steps = np.random.default_rng(0), np.arange(5.0) - 2
    centres = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    X = centres[rng.integers(25, size=2000)] + 0.1 * rng.standard_normal((2000, 2))
    settings = {"width": 16, "penalty": 0.005, "learning_rate": 1e-2, "refine": 0}
    gan = GAN(2, prior=prior, max_epochs=60, batch_size=100, verbose=False, **settings).fit(X)
    share = modes(gan.sample(2500), centres, 0.1)
    assert (share > 0.2 / 25).sum() >= 20, share


@pytest.fixture(scope="module", params=PRIORS)
def digits_gan(request, digits) -> GAN:
    settings = {"width": 16, "max_epochs": 60, "verbose": False}
    return GAN(16, prior=request.param, **settings).fit(digits.images[:1500])


@pytest.mark.slow
def test_samples_of_digits_are_like_digits(digits_gan, digits) -> None:
    X, Y = digits.images, digits_gan.sample(1000)
    assert np.sqrt(((X.mean(axis=0) - Y.mean(axis=0)) ** 2).mean()) < 0.06
    assert np.sqrt(((X.std(axis=0) - Y.std(axis=0)) ** 2).mean()) < 0.06
    judge = LogisticRegression(max_iter=500).fit(X.reshape(len(X), -1), digits.labels["class"])
    counts = np.bincount(judge.predict(Y.reshape(1000, -1)), minlength=10)
    assert (counts > 25).all(), counts  # no digit is lost
    noise = np.random.default_rng(0).permuted(Y.reshape(1000, -1), axis=0)
    sure = judge.predict_proba(Y.reshape(1000, -1)).max(axis=1).mean()
    assert sure > judge.predict_proba(noise).max(axis=1).mean() + 0.05


@pytest.mark.slow
def test_digits_come_back_and_refinement_helps(digits_gan, digits) -> None:
    X = digits.images[1500:]
    spread = ((X - digits.images[:1500].mean(axis=0)) ** 2).mean()
    refined = -digits_gan.score(X)
    guessed = -digits_gan.set_params(refine=0).score(X)
    digits_gan.set_params(refine=50)
    assert refined < 0.8 * guessed
    assert refined < 0.55 * spread
    own = digits_gan.sample(100)
    assert -digits_gan.score(own) < 0.25 * ((own - own.mean(axis=0)) ** 2).mean()
    assert digits_gan.report(X).certificate.plausible.mean() > 0.95
