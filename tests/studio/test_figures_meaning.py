"""Traversals, certificates, trees of mixes and semantic axes show what they say, where they say."""

from __future__ import annotations

import inspect
from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import zalgebra as za
from zalgebra.studio.mix_trees import mix_tree
from zalgebra.types import BadInput

D = 16


def decode(z: np.ndarray) -> np.ndarray:
    """A picture whose pixels are the latent."""
    return np.asarray(z).reshape(-1, 1, 4, 4) / 10 + 0.5


def boxes(figure: Figure, ax) -> list:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    return [t.get_window_extent(renderer) for t in ax.texts if t.get_text()]


def apart(found: list) -> bool:
    return not any(a.overlaps(b) for a, b in combinations(found, 2))


@pytest.fixture(scope="module")
def smile() -> za.Direction:
    Z = np.random.default_rng(0).standard_normal((400, D))
    return za.Direction.from_groups(Z[:200] + 2 * np.eye(D)[0], Z[200:], name="smile")


@pytest.fixture(scope="module")
def age() -> za.Direction:
    Z = np.random.default_rng(1).standard_normal((400, D))
    return za.Direction.from_groups(Z[:200] + np.eye(D)[1], Z[200:], name="age in $years$")


@pytest.fixture(scope="module")
def names() -> dict:
    rng = np.random.default_rng(2)
    seeds = dict(zip("abcd", rng.standard_normal((4, D)), strict=True))
    seeds["smile"] = za.Direction("smile", rng.standard_normal(D), 1.0, (1, 1), 1.0, (0, 1))
    return seeds


