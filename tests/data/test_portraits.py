import numpy as np
import pytest

from zalgebra.data._painter import HEIGHT, ZOOM
from zalgebra.data.portraits import FACTORS, draw_faces, sample_factors
from zalgebra.types import BadInput

PLAIN = dict.fromkeys(FACTORS, 0.3) | dict.fromkeys(["glasses", "beard", "brow", "gaze", "turn"], 0)


def one(size=64, **changes):
    table = {name: np.float32([value]) for name, value in (PLAIN | changes).items()}
    return draw_faces(table, size)[0]


def test_the_table_has_every_factor_in_its_range():
    table = sample_factors(500, seed=3)
    assert list(table) == list(FACTORS)
    for name, value in table.items():
        factor = FACTORS[name]
        assert value.shape == (500,)
        assert value.dtype == np.float32
        assert value.min() >= factor.low
        assert value.max() <= factor.high
        if factor.kind == "binary":
            assert set(value) == {0, 1}


def test_the_seed_decides_the_table():
    first, again, other = (sample_factors(50, seed=s) for s in (1, 1, 2))
    for name in FACTORS:
        np.testing.assert_array_equal(first[name], again[name])
        assert (first[name] != other[name]).any()


def test_a_short_table_is_the_start_of_a_long_one():
    short, long = sample_factors(10, seed=4), sample_factors(100, seed=4)
    for name in FACTORS:
        np.testing.assert_array_equal(short[name], long[name][:10])


def test_fixing_factors_leaves_the_others():
    ramp = np.linspace(-1, 1, 20)
    free, fixed = sample_factors(20, seed=5), sample_factors(20, seed=5, smile=0.25, gaze=ramp)
    np.testing.assert_array_equal(fixed["smile"], np.full(20, 0.25, np.float32))
    np.testing.assert_array_equal(fixed["gaze"], ramp.astype(np.float32))
    for name in FACTORS.keys() - {"smile", "gaze"}:
        np.testing.assert_array_equal(free[name], fixed[name])


def test_shares_of_the_ends_and_of_the_binary_factors():
    table = sample_factors(20_000, seed=6)
    for name in ("smile", "mouth_open"):
        assert np.mean(table[name] == 0) == pytest.approx(0.3, abs=0.015)
        assert np.mean(table[name] == 1) == pytest.approx(0.3, abs=0.015)
        inside = table[name][(table[name] > 0) & (table[name] < 1)]
        assert inside.mean() == pytest.approx(0.5, abs=0.015)
    for name in ("glasses", "beard"):
        assert table[name].mean() == pytest.approx(0.5, abs=0.015)


def test_factors_are_independent():
    columns = np.stack(list(sample_factors(20_000, seed=7).values()))
    off = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(off).max() < 5 / np.sqrt(20_000)


@pytest.mark.parametrize("size", [16, 33, 64])
def test_images_are_float32_within_0_and_1(size):
    images = draw_faces(sample_factors(20, seed=8), size)
    assert images.shape == (20, 3, size, size)
    assert images.dtype == np.float32
    assert np.isfinite(images).all()
    assert images.min() >= 0
    assert images.max() <= 1


def test_no_faces_give_an_empty_array():
    assert draw_faces(sample_factors(0), 32).shape == (0, 3, 32, 32)


def test_a_face_depends_on_its_row_alone():
    table = sample_factors(70, seed=9)
    together = draw_faces(table)
    alone = [draw_faces({k: v[i : i + 1] for k, v in table.items()})[0] for i in range(70)]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5)


def test_drawing_leaves_the_table_alone():
    table = sample_factors(5, seed=9)
    before = {name: value.copy() for name, value in table.items()}
    draw_faces(table, 32)
    for name in FACTORS:
        np.testing.assert_array_equal(table[name], before[name])


