"""Diffusion: its schedule and steps are those of diffusers, its inversion is one, it learns."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
import pytest
import torch

import zalgebra as za
from zalgebra.models.diffusion import Diffusion
from zalgebra.models.schedulers import angles, sampled, strides, undone
from zalgebra.types import BadInput, MissingExtra

SMALL = {"width": 8, "steps": 6, "max_epochs": 2, "batch_size": 32, "verbose": False}


@pytest.fixture(scope="session")
def diffusers():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("diffusers")


def learned(digits, **settings: object) -> Diffusion:
    return Diffusion(**{**SMALL, **settings}).fit(digits.images[:200], digits.labels["class"][:200])


@pytest.fixture(scope="module")
def model(digits):
    return Diffusion(width=8, max_epochs=6, batch_size=64, verbose=False).fit(digits.images[:800])


@pytest.fixture(scope="module")
def conditional(digits):
    return learned(digits, conditional=True)


def ddim_of(diffusers, prediction: str, name: str = "DDIMScheduler"):
    v = prediction == "v"
    return getattr(diffusers, name)(
        beta_schedule="squaredcos_cap_v2" if v else "linear",
        rescale_betas_zero_snr=v,
        prediction_type="v_prediction" if v else "epsilon",
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=False,
    )


def field(x: torch.Tensor, level: int) -> torch.Tensor:
    """Some velocity that depends on state and level."""
    return torch.sin(x.flip(-1) * 0.8 + level / 300)


# The schedule and the samplers.


@pytest.mark.parametrize("prediction", ["v", "noise"])
def test_the_schedule_is_that_of_diffusers(diffusers, prediction) -> None:
    theirs = ddim_of(diffusers, prediction).alphas_cumprod.double().numpy()
    phi = angles(prediction)
    np.testing.assert_allclose(np.cos(phi) ** 2, theirs, atol=2e-6)  # theirs is float32
    assert (np.diff(phi) > 0).all()
    assert (phi[-1] == pytest.approx(math.pi / 2, abs=1e-12)) == (prediction == "v")


@pytest.mark.parametrize("prediction", ["v", "noise"])
@pytest.mark.parametrize("steps", [2, 10])
def test_ddim_and_its_plain_inverse_take_diffusers_steps(diffusers, prediction, steps) -> None:
    phi, x = angles(prediction), torch.from_numpy(za.noise([1, 2], (1, 4, 4))).double()

    def said(x, t):  # what a network of this prediction says, for one velocity field
        v = field(x, t)
        return v if prediction == "v" else math.cos(phi[t]) * v + math.sin(phi[t]) * x

    for name in ("DDIMScheduler", "DDIMInverseScheduler"):
        scheduler, theirs = ddim_of(diffusers, prediction, name), x
        scheduler.set_timesteps(steps)
        up = name == "DDIMInverseScheduler"
        for t in scheduler.timesteps:
            said_there = said(theirs, int(t))
            if up and prediction == "noise":  # it reads the noise at the level it comes from
                s = int(t) - 1000 // steps
                at = phi[max(s, 0)]
                said_there = math.cos(at) * field(theirs, int(t)) + math.sin(at) * theirs
            theirs = scheduler.step(said_there, t, theirs).prev_sample
        way = strides(phi, steps)
        ours = undone(field, x, way, tolerance=0, iterations=0)[0] if up else sampled(field, x, way)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_step_of_dpm_solver_is_that_of_diffusers(diffusers) -> None:
    phi, x = angles("v"), torch.from_numpy(za.noise([1, 2], (1, 4, 4))).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = diffusers.DPMSolverSinglestepScheduler(solver_order=2)
    stride = strides(phi, 10, order=2)[3]
    t, m = stride.t, stride.through
    end = strides(phi, 10, order=2)[4].t
    scheduler.sigmas = torch.tensor(np.tan(phi[[t, m, end]]))
    scheduler._step_index = 0
    slope = field(x, t)
    between = math.cos(phi[t] - phi[m]) * x - math.sin(phi[t] - phi[m]) * slope
    guesses = [
        math.cos(phi[a]) * y - math.sin(phi[a]) * field(y, a) for a, y in ((t, x), (m, between))
    ]
    scheduler._step_index = 1
    theirs = scheduler.singlestep_dpm_solver_second_order_update(guesses, sample=x)
    np.testing.assert_allclose(stride.step(field, x), theirs, atol=1e-8)


def test_the_samplers_follow_the_exact_flow_of_a_gaussian() -> None:
    """Of data N(0, ¼) the best velocity and the whole way are known in closed form."""
    phi, z = angles("v"), torch.linspace(-3, 3, 12).double().reshape(2, 6)

    def best(x: torch.Tensor, level: int) -> torch.Tensor:
        cos, sin = math.cos(phi[level]), math.sin(phi[level])
        return cos * sin * (1 - 0.25) / (0.25 * cos**2 + sin**2) * x

    end = z * math.sqrt(0.25 * math.cos(phi[0]) ** 2 + math.sin(phi[0]) ** 2)
    errors = {
        (order, n): float((sampled(best, z, strides(phi, n, order=order)) - end).abs().max())
        for order, n in [(1, 25), (1, 50), (1, 250), (2, 25), (2, 250)]
    }
    assert 8 < errors[1, 25] / errors[1, 250] < 12
    assert errors[2, 25] / errors[2, 250] > 14  # less than 100: the last level is singular
    assert errors[2, 25] < errors[1, 50] / 15  # at the same number of evaluations


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("steps", [2, 25, 500])
def test_the_way_ends_at_level_0(order, steps) -> None:
    way = strides(angles("v"), steps, order=order)
    assert len(way) == steps
    assert way[0].t == 999
    turned = sum(stride.delta for stride in way)
    assert turned == pytest.approx(math.pi / 2 - angles("v")[0])


def test_rows_of_an_inversion_do_not_see_one_another() -> None:
    x = torch.from_numpy(za.noise([1, 2, 3], (1, 4, 4))).double() * torch.tensor(
        [1, 0, 9.0]
    ).reshape(-1, 1, 1, 1)
    way = strides(angles("v"), 10)
    how = {"tolerance": 1e-6, "iterations": 30}
    both, residual = undone(field, x, way, **how)
    alone, its = undone(field, x[2:], way, **how)
    torch.testing.assert_close(both[2:], alone, rtol=0, atol=1e-12)
    assert (residual[2:] == its).all()
    torch.testing.assert_close(sampled(field, both, way), x, rtol=0, atol=1e-4)


# The model.


@pytest.mark.parametrize("sampler", ["ddim", "dpm"])
def test_data_come_back_by_the_kind_of_inversion(model, digits, sampler) -> None:
    x = torch.from_numpy(digits.images[1500:1508])
    errors, evaluations = {}, {}
    for kind in ("ddim", "fixed-point", "exact"):
        model.set_params(sampler=sampler, steps=50 if sampler == "ddim" else 25, inversion=kind)
        with torch.no_grad():
            way = model.solution(x, inverse=True)
            back = model.solution(way.x).x
        errors[kind] = 2 * float((back - x).square().mean().sqrt())  # on [-1, 1]
        evaluations[kind] = way.evaluations
        assert torch.isnan(way.residual).all() == (kind == "ddim")
    model.set_params(sampler="ddim", steps=50, inversion="fixed-point")
    assert errors["ddim"] > 1e-2
    assert errors["fixed-point"] < 2e-3
    assert errors["exact"] < 1e-4
    assert evaluations["ddim"] == (50 if sampler == "ddim" else 25)
    assert evaluations["ddim"] < evaluations["fixed-point"] < evaluations["exact"]


def test_latents_are_initial_noise(model, digits) -> None:
    X = digits.images[1500:1520]
    assert isinstance(model.prior_, za.priors.Normal)
    assert model.prior_.shape == (1, 8, 8)
    assert (model.spec_.kind, model.spec_.latent_shape) == ("initial noise", (1, 8, 8))
    report = model.report(X)
    assert report.rmse.max() < 5e-3
    assert np.mean(report.certificate.plausible) > 0.8
    assert 0.8 < model.transform(X).std() < 1.15
    assert 0.1 < model.sample(20).mean() / digits.images.mean() < 3


def test_it_learns(model, digits) -> None:
    losses = [e["validation"] for e in model.training_.history]
    assert losses[-1] < 0.8 * losses[0]
    mean = digits.images.reshape(-1, 64).mean(0)
    axes = np.linalg.svd(digits.images.reshape(-1, 64) - mean, full_matrices=False)[2][20:]
    noise = np.random.default_rng(0).random((60, 64))
    lost = [
        np.square((X.reshape(-1, 64) - mean) @ axes.T).mean() for X in (model.sample(60), noise)
    ]
    assert lost[0] < 0.7 * lost[1]  # samples lie nearer to the plane that digits lie in


@pytest.mark.parametrize("prediction", ["v", "noise"])
def test_a_perfect_network_has_no_loss(prediction, digits) -> None:
    """For data that are all one picture, the best network is known."""
    model = Diffusion(prediction=prediction, verbose=False)
    phi, only = angles(prediction), torch.full((16, 1, 8, 8), 0.7)

    def best(x_t, t, y):
        at = torch.from_numpy(phi)[(t * 1000).round().long()].reshape(-1, 1, 1, 1)
        e = (x_t - at.cos() * 0.4) / at.sin()  # 0.7 is 0.4 on [-1, 1]
        return (at.cos() * e - at.sin() * 0.4 if prediction == "v" else e).float()

    model.angles_, model.classes_ = phi, np.zeros(0)
    for seed in range(3):
        loss = model._loss(best, (only,), torch.Generator().manual_seed(seed))["loss"]
        assert float(loss) < 1e-4


def test_saving_and_loading_keep_the_numbers(conditional, digits, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(za.models.MODELS, "Diffusion", "zalgebra.models.diffusion")
    X, y = digits.images[:6], digits.labels["class"][:6]
    twin = za.load(conditional.save(tmp_path / "m"))
    assert twin.spec_ == conditional.spec_
    np.testing.assert_array_equal(twin.classes_, conditional.classes_)
    np.testing.assert_array_equal(twin.transform(X, y), conditional.transform(X, y))
    np.testing.assert_array_equal(twin.sample(2, y=3), conditional.sample(2, y=3))
    names = sorted(p.suffix for p in (tmp_path / "m").iterdir())
    assert names == [".json", ".safetensors"]


def test_a_fit_repeats_and_resumes_bit_for_bit(digits, tmp_path, monkeypatch) -> None:
    a, b = learned(digits, conditional=True), learned(digits, conditional=True)
    assert a.fingerprint_ == b.fingerprint_
    assert a.fingerprint_ != learned(digits, conditional=True, random_state=1).fingerprint_
    X, y, path = digits.images[:200], digits.labels["class"][:200], tmp_path / "c.safetensors"
    broken, loss, calls = Diffusion(**SMALL, conditional=True), Diffusion._loss, iter(range(9))

    def killed(self, *batch):
        if next(calls) == 8:  # in the second epoch: 5 steps and a validation each
            raise KeyboardInterrupt
        return loss(self, *batch)

    with monkeypatch.context() as patch:
        patch.setattr(Diffusion, "_loss", killed)
        with pytest.raises(KeyboardInterrupt):
            broken.fit(X, y, checkpoint=path)
    resumed = Diffusion(**SMALL, conditional=True).fit(X, y, checkpoint=path, resume=True)
    assert resumed.fingerprint_ == a.fingerprint_
    with pytest.raises(BadInput, match="another run"):
        Diffusion(**SMALL, conditional=True).fit(X, y[::-1], checkpoint=path, resume=True)


def test_gradients_pass_both_ways(model, digits) -> None:
    model.set_params(steps=4)
    z = torch.from_numpy(model.prior_.sample(2, seed=1)).requires_grad_()
    model.decode(z).square().sum().backward()
    x = torch.tensor(digits.images[:2], requires_grad=True)
    model.encode(x).square().sum().backward()
    model.set_params(steps=50)
    for leaf in (z, x):
        assert torch.isfinite(leaf.grad).all()
        assert leaf.grad.abs().sum() > 0


def test_tables_are_diffused_too() -> None:
    rng = np.random.default_rng(0)
    X = (
        rng.standard_normal((400, 1)) * [1.0, -2.0] + rng.standard_normal((400, 2)) * 0.1 + [5, 0]
    ).astype(np.float32)
    model = Diffusion(width=8, steps=20, max_epochs=40, batch_size=64, verbose=False).fit(X)
    Z = model.transform(X[:50])
    np.testing.assert_allclose(model.inverse_transform(Z), X[:50], atol=2e-2)
    assert np.corrcoef(model.sample(300).T)[0, 1] < -0.8
    assert abs(np.corrcoef(Z.T)[0, 1]) < 0.5


def test_diffusers_network_learns_saves_and_inverts(
    diffusers, digits, tmp_path, monkeypatch
) -> None:
    monkeypatch.setitem(za.models.MODELS, "Diffusion", "zalgebra.models.diffusion")
    odd = np.pad(digits.images[:60], ((0, 0), (0, 0), (1, 0), (2, 3)))  # 9 x 13: no even side
    y = digits.labels["class"][:60]
    model = Diffusion(network="unet", conditional=True, **{**SMALL, "max_epochs": 1}).fit(odd, y)
    assert any("attentions" in name for name, _ in model.network_.named_parameters())
    assert model.report(odd[:4]).rmse.max() < 2e-2
    twin = za.load(model.save(tmp_path / "m"))
    np.testing.assert_array_equal(twin.transform(odd[:3], y[:3]), model.transform(odd[:3], y[:3]))


WRONG = [
    ("network", "big", '`network` must be "small" or "unet", got \'big\''),
    ("prediction", "x", '`prediction` must be "v" or "noise"'),
    ("sampler", "euler", '`sampler` must be "ddim" or "dpm"'),
    ("inversion", "none", '`inversion` must be "ddim" or "fixed-point" or "exact"'),
    ("steps", 1, "`steps` must be a whole number from 2 to 1000, got 1"),
    ("steps", 2.5, "`steps`"),
    ("steps", 1001, "`steps`"),
    ("guidance", math.nan, "`guidance` must be a finite number"),
]


@pytest.mark.parametrize(("setting", "value", "words"), WRONG)
def test_a_setting_that_cannot_be_is_one_sentence(model, digits, setting, value, words) -> None:
    with pytest.raises(BadInput, match=words):
        Diffusion(**{**SMALL, setting: value}).fit(digits.images[:20])
    kept = model.get_params()
    with pytest.raises(BadInput, match=words):
        model.set_params(**{setting: value}).transform(digits.images[:2])
    model.set_params(**kept)


def test_what_cannot_be_asked_is_one_sentence(model, conditional, digits) -> None:
    X = digits.images[:20]
    with pytest.raises(BadInput, match=r'takes pictures .* use network="small" for tables'):
        Diffusion(network="unet", **SMALL).fit(X.reshape(20, 64))
    with pytest.raises(BadInput, match="from 2 to 500, got 600"):
        Diffusion(**{**SMALL, "sampler": "dpm", "steps": 600}).fit(X)
    with pytest.raises(BadInput, match="knows no classes"):
        model.sample(2, y=1)
    with pytest.raises(BadInput, match="11 is no class"):
        conditional.sample(2, y=11)
    with pytest.raises(BadInput, match="`y` must hold a class"):
        Diffusion(conditional=True, **SMALL).fit(X)


def test_without_diffusers_the_small_network_works(digits, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    assert learned(digits, max_epochs=1, steps=2).sample(1).shape == (1, 1, 8, 8)
    with pytest.raises(MissingExtra, match=r"pip install 'zalgebra\[diffusers\]'"):
        learned(digits, network="unet")


@pytest.mark.slow
def test_guidance_draws_the_class(digits) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    X, y = digits.images, digits.labels["class"]
    judge = KNeighborsClassifier(3).fit(X.reshape(-1, 64), y)
    settings = {"width": 16, "max_epochs": 12, "batch_size": 64, "verbose": False}
    model = Diffusion(conditional=True, steps=20, **settings).fit(X[:1500], y[:1500])
    wanted = np.repeat(np.arange(10), 10)
    right = {}
    for g in (0.0, 1.0, 3.0):
        model.set_params(guidance=g)
        drawn = model.sample(100, y=wanted)
        right[g] = np.mean(judge.predict(drawn.reshape(-1, 64)) == wanted)
    assert right[0.0] < 0.3
    assert right[1.0] > 0.6
    assert right[3.0] > 0.9
    z = model.set_params(guidance=3.0).prior_.sample(1, seed=5)
    other = [model.inverse_transform(z, y=c) for c in (0, 1)]
    assert judge.predict(np.concatenate(other).reshape(-1, 64)).tolist() == [0, 1]
