"""Geodesics against surfaces whose shortest ways are known, and the laws of any geodesic."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Gamma, Independent, Normal

import zalgebra as za
from zalgebra.models.geodesics import geodesic
from zalgebra.models.geodesics_descent import minimise
from zalgebra.models.geodesics_pace import even_pace
from zalgebra.types import BadInput

ALL = torch.float64


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=ALL, generator=torch.Generator().manual_seed(seed))


# Surfaces: a decoder, pairs of latents, the true distances. A straight line in the chart is longer.


def sphere(z: torch.Tensor) -> torch.Tensor:
    """The unit sphere, from the plane by stereographic projection."""
    square = z.square().sum(dim=1, keepdim=True)
    return torch.cat([2 * z, square - 1], dim=1) / (1 + square)


def on_the_sphere():
    a, b = draw(2, 30, 2, seed=1)
    angle = torch.acos((sphere(a) * sphere(b)).sum(dim=1))
    near = angle < 2.9  # towards π every way round is as good
    return sphere, a[near], b[near], angle[near]


def untwisted(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The radius and height of a point of the roll; the chart itself is sheared by a wave."""
    x, y = z.unbind(dim=1)
    return x, y + 5 * torch.sin(x)


def swiss_roll(z: torch.Tensor) -> torch.Tensor:
    r, height = untwisted(z)
    return torch.stack([r * r.cos(), height, r * r.sin()], dim=1)


def on_the_roll():
    a, b = torch.rand(2, 20, 2, dtype=ALL, generator=torch.Generator().manual_seed(2))
    a, b = (z * torch.tensor([9.0, 10.0]) + torch.tensor([4.7, 0.0]) for z in (a, b))

    def flat(z: torch.Tensor) -> torch.Tensor:
        r, height = untwisted(z)
        arc = (r * (1 + r**2).sqrt() + torch.asinh(r)) / 2  # of the spiral of Archimedes
        return torch.stack([arc, height], dim=1)

    return swiss_roll, a, b, (flat(a) - flat(b)).norm(dim=1)


@pytest.mark.parametrize("surface", [on_the_sphere, on_the_roll])
def test_lengths_are_right_within_one_percent(surface) -> None:
    decode, a, b, true = surface()
    way = geodesic(decode, a, b, steps=48)
    assert way.outcome.require() is way.outcome
    np.testing.assert_allclose(way.length, true, rtol=0.01)
    assert np.median(way.straight_length / true.numpy()) > 1.03  # the question was no easy one


def test_on_the_sphere_they_are_great_circles_at_constant_speed() -> None:
    decode, a, b, true = on_the_sphere()
    way = geodesic(decode, a, b, steps=24, tolerance=1e-5)
    x = decode(way.path.flatten(0, 1)).unflatten(0, (len(a), 24))
    normal = torch.linalg.cross(x[:, 0], x[:, -1])
    normal = normal / normal.norm(dim=1, keepdim=True)
    assert float((x @ normal[:, :, None]).abs().max()) < 0.05
    steps = x.diff(dim=1).norm(dim=2)
    assert float((steps.std(dim=1) / steps.mean(dim=1)).max()) < 0.05
    np.testing.assert_allclose(way.energy, true**2, rtol=0.01)  # E = L² at constant speed


def test_energy_is_that_of_the_path_and_never_above_the_line() -> None:
    decode, a, b, _ = on_the_roll()
    way = geodesic(decode, a, b, steps=12)
    d = decode(way.path.flatten(0, 1)).unflatten(0, (len(a), 12)).diff(dim=1).norm(dim=2)
    np.testing.assert_allclose(way.energy, 11 * d.square().sum(dim=1), rtol=1e-12)
    np.testing.assert_allclose(way.length, d.sum(dim=1), rtol=1e-12)
    assert np.all(way.energy <= way.straight_energy)
    assert np.all(way.length**2 <= way.energy * (1 + 1e-12))  # Cauchy and Schwarz


