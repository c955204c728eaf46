"""Paths of known length, pace and jumps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from zalgebra.measures import jumps, path_length, perceptual_path_length, speed_deviation
from zalgebra.types import BadInput

T = np.linspace(0, 1, 101)
CIRCLE = np.stack([np.cos(2 * np.pi * T), np.sin(2 * np.pi * T)], axis=1)
MEASURES = [path_length, perceptual_path_length, speed_deviation, jumps]


def test_a_circle_has_its_length_and_a_constant_speed() -> None:
    assert path_length(CIRCLE).value == pytest.approx(2 * np.pi, rel=1e-3)
    assert perceptual_path_length(CIRCLE).value == pytest.approx(4 * np.pi**2, rel=1e-3)
    assert speed_deviation(CIRCLE).value == pytest.approx(0, abs=1e-10)
    assert len(jumps(CIRCLE).where) == 0


@pytest.mark.parametrize("power", [1, 2, 3])
def test_paces_of_one_line(power) -> None:
    t = np.linspace(0, 1, 2001)
    line = np.outer(t**power, [3.0, 4.0])
    assert path_length(line).value == pytest.approx(5)
    # E s'² and its spread, for the speed s' = p t^(p - 1)
    square = power**2 / (2 * power - 1)
    assert perceptual_path_length(line).value == pytest.approx(25 * square, rel=1e-5)
    assert speed_deviation(line).value == pytest.approx(np.sqrt(square - 1), abs=1e-4)


def test_positions_make_an_uneven_sampling_even() -> None:
    t = np.sort(np.random.default_rng(0).random(50))
    assert speed_deviation(t[:, None], t=t).value == pytest.approx(0, abs=1e-9)
    assert speed_deviation(t[:, None]).value > 0.3
    assert perceptual_path_length(3 * t[:, None], t=t).value == pytest.approx(9)


def test_several_paths_give_a_mean_with_an_interval_and_one_gives_none() -> None:
    paths = np.stack([a * CIRCLE for a in (1, 2, 3)])
    for measure in MEASURES[:3]:
        alone = [measure(p).value for p in paths]
        found = measure(paths)
        assert found.value == pytest.approx(np.mean(alone), abs=1e-12)
        assert (found.n, measure(paths[0]).n) == (3, 1)
        assert np.isnan(measure(paths[0]).low)
    lengths = path_length(paths)
    assert lengths.high - lengths.value == pytest.approx(4.3027 * 2 * np.pi / np.sqrt(3), rel=1e-3)


@pytest.mark.parametrize("at", [0, 1, 50, 98, 99])
def test_a_jump_is_found_wherever_it_is(at) -> None:
    path = CIRCLE.copy()
    path[at + 1 :] += 1
    assert jumps(path).where.tolist() == [[0, at]]
    assert jumps(np.stack([CIRCLE, path])).where.tolist() == [[1, at]]


def test_jumps_side_by_side_and_a_gradual_pace() -> None:
    path = np.linspace(0, 1, 60)[:, None]
    path[30] += 5  # there and back
    found = jumps(path)
    assert found.where.tolist() == [[0, 29], [0, 30]]
    assert found.share.value == 2 / 59
    assert json.loads(json.dumps(found.to_dict()))["where"] == [[0, 29], [0, 30]]
    assert "2 jumps in 59 steps" in str(found)
    assert len(jumps(np.exp(8 * T)[:, None]).where) == 0  # 3,000 times faster at its end
    assert len(jumps(path, times=1e4).where) == 0


def test_a_step_is_compared_with_its_neighbours_and_not_with_itself() -> None:
    path = np.cumsum([0.0, 1, 2, 3, 10])[:, None]
    assert jumps(path).ratio[0].tolist() == [1 / 3, 2 / 3, 1.5, 5]


def test_a_twitch_of_a_path_at_rest_is_no_jump() -> None:
    path = np.concatenate([np.zeros(12), np.linspace(0, 1, 30)])[:, None]
    path[5] += 1e-6
    assert [0, 5] not in jumps(path).where.tolist()
    assert [0, 4] not in jumps(path).where.tolist()


def test_a_path_that_stands_still_but_once() -> None:
    step = (T > 0.5).astype(float)[:, None]
    assert jumps(step).where.tolist() == [[0, 50]]
    assert len(jumps(0 * step).where) == 0
    assert speed_deviation(0 * step).value == 0


@pytest.mark.parametrize("measure", MEASURES)
def test_any_library_and_any_features(measure, xp) -> None:
    expected = measure(CIRCLE).to_dict()
    assert measure(xp.asarray(CIRCLE)).to_dict() == expected
    pictures = np.random.default_rng(0).random((9, 1, 4, 4))
    flat = measure(pictures.reshape(9, 16)).to_dict()
    assert measure(pictures, features=lambda x: x.reshape(9, -1)).to_dict() == flat


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("frames", [np.ones(9), np.ones((1, 2)), np.full((9, 2), np.inf),
                                    np.ones((2, 3, 4, 5)), np.ones((0, 9, 2))])  # fmt: skip
def test_bad_frames_get_one_sentence(measure, frames) -> None:
    with pytest.raises(BadInput, match="`frames` must"):
        measure(frames)


@pytest.mark.parametrize("t", [T[:-1], T[::-1], 0 * T, T[:, None]])
def test_positions_increase_one_a_frame(t) -> None:
    with pytest.raises(BadInput, match="`t` must be 101 increasing positions"):
        perceptual_path_length(CIRCLE, t=t)


def test_a_jump_is_above_one() -> None:
    with pytest.raises(BadInput, match="`times` must be above 1"):
        jumps(CIRCLE, times=1)