DRAWN = {
    "traversals": lambda n, s, ax=None: za.figures.traversals(
        n["a"], [s], [-1, 0, 1], unit="sd", decode=decode, ax=ax
    ),
    "certificate": lambda n, s, ax=None: za.figures.certificate(za.check(np.ones((2, D))), ax=ax),
    "semantic": lambda n, s, ax=None: za.figures.semantic(
        np.random.default_rng(0).standard_normal((50, D)), s, n["smile"], ax=ax
    ),
    "tree": lambda n, s, ax=None: za.figures.tree("a + b", n, decode=decode, ax=ax),
    "spelt": lambda n, s, ax=None: za.figures.spelt("a + b", n, decode=decode, ax=ax),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_each_draws_into_the_axes_that_it_is_given(draw, names, smile) -> None:
    mine = Figure(figsize=(9, 5))
    left, right = mine.subplots(1, 2)
    assert draw(names, smile, ax=right) is mine
    assert right.has_data()
    assert not left.has_data()
    own = draw(names, smile)
    assert isinstance(own, Figure)
    FigureCanvasAgg(own).draw()


def test_every_figure_has_a_name_in_za_figures() -> None:
    for name in ("along", "card", "matrix", "scatter", "inverse_grid", *DRAWN):
        assert callable(getattr(za.figures, name))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = za.figures.nothing


def test_every_figure_but_a_card_takes_axes() -> None:
    drawn = [n for n in dir(za.figures) if callable(getattr(za.figures, n)) and n[0] != "_"]
    without = {n for n in drawn if "ax" not in inspect.signature(getattr(za.figures, n)).parameters}
    assert without == {"card"}


# Traversals.


def test_a_traversal_is_a_row_a_direction_and_a_column_a_strength(names, smile, age) -> None:
    strengths = [-2, 0, 0.5, 3]
    ax = za.figures.traversals(
        names["a"], [smile, age], strengths, unit="sd", decode=decode
    ).axes[0]  # fmt: skip
    assert len(ax.images) == 8
    seen = {}
    for image in ax.images:
        x0, x1, y1, y0 = image.get_extent()
        seen[round((y0 + y1) / 2, 2), round((x0 + x1) / 2, 2)] = image.get_array()
    rows, columns = (sorted({place[k] for place in seen}) for k in (0, 1))
    for row, direction in zip(rows, (smile, age), strict=True):
        for column, s in zip(columns, strengths, strict=True):
            z = za.Latent(names["a"], "a") + direction.latent(s, "sd")
            np.testing.assert_allclose(
                seen[row, column], np.clip(decode(z.array())[0, 0], 0, 1), atol=1e-6
            )
    words = [t.get_text() for t in ax.texts]
    assert words == ["−2 sd", "0", "+0.5 sd", "+3 sd", "smile", "age in\n$years$"]
    for row, frame in zip(rows, ax.lines, strict=True):  # about those of strength 0
        x, y = frame.get_data()
        assert x.min() < columns[1] < x.max()
        assert not x.min() < columns[0] < x.max()
        assert y.min() < row < y.max()


def test_without_a_strength_of_zero_nothing_is_framed(names, smile) -> None:
    figure = za.figures.traversals(names["a"], [smile], [10, 20], decode=decode)
    assert not figure.axes[0].lines
    assert [t.get_text() for t in figure.axes[0].texts] == ["+10°", "+20°", "smile"]
    figure = za.figures.traversals(names["a"], [smile], [1.0], unit=None, decode=decode)
    assert figure.axes[0].texts[0].get_text() == "+1 δ"
    assert apart(boxes(figure, figure.axes[0]))
    with pytest.raises(BadInput, match="at least one direction and one strength"):
        za.figures.traversals(names["a"], [], [1], decode=decode)


# Certificates.


def test_marks_are_as_far_off_as_the_effects_are() -> None:
    z = np.random.default_rng(0).standard_normal((5, 1000))
    z[0] *= 0.97
    z[4] *= 0.5
    found = za.check(z)
    ax = za.figures.certificate(found).axes[0]
    rows = [t.get_text() for t in ax.get_yticklabels()]
    at = rows.index("variance")
    marks = [(c, x) for c in ax.collections for x, y in c.get_offsets() if abs(y - at) < 0.4]
    off = (found.effects["variance_ratio"] - 1) / 0.1
    np.testing.assert_allclose(
        sorted(x for _, x in marks), sorted(np.clip(off, -4.35, 4.35)), atol=1e-6
    )
    bad = [
        x for c, x in marks if tuple(c.get_facecolor()[0][:3]) == (193 / 255, 68 / 255, 14 / 255)
    ]
    assert bad == [-4.35]
    assert ax.get_title(loc="left").replace("\n", " ") == found.verdict
    told = [t.get_text() for t in ax.texts if "right" in t.get_text()]
    assert told[at] == f"{np.median(found.effects['variance_ratio']):.2f} (right: 1)"
    assert not any(t.startswith("−0.00") for t in told)


def test_latents_that_are_too_far_off_are_counted_and_not_piled_up() -> None:
    z = np.random.default_rng(0).standard_normal((20, 1000))
    z[:12] *= 0.5
    z[12:15] *= 2
    ax = za.figures.certificate(za.check(z)).axes[0]
    at = [t.get_text() for t in ax.get_yticklabels()].index("variance")
    counts = {
        np.sign(t.xy[0]): t.get_text() for t in ax.texts if hasattr(t, "xy") and t.xy[1] == at
    }
    assert counts == {-1: "12", 1: "3"}
    marks = [x for c in ax.collections for x, y in c.get_offsets() if abs(y - at) < 0.4]
    assert len(marks) == 5 + 2  # those that pass, and an arrow a side
    low, high = ax.get_xlim()
    assert low + 1 < min(marks) < max(marks) < high - 1  # room for the numbers


def test_a_certificate_of_a_population_is_drawn_too() -> None:
    z = np.random.default_rng(0).standard_normal((50, 20))
    figure = za.figures.certificate(za.check(z, replicate="latents"))
    rows = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert {"closest pair", "entries' means", "spread of norms"} <= set(rows)
    with pytest.raises(BadInput, match="no latents"):
        za.figures.certificate(za.check(np.zeros((0, 5))))


# Trees.


def shape(node) -> object:
    return {n.words: (c, shape(n)) for c, n in node.parts} if node.parts else None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", None),
        ("a - b + c", {"a": (1, None), "b": (-1, None), "c": (1, None)}),
        ("(a - b) + c", {"a": (1, None), "b": (-1, None), "c": (1, None)}),
        ("a - (b - c)", {"a": (1, None), "b": (-1, None), "c": (1, None)}),
        ("a - (b + c) / 2", {"a": (1, None), "b + c": (-0.5, {"b": (1, None), "c": (1, None)})}),
        ("mean(a, b)", {"a + b": (0.5, {"a": (1, None), "b": (1, None)})}),
        ("lerp(a, b, 0.25)", {"a": (0.75, None), "b": (0.25, None)}),
        ("-a + 1.5 smile", {"a": (-1, None), "smile": (1.5, None)}),
        ("a : b :: c : ?", {"b": (1, None), "c": (1, None), "a": (-1, None)}),
        ("a + 20° smile", {"a": (1, None), "20° smile": (1, None)}),
    ],
)
def test_the_tree_is_what_the_words_say(names, expression, expected) -> None:
    tree = mix_tree(expression, names)
    found = shape(tree)
    assert found == expected
    assert tree.latent == za.evaluate(expression, names)


@pytest.mark.parametrize("expression", ["a - b + c", "2 * (a - (b + smile) / 3) + mean(c, d)"])
def test_a_node_is_the_sum_of_its_parts(names, expression) -> None:
    def check(node) -> None:
        if node.parts:
            total = sum((c * part.latent for c, part in node.parts[1:]),
                        start=node.parts[0][0] * node.parts[0][1].latent)  # fmt: skip
            assert total.weights.keys() == node.latent.weights.keys()
            for name, c in total.weights.items():
                assert c == pytest.approx(node.latent.weights[name])
        for _, part in node.parts:
            check(part)

    check(mix_tree(expression, names))