def test_through_a_linear_decoder_it_is_the_line_at_once() -> None:
    A = draw(5, 9, seed=3)
    a, b = draw(2, 4, 5, seed=4)
    way = geodesic(lambda z: z @ A, a, b, steps=9)
    assert way.outcome.iterations.tolist() == [0] * 4
    line = a[:, None] + torch.linspace(0, 1, 9, dtype=ALL)[:, None] * (b - a)[:, None]
    torch.testing.assert_close(way.path, line)
    np.testing.assert_allclose(way.length, ((b - a) @ A).norm(dim=1))


def test_more_points_take_no_more_iterations() -> None:
    decode, a, b, _ = on_the_roll()
    few, many = (geodesic(decode, a, b, steps=n).outcome.iterations for n in (16, 160))
    assert float(many.double().mean()) < 1.5 * float(few.double().mean()) + 1


def test_the_units_of_the_latents_entries_do_not_matter() -> None:
    A = draw(6, 9, seed=3)
    unit = torch.tensor([1e-2, 1e-1, 1.0, 1.0, 10.0, 100.0], dtype=ALL)

    def decode(z: torch.Tensor) -> torch.Tensor:
        return torch.sin(z) @ A

    a, b = draw(2, 16, 6, seed=4)
    plain = geodesic(decode, a, b)
    scaled = geodesic(lambda z: decode(z * unit), a / unit, b / unit)
    np.testing.assert_allclose(scaled.length, plain.length, rtol=0.01)
    most = 1.5 * float(plain.outcome.iterations.double().mean()) + 1
    assert float(scaled.outcome.iterations.double().mean()) < most


@pytest.mark.parametrize("apart", [0.0, 1e-6, 1e-3, 0.05, 0.2, 0.5])
def test_a_hill_is_gone_round_though_the_ends_differ_little_that_way(apart) -> None:
    def hill(z: torch.Tensor) -> torch.Tensor:
        return torch.cat([z, 2.2 * torch.exp(-z.square().sum(dim=1, keepdim=True))], dim=1)

    ends = torch.tensor([[[-2.0, 0.1]], [[2.0, 0.1 + apart]]], dtype=ALL)
    way = geodesic(hill, *ends, steps=32)
    assert float(way.path[0, :, 1].max()) > 0.6
    assert way.length[0] < 0.85 * way.straight_length[0]


def test_what_the_decoder_ignores_stays_straight() -> None:
    a, b = draw(2, 6, 3, seed=5)
    way = geodesic(lambda z: sphere(z[:, :2]), a, b, steps=9)
    line = a[:, 2, None] + torch.linspace(0, 1, 9, dtype=ALL) * (b - a)[:, 2, None]
    torch.testing.assert_close(way.path[:, :, 2], line)
    assert np.all(way.energy < way.straight_energy)


def test_pairs_do_not_know_of_one_another() -> None:
    decode, a, b, _ = on_the_sphere()
    together = geodesic(decode, a, b, steps=12, tolerance=1e-7, max_iterations=500)
    for i in (0, 7):
        alone = geodesic(
            decode, a[i : i + 1], b[i : i + 1], steps=12, tolerance=1e-7, max_iterations=500
        )
        assert alone.length[0] == pytest.approx(together.length[i], rel=1e-3)


def test_there_and_back_are_one_way() -> None:
    decode, a, b, _ = on_the_roll()
    there, back = geodesic(decode, a, b, steps=16), geodesic(decode, b, a, steps=16)
    np.testing.assert_allclose(there.length, back.length, rtol=5e-3)


