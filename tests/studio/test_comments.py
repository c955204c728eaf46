"""What a picture file keeps: its command, and that it is a sheet and no picture of the model's."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from zalgebra.studio.comments import is_sheet
from zalgebra.studio.drawing import bare
from zalgebra.types import BadInput


def test_a_bare_picture_is_the_models_pixels_and_nothing_else(zalgebra, place, space) -> None:
    assert zalgebra("mix", "img:1 + smile", "-w", place, "--bare", "-o", "one.png").code == 0
    wanted = np.clip(space.mix("img:1 + smile").pictures[0], 0, 1)
    with Image.open("one.png") as picture:
        assert picture.info["Comment"].startswith("zalgebra mix 'img:1 + smile'")
        got = np.moveaxis(np.asarray(picture, dtype=float) / 255, -1, 0)
    np.testing.assert_allclose(got, wanted, atol=0.51 / 255 + 1e-6)
    assert zalgebra("edit", "img:1", "+ smile", "-w", place, "--bare", "-o", "two.png").code == 0
    with Image.open("two.png") as picture:  # the result alone, without what was before
        assert picture.size == (16, 16)
        np.testing.assert_array_equal(
            np.asarray(picture), np.rint(255 * got).transpose(1, 2, 0).astype(np.uint8)
        )


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_every_bare_format_keeps_its_comment(tmp_path, suffix) -> None:
    path = bare(np.full((1, 8, 8), 0.5), tmp_path / f"grey{suffix}", comment="zalgebra mix a")
    with Image.open(path) as picture:
        said = picture.info.get("Comment") or picture.getexif()[0x010E]
        assert "zalgebra mix a" in str(said)
        assert np.abs(np.asarray(picture.convert("L"), dtype=float) - 128).max() < 3
    assert not is_sheet(path)
    with pytest.raises(BadInput, match=r"bare picture must end in one of \.png"):
        bare(np.zeros((3, 8, 8)), tmp_path / "grey.svg")


def test_a_sheet_is_not_taken_for_a_picture(zalgebra, place) -> None:
    for words in (["mix", "img:1", "-o", "sheet.png"], ["map", "--method", "pca", "-o", "map.png"]):
        assert zalgebra(*words, "-w", place).code == 0
        said = zalgebra("edit", words[-1], "+ smile", "-w", place)
        assert f"{words[-1]} is a sheet that zalgebra drew" in said.sentence()
    assert zalgebra("mix", "img:1", "-w", place, "--bare", "-o", "one.png").code == 0
    assert zalgebra("edit", "one.png", "+ smile", "-w", place).code == 0


def test_frames_of_a_film_are_pictures(zalgebra, place) -> None:
    assert zalgebra("walk", "img:1", "img:2", "-w", place, "-o", "frames", "--steps", 2).code == 0
    assert zalgebra("mix", "frames/frame-0001.png", "-w", place).code == 0


def test_what_others_wrote_is_no_sheet(tmp_path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert not is_sheet(tmp_path / "a.png")
    assert not is_sheet(tmp_path / "b.png")
    assert not is_sheet(tmp_path / "none.png")