def test_each_node_shows_its_own_latent(names) -> None:
    figure = za.figures.tree(
        "a + 0.5*(b - c) - smile", names, decode=decode, correlation="independent"
    )
    ax = figure.axes[0]
    wanted = {
        word: decode(np.asarray(za.evaluate(word, names).array()))[0, 0]
        for word in ("a", "b", "c", "b - c", "a + 0.5*b - 0.5*c - smile")
    }
    assert len(ax.images) == len(wanted)
    for w in wanted.values():
        assert sum(np.allclose(image.get_array(), np.clip(w, 0, 1)) for image in ax.images) == 1
    words = [t.get_text().replace("\n", " ") for t in ax.texts]
    assert sorted(words) == sorted([*wanted, "smile", "+", "+ 0.5", "−", "+", "−"])
    assert apart(boxes(figure, ax))
    tall = sorted({round(i.get_extent()[3], 3) for i in ax.images})
    assert len(tall) == 3  # the result, its terms, and theirs


def test_a_tree_needs_a_latent(names) -> None:
    with pytest.raises(BadInput, match="holds no latent to start from"):
        za.figures.tree("smile", names, decode=decode)
    with pytest.raises(BadInput, match="unknown name"):
        za.figures.tree("a + nobody", names, decode=decode)
    with pytest.raises(BadInput, match="gives the number 3"):
        za.figures.tree("1 + 2", names, decode=decode)


def test_an_equation_is_spelt_as_it_is_written(names) -> None:
    how = {"decode": decode, "correlation": "independent"}
    ax = za.figures.spelt("-b + a + 0.5 smile", names, **how).axes[0]
    assert [t.get_text() for t in ax.texts if t.get_text()] == [
        "a", "−", "b", "+", "0.5 ×", "=", "-b + a + 0.5*smile", "smile",
    ]  # fmt: skip
    shown = [image.get_array() for image in ax.images]
    np.testing.assert_allclose(shown[0], np.clip(decode(names["a"])[0, 0], 0, 1))
    np.testing.assert_allclose(shown[2], 1)
    z = za.evaluate("a - b + 0.5 smile", names).array()
    np.testing.assert_allclose(shown[3], np.clip(decode(np.asarray(z))[0, 0], 0, 1))
    with pytest.raises(BadInput, match="one term and no sum"):
        za.figures.spelt("a", names, **how)


# Semantic axes.


def test_items_lie_where_their_meaning_is(smile, age) -> None:
    rng = np.random.default_rng(3)
    Z = rng.standard_normal((300, D)).astype(np.float32)
    a, b = (np.asarray(d.vector, float) / np.linalg.norm(d.vector) for d in (smile, age))
    ax = za.figures.semantic(Z, smile, age).axes[0]
    places = np.concatenate([c.get_offsets() for c in ax.collections])
    for k, v in enumerate((a, b)):
        along = (Z - Z.mean(axis=0)) @ v
        np.testing.assert_allclose(places[:, k], along / along.std(), atol=1e-4)
    assert ax.get_xlabel() == "smile, in standard deviations →"
    assert ax.get_ylabel() == "age in $years$, in standard deviations →"
    low, high = ax.get_xlim()
    assert all(low <= tick <= high for tick in ax.get_xticks())
    angle = np.degrees(np.arccos(a @ b))
    assert f"at {angle:.0f}°" in ax.get_title(loc="left")


def test_semantic_axes_have_thumbnails_of_the_items_there(smile, age) -> None:
    Z = np.random.default_rng(3).standard_normal((60, D))
    ax = za.figures.semantic(Z, smile, age, decode(Z), thumbnails=5).axes[0]
    assert len(ax.images) == 5
    places = np.asarray(ax.collections[0].get_offsets())
    for image in ax.images:
        x0, x1, y0, y1 = image.get_extent()
        row = np.abs(places - [(x0 + x1) / 2, (y0 + y1) / 2]).sum(axis=1).argmin()
        np.testing.assert_allclose(image.get_array(), np.clip(decode(Z)[row, 0], 0, 1))


@pytest.mark.parametrize(
    ("Z", "sentence"),
    [
        (np.zeros(D), r"must have shape \(n, \*shape\)"),
        (np.zeros((5, 3)), "'smile' has 16 entries, the latents 3"),
        (np.zeros((5, D)), "do not differ along 'smile'"),
    ],
)
def test_what_has_no_semantic_axes_is_one_sentence(Z, sentence, smile, age) -> None:
    with pytest.raises(BadInput, match=sentence):
        za.figures.semantic(Z, smile, age)


@pytest.mark.parametrize("n", [19, 21])
def test_semantic_axes_want_a_picture_for_each_item(n, smile, age) -> None:
    Z = np.random.default_rng(0).standard_normal((21, D))
    with pytest.raises(BadInput, match=rf"`pictures` must be one a point \(20\), got {n}"):
        za.figures.semantic(Z[:20], smile, age, decode(Z[:n]))
