"""The contact sheet: what was found, applied, drawn, named and saved."""

from __future__ import annotations

import numpy as np
import pytest

import zalgebra as za
from zalgebra.estimators.discovery import METHODS
from zalgebra.studio.discover import contact_sheet, keep, named, save, write
from zalgebra.studio.workspace import Workspace
from zalgebra.types import BadInput

SHAPE = (3, 16, 16)


@pytest.mark.parametrize("method", METHODS)
def test_a_sheet_of_every_method(space, method) -> None:
    sheet = contact_sheet(space, method=method, n=3, items=["img:3", "img:5"], strengths=(-2, 0, 2))
    assert sheet.pictures.shape == (3, 2, 3, *SHAPE)
    for b, item in enumerate(("img:3", "img:5")):
        z = space.mix(item).latents[0]
        for row, v in enumerate(sheet.found.vectors):
            steps = np.stack([z - 2 * v, z, z + 2 * v]).astype(np.float32)
            expected = space.model.inverse_transform(steps)
            np.testing.assert_allclose(sheet.pictures[row, b], expected, atol=1e-5)
    assert (np.diff(sheet.found.effect) <= 0).all()


def test_a_sheet_is_drawn_with_its_command(space, tmp_path) -> None:
    from PIL import Image

    sheet = contact_sheet(space, n=2, items=["img:0", "img:1 + img:2"])
    with Image.open(write(sheet, tmp_path / "sheet.png", comment="zalgebra discover")) as picture:
        assert picture.info["Comment"] == "zalgebra discover"
        assert picture.width > 2 * picture.height
    texts = [t.get_text() for ax in sheet.figure().axes for t in ax.texts]
    assert {"0", "1", "img:0", "img:1 + img:2", "−3 sd", "+3 sd"} <= set(texts)
    for suffix in (".svg", ".pdf", ".jpg"):
        assert write(sheet, tmp_path / f"sheet{suffix}", comment="c").stat().st_size > 1000
    with pytest.raises(BadInput, match=r"must end in one of \.png"):
        write(sheet, tmp_path / "sheet.gif")


def test_a_named_direction_is_a_word(place) -> None:
    space = Workspace(place)
    sheet = contact_sheet(space, n=3)
    keep(space, sheet.found, {1: "a wide face"})
    for again in (space, Workspace(place)):
        z = again.mix("img:4 + 2 'a wide face'").latents[0]
        start = again.mix("img:4").latents[0]
        np.testing.assert_allclose(z, start + 2 * sheet.found.vectors[1], atol=1e-5)
    assert again.direction("a wide face").fingerprint == again.spec.fingerprint
    for name in ("img:3", "smile"):
        with pytest.raises(BadInput, match="is an item or a label here"):
            keep(space, sheet.found, {0: name})


def test_names_are_read() -> None:
    assert named(["3=smile", " 0 = a wide face "], 8) == {3: "smile", 0: "a wide face"}
    for texts in (["smile"], ["=smile"], ["3="], ["x=smile"], ["8=smile"], ["1=a", "1=b"],
                  ["1=a", "2=a"]):  # fmt: skip
        with pytest.raises(BadInput):
            named(texts, 8)


def test_all_directions_are_saved(space, tmp_path) -> None:
    found = contact_sheet(space, n=2).found
    files = save(found, tmp_path / "found", space.spec.fingerprint)
    assert [f.name for f in files] == ["pca-0.safetensors", "pca-1.safetensors"]
    direction = za.Direction.load(files[1], fingerprint=space.spec.fingerprint)
    np.testing.assert_array_equal(direction.vector, found.vectors[1])


def test_a_workspace_without_items_has_nothing_to_find(tmp_path, model) -> None:
    space = Workspace.create(tmp_path / "empty.zal", model)
    with pytest.raises(BadInput, match="from at least 2 items, here are 0"):
        contact_sheet(space)


def test_a_sheet_needs_items(space) -> None:
    with pytest.raises(BadInput, match="at least one item"):
        contact_sheet(space, items=[])


# The command.


def test_the_command_names_what_was_seen(zalgebra, place) -> None:
    said = zalgebra("discover", "-w", place, "-o", "s.png", "--n", 3, "--name", "1=wide",
                    "--item", "img:2", "--save", "all", "--json").json()  # fmt: skip
    assert said["named"] == {"1": "wide"}
    assert said["items"] == ["img:2"]
    assert len(said["effect"]) == len(said["saved"]) == 3
    assert said["method"] == "pca"
    edit = zalgebra("edit", "img:2", "+ 2 wide", "-w", place, "-o", "wide.png")
    assert edit.code == 0, edit.err
    told = zalgebra("discover", "-w", place, "--n", 2, "--method", "sefa")
    assert told.out.startswith("sheet.png: 2 directions by sefa, the strongest first")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--name", "smile"], "a name is given as NUMBER=NAME"),
        (["--name", "99=smile"], "there are the directions 0 to 7"),
        (["--item", "nobody"], "unknown name 'nobody'"),
        (["-o", "sheet.gif"], "must end in one of"),
        (["--method", "tsne"], "'tsne'"),
    ],
)
def test_what_is_wrong_is_one_sentence(zalgebra, encoded, words, sentence) -> None:
    assert sentence in zalgebra("discover", "-w", encoded, *words).sentence()
