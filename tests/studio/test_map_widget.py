"""The map in a notebook: what is selected there is what Python gets, and the other way round."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("anywidget", reason="the extra `notebook` is not installed")

import zalgebra as za
from zalgebra.algebra.items import Items
from zalgebra.data import datasets
from zalgebra.studio.map_items import map_items
from zalgebra.studio.map_widget import MapWidget
from zalgebra.types import BadInput

NUMBERS = np.arange(40) * 3 + 5
TINTS = np.random.default_rng(0).random((40, 3))


def made(**how) -> MapWidget:
    rng = np.random.default_rng(0)
    latents = rng.standard_normal((200, 4))
    items = Items(latents, {"age": np.arange(200.0)}, classes={})
    labels = {"class": np.arange(40) % 3, "age": np.arange(40) / 7, "on": np.arange(40) % 2}
    pictures = np.broadcast_to(TINTS[:, :, None, None], (40, 3, 8, 6))
    how = {"pictures": pictures, "labels": labels, "items": items, **how}
    return MapWidget(rng.standard_normal((40, 2)), how.pop("pictures"),
                     classes={"class": ["a", "b", "c"]}, numbers=NUMBERS, **how)  # fmt: skip


def lasso(widget: MapWidget, rows: list[int]) -> None:
    """What the browser sends when these dots are lassoed: the protocol's message, to the byte."""
    state = {"selection": {"dtype": "uint32", "shape": [len(rows)]}}
    data = {"method": "update", "state": state, "buffer_paths": [["selection", "view"]]}
    message = {"content": {"data": data}, "buffers": [memoryview(np.array(rows, np.uint32))]}
    widget.scatter.widget._handle_msg(message)


def test_a_selection_comes_back_to_python() -> None:
    widget, heard = made(), []
    assert widget.selection.tolist() == []
    widget.observe(heard.append)
    lasso(widget, [9, 2, 30])
    assert widget.selection.tolist() == NUMBERS[[2, 9, 30]].tolist()
    assert [h.tolist() for h in heard] == [NUMBERS[[2, 9, 30]].tolist()]
    assert widget.expression == "mean(img:11, img:32, img:95)"
    found = widget.items
    assert found.labels["age"].tolist() == NUMBERS[[2, 9, 30]].tolist()
    np.testing.assert_array_equal(found["img:1"], widget._items["img:32"])
    lasso(widget, [])
    assert len(widget.items) == 0
    with pytest.raises(BadInput, match="nothing is selected"):
        _ = widget.expression


def test_a_selection_goes_to_the_browser() -> None:
    widget = made()
    widget.selection = [95, 11]
    sent = widget.scatter.widget.get_state()["selection"]
    assert np.frombuffer(sent["view"], sent["dtype"]).tolist() == [2, 30]
    assert widget.selection.tolist() == [11, 95]
    with pytest.raises(BadInput, match="item 12 is not on this map, which has 40 items"):
        widget.selection = [11, 12]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (NUMBERS % 2 == 0, NUMBERS[1::2].tolist()),
        (list(NUMBERS == 11), [11]),
        (np.zeros(40, bool), []),
        ([95, 11, 95, 95], [11, 95]),
        (11, [11]),
        (np.uint8(11), [11]),
        (range(5, 12, 3), [5, 8, 11]),
        ([], []),
    ],
)
def test_items_are_selected_by_numbers_or_by_a_mask_each_once(wanted, numbers) -> None:
    widget = made()
    widget.selection = [5]
    widget.selection = wanted
    assert widget.selection.tolist() == numbers
    assert len(widget.items) == len(numbers)
    if numbers:
        np.testing.assert_array_equal(widget.items.labels["age"], numbers)


def test_what_jupyter_scatter_selects_twice_is_one_item() -> None:
    widget = made()
    widget.scatter.selection([9, 2, 9])
    assert widget.selection.tolist() == NUMBERS[[2, 9]].tolist()
    assert widget.expression == "mean(img:11, img:32)"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ([11.5], r"whole numbers of items, or a mask .* got '\[11.5\]'"),
        ([11.0], "whole numbers of items"),
        (None, "whole numbers of items"),
        ("img:11", "whole numbers of items"),
        ([[11, 14]], "whole numbers of items"),
        ([[11], [14, 17]], "whole numbers of items"),
        ([2**70], "whole numbers of items"),
        (np.ones(39, bool), r"a mask must have one value a point \(40\), got 39"),
        (True, r"a mask must have one value a point \(40\), got 1"),
        (-1, "item -1 is not on this map"),
    ],
)
def test_what_selects_nothing_is_one_sentence(wanted, sentence) -> None:
    widget = made()
    widget.selection = [5]
    with pytest.raises(BadInput, match=sentence):
        widget.selection = wanted
    assert widget.selection.tolist() == [5], "the old selection stays"