@pytest.mark.parametrize("name", FACTORS)
def test_every_factor_shows_on_every_face(name):
    factor = FACTORS[name]
    low, high = (
        draw_faces(sample_factors(60, seed=10, **{name: end})) for end in (factor.low, factor.high)
    )
    change = np.abs(high - low).max(axis=1)
    assert np.median((change > 0.1).sum(axis=(1, 2))) >= 50
    assert ((change > 0.04).sum(axis=(1, 2)) >= 40).all()


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("gaze", (-0.25, 0.10), (-0.40, 0.40)),
        ("brow", (-0.48, -0.15), (-0.45, 0.45)),
        ("mouth_open", (0.10, 0.65), (-0.35, 0.35)),
        ("smile", (-0.25, 0.65), (-0.50, 0.50)),
        ("glasses", (-0.28, 0.13), (-0.50, 0.50)),
        ("beard", (-0.45, 0.70), (-0.60, 0.60)),
        ("shirt", (0.45, 1.00), (-1.00, 1.00)),
    ],
)
def test_a_factor_stays_in_its_region(name, rows, columns):
    at = ((np.arange(64) + 0.5) / 32 - 1) / ZOOM  # the regions are those of the face
    change = np.abs(one(**{name: FACTORS[name].low}) - one(**{name: FACTORS[name].high})).max(0)
    y, x = np.nonzero(change > 1e-6)
    assert rows[0] <= at[y].min() + HEIGHT
    assert at[y].max() + HEIGHT <= rows[1]
    assert columns[0] <= at[x].min()
    assert at[x].max() <= columns[1]


@pytest.mark.parametrize("name", [k for k, f in FACTORS.items() if f.kind == "continuous"])
def test_a_small_step_is_a_small_change(name):
    factor = FACTORS[name]
    at = np.linspace(factor.low, factor.high, 201)
    table = {k: np.full(201, v, np.float32) for k, v in PLAIN.items()} | {name: at}
    images = draw_faces(table, 48)
    steps = np.abs(np.diff(images, axis=0)).mean(axis=(1, 2, 3))
    whole = np.abs(images[-1] - images[0]).mean()
    assert steps.max() < 0.05 * whole
    assert np.abs(np.diff(images, axis=0)).max() < 0.2


def test_edges_are_antialiased():
    table = sample_factors(30, seed=11)
    small, large = draw_faces(table, 64), draw_faces(table, 256)
    shrunk = large.reshape(30, 3, 64, 4, 64, 4).mean(axis=(3, 5))
    difference = np.abs(small - shrunk)
    assert difference.mean() < 0.005
    assert np.quantile(difference, 0.99) < 0.08


def test_the_mirror_image_has_turn_gaze_and_light_negated():
    table = sample_factors(20, seed=12)
    mirrored = table | {name: -table[name] for name in ("turn", "gaze", "light")}
    below_the_parting = slice(27, None)
    there, back = draw_faces(table), draw_faces(mirrored)[..., ::-1]
    hair = table["hair_length"] < 0.05
    np.testing.assert_allclose(
        there[hair][:, :, below_the_parting, 20:44], back[hair][:, :, below_the_parting, 20:44],
        atol=1e-4,
    )  # fmt: skip
    np.testing.assert_allclose(there[:, :, 36:], back[:, :, 36:], atol=1e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sample_factors(-1), "n must be a whole number of at least 0, got -1"),
        (lambda: sample_factors(2.5), "n must be a whole number of at least 0, got 2.5"),
        (lambda: sample_factors(2, seed=-3), "seed must be a whole number of at least 0, got -3"),
        (lambda: sample_factors(2, smlie=1), "there is no factor 'smlie': choose from smile, "),
        (lambda: sample_factors(2, smile=1.5), r"smile must be within \[0, 1\], got 1.5"),
        (lambda: sample_factors(2, gaze=np.nan), r"gaze must be within \[-1, 1\], got nan"),
        (lambda: sample_factors(2, beard=0.5), "beard must be 0 or 1, got 0.5"),
        (lambda: sample_factors(2, skin=[0, 0, 1]), r"skin must be numbers of shape \(2,\)"),
        (lambda: sample_factors(2, skin="dark"), r"skin must be numbers of shape \(2,\)"),
        (lambda: draw_faces(sample_factors(2), 15), "size must be a whole number of at least 16"),
        (lambda: draw_faces({"smile": [0.0]}), "a face needs every factor, but mouth_open, "),
        (lambda: draw_faces(sample_factors(2) | {"hat": 1}), "there is no factor 'hat'"),
        (lambda: draw_faces(sample_factors(2) | {"gaze": [0]}), "gaze must be numbers of shape"),
        (lambda: draw_faces(sample_factors(1) | {"gaze": [2]}), "gaze must be within"),
    ],
)
def test_bad_input_is_one_sentence_with_the_mend(call, words):
    with pytest.raises(BadInput, match=words):
        call()
