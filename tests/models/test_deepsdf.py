"""DeepSDF learns distances, encodes shapes by optimisation, and repeats itself bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch
from sklearn.base import clone

import zalgebra as za
from zalgebra.models.deepsdf import DeepSDF
from zalgebra.types import BadInput, LatentModel

SMALL = {"width": 16, "depth": 2, "max_epochs": 2, "resolution": 8, "encode_steps": 20}
SMALL = {**SMALL, "verbose": False}


def ellipsoids(n: int, m: int = 256, seed: int = 0) -> np.ndarray:
    """Rows of x, y, z and (nearly) the distance of balls, long along x or along y."""
    rng = np.random.default_rng(seed)
    radii = rng.uniform(0.3, 0.7, (n, 1, 3)) * [1, 1, 0] + [0, 0, 0.5]
    points = rng.uniform(-1, 1, (n, m, 3))
    distances = (np.linalg.norm(points / radii, axis=2) - 1) * radii.min(axis=2)
    return np.concatenate([points, distances[..., None]], axis=2).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> DeepSDF:
    """One that has learned something; tests only read it."""
    settings = {**SMALL, "width": 64, "max_epochs": 60, "encode_steps": 100, "resolution": 16}
    return DeepSDF(3, clamp=0.2, penalty=1e-4, **settings).fit(ellipsoids(40))


def test_shapes_go_to_codes_and_back() -> None:
    X = ellipsoids(12)
    model = DeepSDF(3, **SMALL)
    assert model.fit(X) is model
    Z = model.transform(X)
    assert (Z.shape, Z.dtype) == ((12, 3), np.float32)
    back = model.inverse_transform(Z)
    assert (back.shape, back.dtype) == ((12, 8, 8, 8), np.float32)
    assert model.codes_.shape == (12, 3)
    assert model.transform(X[:0]).shape == (0, 3)
    assert model.inverse_transform(Z[:0]).shape == (0, 8, 8, 8)
    assert model.transform(back).shape == (12, 3)  # what comes out goes in
    assert model.sample(2).shape == (2, 8, 8, 8)
    assert isinstance(model, LatentModel)
    spec = model.spec_
    assert (spec.model, spec.latent_shape, spec.data_shape) == ("DeepSDF", (3,), (8, 8, 8))
    assert spec.fingerprint == model.fingerprint_
    twin = clone(model)
    assert twin.get_params() == model.get_params()


def test_new_shapes_come_back(model) -> None:
    held = ellipsoids(20, 500, seed=1)
    flat, back = _clamped(model, held, model.transform(held))
    assert -model.score(held) == pytest.approx(abs(back - flat).mean(), rel=1e-4)
    assert abs(back - flat).mean() < 0.2 * abs(flat - np.median(flat)).mean()
    report = model.report(held)
    np.testing.assert_allclose(report.rmse, np.sqrt(np.mean((back - flat) ** 2, axis=1)), rtol=1e-4)
    _, other = _clamped(model, held, model.transform(held)[::-1].copy())
    assert abs(other - flat).mean() > 2 * abs(back - flat).mean()  # each is about its own shape


def _clamped(model: DeepSDF, rows: np.ndarray, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True and decoded distances; the decoded ones are clamped where the true ones are."""
    with torch.no_grad():
        f = model.decode(torch.from_numpy(Z), torch.from_numpy(rows[..., :3].copy())).numpy()
    s, d = rows[..., 3], model.clamp
    f = np.where(s >= d, np.minimum(f, d), np.where(s <= -d, np.maximum(f, -d), f))
    return np.clip(s, -d, d), f


def test_what_is_encoded_is_a_minimum(model) -> None:
    """No code nearby explains the shape better, and the starting point explains it far worse."""
    rows = ellipsoids(8, 500, seed=2)
    Z = model.transform(rows)

    def missed(z: np.ndarray) -> np.ndarray:
        s, f = _clamped(model, rows, z)
        return abs(f - s).mean(axis=1) + model.penalty * np.sum(z**2, axis=1)

    best = missed(Z)
    for axis in 0.5 * Z.std() * np.eye(3, dtype=np.float32):
        assert (missed(Z + axis) > best).mean() > 0.8
        assert (missed(Z - axis) > best).mean() > 0.8
    middle = np.tile(model.prior_.mean.astype(np.float32), (8, 1))
    assert missed(middle).mean() > 3 * best.mean()


def test_encoding_repeats_and_rows_do_not_see_one_another(model) -> None:
    rows = ellipsoids(6, 400, seed=3)
    Z = model.transform(rows)
    np.testing.assert_array_equal(Z, model.transform(rows))
    np.testing.assert_allclose(model.transform(rows[4:5]), Z[4:5], atol=2e-3)
    before = torch.get_rng_state()
    model.transform(rows)
    assert torch.equal(before, torch.get_rng_state())