def test_few_modes_are_smooth_and_no_shorter() -> None:
    decode, a, b, _ = on_the_roll()
    full = geodesic(decode, a, b, steps=32)
    smooth = geodesic(decode, a, b, steps=32, modes=3)
    assert np.all(smooth.energy >= full.energy * (1 - 1e-3))
    bend = smooth.path - full.path[:, :1]
    line = bend[:, -1:] * torch.linspace(0, 1, 32, dtype=ALL)[:, None]
    waves = np.sin(np.pi * np.outer(np.arange(32) / 31, np.arange(1, 4)))
    off = (bend - line).numpy().transpose(1, 0, 2).reshape(32, -1)
    left = off - waves @ np.linalg.lstsq(waves, off)[0]
    assert np.abs(left).max() < 1e-9  # the deviation is a sum of three sines


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_arrays_come_back_as_they_went_in(kind, dtype) -> None:
    a, b = np.random.default_rng(0).standard_normal((2, 3, 2, 2)).astype(dtype)
    a.flags.writeable = False

    def decode(z: torch.Tensor) -> torch.Tensor:
        return torch.cat([z.flatten(1), z.flatten(1) ** 2], dim=1)

    given = (a, b) if kind == "numpy" else (torch.tensor(a), torch.tensor(b))
    way = geodesic(decode, *given, steps=7)
    assert type(way.path) is type(given[0])
    assert way.path.dtype == given[0].dtype
    assert tuple(way.path.shape) == (3, 7, 2, 2)
    ends = np.asarray(way.path)[:, [0, -1]]
    np.testing.assert_array_equal(ends, np.stack([a, b], axis=1))


def test_equal_latents_and_no_pairs_have_an_answer() -> None:
    a = draw(2, 2)
    way = geodesic(sphere, a, a, steps=5)
    assert way.length.tolist() == [0, 0]
    assert bool(way.outcome.converged.all())
    assert str(way) == "2 geodesics of no length"
    assert repr(way.outcome) == "Outcome(2 of 2 converged, after 0 iterations at most)"
    none = geodesic(sphere, a[:0], a[:0], steps=5)
    assert tuple(none.path.shape) == (0, 5, 2)
    assert str(none) == "0 geodesics of no length"


