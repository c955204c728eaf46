"""Provenance: an expression is its flattened weights, which mix.json makes again to the bit."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zalgebra as za
from zalgebra.algebra.mixes import options
from zalgebra.algebra.noise import noise
from zalgebra.types import BadInput

LAW = settings(max_examples=60, deadline=None, derandomize=True)
SHAPE = (3, 8)
RNG = np.random.default_rng(0)
Z = RNG.standard_normal((6, *SHAPE)).astype(np.float32)
V, A = RNG.standard_normal((2, *SHAPE)).astype(np.float32)
SMILE = np.array([0, 1] * 3)


class Smile:
    """What expressions ask of a direction."""

    vector = V

    def latent(self, strength: float = 1.0, unit: str | None = None, name: str = "") -> za.Latent:
        if unit == "°":
            return za.Latent.turn(self.vector, name, strength)
        return strength * za.Latent.shift(self.vector * (3 if unit else 1), name, unit=unit or "")


ITEMS = za.Items(
    Z, {"smile": SMILE}, directions={"smile": Smile(), "long hair": Smile(), "my face": A}
)
WORDS = [
    "img:0", "img:3", "img:5", '"my face"', "seed(3)", "seed(7)", "seed(18446744073709551615)",
    "mean(smile=1)", "mean(smile=0)", "smile", '"long hair"', "5° smile", "7.5° 'long hair'",
    "2sd smile",
]  # fmt: skip


def read(text: str, names=ITEMS) -> za.Latent:
    return za.evaluate(text, names)


def through_json(latent: za.Latent, names=ITEMS, **how) -> za.Latent:
    text = json.dumps(latent.to_dict(**how), allow_nan=False)
    return za.Latent.from_dict(json.loads(text), names)


# An expression is its flattened weights.

LEAVES = {"a": 0, "b": 1, "c": 2, "seed(3)": 3}
SEEDS = np.stack([*Z[:3], noise(3, SHAPE)])


@st.composite
def trees(draw, depth: int = 4) -> tuple[za.Latent, np.ndarray]:
    """A recipe together with the weights that it must have."""
    kind = draw(st.integers(0, 5)) if depth else 0
    if kind == 0:
        i = draw(st.integers(0, 3))
        leaf = za.Latent.seed(3) if i == 3 else za.Latent(SEEDS[i], "abc"[i])
        return leaf, np.eye(4)[i]
    (p, u), (q, v) = draw(trees(depth - 1)), draw(trees(depth - 1))
    number = draw(st.integers(-64, 64)) / 8
    if kind == 1:
        return p + q, u + v
    if kind == 2:
        return p - q, u - v
    if kind == 3:
        return number * p - (-q), number * u + v
    if kind == 4:
        return p.lerp(q, number), (1 - number) * u + number * v
    return za.Latent.mean([p, q, +p]) / 2, (2 * u + v) / 6


@LAW
@given(trees())
def test_a_tree_of_operations_is_its_flattened_weights(tree) -> None:
    latent, weights = tree
    found = [latent.weights.get(name, 0.0) for name in LEAVES]
    np.testing.assert_allclose(found, weights, atol=1e-9)
    used = np.abs(weights) > 1e-9
    if not used.any():
        return
    expected = za.combine(weights[used], SEEDS[used])
    np.testing.assert_allclose(latent.array(shape=SHAPE), expected, rtol=1e-4, atol=1e-4)
    assert {o.name: o.weight for o in latent.provenance()} == latent.weights
    assert za.Latent.from_dict(latent.to_dict(), dict(zip("abc", Z, strict=False))) == latent


def test_what_shares_seeds_has_variance_1_and_not_1_94() -> None:
    D = 200_000
    p, q, r = (za.Latent.seed(i) for i in (1, 2, 3))
    one, two = (p + q + r) / np.sqrt(3), (p + q + 2 * r) / np.sqrt(6)
    realised = [x.array(shape=D) for x in (one, two)]
    assert [x.var() for x in realised] == pytest.approx([1, 1], abs=0.02)
    forgot = za.combine([0.5, 0.5], realised)
    assert forgot.var() == pytest.approx(1.94, abs=0.02)
    assert ((one + two) / 2).array(shape=D).var() == pytest.approx(1, abs=0.02)


# Numbered seeds in recipes.


def test_a_numbered_seed_takes_its_shape_where_it_finds_it() -> None:
    seed, a = za.Latent.seed(3), za.Latent(A, "a")
    np.testing.assert_array_equal(seed.array(shape=SHAPE), noise(3, SHAPE))
    np.testing.assert_array_equal(seed.array(shape=24), noise(3, 24))
    prior = za.priors.Normal(SHAPE)
    np.testing.assert_array_equal(seed.array(prior=prior), noise(3, SHAPE))
    np.testing.assert_allclose((seed + a).array(), za.combine([1, 1], [noise(3, SHAPE), A]))
    moved = (seed + za.Latent.shift(V, "v")).array()
    np.testing.assert_array_equal(moved, noise(3, SHAPE) + V)
    with pytest.raises(BadInput, match=r"seed\(3\) has no shape of its own; give one"):
        seed.array()
    with pytest.raises(BadInput, match=r"these latents have shape \(3, 8\), got `shape` \(5,\)"):
        (seed + a).array(shape=5)


def test_a_numbered_seed_follows_the_prior_and_stands_alone() -> None:
    M = np.random.default_rng(1).standard_normal((24, 24))
    prior = za.priors.Gaussian(np.full(SHAPE, 3.0), M @ M.T + np.eye(24))
    alone = za.Latent.seed(3).array(prior=prior)
    np.testing.assert_array_equal(alone, prior.from_normal(noise([3], SHAPE))[0])
    batch = (np.array([1.0, 0.5]) * za.Latent.seed(3) + za.Latent.seed(4)).seeds
    assert [s.number for s in batch.values()] == [3, 4]
    large = za.Latent.seed(3).array(prior=za.priors.Gaussian(np.full(100_000, 5.0), 4.0))
    assert (large.mean(), large.std()) == pytest.approx((5, 2), abs=0.05)


def test_a_numbered_seed_is_the_same_in_every_library(xp) -> None:
    latent = za.Latent.seed(3)
    z = latent.array(shape=SHAPE, like=xp.asarray(np.zeros(1), "float32"))
    assert xp.owns(z)
    np.testing.assert_array_equal(xp.numpy(z), noise(3, SHAPE))
    mix = 0.5 * latent + za.Latent(xp.asarray(A, "float32"), "a")
    expected = (0.5 * latent + za.Latent(A, "a")).array()
    assert xp.owns(mix.array())
    np.testing.assert_allclose(xp.numpy(mix.array()), expected, rtol=1e-5, atol=1e-6)


def test_what_a_recipe_is_made_of_is_told() -> None:
    latent = read('2*seed(3) + img:1 - mean(smile=1)/3 + "my face" + 20° smile + 2sd smile')
    told = [(o.name, o.kind, o.weight) for o in latent.provenance()]
    ninth = pytest.approx(-1 / 9)
    assert told == [
        ("seed(3)", "number", 2),
        ("img:1", "item", pytest.approx(8 / 9)),
        ("img:3", "item", ninth),
        ("img:5", "item", ninth),
        ("my face", "array", 1),
        ("smile", "shift", 2),
        ("smile", "turn", 20),
    ]
    known = {o.name: o.sha256 for o in latent.provenance()[:5]}
    assert known.pop("seed(3)") == ""
    assert len(set(known.values())) == 4
    assert {len(digest) for digest in known.values()} == {64}


def test_a_content_is_known_alike_in_every_library(xp) -> None:
    here = za.Latent(xp.asarray(A, "float32"), "a").provenance()
    assert here == za.Latent(A, "a").provenance()
    assert here != za.Latent(A.T, "a").provenance()
    assert here != za.Latent(A.astype(float), "a").provenance()


# mix.json.


@LAW
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.sampled_from(WORDS)), min_size=1, max_size=8))
def test_a_mix_goes_through_json_to_the_bit(parts) -> None:
    small = [(w / 1000 if "°" in word else w, word) for w, word in parts]
    latent = reduce(lambda a, b: a + b, [w * read(word) for w, word in small])
    if repr(latent) == "0":
        with pytest.raises(BadInput, match="holds nothing to save"):
            latent.to_dict()
        return
    again = through_json(latent)
    assert again == latent
    assert repr(again) == repr(latent)
    assert again.to_dict() == latent.to_dict()
    if latent.weights and min(map(abs, latent.weights.values())) > 1e-9:  # float32 knows them
        for correlation in ("independent", "estimate"):
            how = {"shape": SHAPE, "correlation": correlation}
            np.testing.assert_array_equal(again.array(**how), latent.array(**how))


def test_what_has_no_weight_leaves_no_trace() -> None:
    latent = 0 * read("mean(smile=1)") + read("img:5 + img:3 - 0*seed(1)")
    assert list(latent.weights) == list(through_json(latent).weights) == ["img:5", "img:3"]
    for correlation in ("independent", "estimate"):
        z = through_json(latent).array(correlation=correlation)
        np.testing.assert_array_equal(z, latent.array(correlation=correlation))


def test_a_mix_of_a_thousand_terms_is_read_again() -> None:
    latent = sum(i / 7 * za.Latent.seed(i) for i in range(1, 1001))
    again = through_json(latent, {})
    assert again == latent
    np.testing.assert_array_equal(again.array(shape=9), latent.array(shape=9))


GOLDEN = """{
 "format": "zalgebra mix 1",
 "expression": "0.1*seed(3) - a + 20° smile",
 "terms": [
  {
   "weight": 0.1,
   "term": "seed(3)",
   "kind": "number"
  },
  {
   "weight": -1.0,
   "term": "a",
   "kind": "array",
   "sha256": "5e25bcb471b2d075f87b01c0e51f0e5edc6e683b1a644d9643a5eff426a2cef8"
  },
  {
   "weight": 20.0,
   "term": "1° smile",
   "kind": "turn",
   "sha256": "dedb3bc40d119e843cdaf2380d79d635372a09fb0a04fdea95d88415dbe08bb8"
  }
 ],
 "method": "lol",
 "correlation": "estimate",
 "shape": [
  3
 ],
 "prior": "Normal((3,))"
}"""
THREE = np.arange(3, dtype=np.float32)


class Golden(Smile):
    vector = THREE + 1


def test_the_golden_mix_is_written_and_read() -> None:
    names = {"a": THREE, "smile": Golden()}
    latent = read("0.1 seed(3) - a + 20° smile", names)
    mix = latent.to_dict(prior=za.priors.Normal((3,)), correlation="estimate", shape=(3,))
    assert json.dumps(mix, indent=1, ensure_ascii=False) == GOLDEN
    assert za.Latent.from_dict(json.loads(GOLDEN), names) == latent
    how = options(json.loads(GOLDEN))
    assert how == {"method": "lol", "correlation": "estimate", "shape": (3,)}
    assert latent.array(**how).shape == (3,)


def test_a_new_process_replays_it() -> None:
    latent = 0.5 * za.Latent.seed(3) + za.Latent.seed(7) / 3
    code = (
        "import sys, json, zalgebra as za; from zalgebra.algebra.mixes import options\n"
        "mix = json.load(sys.stdin); z = za.Latent.from_dict(mix, {}).array(**options(mix))\n"
        "print(z.tobytes().hex())"
    )
    text = json.dumps(latent.to_dict(shape=SHAPE))
    said = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, check=True, text=True
    )
    assert said.stdout.strip() == latent.array(shape=SHAPE).tobytes().hex()


def test_a_correlation_matrix_is_kept() -> None:
    latent = za.Latent.seed(1) + za.Latent.seed(2)
    R = np.array([[1, 0.3], [0.3, 1]])
    mix = json.loads(json.dumps(latent.to_dict(shape=4, correlation=R)))
    z = za.Latent.from_dict(mix, {}).array(**options(mix))
    np.testing.assert_array_equal(z, latent.array(shape=4, correlation=R))


# Refusals.


def changed(**fields) -> dict:
    return {**read("img:1 + 20° smile").to_dict(), **fields}


def term(**fields) -> dict:
    mix = read("img:1 + 20° smile").to_dict()
    return {**mix, "terms": [{**mix["terms"][0], **fields}, mix["terms"][1]]}


@pytest.mark.parametrize(
    ("mix", "words"),
    [
        ([], r"this is no mix of the format 'zalgebra mix 1', got 'None'"),
        ({}, "this is no mix of the format"),
        (changed(format="zalgebra mix 2"), "of the format 'zalgebra mix 1', got 'zalgebra mix 2'"),
        (changed(terms=[]), "the mix's 'terms' is missing or broken; make the mix anew"),
        (changed(terms=None), "the mix's 'terms' is missing or broken"),
        (changed(terms=["img:1"]), "the mix's term 'img:1' is broken"),
        (changed(method=None), "the mix's 'method' is missing or broken"),
        (changed(correlation=1), "the mix's 'correlation' is missing or broken"),
        (changed(shape="large"), "`shape` must be whole numbers of at least 0, got 'large'"),
        (changed(expression="img:1"), "the mix's expression 'img:1' is not the sum of its terms"),
        (term(weight="1"), "the mix's term .* is broken"),
        (term(weight=True), "the mix's term .* is broken"),
        (term(weight=float("nan")), "the mix's term .* is broken"),
        (term(weight=2.0), "is not the sum of its terms, '2\\*img:1 \\+ 20° smile'; it was"),
        (term(term="img:1 + img:2"), "'img:1 \\+ img:2' is not one term"),
        (term(term="img:1 - img:1"), "'img:1 - img:1' is not one term"),
        (term(term="2 img:1"), "'2 img:1' is not one term"),
        (term(term="img:2"), "img:2 is another item here than the one that the mix was made of"),
        (term(term="img:99"), "img:99 does not exist"),
        (term(sha256="0" * 64), "img:1 is another item here than the one"),
        (term(term="seed(1)"), r"seed\(1\) is another item here"),
    ],
)
def test_a_broken_mix_is_one_clear_sentence(mix, words) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        za.Latent.from_dict(mix, ITEMS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["img:1", "mean(smile=1)", "smile", "3° smile", '"my face"'])
def test_what_is_another_thing_now_is_refused(text) -> None:
    class Other(Smile):
        vector = V + 1

    moved = za.Items(
        Z + np.float32(1), {"smile": SMILE}, directions={"smile": Other(), "my face": A + 1}
    )
    mix = (read(text) + read("seed(1)")).to_dict()
    assert za.Latent.from_dict(mix, ITEMS) == read(text) + read("seed(1)")
    with pytest.raises(BadInput, match=r"is another .* here than the one that the mix was made of"):
        za.Latent.from_dict(mix, moved)


def test_a_group_that_has_grown_is_refused() -> None:
    mix = read("mean(smile=1)").to_dict()
    grown = za.Items(np.concatenate([Z, Z[:1]]), {"smile": [*SMILE, 1]})
    with pytest.raises(BadInput, match=r"mean\(smile=1\) is another group here"):
        za.Latent.from_dict(mix, grown)
    grown = za.Items(np.concatenate([Z, Z[:1]]), {"smile": [*SMILE, 0]})
    assert za.Latent.from_dict(mix, grown) == read("mean(smile=1)")


def test_what_cannot_be_looked_up_is_not_written() -> None:
    with pytest.raises(BadInput, match=r"has no name to look it up by; save it as an \.npy file"):
        (za.Latent(A) + za.Latent.seed(1)).to_dict()
    with pytest.raises(BadInput, match="a batch of recipes is no single mix; pick one"):
        (np.ones(3) * za.Latent.seed(1)).to_dict()
    with pytest.raises(BadInput, match="unknown name 'a'"):
        za.Latent.from_dict(za.Latent(A, "a").to_dict(), {})
