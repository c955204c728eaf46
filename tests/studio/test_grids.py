"""Grids: corners, directions, their sheet, and the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zalgebra as za
from zalgebra.studio.grids import Grid
from zalgebra.types import BadInput


def realised(space, expression: str) -> np.ndarray:
    return space.mix(expression).latents[0]


def test_four_corners_are_met_and_the_middle_is_their_average(space) -> None:
    names = ["img:1", "img:2 + 20° smile", "img:3", "0.5*img:4 + 0.5*img:5"]
    made = space.grid(*names, n=5)
    assert isinstance(made, Grid)
    assert made.latents.shape == (5, 5, 8)
    assert made.pictures.shape == (5, 5, 3, 16, 16)
    for (i, j), name in zip([(0, 0), (0, 4), (4, 0), (4, 4)], names, strict=True):
        np.testing.assert_allclose(made.latents[i, j], realised(space, name), atol=2e-5)
    middle = realised(space, " + ".join(f"0.25*({name})" for name in names))
    np.testing.assert_allclose(made.latents[2, 2], middle, atol=2e-5)
    assert len(made.certificate) == 25


def test_the_fourth_corner_of_three_is_their_analogy(space) -> None:
    made = space.grid("img:1", "img:2", "img:3", n=3, beyond=1)
    assert made.latents.shape == (5, 5, 8)
    np.testing.assert_allclose(
        made.latents[3, 3], realised(space, "img:2 + img:3 - img:1"), atol=2e-5
    )
    np.testing.assert_allclose(
        made.latents[1, 0], realised(space, "1.5*img:1 - 0.5*img:2"), atol=2e-5
    )
    assert made.plan.frames == [(1, 1), (1, 3), (3, 1)]
    assert (made.plan.columns[1], made.plan.columns[3]) == ("img:1", "img:2")
    assert (made.plan.foot[1], made.plan.foot[3]) == ("img:3", "img:2 + img:3 − img:1")


@pytest.mark.parametrize(
    ("unit", "to", "words"), [("deg", 30, "°"), ("sd", 1.5, "sd"), ("delta", 2, "")]
)
def test_two_directions_cross_to_the_right_and_upwards(space, unit, to, words) -> None:
    made = space.grid("img:4", x="smile", y="glasses", n=3, to=to, unit=unit)
    corner = realised(space, f"img:4 + {to}{words} smile - {to}{words} glasses")
    np.testing.assert_allclose(made.latents[2, 2], corner, atol=2e-5)
    top = realised(space, f"img:4 + {to}{words} glasses")
    np.testing.assert_allclose(made.latents[0, 1], top, atol=2e-5)
    np.testing.assert_allclose(made.latents[1, 1], realised(space, "img:4"), atol=2e-5)
    assert made.plan.frames == [(1, 1)]
    assert made.plan.rows[0].startswith("glasses +")
    assert made.plan.columns[2].startswith("smile +")


def test_directions_one_a_row(space) -> None:
    made = space.grid("img:4", along=["smile", "glasses"], n=4, to=45)
    assert made.latents.shape == (2, 4, 8)
    np.testing.assert_allclose(
        made.latents[1, 3], realised(space, "img:4 + 45° glasses"), atol=2e-5
    )
    assert made.plan.frames == []  # four strengths have no 0 among them
    one = space.grid("img:4", y="smile", n=3, to=45)
    np.testing.assert_allclose(one.latents[0, 2], realised(space, "img:4 + 45° smile"), atol=2e-5)


def test_every_method_makes_a_grid_of_its_own(space) -> None:
    lol, line = (
        space.grid("img:1", "img:2", "img:3", "img:4", n=3, method=m) for m in ("lol", "linear")
    )
    mean = np.mean([realised(space, f"img:{i}") for i in (1, 2, 3, 4)], axis=0)
    np.testing.assert_allclose(line.latents[1, 1], mean, atol=2e-5)
    assert np.linalg.norm(lol.latents[1, 1] - mean) > 0.1


@pytest.mark.parametrize(
    ("words", "how", "said"),
    [
        (["img:1"], {}, "three or four expressions, or one with directions"),
        (["img:1", "img:2"], {}, "between two there is a walk"),
        ([f"img:{i}" for i in range(5)], {}, "got 5"),
        (["img:1", "img:2", "img:3"], {"x": "smile"}, "directions are of one expression"),
        (["img:1"], {"x": "smile", "along": ["glasses"]}, "not both"),
        (["img:1"], {"x": "smile", "y": "smile"}, "must differ"),
        (["img:1"], {"x": "smile", "to": 90}, "below 90"),
        (["img:1"], {"x": "smile", "to": float("nan")}, "above 0"),
        (["img:1"], {"x": "smile", "unit": "rad"}, "`unit` must be one of deg, sd, delta"),
        (["img:1"], {"x": "smile", "beyond": 1}, "`beyond` is of corners"),
        (["img:1"], {"x": "smlie"}, "did you mean smile"),
        (["img:1"], {"along": "smile"}, "`along` must be names, got one text"),
    ],
)
def test_what_is_no_grid_is_said_in_a_sentence(space, words, how, said) -> None:
    with pytest.raises(BadInput, match=said):
        space.grid(*words, **how)


def test_the_command_draws_it_and_keeps_its_words(zalgebra, place) -> None:
    said = zalgebra("grid", "img:1", "img:2", "img:3", "-w", place, "-n", 3, "--json").json()
    assert (said["rows"], said["columns"], said["output"]) == (3, 3, "grid.png")
    assert len(said["certificate"]["plausible"]) == 9
    with Image.open("grid.png") as picture:
        assert picture.size[0] > 500
        assert picture.info["Comment"].startswith("zalgebra grid img:1 img:2 img:3")
    said = zalgebra("grid", "img:4", "--x", "smile", "--y", "glasses", "-w", place, "-o", "s.svg")
    assert said.code == 0
    assert said.out.startswith("s.svg: img:4 by smile and glasses\n")


def test_a_film_is_refused_before_the_workspace_is_read(zalgebra) -> None:
    said = zalgebra("grid", "img:1", "img:2", "img:3", "-w", "none.zal", "-o", "grid.mp4")
    assert "must end in one of .png" in said.sentence()


def test_a_sheet_names_its_rows_and_columns_beside_them(colours) -> None:
    pictures = colours.reshape(2, 2, 3, 6, 6)
    ax = za.figures.sheet(
        pictures, ["above", "below"], ["left", "right"], foot=["", "end"], frames=[(1, 0)]
    ).axes[0]
    at = {t.get_text(): t.get_position() for t in ax.texts}
    centres = [
        (np.mean(i.get_extent()[:2]), np.mean(i.get_extent()[2:]), i.get_array()[0, 0])
        for i in ax.images
    ]
    (x0, y0, red), (x1, _, green), (_, y1, blue), _ = centres
    for seen, colour in zip((red, green, blue), np.eye(3), strict=True):
        np.testing.assert_allclose(seen, colour)
    assert at["left"][0] == pytest.approx(x0, abs=0.01)
    assert at["right"][0] == pytest.approx(x1, abs=0.01)
    assert at["above"][1] == pytest.approx(y0, abs=0.01)
    assert at["below"][1] == pytest.approx(y1, abs=0.01)
    assert at["left"][1] < y0 < y1 < at["end"][1]
    (frame,) = ax.lines
    x, y = frame.get_data()
    assert x.min() < x0 < x.max() < x1
    assert y0 < y.min() < y1 < y.max()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"rows": ["one"]}, r"`rows` must have one text each \(2\), got 1"),
        ({"columns": ["one"]}, "`columns`"),
        ({"foot": ["one"]}, "`foot`"),
        ({"frames": [(2, 0)]}, r"`frames` must name places of the sheet, got \(2, 0\)"),
    ],
)
def test_a_sheet_says_what_does_not_fit(colours, how, said) -> None:
    with pytest.raises(BadInput, match=said):
        za.figures.sheet(colours.reshape(2, 2, 3, 6, 6), **how)


def test_a_sheet_of_a_plain_row_is_refused(colours) -> None:
    with pytest.raises(BadInput, match=r"shape \(rows, columns, C, H, W\), got \(4, 3, 6, 6\)"):
        za.figures.sheet(colours)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["img:1", "img:2", "img:3", "--to", 20], "`to` is of directions"),
        (["img:1", "img:2", "img:3", "--unit", "sd"], "`unit` is of directions"),
    ],
)
def test_flags_of_directions_are_refused_for_corners(zalgebra, place, words, said) -> None:
    assert said in zalgebra("grid", *words, "-w", place).sentence()


def test_other_units_have_another_reach(zalgebra, place) -> None:
    words = ["grid", "img:4", "--x", "smile", "-n", 3, "-w", place, "-o", "grid.svg"]
    assert zalgebra(*words, "--unit", "sd").code == 0
    drawn = Path("grid.svg").read_text(encoding="utf-8")
    assert "+2 sd" in drawn
    assert zalgebra(*words).code == 0
    assert "+40°" in Path("grid.svg").read_text(encoding="utf-8")


def test_the_reach_of_a_grid_is_that_of_its_unit_in_python_too(space) -> None:
    for unit, words in (("deg", "40°"), ("sd", "2sd"), ("delta", "2")):
        made = space.grid("img:4", x="smile", n=3, unit=unit)
        np.testing.assert_allclose(
            made.latents[0, 2], realised(space, f"img:4 + {words} smile"), atol=2e-5
        )