def network(seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.nn.Sequential:
    """A decoder whose rounding depends on a row's place in its batch."""
    torch.manual_seed(seed)
    layers = torch.nn.Linear(8, 64), torch.nn.Tanh(), torch.nn.Linear(64, 784), torch.nn.Sigmoid()
    return torch.nn.Sequential(*layers).to(dtype)


@pytest.mark.parametrize("metric", ["pullback", "fisher"])
def test_one_latent_twice_is_no_way_whatever_rounding_makes_of_it(metric) -> None:
    net, a = network(), draw(20, 8).float()

    def law(z: torch.Tensor) -> Independent:
        return Independent(Bernoulli(net(z)), 1)

    decode = net if metric == "pullback" else law
    for off in (1e-7, 1e-6, 1e-5):
        b = a + off * draw(20, 8, seed=1).float()
        b[:3], b[3] = a[:3], a[4]
        way = geodesic(decode, a, b, metric=metric)
        assert way.outcome.require() is way.outcome
        assert way.length[:3].tolist() == way.straight_energy[:3].tolist() == [0, 0, 0]
        assert (way.path[:3] == a[:3, None]).all()
        assert way.length[3] > 0.1


def test_what_has_not_converged_says_so() -> None:
    decode, a, b, _ = on_the_roll()
    way = geodesic(decode, a, b, steps=16, max_iterations=1)
    assert not bool(way.outcome.converged.all())
    with pytest.raises(BadInput, match="converged, after 1 iterations"):
        way.outcome.require()


# With a prior


def test_a_prior_holds_the_norm() -> None:
    prior = za.priors.Gaussian(np.arange(6.0), np.arange(1.0, 7.0))
    a, b = (torch.from_numpy(prior.sample(8, seed=s)) for s in (0, 1))
    a, b = a.to(ALL), b.to(ALL)
    A = draw(6, 12, seed=5)

    def decode(z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(z @ A / 4)

    way = geodesic(decode, a, b, steps=10, prior=prior)
    u = prior.to_normal(way.path.flatten(0, 1)).unflatten(0, (8, 10))
    norm = u.norm(dim=2)
    t = torch.linspace(0, 1, 10, dtype=ALL)
    torch.testing.assert_close(norm, (1 - t) * norm[:, :1] + t * norm[:, -1:])
    torch.testing.assert_close(way.path[:, [0, -1]], torch.stack([a, b], dim=1), rtol=0, atol=0)
    free = geodesic(decode, a, b, steps=10)
    assert np.all(way.energy >= free.energy * (1 - 1e-3))
    np.testing.assert_allclose(way.straight_energy, free.straight_energy)


def test_under_the_normal_prior_and_no_decoder_it_is_slerp() -> None:
    a, b = draw(2, 5, 16, seed=6)
    b = b * (a.norm(dim=1) / b.norm(dim=1))[:, None]
    way = geodesic(lambda z: z, a, b, steps=9, prior=za.priors.Normal(), tolerance=1e-8)
    for i in range(5):
        arc = za.interpolate(a[i], b[i], np.linspace(0, 1, 9), method="slerp")
        torch.testing.assert_close(way.path[i], arc, atol=1e-2, rtol=0)


# Fisher and Rao


def law(kind: str):
    """A probabilistic decoder, its latents, and the Fisher-Rao distances in closed form."""
    if kind == "normal":  # N(z₁, e^{z₂}): the hyperbolic plane

        def decode(z):
            return Normal(z[:, 0], z[:, 1].exp())

        a, b = draw(2, 12, 2, seed=7)
        (m0, s0), (m1, s1) = ((z[:, 0], z[:, 1].exp()) for z in (a, b))
        square = (m0 - m1) ** 2 / 2 + (s0 - s1) ** 2
        return decode, a, b, math.sqrt(2) * torch.acosh(1 + square / (2 * s0 * s1))
    if kind == "categorical":  # √p lies on a sphere of radius 1, and lengths count twice

        def decode(z):
            return Categorical(logits=z)

        a, b = 1.5 * draw(2, 12, 4, seed=8)
        roots = (a.softmax(dim=1) * b.softmax(dim=1)).sqrt().sum(dim=1)
        return decode, a, b, 2 * torch.acos(roots)

    def decode(z):  # pixels by themselves: 2 asin √p is straight
        return Independent(Bernoulli(logits=z), 1)

    a, b = 1.5 * draw(2, 12, 5, seed=9)
    flat = [2 * torch.asin(z.sigmoid().sqrt()) for z in (a, b)]
    return decode, a, b, (flat[0] - flat[1]).norm(dim=1)


@pytest.mark.parametrize("kind", ["normal", "categorical", "bernoulli"])
def test_fisher_rao_distances_are_those_of_the_books(kind) -> None:
    decode, a, b, true = law(kind)
    way = geodesic(decode, a, b, steps=48, metric="fisher")
    assert bool(way.outcome.converged.all())
    np.testing.assert_allclose(way.length, true, rtol=0.01)
    assert np.all(way.energy <= way.straight_energy)


@pytest.mark.parametrize("kind", ["normal", "categorical", "bernoulli"])
def test_lengths_by_divergence_are_the_same_both_ways_and_of_second_order(kind) -> None:
    decode, a, b, _ = law(kind)
    there, fine = (
        geodesic(decode, a, b, steps=n, metric="fisher", max_iterations=0) for n in (24, 2000)
    )
    back = geodesic(decode, b, a, steps=24, metric="fisher", max_iterations=0)
    np.testing.assert_allclose(there.straight_length, back.straight_length, rtol=1e-9)
    np.testing.assert_allclose(there.straight_length, fine.straight_length, rtol=0.03)


def test_a_gaussian_of_constant_variance_is_the_pullback_over_sigma() -> None:
    decode, a, b, _ = on_the_roll()
    sigma = 0.3
    how = {"steps": 16, "tolerance": 1e-6}
    laws = geodesic(
        lambda z: Independent(Normal(decode(z), sigma), 1), a, b, metric="fisher", **how
    )
    data = geodesic(decode, a, b, **how)
    np.testing.assert_allclose(laws.straight_length, data.straight_length / sigma)
    np.testing.assert_allclose(laws.length, data.length / sigma, rtol=5e-3)


# Bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metric": "taxi"}, "one of pullback, fisher, got 'taxi'"),
        ({"steps": 2}, "`steps` must be at least 3"),
        ({"modes": 9}, "between 1 and 8 for 10 steps, got 9"),
        ({"modes": 0}, "between 1 and 8"),
        ({"tolerance": 0}, "above 0"),
        ({"metric": "fisher"}, "must give a torch Distribution"),
    ],
)
def test_bad_options_get_one_sentence(options, words) -> None:
    with pytest.raises(BadInput, match=words):
        geodesic(sphere, draw(2, 2), draw(2, 2, seed=1), **{"steps": 10, **options})