@pytest.mark.parametrize(
    ("n", "how", "sentence"),
    [
        (39, {}, r"`items` must be one a point \(40\), got 39; if the points are some of them"),
        (41, {}, r"`items` must be one a point \(40\), got 41"),
        (40, {"numbers": NUMBERS}, "`numbers` must be of `items`, from 0 to 39, got 5 to 122"),
        (40, {"numbers": np.arange(40) - 1}, "from 0 to 39, got -1 to 38"),
        (40, {"numbers": np.arange(39)}, r"40 different whole numbers, .* of shape \(39,\)"),
        (40, {"numbers": np.arange(40) // 2}, "40 different whole numbers, .* in which 20 differ"),
        (40, {"numbers": np.arange(40.0)}, "40 different whole numbers, .* got float64"),
    ],
)
def test_items_and_their_numbers_must_fit_the_points(n, how, sentence) -> None:
    with pytest.raises(BadInput, match=sentence):
        MapWidget(np.zeros((40, 2)), items=Items(np.zeros((n, 4))), **how)


def test_the_cells_of_the_page_on_maps_run_from_top_to_bottom(capsys) -> None:
    page = (Path(__file__).parents[2] / "docs" / "maps.md").read_text(encoding="utf-8")
    cells = re.findall(r"```python\n(.*?)```", page.partition("## In a notebook")[2], re.DOTALL)
    digits = datasets.digits()[:60]
    names = {"za": za, "digits": digits, "places": digits.images.reshape(60, 64)[:, [20, 43]]}
    for cell in cells:
        exec(cell, names)
    assert len(cells) == 2
    found = names["widget"].selection
    np.testing.assert_array_equal(found, np.flatnonzero(digits.labels["class"] == 3))
    assert capsys.readouterr().out == f"{found}\n"


def test_the_browser_gets_label_and_thumbnail_of_where_the_pointer_is() -> None:
    from PIL import Image

    widget, sent = made(first="age"), []
    under = widget.scatter.widget
    under.send = sent.append
    known = ["item", "class", "age", "on"]
    under._handle_custom_msg(
        {"type": "tooltip", "index": 7, "preview": "picture", "properties": known}, []
    )
    (answer,) = sent
    assert answer["properties"] == {"item": "img:26", "class": "b", "age": 1.0, "on": "1"}
    kind, _, code = answer["preview"].partition(",")
    assert kind == "data:image/webp;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(code)))
    assert picture.size == (6, 8)
    np.testing.assert_allclose(np.asarray(picture)[4, 3] / 255, TINTS[7], atol=0.06)
    assert under.tooltip_enable
    assert under.tooltip_preview == "picture"


def test_labels_are_colours() -> None:
    assert made().scatter.color()["by"] == "class"
    assert made(first="age").scatter.color()["by"] == "age"
    assert made(labels={}).scatter.color()["by"] is None


def test_a_notebook_is_given_a_widget() -> None:
    bundle, *_ = made()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_workspace_has_a_widget(space) -> None:
    found = map_items(space, method="pca", n=30)
    widget = found.widget(space, colour="smile")
    lasso(widget, [4])
    assert widget.selection.tolist() == [found.rows[4]]
    np.testing.assert_array_equal(widget.items.latents[0], space.items.latents[found.rows[4]])
    assert widget.expression == f"img:{found.rows[4]}"


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"labels": {"x": np.zeros(40)}}, "cannot be named 'x'"),
        ({"labels": {"a": np.zeros(3)}}, r"label 'a' must be one a point \(40\), got 3"),
        ({"first": "charm"}, "`first` must be one of class, age, on"),
        ({"pictures": np.zeros((40, 8, 8))}, "pictures must have shape"),
        ({"pictures": np.zeros((39, 3, 8, 8))}, r"`pictures` must be one a point \(40\), got 39"),
    ],
)
def test_what_does_not_fit_is_one_sentence(how, sentence) -> None:
    with pytest.raises(BadInput, match=sentence):
        made(**how)
    with pytest.raises(BadInput, match="made without `items`"):
        _ = made(items=None).items
