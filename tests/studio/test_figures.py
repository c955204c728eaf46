"""Figures put the right pixels in the right place, and nothing over anything else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zalgebra.studio import figures
from zalgebra.types import BadInput


def seen(figure: Figure, x: float, y: float) -> np.ndarray:
    """The colour, RGB in [0, 1], that a person sees at data coordinates of the first axes."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())
    column, row = figure.axes[0].transData.transform((x, y))
    return image[image.shape[0] - 1 - int(row), int(column), :3] / 255


CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
DRAWERS = {
    "strip": lambda p, ax=None: figures.strip(p, ["a", "b", "c", "d"], ax=ax),
    "grid": lambda p, ax=None: figures.grid(p, columns=2, ax=ax),
    "equation": lambda p, ax=None: figures.equation(p, ["+", "-", "="], list("abcd"), ax=ax),
    "scatter": lambda p, ax=None: figures.scatter(CORNERS, p, color=np.arange(4), ax=ax),
}
each = pytest.mark.parametrize("draw", DRAWERS.values(), ids=DRAWERS)


@each
def test_a_figure_comes_back(draw, colours) -> None:
    for pictures in (colours, colours[:, :1], colours.astype(np.float32), colours[:, :, :4]):
        figure = draw(pictures)
        assert isinstance(figure, Figure)
        FigureCanvasAgg(figure).draw()


@each
def test_given_axes_are_drawn_into(draw, colours) -> None:
    mine = Figure()
    left, right = mine.subplots(1, 2)
    assert draw(colours, ax=right) is mine
    assert len(right.images) == 4
    assert not left.images
    FigureCanvasAgg(mine).draw()


@each
@pytest.mark.parametrize("shape", [(4, 6, 6), (4, 2, 6, 6), (4, 6, 6, 3), (0, 3, 6, 6)])
def test_other_shapes_are_refused(draw, shape) -> None:
    bad = np.zeros(shape)
    with pytest.raises(BadInput, match=r"must have shape \(n, 1 or 3, H, W\)|must be one a point"):
        draw(bad)


def test_a_strip_shows_each_picture_in_its_place(colours) -> None:
    figure = figures.strip(colours)
    for i, picture in enumerate(colours):
        np.testing.assert_allclose(seen(figure, i + 0.5, 0.5), picture[:, 0, 0], atol=0.01)
    np.testing.assert_allclose(seen(figure, 0.985, 0.5), 1)  # the gap