@pytest.mark.parametrize(
    ("decode", "a", "b", "words"),
    [
        (sphere, draw(2, 2), draw(3, 2), "one latent a pair"),
        (sphere, draw(2), draw(2), "one latent a pair"),
        (sphere, draw(2, 2), draw(2, 2).float(), "both be float32 or both float64"),
        (sphere, draw(2, 2) * math.nan, draw(2, 2), "finite"),
        (lambda z: z.detach().numpy(), draw(2, 2), draw(2, 2, seed=1), "model.decode"),
        (lambda z: sphere(z.detach()), draw(2, 2), draw(2, 2, seed=1), "no derivative"),
        (lambda z: sphere(z) / 0, draw(2, 2), draw(2, 2, seed=1), "not finite"),
        (lambda z: sphere(z)[:1], draw(2, 2), draw(2, 2, seed=1), "one row for each latent"),
    ],
)
def test_bad_decoders_and_latents_get_one_sentence(decode, a, b, words) -> None:
    with pytest.raises(BadInput, match=words):
        geodesic(decode, a, b, steps=8)


def test_a_law_without_a_formula_is_refused() -> None:
    def decode(z):
        return Independent(Gamma(z.exp(), 1.0), 1)

    assert len(geodesic(decode, draw(2, 2), draw(2, 2, seed=1), steps=5, metric="fisher")) == 2

    def mixture(z):
        parts = Normal(z, torch.ones_like(z))
        return torch.distributions.MixtureSameFamily(Categorical(logits=z), parts)

    with pytest.raises(BadInput, match="does not show its parameters"):
        geodesic(mixture, draw(2, 2), draw(2, 2, seed=1), steps=5, metric="fisher")


def broken(z: torch.Tensor) -> torch.Tensor:
    """Nothing where the first entry is about 0; at its edge the derivative is infinite."""
    return (z[:, :1].abs() - 0.3).sqrt() * torch.cat([z, z], dim=1)


@pytest.mark.parametrize("steps", [4, 5, 16])
def test_a_hole_on_the_way_is_one_sentence(steps) -> None:
    a = -torch.ones(2, 8, dtype=ALL)
    with pytest.raises(BadInput, match="not finite"):
        geodesic(broken, a, -a, steps=steps)


@pytest.mark.parametrize("entries", [8, 300])
def test_an_infinite_derivative_is_one_sentence(entries) -> None:
    a = -torch.ones(2, entries, dtype=ALL)
    a[:, 0] = 0
    with pytest.raises(BadInput, match="derivative"):
        geodesic(lambda z: z[:, :1].abs().sqrt() + z, a, -a)


@pytest.mark.parametrize("metric", ["pullback", "fisher"])
def test_a_random_decoder_is_told_to_rest(metric) -> None:
    net = network()
    net.insert(2, torch.nn.Dropout(0.1))
    a, b = draw(2, 4, 8).float()

    def law(z: torch.Tensor) -> Independent:
        return Independent(Bernoulli(net(z)), 1)

    decode = net if metric == "pullback" else law
    with pytest.raises(BadInput, match=r"random: .*`model.eval\(\)`"):
        geodesic(decode, a, b, metric=metric)
    net.eval()
    assert bool(geodesic(decode, a, b, metric=metric).outcome.converged.all())


