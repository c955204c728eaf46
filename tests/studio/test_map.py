"""The map's picture: nothing covers anything, the inverse fades, and the verb tells what it did."""

from __future__ import annotations

import errno
import re
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from zalgebra.algebra.items import Items
from zalgebra.estimators import maps
from zalgebra.files import read_json, read_tensors, write_json, write_tensors
from zalgebra.studio.discover import contact_sheet
from zalgebra.studio.drawing import STILLS, save
from zalgebra.studio.map_axes import map_axes
from zalgebra.studio.map_figures import inverse_grid, scatter
from zalgebra.studio.map_items import map_items
from zalgebra.studio.map_labels import colours
from zalgebra.studio.map_paper import panels
from zalgebra.studio.workspace import Workspace
from zalgebra.types import BadInput

WORDS = ["T-shirt/top", "Ankle boot", "$5 or less", "Sandal"]


@pytest.fixture(autouse=True)
def _short(monkeypatch) -> None:
    """An inverse by network is trained for a moment only."""
    monkeypatch.setattr("zalgebra.estimators.maps.inverse.STEPS", 150)


@pytest.fixture
def crowd() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places of four groups whose middles nearly coincide, pictures and groups."""
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 4, 500)
    places = rng.standard_normal((500, 2)) * [5, 1] + groups[:, None] * 0.01
    return places, rng.random((500, 3, 6, 4)), groups


def drawn_boxes(figure) -> list:
    """The boxes of all texts and pictures in pixels, as the renderer has them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    ax, renderer = figure.axes[0], canvas.get_renderer()
    labels = [t.get_bbox_patch().get_window_extent(renderer) for t in ax.texts]
    return labels + [image.get_window_extent(renderer) for image in ax.images]


def test_nothing_covers_anything(crowd) -> None:
    places, pictures, groups = crowd
    figure = scatter(places, pictures, groups=groups, names=WORDS, thumbnails=60)
    ax = figure.axes[0]
    assert sorted(t.get_text() for t in ax.texts) == sorted(WORDS)
    assert 10 < len(ax.images) <= 60
    boxes = drawn_boxes(figure)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    paper = figure.bbox
    assert all(paper.contains(*b.min) and paper.contains(*b.max) for b in boxes)


def test_a_thumbnail_is_where_its_item_is(crowd) -> None:
    places, pictures, _ = crowd
    asked = []
    figure = scatter(places, lambda rows: asked.append(rows) or pictures[rows], thumbnails=7)
    (rows,) = asked
    assert len(rows) == len(figure.axes[0].images) == 7
    for row, image in zip(rows, figure.axes[0].images, strict=True):
        x0, x1, y0, y1 = image.get_extent()
        np.testing.assert_allclose([(x0 + x1) / 2, (y0 + y1) / 2], places[row])
        assert (x1 - x0) / (y1 - y0) == pytest.approx(4 / 6)  # its own proportions
        np.testing.assert_allclose(image.get_array(), np.moveaxis(pictures[row], 0, -1))


def test_an_inch_is_as_long_along_both_axes(crowd) -> None:
    ax = scatter(crowd[0]).axes[0]
    box = ax.get_window_extent()
    x, y = ax.get_xlim(), ax.get_ylim()
    assert (x[1] - x[0]) / box.width == pytest.approx((y[1] - y[0]) / box.height)