def test_a_grid_fills_its_rows_from_the_top(colours) -> None:
    for captions in (None, list("abcd")):
        figure = figures.grid(colours, columns=2, captions=captions)
        line = 1 if captions is None else 1.22
        for i, picture in enumerate(colours):
            here = seen(figure, i % 2 + 0.5, (i // 2) * line + 0.5)
            np.testing.assert_allclose(here, picture[:, 0, 0], atol=0.01)
    assert figures.grid(np.repeat(colours, 2, 0)[:5]).axes[0].get_xlim() == (0, 3)


def test_pictures_stand_upright_and_keep_their_aspect() -> None:
    half = np.zeros((1, 3, 4, 8))
    half[0, 0, :2], half[0, 2, 2:] = 1, 1  # red above blue
    for figure in (figures.strip(half), figures.equation(half, [], ["a"])):
        np.testing.assert_allclose(seen(figure, 0.5, 0.12), [1, 0, 0], atol=0.01)
        np.testing.assert_allclose(seen(figure, 0.5, 0.38), [0, 0, 1], atol=0.01)
    points = np.array([[0.0, 0.0], [9.0, 9.0]])
    figure = figures.scatter(points, np.concatenate([half, half]))
    above, below = seen(figure, 0, 0.1), seen(figure, 0, -0.1)
    np.testing.assert_allclose([above, below], [[1, 0, 0], [0, 0, 1]], atol=0.01)


def test_grey_is_absolute_and_values_beyond_are_clipped() -> None:
    grey = np.full((3, 1, 4, 4), 0.5)
    grey[1], grey[2] = -0.4, 1.4
    figure = figures.strip(grey)
    for i, value in enumerate((0.5, 0, 1)):
        np.testing.assert_allclose(seen(figure, i + 0.5, 0.5), value, atol=0.01)


@each
@pytest.mark.parametrize(
    "bytes_of",
    [lambda p: p * 255, lambda p: (p * 255).astype(np.uint8), lambda p: p * 2 - 1],
    ids=["floats", "bytes", "from -1"],
)
def test_pictures_of_another_range_are_refused(draw, colours, bytes_of) -> None:
    with pytest.raises(BadInput, match=r"must hold values in \[0, 1\], got .* divide .* by 255"):
        draw(bytes_of(colours))


@each
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pictures_that_are_not_finite_are_refused(draw, colours, value) -> None:
    for holes in (
        np.full_like(colours, value),
        np.where(np.arange(4) == 2, value, colours[..., :4]),
    ):
        with pytest.raises(BadInput, match=r"`pictures` must be finite, got \d+ NaN or infinite"):
            draw(holes)


def test_one_bright_byte_is_found_and_a_rare_overshoot_is_not() -> None:
    dark = np.zeros((1, 1, 64, 64))
    dark[0, 0, 3, 3] = 2.0
    figures.strip(dark)
    dark[0, 0, 3, 3] = 255
    with pytest.raises(BadInput, match="got 0 to 255"):
        figures.strip(dark)


def test_captions_of_one_long_word_stay_apart() -> None:
    names = [f"photo_2024_holiday_beach_{i:04}.jpeg" for i in range(5)] + ["W" * 80]
    figure = figures.strip(np.full((6, 1, 4, 4), 0.5), names)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [t.get_window_extent() for t in figure.axes[0].texts]
    assert all(a.x1 + 3 < b.x0 for a, b in itertools.pairwise(boxes))
    said = [t.get_text() for t in figure.axes[0].texts]
    assert "".join(said[3].split()) == names[3]
    assert said[5].count("…") == 1
    assert said[5].count("\n") == 2


def test_a_caption_that_is_cut_shows_both_its_ends() -> None:
    way = "25 % img:3 + 40° turn - 0.5 glasses + 20° hair_length + beard - shirt → img:8"
    (said,) = figures.strip(np.full((1, 1, 4, 4), 0.5), [way]).axes[0].texts
    lines = said.get_text().split("\n")
    assert len(lines) == 3
    assert way.startswith(lines[0])
    assert lines[1].endswith(" …")
    assert lines[2].endswith("img:8")


def test_the_module_shows_what_it_draws() -> None:
    assert {"tree", "card", "strip", "inverse_grid"} <= set(dir(figures))
    assert not {"Any", "np", "textwrap"} & set(dir(figures))
    assert all(callable(getattr(figures, name)) for name in dir(figures))


def test_an_equation_puts_signs_between(colours) -> None:
    figure = figures.equation(colours[:3], ["+", "="], ["man", "smile", "smiling man"])
    ax = figure.axes[0]
    at = {t.get_text(): t.get_position()[0] for t in ax.texts}
    assert at["man"] < at["+"] < at["smile"] < at["="] < at["smiling man"]
    for i in range(3):
        np.testing.assert_allclose(
            seen(figure, i * 1.35 + 0.5, 0.3), colours[i, :, 0, 0], atol=0.01
        )


def test_captions_are_one_a_picture(colours) -> None:
    with pytest.raises(BadInput, match=r"one text a picture \(4\), got 3"):
        figures.strip(colours, list("abc"))
    with pytest.raises(BadInput, match="4 pictures need 3 signs and 4 captions, got 3 and 3"):
        figures.equation(colours, list("+-="), list("abc"))
    with pytest.raises(BadInput, match="got 4 and 4"):
        figures.equation(colours, list("++++"), list("abcd"))
    with pytest.raises(BadInput, match="`columns` must be at least 1, got -1"):
        figures.grid(colours, columns=-1)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_captions_stay_under_their_pictures(n: int) -> None:
    """The picture keeps its size, however long the caption; no caption meets its neighbour."""
    pictures = np.full((n, 1, 4, 4), 0.5)
    long = ["img:12 + 20° smile - 0.5*glasses + mean(class=3, beard=1)", "w" * 300, "a\nb"]
    captions = [long[i % 3] for i in range(n)]
    for figure in (
        figures.strip(pictures, captions),
        figures.equation(pictures, ["+"] * (n - 1), captions),
    ):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        ax = figure.axes[0]
        sides = [image.get_window_extent() for image in ax.images]
        assert min(s.width for s in sides) > 0.85 * figures.TILE * figure.dpi
        for side, text in zip(sides, [t for t in ax.texts if t.get_text() != "+"], strict=True):
            box = text.get_window_extent()
            assert box.y1 <= side.y0 + 1
            assert box.y0 >= 0
            assert side.x0 - 15 < box.x0 < box.x1 < side.x1 + 15
            assert text.get_text().count("\n") <= 2


def test_captions_are_no_formulas(colours) -> None:
    words = ["$\\nonsense{$", "5 $ or 6 $", "a_b^c", "{}"]
    for figure in (figures.strip(colours, words), figures.equation(colours, ["$^$"] * 3, words)):
        FigureCanvasAgg(figure).draw()
        assert {t.get_text() for t in figure.axes[0].texts} >= set(words)
        assert not any(t.get_parse_math() for t in figure.axes[0].texts)


@pytest.mark.parametrize("spread", ["normal", "line", "one point", "far"])
def test_thumbnails_of_a_map_never_overlap(spread: str) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 2))
    if spread == "line":
        points[:, 1] = 3
    if spread == "one point":
        points[:] = 1
    if spread == "far":
        points[0] = 1e6
    figure = figures.scatter(points, rng.random((300, 3, 4, 4)), thumbnails=40)
    boxes = np.array([image.get_extent() for image in figure.axes[0].images])
    assert 1 <= len(boxes) <= 40
    assert spread != "normal" or len(boxes) == 40
    for a, b in itertools.combinations(boxes, 2):
        apart = a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]
        assert apart, (a, b)
    (left, right), (low, high) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert left <= boxes[:, 0].min()
    assert right >= boxes[:, 1].max()
    assert low <= boxes[:, 2].min()
    assert high >= boxes[:, 3].max()
    centres = (boxes[:, [0, 2]] + boxes[:, [1, 3]]) / 2
    distance = np.abs(centres[:, None] - points[None]).max(axis=2).min(axis=1)
    assert distance.max() < 1e-6 * max(1, np.abs(points).max())  # each lies on an item


def test_a_map_has_a_scale_for_its_colours() -> None:
    points = np.random.default_rng(0).normal(size=(9, 2))
    figure = figures.scatter(points, color=np.arange(9), label="age")
    assert figure.axes[1].get_ylabel() == "age"
    assert len(figures.scatter(points).axes) == 1


@pytest.mark.parametrize(
    ("points", "options", "words"),
    [
        (np.zeros(4), {}, r"must have shape \(n, 2\), got \(4,\)"),
        (np.zeros((4, 3)), {}, r"got \(4, 3\)"),
        (np.full((4, 2), np.nan), {}, "`points` must be finite"),
        (np.zeros((4, 2)), {"pictures": np.zeros((3, 1, 4, 4))}, r"`pictures`.*\(4\), got 3"),
        (np.zeros((4, 2)), {"color": np.zeros(5)}, r"`color` must be one a point \(4\), got 5"),
    ],
)
def test_a_map_refuses_what_does_not_fit(points, options, words) -> None:
    with pytest.raises(BadInput, match=words):
        figures.scatter(points, **options)