def test_a_class_that_is_ruled_out_is_no_rounding() -> None:
    decode, a, b, true = law("categorical")

    def ruled(z: torch.Tensor) -> Categorical:
        logits = decode(z).logits
        return Categorical(logits=torch.cat([logits, torch.full_like(z[:, :1], -1e30)], dim=1))

    way = geodesic(ruled, a, b, steps=48, metric="fisher")
    np.testing.assert_allclose(way.length, true, rtol=0.01)


def test_opposite_ends_have_no_arc() -> None:
    a = draw(3, 4)
    b = draw(3, 4, seed=1)
    b[1] = -a[1]
    with pytest.raises(BadInput, match="pair 1 lies opposite"):
        geodesic(lambda z: z, a, b, prior=za.priors.Normal())


# The descent by itself


def test_rows_come_to_their_own_minima_and_rest() -> None:
    scale = torch.tensor([[1.0, 100.0], [1.0, 1.0], [3.0, 0.2]], dtype=ALL)
    seen: list[int] = []

    def f(x: torch.Tensor, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.extend(rows.tolist())
        s = scale[rows]
        y = torch.stack([x[:, 0] - 1, x[:, 1] - x[:, 0] ** 2], dim=1)  # Rosenbrock's valley
        slope = torch.stack(
            [2 * s[:, 0] * y[:, 0] - 4 * s[:, 1] * x[:, 0] * y[:, 1], 2 * s[:, 1] * y[:, 1]], dim=1
        )
        return (s * y**2).sum(dim=1) + 1e-9, slope

    x, outcome = minimise(f, draw(3, 2), max_iterations=300, tolerance=1e-4)
    assert bool(outcome.converged.all())
    torch.testing.assert_close(x, torch.ones(3, 2, dtype=ALL), atol=1e-4, rtol=0)
    assert outcome.evaluations == len(seen)
    assert seen.count(1) < seen.count(0)  # the easy row was not evaluated with the hard one


# An even pace


@pytest.mark.parametrize("library", [np.asarray, torch.tensor])
def test_an_even_pace_is_even_and_keeps_the_ends(library) -> None:
    path = library(np.random.default_rng(0).standard_normal((40, 3)).cumsum(axis=0))

    def features(z):
        return z**3 / 30 + z

    even = even_pace(path, features, steps=25)
    assert type(even.path) is type(path)
    assert tuple(even.path.shape) == (25, 3)
    steps = np.linalg.norm(np.diff(np.asarray(features(even.path)), axis=0), axis=1)
    assert steps.std() / steps.mean() == pytest.approx(even.deviation)
    assert even.deviation < 0.25 * even.before
    np.testing.assert_array_equal(np.asarray(even.path)[[0, -1]], np.asarray(path)[[0, -1]])
    assert np.all(np.diff(even.t) > 0)
    assert re.fullmatch(r"EvenPath\(25 points whose steps differ by .*%, .*% before\)", repr(even))


def test_a_smooth_way_becomes_even_to_the_tolerance() -> None:
    t = np.linspace(0, 1, 60)[:, None] ** 3
    path = np.concatenate([np.cos(t), np.sin(t)], axis=1)
    even = even_pace(path, lambda z: z, tolerance=1e-3)
    assert even.deviation <= 1e-3
    assert even.before > 0.8
    np.testing.assert_allclose(np.arctan2(*even.path.T[::-1]), np.linspace(0, 1, 60), atol=2e-3)


@pytest.mark.parametrize(
    ("path", "features", "words"),
    [
        (np.ones((2, 3)), lambda z: z, "at least 3"),
        (np.ones((5, 3)), lambda z: z, "change along the path"),
        (np.eye(5), lambda z: (1 + 1e-6 * z).astype("float32"), "by more than rounding"),
        (np.eye(5), lambda z: 1 + 1e-15 * z, "by more than rounding"),
        (np.eye(5), lambda z: z[:2], "one row a point"),
    ],
)
def test_a_pace_needs_something_to_go_by(path, features, words) -> None:
    with pytest.raises(BadInput, match=words):
        even_pace(path, features)
