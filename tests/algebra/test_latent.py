"""Latents that remember their seeds: a vector space of recipes, and what they realise to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zalgebra as za
from zalgebra.types import BadInput, DegenerateWeights

LAW = settings(max_examples=100, deadline=None, derandomize=True)
SHAPE = (4, 6)
RNG = np.random.default_rng(0)
A, B, C, E, F = RNG.standard_normal((5, *SHAPE))
V, W = RNG.standard_normal((2, *SHAPE))


def atoms() -> list[za.Latent]:
    """One term of every kind."""
    return [
        za.Latent(A, "a"),
        za.Latent(B, "b"),
        za.Latent(C, "img:3"),
        za.Latent(E, "my face"),
        za.Latent(F, "sd"),
        za.Latent.group({"img:3": C, "img:4": E}, "mean(smile=1)"),
        za.Latent.shift(V, "smile"),
        za.Latent.shift(W, "smile", unit="sd"),
        za.Latent.turn(V, "smile", 1),
        za.Latent.turn(W, "long hair", 1),
        za.Latent.seed(3),
        za.Latent(V, "seed(3)"),
    ]


# Weights of which sums and products are exact, so that laws hold to the last bit.
NUMBER = st.integers(-64, 64).map(lambda i: i / 8)


@st.composite
def latents(draw, number=NUMBER) -> za.Latent:
    chosen = draw(st.lists(st.sampled_from(range(len(atoms()))), min_size=1, max_size=6))
    return total([draw(number) * atoms()[i] for i in chosen])


def total(parts: list[za.Latent]) -> za.Latent:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole


# A vector space.


@LAW
@given(latents(), latents(), latents())
def test_sums(p, q, r) -> None:
    assert (p + q) + r == p + (q + r)
    assert p + q == q + p
    assert p - q == p + (-q) == -(q - p)
    assert p + 0 * q == p
    assert repr(p - p) == "0"
    assert p - p == q - q
    assert p + p == 2 * p


@LAW
@given(latents(), latents(), NUMBER, NUMBER)
def test_products(p, q, s, t) -> None:
    assert s * (p + q) == s * p + s * q
    assert (s + t) * p == s * p + t * p
    assert s * (t * p) == (s * t) * p
    assert 1 * p == p == p * 1
    assert p * s == s * p
    assert p / 4 == 0.25 * p
    assert repr(p) == repr(1 * p)


@LAW
@given(latents(), latents())
def test_equality_is_of_recipes(p, q) -> None:
    assert (p == q) == (repr(p - q) == "0")
    assert p != "a"
    assert (p == q) == (q == p)


def test_recipes_are_no_dictionary_keys() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(za.Latent(A))


def test_the_same_seed_twice_adds_up() -> None:
    a, again, b = za.Latent(A, "a"), za.Latent(A.copy(), "a"), za.Latent(B, "b")
    mix = a + again / 2 - b
    assert mix.weights == {"a": 1.5, "b": -1}
    np.testing.assert_allclose(mix.array(), za.combine([1.5, -1], [A, B]))
    assert za.Latent(A) + za.Latent(A.copy()) == 2 * za.Latent(A)  # named by its content
    assert za.Latent(A) != za.Latent(B)


def test_a_group_shares_its_weight_and_its_seeds_add_up() -> None:
    group = za.Latent.group({"img:3": C, "img:4": E}, "mean(smile=1)")
    mix = group + za.Latent(C, "img:3")
    assert mix.weights == {"img:3": 1.5, "img:4": 0.5}
    assert repr(mix) == "mean(smile=1) + img:3"
    np.testing.assert_allclose(mix.array(), za.combine([1.5, 0.5], [C, E]))
    assert (group - group + za.Latent(A, "a")).weights == {"a": 1}


def test_numpy_numbers_leave_the_product_to_us() -> None:
    a = za.Latent(A, "a")
    for two in (np.float32(2), np.float64(2), np.int64(2), np.array(2.0)):
        assert two * a == a * two == 2 * a
        assert a / two == a / 2
    assert ((np.ones(3) * 2) * a).batch_shape == (3,)


# Printing and reading.


class Stub:
    """What expressions ask of a direction."""

    def latent(self, strength: float = 1.0, unit: str | None = None, name: str = "") -> za.Latent:
        if unit == "°":
            return za.Latent.turn(W if name == "long hair" else V, name, strength)
        if unit == "sd":
            return strength * za.Latent.shift(W, name, unit="sd")
        return strength * za.Latent.shift(V, name, unit="")


class Names(dict):
    def where(self, conditions):
        assert list(conditions) == [("smile", "=", 1.0)]
        return {"img:3": C, "img:4": E}


NAMES = Names(
    {
        "a": A,
        "b": B,
        "img:3": C,
        "my face": E,
        "sd": F,
        "seed(3)": V,
        "smile": Stub(),
        "long hair": Stub(),
    }
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(latents(st.floats(-1e300, 1e300)))
def test_what_is_printed_reads_back(latent) -> None:
    text = repr(latent)
    if text != "0":
        assert za.evaluate(text, NAMES) == latent
        assert repr(za.evaluate(text, NAMES)) == text


def test_what_is_printed() -> None:
    a, b, _, face, sd, group, smile, sd_smile, turn, hair, third, named = atoms()
    for latent, text in (
        (a + b / 2 - face, 'a + 0.5*b - "my face"'),
        (-a, "-a"),
        (-2 * a + 3 * b, "-2*a + 3*b"),
        (sd - group, '"sd" - mean(smile=1)'),
        (a + 1.5 * smile - smile, "a + 0.5*smile"),
        (2 * sd_smile - 20 * turn, "2sd smile - 20° smile"),
        (turn + sd_smile + 7.5 * hair, '1° smile + 1sd smile + 7.5° "long hair"'),
        (1e20 * a + 1e-20 * b, "1e+20*a + 1e-20*b"),
        (third / 2 - third * 2 + named, '-1.5*seed(3) + "seed(3)"'),
        (np.array([0, 0.5]) * a - np.array([1, 2]) * turn, "[0 … 0.5]*a + [-2 … -1]° smile"),
    ):
        assert repr(latent) == text


@pytest.mark.parametrize(
    "name",
    [
        "deg",
        "σ",
        "°",
        "sd:1",
        "a b",
        "2nd",
        "",
        "a-b",
        "don't",
        'the "x"',
        "ä",
        "mean",
        "\n",
        "sd x",
        "° x",
        "seed(3)",
        "seed",
        "mean(smile=1)",
        "20° smile",
        "z.npy",
        "a.safetensors#b",
    ],
)
def test_any_name_reads_back(name) -> None:
    latent = 2 * za.Latent(A, name) - za.Latent.turn(V, "smile", 3) + za.Latent.seed(3)
    names = {name: A, "smile": Stub()}
    assert za.evaluate(repr(latent), names) == latent
    assert len(latent.weights) == 2
    for unit in (None, "°", "sd"):  # and the same as the name of a direction
        latent = za.Latent.seed(1) + Stub().latent(2, unit, name)
        assert za.evaluate(repr(latent), {name: Stub()}) == latent


def test_names_alike_are_different_terms() -> None:
    a = za.Latent(A, "a")
    mix = (
        a + za.Latent.shift(V, "sd x", unit="") + za.Latent.shift(W, "x", unit="sd")
        + za.Latent.turn(V, "x", 3) + za.Latent.shift(V, "° x", unit="")
        + za.Latent(B, "seed(7)") + za.Latent.seed(7) + za.Latent(C, "mean(smile=1)")
    )  # fmt: skip
    assert repr(mix) == (
        'a + "sd x" + 1sd x + 3° x + "° x" + "seed(7)" + seed(7) + "mean(smile=1)"'
    )
    assert list(mix.weights) == ["a", '"seed(7)"', "seed(7)", "mean(smile=1)"]
    assert np.array_equal(mix.seeds['"seed(7)"'], B)


# Batches.


def test_arrays_of_weights_make_batches() -> None:
    t = np.linspace(0, 1, 5)
    a, b = za.Latent(A, "a"), za.Latent(B, "b")
    walk = a * (1 - t) + b * t
    assert walk.batch_shape == (5,)
    np.testing.assert_allclose(walk.array(), za.interpolate(A, B, t))
    assert walk[1] == 0.75 * a + 0.25 * b
    assert walk[1:3].batch_shape == (2,)
    assert [latent.batch_shape for latent in walk] == [()] * 5
    assert walk[::-1] == b * (1 - t) + a * t
    assert walk != walk[::-1]
    grid = walk * np.array([[1.0], [2.0]]) + b
    assert grid.array().shape == (2, 5, *SHAPE)
    np.testing.assert_allclose(grid.array()[1, 3], grid[1, 3].array(), rtol=1e-12)
    assert a + np.zeros(3) * b != a  # three of them
    assert (a + np.zeros(3) * b).array().shape == (3, *SHAPE)
    with pytest.raises(IndexError):
        walk[5]


def test_a_recipe_keeps_its_own_weights() -> None:
    t = np.ones(3)
    walk = za.Latent(A, "a") * t
    t[:] = 5
    assert walk == za.Latent(A, "a") * np.ones(3)


def test_a_batch_with_shifts_and_turns_is_row_by_row() -> None:
    prior = za.priors.Gaussian(np.full(SHAPE, 2.0), np.arange(1.0, 25.0).reshape(SHAPE))
    a, b, _, _, _, _, smile, _, turn, hair, *_ = atoms()
    angles = np.array([-30.0, 0, 60])
    batch = a + np.array([1.0, 2, 3]) * b + angles * smile + angles * turn + 10 * hair
    z = batch.array(prior=prior)
    for i in range(3):
        np.testing.assert_allclose(z[i], batch[i].array(prior=prior), rtol=1e-10)


def test_a_batch_is_a_sequence_and_one_latent_is_none() -> None:
    a, b = za.Latent(A, "a"), za.Latent(B, "b")
    walk = a.lerp(b, np.linspace(0, 1, 5))
    assert len(walk) == 5
    assert list(walk)[2] == (a + b) / 2
    assert len(walk[:0]) == 0
    grid = walk * np.ones((2, 1))
    assert (len(grid), grid[1].batch_shape, grid[..., 3] == walk[[3, 3]]) == (2, (5,), True)
    assert walk[np.array([True, False, False, False, True])] == walk[::4]
    with pytest.raises(TypeError, match="a is one latent, not a batch, so it has no length"):
        len(a)
    with pytest.raises(TypeError, match="not a batch"):
        list(a)
    with pytest.raises(IndexError):
        a[0]
    assert a  # a recipe that is there
    assert walk[:0]


def test_weights_may_be_arrays_of_any_library(xp) -> None:
    a = za.Latent(A, "a")
    t = xp.asarray([0.5, 2.0])
    assert a * t == a * np.array([0.5, 2.0])
    assert a * t[1] == a / xp.asarray(0.5) == 2 * a
    if xp.name != "array_api_strict":  # which refuses what it does not know
        assert t[1] * a == 2 * a
        assert (t * a).batch_shape == (2,)
    assert a.lerp(za.Latent(B, "b"), t).batch_shape == (2,)


# What a practised hand expects.


def test_sums_means_and_blends() -> None:
    a, b, c = za.Latent(A, "a"), za.Latent(B, "b"), za.Latent.seed(7)
    assert sum([a, b, c]) == a + b + c
    assert sum([a]) == a == +a == a - 0 == 0 + a == -(0 - a)
    assert za.Latent.mean([a, b, c]) == (a + b + c) / 3
    assert za.Latent.mean(x for x in (a, Stub())) == (a + za.Latent.shift(V, "", unit="")) / 2
    assert a.lerp(b, 0.25) == 0.75 * a + 0.25 * b
    assert a.lerp(b, -1) == 2 * a - b
    assert np.float32(0.5) * a == a / np.int64(2) == np.array(0.5) * a


@pytest.mark.parametrize(
    "call",
    [np.asarray, np.array, lambda a: np.stack([a, a]), np.sin, lambda a: a + np.ones(SHAPE), float],
)
def test_a_recipe_is_no_array(call) -> None:
    with pytest.raises((BadInput, TypeError)):
        call(za.Latent(A, "a"))


def test_a_recipe_says_how_it_becomes_an_array() -> None:
    a = za.Latent(A, "a")
    with pytest.raises(
        BadInput, match=r"a is a recipe, not an array; \.array\(prior=\.\.\.\) realises it"
    ):
        np.asarray(a)
    with pytest.raises(BadInput):
        za.combine([1, 1], [a, a])
    for wrong in (lambda: a * "2", lambda: a * a, lambda: a * True):
        with pytest.raises(TypeError):
            wrong()


def test_recipes_under_jit() -> None:
    jax = pytest.importorskip("jax")

    @jax.jit
    def realised(x, v):
        mix = za.Latent(x, "x").lerp(za.Latent.seed(3), 0.5) + za.Latent.turn(v, "v", 20)
        return mix.array(), (mix - za.Latent(x, "x") / 2).array()

    x = jax.numpy.asarray(A)
    mix = za.Latent(A, "x").lerp(za.Latent.seed(3), 0.5) + za.Latent.turn(V, "v", 20)
    np.testing.assert_allclose(realised(x, V)[0], mix.array(), rtol=1e-5)
    with pytest.raises(BadInput, match=r"a traced array has no content yet; name it: za.Latent"):
        jax.jit(lambda x: za.Latent(x).array())(x)


# Shifts and turns.


@LAW
@given(st.floats(-5, 5), st.sampled_from(["lol", "linear", "slerp"]))
def test_a_shift_is_added_after_the_prior(strength, method) -> None:
    prior = za.priors.Gaussian(np.full(SHAPE, 3.0), 0.5)
    mix = za.Latent(A, "a") + 2 * za.Latent(B, "b")
    z = (mix + strength * za.Latent.shift(V, "smile")).array(prior=prior, method=method)
    np.testing.assert_allclose(z, mix.array(prior=prior, method=method) + strength * V, atol=1e-12)


def unit(v: np.ndarray) -> np.ndarray:
    return v * np.sqrt(v.size) / np.linalg.norm(v)


@LAW
@given(st.floats(-89, 89))
def test_a_turn_is_a_cosine_and_a_sine(degrees) -> None:
    mix = za.Latent(A, "a") - za.Latent(B, "b")
    u, theta = mix.array(), np.radians(degrees)
    z = (mix + za.Latent.turn(V, "smile", degrees)).array()
    np.testing.assert_allclose(z, np.cos(theta) * u + np.sin(theta) * unit(V), rtol=1e-9)
    # With a direction across it, the norm is kept and the angle is the angle.
    u = A * np.sqrt(A.size) / np.linalg.norm(A)
    across = V - np.sum(V * u) / A.size * u
    z = (za.Latent(u, "u") + za.Latent.turn(across, "smile", degrees)).array()
    assert np.linalg.norm(z) == pytest.approx(np.linalg.norm(u))
    assert np.sum(z * u) / A.size == pytest.approx(np.cos(theta))


def test_a_turn_of_twenty_degrees_keeps_the_prior_at_any_length_of_its_vector() -> None:
    x = np.random.default_rng(1).standard_normal(100_000)
    v = np.random.default_rng(2).standard_normal(100_000)
    for length in (1e-6, 1, 1e6):
        z = (za.Latent(x, "x") + za.Latent.turn(length * v, "v", 20)).array()
        assert z.var() == pytest.approx(1, abs=0.02)
        assert np.corrcoef(z, v)[0, 1] == pytest.approx(np.sin(np.radians(20)), abs=0.01)


def test_turns_happen_in_the_priors_normal_coordinates() -> None:
    rng = np.random.default_rng(5)
    M = rng.standard_normal((24, 24))
    prior = za.priors.Gaussian(rng.standard_normal(SHAPE), M @ M.T + np.eye(24))
    mix = za.Latent(A, "a") + za.Latent(B, "b")
    u = prior.to_normal(mix.array(prior=prior)[None])[0]
    b = unit(prior.to_normal(V[None] + prior.mean)[0])
    theta = np.radians(20)
    expected = prior.from_normal((np.cos(theta) * u + np.sin(theta) * b)[None])[0]
    z = (mix + za.Latent.turn(V, "smile", 20)).array(prior=prior)
    np.testing.assert_allclose(z, expected, rtol=1e-8)


def test_two_turns_are_tangents_together() -> None:
    mix = za.Latent(A, "a") + za.Latent.turn(V, "v", 30) + za.Latent.turn(W, "w", -45)
    t, s = np.tan(np.radians([30, -45]))
    total = A + t * unit(V) + s * unit(W)
    np.testing.assert_allclose(mix.array(), total / np.sqrt(1 + t**2 + s**2))
    np.testing.assert_allclose(mix.array(method="linear"), total)


def test_a_turn_of_nothing_is_nothing() -> None:
    a = za.Latent(A, "a")
    np.testing.assert_array_equal((a + za.Latent.turn(V, "v", 0)).array(), A)
    undone = a + za.Latent.turn(V, "v", 40) - za.Latent.turn(V, "v", 40)
    assert undone == a
    np.testing.assert_array_equal(undone.array(), A)


# The border.


def test_the_array_lives_where_the_seeds_live(xp) -> None:
    names = ("a", "b")
    a, b = (za.Latent(xp.asarray(s, "float32"), n) for s, n in zip((A, B), names, strict=True))
    prior = za.priors.Gaussian(np.full(SHAPE, 1.0), 2.0)
    mix = (
        (a + b) / 2
        + za.Latent.shift(xp.asarray(V), "v")
        + za.Latent.turn(V, "v2", np.array([5.0, 10.0]))
    )
    z = mix.array(prior=prior)
    assert xp.owns(z)
    assert xp.dtype(z) == "float32"
    assert z.shape == (2, *SHAPE)
    expected = (
        za.Latent(A, "a") + za.Latent(B, "b")
        + za.Latent.shift(V, "v") * 2 - za.Latent.shift(V, "v")
        + za.Latent.turn(V, "v2", np.array([5.0, 10.0]))
    ).array(prior=prior)  # fmt: skip
    np.testing.assert_allclose(xp.numpy(z), expected, atol=1e-5)
    assert repr(a) == "a"
    assert za.Latent(xp.asarray(A)) == za.Latent(A)


def test_options_reach_combine() -> None:
    a, b = za.Latent(A, "a"), za.Latent(B, "b")
    R = [[1, 0.5], [0.5, 1]]
    mix = a + 2 * b
    for options in ({"method": "slerp"}, {"correlation": R}, {"correlation": "estimate"}):
        np.testing.assert_allclose(mix.array(**options), za.combine([1, 2], [A, B], **options))
    # A seed without weight is no seed: equal recipes give equal arrays.
    c = za.Latent(C, "c")
    assert list((mix + c - c).seeds) == ["a", "b"]
    np.testing.assert_array_equal(
        (mix + c - c).array(correlation="estimate"), mix.array(correlation="estimate")
    )


def test_the_certificate_is_of_the_realised_latents() -> None:
    x = np.random.default_rng(0).standard_normal((3, 5000))
    p, q, r = (za.Latent(s, n) for s, n in zip(x, "pqr", strict=True))
    mean = (p + q + r) / 3
    assert mean.certificate().plausible.tolist() == [True]
    assert mean.certificate(method="linear").plausible.tolist() == [False]
    walk = p * np.linspace(0, 1, 4) + q
    assert len(walk.certificate(prior=za.priors.Gaussian(np.zeros(5000), 1.0))) == 4


# Refusals.


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: za.Latent(A, "a") + za.Latent(B, "a"), "'a' names two|both named 'a'; rename one"),
        (
            lambda: (za.Latent(A, "a") + za.Latent.group({"a": B}, "mean(x=1)")).array(),
            "two different latents are both named 'a'; rename one",
        ),
        (
            lambda: za.Latent(A, "a") + za.Latent.shift(A, "a"),
            "'a' names both a latent and a direction",
        ),
        (
            lambda: za.Latent.group({"a": A}, "mean(x=1)") + za.Latent.group({"b": B}, "mean(x=1)"),
            r"'mean\(x=1\)' names two different groups",
        ),
        (lambda: za.Latent.group({}, "mean(x=1)"), r"mean\(x=1\) is empty: no item meets its"),
        (lambda: za.Latent(A, "a") / 0, "cannot divide a by 0"),
        (lambda: za.Latent(A, "a") / np.array([1.0, 0.0]), "cannot divide a by 0"),
        (lambda: za.Latent(A, "a") * np.nan, "a weight must be finite, got nan"),
        (lambda: 1e200 * (1e200 * za.Latent(A, "a")), "the weight of 'a' must be finite, got inf"),
        (lambda: za.Latent(A, "a") / 1e-320, "a weight must be finite, got inf"),
        (lambda: za.Latent(A * np.inf, "a"), "`a` must be finite"),
        (lambda: za.Latent(["x"]), "`seed` must hold real numbers"),
        (lambda: za.Latent(za.Latent(A, "a")), "`seed` must hold real numbers, got the recipe a"),
        (lambda: za.Latent.mean([]), "a mean needs at least one latent, got none"),
        (lambda: za.Latent.mean([A]), r"expected a latent, got ndarray: za.Latent\(array\) is one"),
        (lambda: za.Latent(A, "a").lerp(A, 0.5), "expected a latent, got ndarray"),
        (lambda: za.Latent(A, "a").lerp(za.Latent(B, "b"), "x"), "`t` must be a number or an"),
        (lambda: za.Latent.seed(-1), "a latent's number is whole, from 0 to"),
        (lambda: za.Latent.seed(2.0), "a latent's number is whole, from 0 to"),
        (
            lambda: za.Latent.shift(V, "v", unit="") + za.Latent.shift(W, "v", unit=""),
            "two different directions are both named 'v'; rename one",
        ),
        (lambda: za.Latent(A, 3), "a name is text, got int"),
        (lambda: za.Latent(A, "\"'"), "one kind of quotation marks at most"),
        (
            lambda: np.ones(2) * za.Latent(A, "a") + np.ones(3) * za.Latent(B, "b"),
            r"batches of shape \(2,\) and \(3,\) do not fit",
        ),
        (lambda: za.Latent.turn(V, "v", 90).array(), "holds no latent to start from"),
        (
            lambda: (za.Latent(A, "a") + za.Latent.turn(V, "v", 90)).array(),
            "an angle must lie between -90° and 90°, got 90°",
        ),
        (
            lambda: (za.Latent(A, "a") - 3 * za.Latent.turn(V, "v", 40)).array(),
            "an angle must lie between -90° and 90°, got 120°",
        ),
        (
            lambda: (za.Latent(A, "a") + za.Latent.turn(0 * V, "v", 5)).array(),
            "a turn needs a direction, got a vector that is all zeros",
        ),
        (
            lambda: (za.Latent(A, "a") + za.Latent.shift(V[0], "v")).array(),
            r"the direction 'v' must have the latents' shape \(4, 6\), got \(6,\)",
        ),
        (
            lambda: (za.Latent(A, "a") + za.Latent.turn(V[0], "v", 5)).array(),
            "the direction 'v' must have",
        ),
        (
            lambda: (za.Latent(A, "a") + za.Latent(B[0], "b")).array(),
            r"`seeds` must have one shape, got \[\(4, 6\), \(6,\)\]",
        ),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_weights_that_cancel_to_rounding_are_gone() -> None:
    a, b = za.Latent(A, "a"), za.Latent(B, "b")
    assert 0.1 * a + 0.2 * a - 0.3 * a == 0 * a  # in floats 5.6e-17, and LOL ignores scale
    t = np.array([0.1, 1.0])
    assert (t * a + 2 * t * a - 3 * t * a + b).seeds.keys() == {"b"}
    group = za.Latent.group({"a": A, "b": B, "c": C}, "mean(x=1)")
    assert (group - a / 3).weights.keys() == {"b", "c"}
    assert (a + 1e-12 * a - a).weights["a"] == pytest.approx(1e-12, rel=1e-3)


def test_a_recipe_without_seeds_is_degenerate() -> None:
    a = za.Latent(A, "a")
    for latent in (a - a, 0 * a, za.Latent.shift(V, "v")):
        with pytest.raises(DegenerateWeights, match="holds no latent to start from"):
            latent.array()
    with pytest.raises(DegenerateWeights, match="equal seeds cancel"):
        (a - za.Latent(A, "b")).array(correlation="estimate")


@pytest.mark.parametrize("other", ["2", 2j, None, True, [1, "x"], A.astype(object), {}])
def test_what_is_no_number_does_not_scale(other) -> None:
    with pytest.raises(TypeError):
        za.Latent(A, "a") * other
    with pytest.raises(TypeError):
        other * za.Latent(A, "a")
    with pytest.raises(TypeError):
        za.Latent(A, "a") / other


@pytest.mark.parametrize("other", [1.0, "a", None, A])
def test_what_is_no_latent_does_not_add(other) -> None:
    a = za.Latent(A, "a")
    for call in (
        lambda: a + other, lambda: other + a, lambda: a - other, lambda: other - a
    ):  # fmt: skip
        with pytest.raises(
            TypeError if other is None or isinstance(other, str) else BadInput
        ) as error:
            call()
        if isinstance(error.value, BadInput):
            assert "za.Latent(array) makes one of an array" in str(error.value)


def test_directions_join_sums_from_either_side() -> None:
    a, smile = za.Latent(A, "a"), Stub()
    smile.latent = lambda: za.Latent.shift(V, "smile")
    assert a + smile == smile + a == za.Latent.shift(V, "smile") + a
    assert repr(a - smile) == "a - smile"
    assert repr(smile - a) == "-a + smile"
