"""Laws of `Flow`: a bijection, a density, and averages that follow the data."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import zalgebra as za
from zalgebra.types import BadInput, Prior

torch = pytest.importorskip("torch")
pytest.importorskip("zuko")

from zalgebra.models.density import Flow  # noqa: E402

SMALL = {"transforms": 2, "hidden": (24, 24), "max_epochs": 6, "batch_size": 128}


def ring(n: int, seed: int = 0) -> np.ndarray:
    """A ring on two very different scales, far from zero."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * np.pi, n), 1 + 0.08 * rng.standard_normal(n)
    return np.stack([5 + 100 * radius * np.cos(angle), 3 + 0.01 * radius * np.sin(angle)], axis=1)


def modes(n: int, seed: int = 0) -> np.ndarray:
    """Two modes of whole vectors of 8 entries."""
    rng = np.random.default_rng(seed)
    return 1.1 * rng.choice([-1, 1], (n, 1)) + 0.5 * rng.standard_normal((n, 8))


DATA = {
    "ring": ring(800),
    "one entry": ring(400)[:, :1],
    "coupling": np.random.default_rng(0).standard_normal((300, 4, 5)) ** 3,
}


@pytest.fixture(scope="module", params=DATA)
def flow(request) -> Flow:
    return Flow(**SMALL).fit(DATA[request.param])


def test_it_is_a_prior(flow) -> None:
    assert isinstance(flow, Prior)


@pytest.mark.parametrize(("dtype", "rounding"), [("float32", 1e-5), ("float64", 1e-9)])
def test_there_and_back_also_beyond_the_data(flow, xp, dtype, rounding) -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((6, *flow.shape)) * np.array([1, 1, 4, 6, 40, 1e3]).reshape(
        6, *(1,) * len(flow.shape)
    )
    scale = flow.scale_.reshape(flow.shape)
    x = xp.asarray(flow.centre_.reshape(flow.shape) + scale * rows, dtype)
    u = flow.to_normal(x)
    back = flow.from_normal(u)
    assert xp.owns(u)
    assert xp.owns(back)
    assert xp.dtype(u) == xp.dtype(back) == dtype
    size = 1 + np.abs(rows) + np.abs(xp.numpy(x)) / scale
    assert (np.abs(xp.numpy(back) - xp.numpy(x)) / scale / size).max() < 50 * rounding
    assert xp.numpy(flow.log_prob(x)).shape == (6,)


def test_the_density_is_that_of_the_map() -> None:
    flow = Flow(**SMALL).fit(DATA["ring"])
    z = torch.tensor(ring(3, seed=2))
    rows = [torch.autograd.functional.jacobian(lambda v: flow.to_normal(v[None])[0], v) for v in z]
    u = flow.to_normal(z)
    expected = (
        torch.distributions.Normal(0, 1).log_prob(u).sum(1)
        + torch.linalg.slogdet(torch.stack(rows))[1]
    )
    torch.testing.assert_close(flow.log_prob(z), expected)


def test_gradients_reach_the_latents_only() -> None:
    flow = Flow(**SMALL).fit(DATA["ring"])
    z = torch.tensor(ring(3), dtype=torch.float32, requires_grad=True)
    flow.log_prob(z).sum().backward()
    assert z.grad.abs().max() > 0
    assert all(p.grad is None for p in flow.network_.parameters())
    assert not flow.to_normal(z.detach()).requires_grad


def test_a_fit_is_repeatable_and_leaves_torchs_randomness_alone() -> None:
    state = torch.random.get_rng_state()
    one, two = (Flow(**SMALL).fit(DATA["ring"]) for _ in range(2))
    assert torch.equal(state, torch.random.get_rng_state())
    assert one.fingerprint_ == two.fingerprint_
    assert Flow(**SMALL, random_state=1).fit(DATA["ring"]).fingerprint_ != one.fingerprint_
    np.testing.assert_array_equal(one.sample(3, seed=0), two.sample(3, seed=0))
    assert one.training_.history[-1]["validation"] < one.training_.history[0]["validation"]


