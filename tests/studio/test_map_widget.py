"""The map in a notebook: what is selected there is what Python gets, and the other way round."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("anywidget", reason="the extra `notebook` is not installed")

from zalgebra.algebra.items import Items
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
    assert np.frombuffer(sent["view"], sent["dtype"]).tolist() == [30, 2]
    assert widget.selection.tolist() == [11, 95]
    with pytest.raises(BadInput, match="item 12 is not on this map, which has 40 items"):
        widget.selection = [11, 12]


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
