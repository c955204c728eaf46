"""Directions: a planted one is found, its card is right, and it acts in expressions."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest

import zalgebra as za
from zalgebra import Direction
from zalgebra.files import read_tensors, write_tensors
from zalgebra.types import BadInput, DegenerateWeights, WrongModel

D = 32


def planted(n: int, *, size: float = 2.0, d: int = D, seed: int = 0):
    """Two groups of normal latents, the first moved by ``size`` along a random unit vector."""
    rng = np.random.default_rng(seed)
    unit = rng.standard_normal(d)
    unit /= np.linalg.norm(unit)
    P, N = rng.standard_normal((2, n, d)) @ np.diag(np.linspace(0.5, 1.5, d))
    return P + size * unit, N, unit


def angle(a: np.ndarray, b: np.ndarray) -> float:
    cosine = a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b)
    return math.degrees(math.acos(np.clip(cosine, -1, 1)))


@pytest.fixture
def direction() -> Direction:
    """Along the first axis, δ = 3 there, with round numbers on its card."""
    vector = np.array([3, 0, 0, 0], np.float32)
    return Direction("smile", vector, 1.5, (10, 20), 2.0, (1.0, 4.0), {"light": 0.25}, "f" * 64)


def test_a_planted_direction_is_found() -> None:
    P, N, unit = planted(4000)
    found = Direction.from_groups(P, N, name="smile")
    np.testing.assert_allclose(found.vector, P.mean(axis=0) - N.mean(axis=0), rtol=1e-5)
    assert found.vector.dtype == np.float32
    assert angle(found.vector, unit) < 5
    assert np.linalg.norm(found.vector) == pytest.approx(2, rel=0.05)
    assert found.sd == pytest.approx(np.concatenate([P, N]).dot(unit).std(), rel=0.02)
    assert found.n == (4000, 4000)
    flipped = Direction.from_groups(N, P)
    np.testing.assert_array_equal(flipped.vector, -found.vector)
    assert flipped.effect_size == pytest.approx(found.effect_size)  # along its own direction
    assert repr(found).startswith("Direction('smile', d = 2.")


def test_the_effect_size_is_cohens_d_of_the_textbook() -> None:
    # Cohen (1988): (mean 1 - mean 2) / √(((n1-1) s1² + (n2-1) s2²) / (n1+n2-2)), by hand:
    # means 4 and 1; s² = 4 (of 2, 4, 6) and 2/3 (of 0, 1, 1, 2); pooled √((8 + 2) / 5) = √2.
    P, N = np.array([[2.0], [4], [6]]), np.array([[0.0], [1], [1], [2]])
    found = Direction.from_groups(P, N)
    assert found.effect_size == pytest.approx(3 / math.sqrt(2), rel=1e-12)
    assert found.n == (3, 4)
    assert found.vector.tolist() == [3.0]
    assert found.sd == pytest.approx(np.std([2, 4, 6, 0, 1, 1, 2]))
    turned = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0][:1]
    assert Direction.from_groups(P @ turned, N @ turned).effect_size == pytest.approx(
        found.effect_size
    )


def test_the_angle_interval_shrinks_like_one_over_root_n() -> None:
    spans = {}
    for n in (400, 6400):
        cards = [Direction.from_groups(*planted(n, seed=s)[:2], seed=s) for s in range(4)]
        spans[n] = np.mean([c.angle_interval for c in cards], axis=0)
        true = np.mean([angle(c.vector, planted(n, seed=s)[2]) for s, c in enumerate(cards)])
        assert 0.7 * spans[n][0] < true < 1.4 * spans[n][1]  # the size of the actual error
    np.testing.assert_allclose(spans[400] / spans[6400], 4, rtol=0.2)
    P, N, _ = planted(100)
    low, high = Direction.from_groups(P, N).angle_interval
    assert 0 < low < high < 90
    assert Direction.from_groups(P, N).angle_interval == (low, high)
    assert Direction.from_groups(P, N, seed=1).angle_interval == (low, high)  # nothing is drawn
    noise = Direction.from_groups(N[:50], N[50:])
    assert noise.angle_interval[0] > 2 * low  # no direction there, and the card says so
    assert noise.effect_size > 0


def test_a_confounder_that_was_planted_leaks() -> None:
    rng = np.random.default_rng(0)
    n, unit, other = 2000, np.eye(8)[0], np.eye(8)[1]
    smile = np.repeat([1.0, 0.0], n)
    light = rng.standard_normal(2 * n) + 2 * smile  # the smiling ones were photographed by day
    hair = rng.standard_normal(2 * n)
    Z = 0.3 * rng.standard_normal((2 * n, 8)) + np.outer(smile, unit) * 2 + np.outer(light, other)
    labels = {"light": light, "hair": hair, "smile": smile, "constant": np.ones(2 * n)}
    found = Direction.from_groups(Z[:n], Z[n:], attributes=labels)
    assert found.leakage["light"] == pytest.approx(2 / light.std(), rel=0.1)
    assert abs(found.leakage["hair"]) < 0.15
    assert found.leakage["smile"] == pytest.approx(1 / smile.std(), rel=0.1)
    assert found.leakage["constant"] == 0
    assert Direction.from_groups(Z[:n], Z[n:]).leakage == {}
    shifted = {"light": 100 - 5 * light}  # the unit is the attribute's own spread
    assert Direction.from_groups(Z[:n], Z[n:], attributes=shifted).leakage["light"] == (
        pytest.approx(-found.leakage["light"])
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_latents_of_any_library_and_shape(xp, dtype) -> None:
    P, N = (x.reshape(-1, 2, 4, 4) * 10 for x in planted(30)[:2])
    found = Direction.from_groups(xp.asarray(P, dtype), xp.asarray(N, dtype))
    plain = Direction.from_groups(P.astype(dtype).reshape(30, -1), N.astype(dtype).reshape(30, -1))
    assert found.vector.shape == (2, 4, 4)
    np.testing.assert_allclose(found.vector.ravel(), plain.vector, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.angle_interval, plain.angle_interval, rtol=1e-3)
    seed = xp.asarray(P[0], "float64")
    moved = (za.Latent(seed, "a") + found).array()
    assert xp.owns(moved)
    np.testing.assert_allclose(xp.numpy(moved) - P[0], found.vector, rtol=1e-5)


def test_tensors_with_gradients_and_lists_of_latents() -> None:
    torch = pytest.importorskip("torch")
    P, N, _ = planted(5)
    tensors = [torch.tensor(p, requires_grad=True) for p in P]
    found = Direction.from_groups(tensors, list(N))
    np.testing.assert_allclose(found.vector, P.mean(axis=0) - N.mean(axis=0), rtol=1e-5)


def test_strength_in_its_three_units(direction) -> None:
    x = np.array([0.0, 2.0, 0.0, 0.0])  # at right angles to δ = (3, 0, 0, 0), norm 2 = √4
    a = za.Latent(x, "a")

    def moved(*strength) -> np.ndarray:
        return (a + direction.latent(*strength)).array()

    np.testing.assert_allclose(moved(), [3, 2, 0, 0])
    np.testing.assert_allclose(moved(-0.5), [-1.5, 2, 0, 0])
    np.testing.assert_allclose(moved(2, "sd"), [3, 2, 0, 0])  # 2 times 1.5
    for degrees in (0, 30, -45, 80):  # keeps the norm, whatever the length of δ
        r = math.radians(degrees)
        expected = [2 * math.sin(r), 2 * math.cos(r), 0, 0]
        np.testing.assert_allclose(moved(degrees, "°"), expected, atol=1e-12)
    with pytest.raises(BadInput, match="`unit` must be None, '°' or 'sd', got 'deg'"):
        direction.latent(1, "deg")
    with pytest.raises(BadInput, match="finite"):
        direction.latent(math.nan)
    with pytest.raises(BadInput, match="between -90° and 90°"):
        moved(90, "°")


def test_operators_write_the_same_recipes(direction) -> None:
    a = za.Latent(np.arange(4.0), "a")
    for left, right in [
        (a + direction, a + direction.latent()),
        (direction + a, a + direction.latent()),
        (a - direction, a + direction.latent(-1)),
        (a + 2 * direction, a + direction.latent(2)),
        (a + direction * 2, a + direction.latent(2)),
        (a + np.float64(2) * direction, a + direction.latent(2)),
        (a + -direction, a + direction.latent(-1)),
        (-direction + a, a - direction),
        (direction + direction, 2 * direction),
        (direction - 3 * direction, -2 * direction),
        (a + direction.latent(20, "°"), a + direction.latent(10, "°") * 2),
    ]:
        assert left == right
    assert repr(a - 2 * direction) == "a - 2*smile"
    assert repr(a + direction.latent(20, "°")) == "a + 20° smile"
    assert repr(a + direction.latent(2, "sd")) == "a + 2sd smile"
    assert repr(direction.latent(name="grin")) == "grin"
    steps = (a + np.array([0.0, 1.0, 2.0]) * direction).array()
    np.testing.assert_allclose(steps[:, 0], [0, 3, 6])
    with pytest.raises(DegenerateWeights, match="holds no latent"):
        (2 * direction).array()


def test_the_card_comes_back_from_disk(direction, tmp_path) -> None:
    file = direction.save(tmp_path / "deep" / "smile.safetensors")
    assert list(file.parent.iterdir()) == [file]
    for loaded in (Direction.load(file), Direction.load(str(file), fingerprint="f" * 64)):
        assert loaded.to_dict() == direction.to_dict()
        np.testing.assert_array_equal(loaded.vector, direction.vector)
        assert (type(loaded.n), type(loaded.angle_interval)) == (tuple, tuple)
    with pytest.raises(WrongModel, match="'smile' was learned on another model"):
        Direction.load(file, fingerprint="0" * 64)
    assert direction.check_model("f" * 64) is direction
    unknown = Direction.from_groups(*planted(5)[:2])
    assert unknown.check_model("0" * 64) is unknown  # it does not say whose it is


def test_groups_without_any_spread_have_an_infinite_effect_and_a_plain_card(tmp_path) -> None:
    found = Direction.from_groups(np.ones((3, 2)), np.zeros((2, 2)), name="jump")
    assert found.effect_size == math.inf
    assert found.angle_interval == pytest.approx((0, 0), abs=1e-5)
    assert found.to_dict()["effect_size"] is None  # JSON has no infinity
    assert Direction.load(found.save(tmp_path / "jump")).effect_size == math.inf


def test_a_corrupt_file_is_one_sentence(tmp_path) -> None:
    direction = Direction.from_groups(*planted(20)[:2])
    file = direction.save(tmp_path / "a")
    content = file.read_bytes()
    tensors, card = read_tensors(file)
    file.write_bytes(content[:-3])
    with pytest.raises(BadInput, match="not a whole safetensors file"):
        Direction.load(file)
    with pytest.raises(BadInput, match="there is no file"):
        Direction.load(tmp_path / "nowhere")
    cards = [{k: v for k, v in card.items() if k != key} for key in card if key != "format"]
    cards += [{**card, "card": {}}, {**card, "card": {**card["card"], "support": [1]}}]
    cards += [{**card, "n": 3}, {**card, "angle_interval": [1.0]}, {}]
    for other, arrays in [*((c, tensors) for c in cards), (card, {})]:
        write_tensors(file, arrays, other)
        with pytest.raises(BadInput, match="a holds no direction"):
            Direction.load(file)
    with pytest.raises(BadInput, match="cannot write"):
        direction.save(Path(file) / "below")


Z = np.random.default_rng(0).standard_normal((6, 2, 3))
WRONG = [
    (Z[:1], Z, {}, "the positive group must have at least 2 latents, got 1"),
    (Z, Z[:0], {}, "the negative group must have at least 2 latents, got 0"),
    (np.array(1.0), Z, {}, "the positive group must have at least 2 latents, got 0"),
    (Z, Z, {"name": "smile"}, "the two groups of 'smile' have the same mean, so no direction"),
    (Z, Z.reshape(6, 3, 2), {}, r"one shape, got \(2, 3\) and \(3, 2\)"),
    (Z, Z[..., :2], {}, "one shape"),
    (Z * np.nan, Z, {}, "`positive` must be finite"),
    (Z, Z > 0, {}, "`negative` must hold real numbers"),
    ([[0.0, 1], [2]], Z, {}, "`positive` must be"),
    (Z + 1, Z, {"attributes": {"a": np.ones(11)}}, "'a' must have 12 values, one a latent"),
    (Z + 1, Z, {"attributes": {"a": np.ones(12), "b": np.ones(3)}}, "'b' must have 12 values"),
    (Z + 1, Z, {"attributes": {"a": [np.nan] * 12}}, "'a' must hold finite numbers"),
    (Z + 1, Z, {"attributes": {"a": [1j] * 12}}, "'a' must hold finite numbers"),
    (Z + 1, Z, {"attributes": {"a": np.array(["x", None] * 6)}}, "'a' must hold finite numbers"),
    (Z + 1, Z, {"given": {"a": ["x"] * 11}}, "'a' must have 12 values, one a latent"),
    (Z + 1, Z, {"given": {"a": [1] * 6 + [0] * 6}}, "`given` determines `y`"),
]


@pytest.mark.parametrize(("positive", "negative", "options", "words"), WRONG)
def test_degenerate_groups_are_one_sentence(positive, negative, options, words) -> None:
    with pytest.raises(BadInput, match=words):
        Direction.from_groups(positive, negative, **options)


def test_the_card_is_shown_in_words(direction) -> None:
    from rich.console import Console

    console = Console(width=80, file=io.StringIO())
    console.print(direction)
    shown = console.file.getvalue()
    for words in ("10 with, 20 without", "2.00", "1.0° to 4.0°", "leaks onto light", "+0.25 sd"):
        assert words in shown