def test_grids_and_rows_say_the_same(model) -> None:
    """A shape given as a grid has nearly the code of the same shape given as points."""
    rows = ellipsoids(5, 2000, seed=4)
    Z = model.transform(rows)
    grids = model.inverse_transform(Z)
    again = model.transform(grids)
    assert abs(again - Z).mean() < 0.2 * Z.std()
    thin = DeepSDF(3, **{**SMALL, "points": 100})._checked(grids, None)
    assert thin.shape == (5, 100, 4)
    cell = np.round((thin[..., :3] + 1) * 8 - 0.5).astype(int)
    np.testing.assert_array_equal(
        thin[..., 3], grids[np.arange(5)[:, None], *np.moveaxis(cell, -1, 0)]
    )
    share = np.mean(abs(grids) < 0.1)  # of all cells; of four fifths here it is 1
    assert np.mean(abs(thin[..., 3]) < 0.1) == pytest.approx(0.8 + 0.2 * share, abs=0.08)


def test_verbs_on_tensors_agree_and_have_gradients(model) -> None:
    rows = ellipsoids(4, 300, seed=5)
    z, report = model.encode(torch.from_numpy(rows), report=True)
    np.testing.assert_array_equal(z.numpy(), model.transform(rows))
    assert report.verdict == model.report(rows).verdict
    z = z.requires_grad_()
    grid = model.decode(z)
    np.testing.assert_allclose(
        grid.detach().numpy(), model.inverse_transform(z.detach().numpy()), atol=1e-6
    )
    points = torch.from_numpy(rows[0, :7, :3].copy()).requires_grad_()
    distances = model.decode(z, points)
    assert distances.shape == (4, 7)
    each = model.decode(z, points.expand(4, 7, 3))
    torch.testing.assert_close(distances, each)
    distances.sum().backward()
    assert z.grad is not None
    assert points.grad is not None
    assert (z.grad != 0).any()
    assert (points.grad != 0).any()
    line = (2 * torch.arange(16) + 1) / 16 - 1
    at = torch.stack([line[3], line[9], line[12]])[None]
    torch.testing.assert_close(model.decode(z, at)[:, 0], grid[:, 3, 9, 12])


def test_a_mesh_is_where_the_distance_vanishes(model) -> None:
    z = model.codes_[0]
    vertices, faces = model.mesh(z, resolution=24)
    assert (vertices.dtype, faces.dtype, vertices.shape[1]) == (np.float32, np.int64, 3)
    assert 0 <= faces.min() <= faces.max() < len(vertices)
    code = torch.from_numpy(z[None])
    with torch.no_grad():
        assert model.decode(code, torch.from_numpy(vertices)).abs().max() < 0.02
    a, b, c = np.moveaxis(vertices[faces].astype(float), 1, 0)
    assert np.sum(a * np.cross(b, c)) > 0  # counter-clockwise seen from outside
    lonely = DeepSDF(3, **{**SMALL, "max_epochs": 30}).fit(ellipsoids(4) + np.float32([0, 0, 0, 5]))
    with pytest.raises(BadInput, match="this code has no surface: its least distance is"):
        lonely.mesh(lonely.codes_[0], resolution=4)