@pytest.mark.parametrize("name", DATA)
def test_a_saved_flow_is_the_same(name, tmp_path) -> None:
    flow = Flow(**SMALL).fit(DATA[name])
    loaded = za.load(flow.save(tmp_path / "flow"))
    z = DATA[name][:5]
    np.testing.assert_array_equal(loaded.to_normal(z), flow.to_normal(z))
    assert loaded.shape == flow.shape
    assert loaded.fingerprint_ == flow.fingerprint_


def test_an_entry_that_never_changes_is_no_harm() -> None:
    Z = np.column_stack([ring(200), np.full(200, 7.0)])
    flow = Flow(**SMALL).fit(Z)
    np.testing.assert_allclose(flow.from_normal(flow.to_normal(Z)), Z, rtol=1e-8)
    assert np.isfinite(flow.sample(50, seed=0)).all()


def energy(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * cdist(a, b).mean() - cdist(a, a).mean() - cdist(b, b).mean())


@pytest.mark.slow
@pytest.mark.parametrize(("draw", "most"), [(ring, 0.012), (modes, 0.03)])
def test_averages_follow_the_data_where_a_gaussian_does_not(draw, most) -> None:
    Z, x, held = draw(2000), draw(1600, seed=1), draw(800, seed=2)
    settings = {"max_epochs": 40, "hidden": (32, 32)}
    flow, scale = Flow(**settings).fit(Z), Z.std(axis=0)
    pairs = x.reshape(2, 800, -1)
    u = np.stack([flow.to_normal(half) for half in pairs])
    mixed = flow.from_normal(u.sum(axis=0) / np.sqrt(2))
    for i in range(3):
        np.testing.assert_allclose(za.combine([0.5, 0.5], pairs[:, i], prior=flow), mixed[i])
        np.testing.assert_allclose(
            za.combine([1.0, 0.0], pairs[:, i], prior=flow), pairs[0, i], rtol=1e-6
        )
    mean = Z.mean(axis=0)
    gaussian = mean + (pairs - mean).sum(axis=0) / np.sqrt(2)
    assert energy(mixed / scale, held / scale) < most
    assert energy(gaussian / scale, held / scale) > 2 * most


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.strip()


def test_zuko_is_imported_late_and_changes_nothing() -> None:
    code = """
    import sys, torch
    from torch.distributions import Distribution, Normal
    before = dict(vars(Distribution))
    from zalgebra.priors import Flow
    from zalgebra.models.density import _zuko
    assert "zuko" not in sys.modules
    _zuko()
    assert "zuko" in sys.modules
    assert dict(vars(Distribution)) == before
    try:
        Normal(0.0, -1.0)
    except ValueError:
        print("checked")
    """
    assert python(code) == "checked"


def test_the_door_opens_without_torch_and_names_the_extra() -> None:
    code = """
    import sys
    import zalgebra.priors as priors
    assert "torch" not in sys.modules
    assert "Flow" in dir(priors) and "Gaussian" in dir(priors)
    sys.modules["zuko"] = None
    from zalgebra.types import MissingExtra
    try:
        priors.Flow(max_epochs=1).fit([[1.0], [2.0]])
    except MissingExtra as error:
        print(error)
    """
    assert python(code).endswith("pip install 'zalgebra[flows]'")
    with pytest.raises(AttributeError, match="no attribute 'Flows'"):
        _ = __import__("zalgebra.priors", fromlist=["priors"]).Flows


def test_what_is_refused_is_one_clear_sentence() -> None:
    jax = pytest.importorskip("jax")
    with pytest.raises(BadInput, match="from at least 2 latents"):
        Flow().fit(np.ones((1, 3)))
    with pytest.raises(BadInput, match="not fitted yet"):
        Flow().to_normal(np.ones((1, 3)))
    with pytest.raises(BadInput, match="not fitted yet"):
        Flow().sample(2, seed=0)
    with pytest.raises(BadInput, match="`max_epochs` must be a whole number"):
        Flow(max_epochs=0).fit(np.eye(3))
    flow = Flow(**SMALL).fit(DATA["one entry"])
    with pytest.raises(BadInput, match="latents of this prior have shape"):
        flow.to_normal(np.ones((2, 3)))
    with pytest.raises(BadInput, match="cannot be traced by JAX"):
        jax.jit(flow.to_normal)(jax.numpy.ones((2, 1)))
