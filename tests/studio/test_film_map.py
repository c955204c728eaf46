"""The map beside a film: dots where the map places the latents, walked ways, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zalgebra.studio.film_map import INKS, MapPanel, _mark, map_panel
from zalgebra.studio.map_items import map_items
from zalgebra.types import BadInput

ITEMS = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])


def where(picture: np.ndarray, ink: tuple[int, int, int]) -> np.ndarray:
    """Rows and columns ``(n, 2)`` of the pixels that are nearly of a colour."""
    apart = np.abs(np.moveaxis(picture, 0, -1) * 255 - np.array(ink)).max(axis=-1)
    return np.argwhere(apart < 12)


def test_the_dot_goes_where_the_way_goes_and_upwards_is_up() -> None:
    way = np.stack([np.linspace(1, 9, 5), np.linspace(2, 8, 5)], axis=1)
    panel = MapPanel(ITEMS, {"lol": way}, (200, 200))
    ends = [where(panel.picture(i), INKS[0]) for i in (0, 4)]
    first, last = ends[0].mean(axis=0), ends[1].max(axis=0)
    scale, middle = 200 * (1 - 2 * 0.06) / 10, 100
    np.testing.assert_allclose(first, [middle + 3 * scale, middle - 4 * scale], atol=2)
    assert ends[1].min(axis=0)[0] < first[0] - 5 * scale  # a larger y is further up
    assert last[1] > first[1] + 7 * scale
    assert len(ends[1]) > 2 * len(ends[0])  # what is walked is drawn
    assert panel.picture(2).shape == (3, 200, 200)
    np.testing.assert_array_equal(panel.picture(2), panel.picture(2))


def test_every_method_has_a_dot_and_a_name() -> None:
    still = np.full((3, 2), 5.0)
    both = MapPanel(ITEMS, {"linear": still, "lol": still + 2}, (160, 120)).picture(0)
    assert both.shape == (3, 120, 160)
    for ink in INKS[:2]:
        at = where(both, ink)
        assert (at[:, 1] < 40).any(), "its name in the corner"
        assert (at[:, 1] > 60).any(), "its dot"
    alone = MapPanel(ITEMS, {"lol": still}, (160, 120)).picture(0)
    assert (where(alone, INKS[0])[:, 1] > 60).all()


def test_marks_are_told_apart_without_colour() -> None:
    from PIL import Image as Images
    from PIL import ImageDraw

    seen = set()
    for number in range(7):
        page = Images.new("RGB", (40, 40), "white")
        _mark(ImageDraw.Draw(page), np.array([20.0, 20.0]), 9, number, 1)
        seen.add((np.asarray(page).min(axis=-1) < 255).tobytes())
    assert len(seen) == 7


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(BadInput, match="places on a map must be finite"):
        MapPanel(ITEMS, {"lol": np.array([[np.nan, 0.0]])}, (64, 64))


def test_a_workspaces_ways_lie_where_its_map_places_them(space) -> None:
    latents = space.walk(["img:1", "img:2"], 5).latents
    panel = map_panel(space, {"lol": latents}, method="pca", side=(64, 64))
    found = map_items(space, method="pca").fitted
    ends = np.concatenate([found.embedding_, found.transform(latents)])
    pixels = np.concatenate([panel.items, panel.ways["lol"]])
    for axis, sign in ((0, 1), (1, -1)):
        r = np.corrcoef(ends[:, axis], pixels[:, axis])[0, 1]
        assert r == pytest.approx(sign, abs=1e-6)


def test_walk_shows_the_map_and_refuses_what_it_cannot(zalgebra, place) -> None:
    call = ("walk", "img:1", "img:2", "-w", place, "--steps", 3, "--size", 64)
    plain, with_map = (zalgebra(*call, *more, "--json").json()
                       for more in (("-o", "a"), ("-o", "b", "--map", "pca")))  # fmt: skip
    assert with_map["size"][0] >= 2 * plain["size"][0]
    frames = [np.asarray(Image.open(Path("b") / f"frame-{i:04d}.png")) for i in (1, 3)]
    left = [frame[:, : plain["size"][0]] for frame in frames]
    np.testing.assert_array_equal(left[0], np.asarray(Image.open("a/frame-0001.png")))
    right = [frame[:, plain["size"][0] :].astype(int) for frame in frames]
    assert np.abs(right[0] - right[1]).max() > 100  # the dot has moved
    assert "`--map` is of films" in zalgebra(*call[:5], "-o", "a.png", "--map", "pca").sentence()
    assert "must be one of" in zalgebra(*call, "-o", "c", "--map", "globe").sentence()
    assert not Path("c").exists()