def test_a_fit_repeats_bit_for_bit_and_the_prior_is_that_of_the_codes() -> None:
    X = ellipsoids(12)
    before = torch.get_rng_state()
    a, b = DeepSDF(3, **SMALL).fit(X), DeepSDF(3, **SMALL).fit(X)
    assert torch.equal(before, torch.get_rng_state())
    assert a.fingerprint_ == b.fingerprint_
    np.testing.assert_array_equal(a.transform(X), b.transform(X))
    other = DeepSDF(3, **{**SMALL, "random_state": 1}).fit(X)
    assert other.fingerprint_ != a.fingerprint_
    np.testing.assert_allclose(a.prior_.mean, a.codes_.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(np.diag(a.prior_.cov), a.codes_.var(axis=0), rtol=1e-3)


def test_every_code_is_learned_though_points_are_held_out() -> None:
    X = ellipsoids(12, 40)
    learned = DeepSDF(3, **{**SMALL, "max_epochs": 5}).fit(X)
    untrained = DeepSDF(3, **SMALL)
    untrained._shapes = 12
    untrained._prepare((8, 8, 8))
    first = untrained.network_.get_parameter("codes").detach().numpy()
    assert (abs(learned.codes_ - first).max(axis=1) > 1e-3).all()


def test_a_larger_penalty_keeps_codes_small() -> None:
    X, settings = ellipsoids(12, 128), {**SMALL, "max_epochs": 40}
    free, tight = (DeepSDF(3, penalty=p, **settings).fit(X) for p in (0.0, 1.0))
    assert tight.codes_.std() < 0.4 * free.codes_.std()


def test_a_saved_model_is_the_same(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(za.models.MODELS, "DeepSDF", "zalgebra.models.deepsdf")
    X = ellipsoids(12)
    model = DeepSDF(3, **SMALL).fit(X)
    back = za.load(model.save(tmp_path / "m"))
    assert back.spec_ == model.spec_
    np.testing.assert_array_equal(back.codes_, model.codes_)
    np.testing.assert_array_equal(back.transform(X[:3]), model.transform(X[:3]))
    np.testing.assert_array_equal(back.sample(2), model.sample(2))


def test_a_checkpoint_of_other_shapes_is_refused(tmp_path) -> None:
    path = tmp_path / "state.safetensors"
    whole = DeepSDF(3, **SMALL).fit(ellipsoids(8), checkpoint=path)
    again = DeepSDF(3, **SMALL).fit(ellipsoids(8), checkpoint=path, resume=True)
    assert whole.fingerprint_ == again.fingerprint_
    with pytest.raises(BadInput, match="another run"):
        DeepSDF(3, **SMALL).fit(ellipsoids(8, seed=9), checkpoint=path, resume=True)


KILLED = """
import numpy as np
from zalgebra.models.deepsdf import DeepSDF
X = np.load("X.npy")
model = DeepSDF(3, width=64, max_epochs=20, verbose=False)
model.fit(X, checkpoint="state.safetensors", resume=True)
print(model.fingerprint_)
"""


@pytest.mark.slow
def test_a_killed_fit_goes_on_to_the_same_weights(tmp_path) -> None:
    X = ellipsoids(60, 1024)
    np.save(tmp_path / "X.npy", X)
    command = [sys.executable, "-c", textwrap.dedent(KILLED)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(command, cwd=tmp_path, env=environment)
    while not (tmp_path / "state.safetensors").exists():
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    outcomes = []
    for resumed in (True, False):
        if not resumed:
            (tmp_path / "state.safetensors").unlink()
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        outcomes.append(done.stdout.split()[-1])
    assert outcomes[0] == outcomes[1]


WRONG = [
    (np.zeros((4, 5, 3)), r"\(n, m, 4\), or grids of distances \(n, r, r, r\), got \(4, 5, 3\)"),
    (np.zeros((4, 5)), "shapes must be rows"),
    (np.zeros((4, 0, 4)), "shapes must be rows"),
    (np.zeros((4, 8, 8, 7)), "shapes must be rows"),
    (np.full((4, 5, 4), np.nan), "shapes must be finite"),
    (np.zeros((1, 5, 4)), "at least 2 rows, got 1"),
]


@pytest.mark.parametrize(("X", "words"), WRONG, ids=[str(x.shape) for x, _ in WRONG])
def test_what_is_no_shape_is_one_sentence(X, words) -> None:
    with pytest.raises(BadInput, match=words):
        DeepSDF(3, **SMALL).fit(X)


SETTINGS = [
    ({"clamp": 0.0}, "`clamp` must be above 0"),
    ({"penalty": -1.0}, "`penalty` 0 or more"),
    ({"depth": 0}, "`depth` must be at least 1, got 0"),
    ({"resolution": 1}, "`resolution` must be at least 2"),
    ({"encode_steps": 0}, "`encode_steps`"),
    ({"points": 2.5}, "`points`"),
]


@pytest.mark.parametrize(("settings", "words"), SETTINGS, ids=[w for _, w in SETTINGS])
def test_settings_that_cannot_be_are_one_sentence(settings, words) -> None:
    with pytest.raises(BadInput, match=words):
        DeepSDF(3, **{**SMALL, **settings}).fit(ellipsoids(4))


METHODS = ["transform", "inverse_transform", "score", "encode", "decode", "report", "mesh"]


@pytest.mark.parametrize("method", METHODS)
def test_an_unfitted_model_says_so(method) -> None:
    with pytest.raises(BadInput, match="this DeepSDF is not fitted yet: call fit"):
        getattr(DeepSDF(3), method)(torch.zeros(2, 5, 4))
    with pytest.raises(BadInput, match="not fitted"):
        _ = DeepSDF(3).codes_


def test_a_walk_between_shapes_is_a_walk_of_volumes(model) -> None:
    """From a shape long along x to one long along y: each frame has a surface, none jumps."""
    long_x, long_y = (np.argmax(e) for e in _extents(model, model.codes_).T[:2])
    frames = za.path(model.codes_[[long_x, long_y]], 7, prior=model.prior_)
    x, y, _ = _extents(model, frames).T
    assert x[0] > x[-1]
    assert y[0] < y[-1]
    assert (np.diff(x) < 0.15).all()
    assert (np.diff(y) > -0.15).all()


def _extents(model: DeepSDF, codes: np.ndarray) -> np.ndarray:
    inside = model.inverse_transform(codes) < 0
    return np.stack([inside.any(axis=axes).mean(axis=1) for axes in ((2, 3), (1, 3), (1, 2))], 1)