def test_many_groups_are_told_apart(crowd) -> None:
    places = crowd[0]
    figure = scatter(places, groups=np.arange(500) % 23)
    marks = {
        (tuple(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes())
        for c in figure.axes[0].collections
    }
    assert len(marks) == 23


def test_numbers_have_a_scale(crowd) -> None:
    figure = scatter(crowd[0], color=np.arange(500.0), label="age")
    assert figure.axes[1].get_ylabel() == "age"


def test_what_is_not_known_is_drawn_all_the_same(crowd) -> None:
    age = np.where(np.arange(500) % 3 == 0, np.nan, np.arange(500.0))
    grey, coloured = scatter(crowd[0], color=age, label="age").axes[0].collections
    assert len(grey.get_offsets()) == 167
    assert coloured.get_clim() == (1, 499)


def test_of_very_many_groups_the_largest_have_names(crowd) -> None:
    groups = np.concatenate([np.arange(300), np.full(200, 7)])
    ax = scatter(crowd[0], groups=groups).axes[0]
    assert 10 < len(ax.texts) <= 30
    assert "7" in {t.get_text() for t in ax.texts}


def test_a_point_alone_is_drawn() -> None:
    figure = scatter(np.zeros((1, 2)), np.ones((1, 1, 4, 4)), groups=np.zeros(1, int))
    assert len(figure.axes[0].texts) == 1


@pytest.mark.parametrize(
    ("points", "how", "sentence"),
    [
        (np.zeros((3, 3)), {}, r"must have shape \(n, 2\)"),
        (np.array([[0, np.nan]]), {}, "must be finite"),
        (np.zeros((3, 2)), {"groups": np.zeros(2, int)}, r"one a point \(3\), got 2"),
        (np.zeros((3, 2)), {"color": np.zeros(2)}, r"one a point \(3\), got 2"),
        (np.zeros((3, 2)), {"groups": np.zeros(3)}, "whole numbers of at least 0"),
        (np.zeros((3, 2)), {"groups": np.ones(3, int), "names": ["a"]}, "a name for group 1"),
        (np.zeros((3, 2)), {"groups": np.ones(3, int), "color": np.ones(3)}, "not both"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(points, how, sentence) -> None:
    with pytest.raises(BadInput, match=sentence):
        scatter(points, **how)


def test_a_function_must_give_the_pictures_that_it_is_asked_for(crowd) -> None:
    with pytest.raises(BadInput, match="asked for 7 pictures, and gave 6"):
        scatter(crowd[0], lambda rows: crowd[1][rows[1:]], thumbnails=7)
    fitted = maps.PCA(inverse="neighbours").fit(np.random.default_rng(0).standard_normal((60, 3)))
    with pytest.raises(BadInput, match=r"asked for \d+ pictures, and gave 2"):
        inverse_grid(fitted, lambda z: np.ones((2, 1, 4, 4)))


def test_only_a_fitted_map_has_an_inverse_to_draw() -> None:
    with pytest.raises(BadInput, match=r"this PCA is not fitted yet: call fit\(Z\) first"):
        inverse_grid(maps.PCA(), lambda z: z)


# The inverse.


def test_the_inverse_fades_with_its_error() -> None:
    rng = np.random.default_rng(0)
    Z = rng.uniform(-1, 1, (600, 2)).astype(np.float32) * np.float32([4, 2])
    noise = np.where(Z[:, :1] > 0, 1.0, 0.02) * rng.standard_normal((600, 2))
    fitted = maps.PCA(inverse="neighbours").fit(np.hstack([Z, noise]))
    decoded = []

    def decode(z: np.ndarray) -> np.ndarray:
        decoded.append(z)
        return np.ones((len(z), 1, 2, 2))

    ax = inverse_grid(fitted, decode, columns=8).axes[0]
    assert len(ax.images) == len(decoded[0]) > 20
    sign = np.sign(fitted.transform(np.float32([[4, 0, 0, 0]]))[0, 0])
    alphas = {True: [], False: []}
    for image in ax.images:
        x0, x1, *_ = image.get_extent()
        alphas[bool(sign * (x0 + x1) > 0)].append(image.get_alpha())
    assert np.mean(alphas[False]) > np.mean(alphas[True]) + 0.15
    assert max(alphas[False]) == 1
    assert "held-out error" in ax.get_title(loc="left")


def test_what_is_outside_is_not_drawn() -> None:
    rng = np.random.default_rng(0)
    islands = rng.standard_normal((400, 3)) + np.repeat([[0, 0, 0], [40, 0, 0]], 200, axis=0)
    fitted = maps.PCA(inverse="neighbours").fit(islands)
    ax = inverse_grid(fitted, lambda z: np.ones((len(z), 3, 2, 2)), columns=20).axes[0]
    assert ax.images
    middles = np.array([np.mean(image.get_extent()[:2]) for image in ax.images])
    assert not (abs(middles - fitted.embedding_[:, 0].mean()) < 10).any()


def test_the_picture_keeps_its_command(tmp_path) -> None:
    from PIL import Image

    figure = scatter(np.zeros((3, 2)))
    with Image.open(save(figure, tmp_path / "map.png", comment="zalgebra map")) as picture:
        assert picture.info["Comment"] == "zalgebra map"
    for suffix in STILLS:
        assert save(figure, tmp_path / f"map{suffix}", comment="c").stat().st_size > 500
    with pytest.raises(BadInput, match=r"must end in one of \.png"):
        save(figure, tmp_path / "map.gif")


def test_a_map_may_be_a_panel_of_another_figure(crowd) -> None:
    axes = panels(2)
    assert scatter(crowd[0], ax=axes[1]) is axes[0].figure


# A workspace.


def test_the_latents_of_the_lattice_follow_the_prior(space) -> None:
    found = map_items(space, method="pca")
    assert found.fitted.prior is space.prior
    z = found.fitted.inverse_transform(found.fitted.embedding_[:40] / 2)
    u = np.asarray(space.prior.to_normal(z))
    assert 0.6 < np.linalg.norm(u, axis=1).mean() / np.sqrt(u.shape[1]) < 1.4


def test_fewer_items_by_the_seed(space) -> None:
    a, b = (map_items(space, method="pca", n=50, seed=s) for s in (0, 1))
    assert len(a.rows) == 50
    assert set(a.rows) != set(b.rows)
    place = a.fitted.transform(space.items.latents[a.rows[:1]])
    np.testing.assert_allclose(place, a.fitted.embedding_[:1], atol=1e-4)
    with pytest.raises(BadInput, match="`method` must be one of pca"):
        map_items(space, method="magic")


def test_data_that_are_no_pictures_have_dots_only() -> None:
    """A model of tables, as far as a map looks at it."""
    Z = np.random.default_rng(0).standard_normal((60, 3)).astype(np.float32)
    spec, items = SimpleNamespace(data_shape=(5,)), Items(Z)
    table = SimpleNamespace(prior=None, spec=spec, items=items, classes={}, model=None)
    found = map_items(table, method="pca")
    assert not found.figure(table).axes[0].images
    with pytest.raises(BadInput, match="drawn as pictures"):
        found.figure(table, inverse=True)


def test_a_label_is_groups_or_numbers(space, monkeypatch) -> None:
    rows = np.arange(20)
    labels = space.items.labels
    few = next(k for k, v in labels.items() if len(np.unique(v)) == 2)
    many = next(k for k, v in labels.items() if len(np.unique(v)) > 12)
    assert set(colours(space, few, rows)) == {"groups", "names"}
    np.testing.assert_array_equal(colours(space, many, rows)["color"], labels[many][:20])
    assert colours(space, "none", rows) == {}
    with pytest.raises(BadInput, match="there is no label 'charm'; there are: "):
        colours(space, "charm", rows)
    monkeypatch.setitem(labels, "seen", np.array([0, 1, np.nan, np.inf, 1] * 60))
    told = colours(space, "seen", rows)
    assert told["names"] == ["seen 0", "seen 1", "seen unknown"]
    np.testing.assert_array_equal(told["groups"][:5], [0, 1, 2, 2, 1])


def test_the_command_draws_keeps_and_tells(zalgebra, encoded, space) -> None:
    said = zalgebra("map", "-w", encoded, "-o", "m.png", "--method", "pca", "--inverse",
                    "--columns", 4, "--save", "m.safetensors", "--json").json()  # fmt: skip
    assert said["items"] == 300
    assert said["held_out_errors"][said["inverse"]] == min(said["held_out_errors"].values())
    kept = maps.load("m.safetensors", prior=space.prior)
    assert kept.embedding_.shape == (300, 2)
    told = zalgebra("map", "-w", encoded, "--method", "pca", "--colour", "smile", "--n", 40)
    assert told.out.startswith("map.png: 40 items by pca")


def test_the_axes_of_pca_say_how_much_they_hold(zalgebra, encoded, space) -> None:
    pca = ["map", "-w", encoded, "--method", "pca", "--n", 40]
    found = map_items(space, method="pca", n=40)
    shares = found.fitted.explained_variance_ratio_
    assert zalgebra(*pca, "--json").json()["explained_variance_ratio"] == pytest.approx(shares)
    first, second = (f"{share:.0%}".replace("%", " %") for share in shares)
    told = f"variance: {first} along the first axis, {second} along the second axis\n"
    assert told in zalgebra(*pca).out
    for ax in found.figure(space, inverse=True, columns=4).axes:
        assert ax.get_xlabel() == f"first axis, {first} of the variance"
        assert ax.get_ylabel() == f"second axis, {second} of the variance"
        box, paper = ax.get_tightbbox(), ax.figure.bbox
        assert paper.contains(*box.min), "a name of an axis is off the paper"
    assert map_items(space, method="tsne", n=40).figure(space).axes[0].get_xlabel() == ""


# Axes with a meaning.


def test_axes_are_two_directions_of_the_workspace(zalgebra, encoded, space) -> None:
    said = zalgebra("map", "-w", encoded, "--axes", "smile, glasses", "-o", "m", "--json").json()
    assert said["axes"] == ["smile", "glasses"]
    assert {"picture", "page"} <= set(said)
    assert sorted(p.name for p in Path("m").iterdir()) == ["map.html", "map.png"]
    x, y = (np.asarray(space.direction(k).vector).ravel() for k in ("smile", "glasses"))
    cosine = x @ y / np.linalg.norm(x) / np.linalg.norm(y)
    assert np.cos(np.radians(said["angle"])) == pytest.approx(cosine, abs=1e-6)
    assert f"at {said['angle']:.0f}°" in Path("m/map.html").read_text(encoding="utf-8")
    found = map_axes(space, "smile,glasses", n=50)
    along = space.items.latents[found.rows].reshape(50, -1) @ x
    assert np.corrcoef(along, found.places[:, 0])[0, 1] == pytest.approx(1)
    ax = found.figure(space, thumbnails=4).axes[0]
    assert len(ax.images) == 4
    assert ax.get_xlabel().startswith("smile, ")
    told = zalgebra("map", "-w", encoded, "--axes", "smile,glasses", "--colour", "beard").out
    assert f"map.png: 300 items by x = smile, y = glasses, at {said['angle']:.0f}°" in told


def test_a_kept_direction_is_an_axis(place, zalgebra) -> None:
    space = Workspace(place)
    space.learn("grin", [("smile", ">", 0.5)], [("smile", "<", 0.5)])
    said = zalgebra("map", "-w", place, "--axes", "grin,glasses", "-o", "m.html", "--json").json()
    assert said["axes"] == ["grin", "glasses"]


# What is refused, before anything is placed.


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-o", "map.gif"], r"must end in one of .*\.html, or in nothing: a folder"),
        (["--method", "magic"], "'magic'"),
        (["--method", "pca", "--colour", "charm"], "there is no label 'charm'"),
        (["--n", "9"], "greater than or equal to 10"),
        (["--inverse", "--columns", "400"], "less than or equal to 64"),
        (["--inverse", "-o", "m.html"], "drawn as a picture, not on a page"),
        (["--save", "m.npz"], r"m\.npz must end in \.safetensors"),
        (["--save", "m"], r"m must end in \.safetensors"),
        (["--save", "file/m.safetensors"], "cannot write file/m.safetensors: Not a directory"),
        (["-o", "file/m.png"], "cannot write file/m.png: Not a directory; choose another place"),
        (["-o", "file"], "file is a file; name a folder, or a picture by its suffix"),
        (["-o", "x" * 300 + ".png"], "File name too long; choose another place"),
        (["-o", "folder.png"], "folder.png is a folder; give the file another name"),
        (["-o", "folder.html"], "folder.html is a folder; give the file another name"),
        (["--axes", "smile"], "two different labels or directions, .* got 'smile'"),
        (["--axes", "smile,smile"], "two different labels or directions"),
        (["--axes", "smile,charm"], "there is no direction 'charm' .* there are: .*smile"),
        (["--axes", "smile,glasses", "--method", "pca"], "so `--method` has no meaning"),
        (["--axes", "smile,glasses", "--inverse"], "so `--inverse` has no meaning"),
        (["--axes", "smile,glasses", "--save", "m.safetensors"], "so `--save` has no meaning"),
    ],
)
def test_what_is_wrong_is_one_sentence(zalgebra, encoded, words, sentence, monkeypatch) -> None:
    def no_map(*_, **__) -> None:
        raise AssertionError("a map was fitted before what was asked had been read")

    monkeypatch.setattr("zalgebra.studio.map_items.map_items", no_map)
    monkeypatch.setattr("zalgebra.studio.figures_semantic.semantic_places", no_map)
    Path("file").touch()
    Path("folder.png").mkdir()
    Path("folder.html").mkdir()
    assert re.search(sentence, zalgebra("map", "-w", encoded, *words).sentence())
    assert sorted(p.name for p in Path().iterdir()) == ["file", "folder.html", "folder.png"]


@pytest.mark.parametrize(
    ("n", "sentence"), [(5, "at least 10 items, this workspace has 5"), (300, "the same latent")]
)
def test_items_that_make_no_map_are_one_sentence(place, zalgebra, n, sentence) -> None:
    file = next(place.glob("items-*.safetensors"))
    tensors, header = read_tensors(file)
    tensors = {k: v[:n] for k, v in tensors.items()}
    tensors["latents"] = np.repeat(tensors["latents"][:1], n, axis=0)
    write_tensors(file, tensors, header)
    for how in (["--method", "pca"], ["--axes", "smile,glasses"]):
        assert sentence in zalgebra("map", "-w", place, *how).sentence()


def test_a_failure_in_the_middle_leaves_no_folder(zalgebra, encoded, monkeypatch) -> None:
    def full(*_, **__) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    said = zalgebra("map", "-w", encoded, "--method", "pca", "-o", "deep/faces-map")
    assert "cannot write deep/faces-map/map.png: No space left on device" in said.sentence()
    assert list(Path().iterdir()) == []
    Path("mine").mkdir()
    zalgebra("map", "-w", encoded, "--method", "pca", "-o", "mine")
    assert Path("mine").is_dir(), "a folder that was there before stays"


def test_a_label_of_very_many_classes_is_no_legend(place, zalgebra) -> None:
    file = next(place.glob("items-*.safetensors"))
    tensors, header = read_tensors(file)
    write_tensors(file, tensors | {"label.who": np.arange(300)}, header)
    card = read_json(place / "workspace.json")
    card["classes"] = {"who": [f"person {i}" for i in range(300)]}
    write_json(place / "workspace.json", card)
    pca = ["map", "-w", place, "--method", "pca", "-o", "m.html"]
    assert "300 classes, too many" in zalgebra(*pca, "--colour", "who").sentence()
    assert zalgebra(*pca).code == 0


def test_a_model_that_overshoots_is_drawn_all_the_same(space, monkeypatch) -> None:
    decode = space.model.inverse_transform
    monkeypatch.setattr(space.model, "inverse_transform", lambda z: 9 * decode(z) - 4)
    found = map_items(space, method="pca")
    pictures = found._pictures(space)(np.arange(3))
    assert (pictures.min(), pictures.max()) == (0, 1)
    assert found.figure(space, inverse=True).axes
    assert found.page(space)
    assert contact_sheet(space, n=2).figure().axes
