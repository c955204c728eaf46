"""What a person opens is a file of the format that its suffix says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zalgebra.studio.drawing import STILLS, draw
from zalgebra.studio.frames import SMALLEST
from zalgebra.types import BadInput

MAGIC = {
    ".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff", ".webp": b"RIFF", ".gif": b"GIF89a",
}  # fmt: skip


@pytest.mark.parametrize("suffix", [*STILLS, ".gif", ".PNG", ".Gif"])
def test_the_suffix_is_the_format(tmp_path: Path, colours, suffix: str) -> None:
    file = tmp_path / "new" / f"a{suffix}"
    assert draw(colours, file, list("abcd")) == file
    assert file.read_bytes().startswith(MAGIC[suffix.lower()])
    assert [p.name for p in file.parent.iterdir()] == [file.name]
    if suffix.lower() not in (".svg", ".pdf"):
        with Image.open(file) as picture:
            picture.load()


def test_a_strip_has_its_pictures_and_its_captions(tmp_path: Path, colours) -> None:
    draw(colours, tmp_path / "a.png", list("abcd"))
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")) / 255
    for picture in colours:
        share = np.mean(np.abs(pixels - picture[:, 0, 0]).max(axis=2) < 0.02)
        assert 0.12 < share < 0.25
    draw(colours, tmp_path / "b.svg", ["first", "x" * 50, "$x$", "d"])
    assert "first" in (tmp_path / "b.svg").read_text()


@pytest.mark.parametrize("suffix", [".tiff", "", ".txt", ".png.bak"])
def test_another_suffix_is_refused(tmp_path: Path, colours, suffix: str) -> None:
    with pytest.raises(BadInput, match=r"must end in one of .png, .*\.gif"):
        draw(colours, tmp_path / f"a{suffix}", list("abcd"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_has_every_frame_and_loops(tmp_path: Path, colours, channels: int) -> None:
    draw(colours[:, :channels], tmp_path / "a.gif", [])
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == (4 if channels == 3 else 3)  # green and blue are one in red
        assert film.info["loop"] == 0
        assert min(film.size) >= SMALLEST
        total = 0
        for i in range(film.n_frames):
            film.seek(i)
            total += film.info["duration"]
            if channels == 3:
                middle = film.convert("RGB").getpixel((20, 20))
                np.testing.assert_allclose(np.array(middle) / 255, colours[i, :, 0, 0], atol=0.02)
        assert total == 4 * 120


def test_a_film_keeps_the_aspect(tmp_path: Path) -> None:
    draw(np.random.default_rng(0).random((2, 3, 8, 16)), tmp_path / "a.gif", [])
    with Image.open(tmp_path / "a.gif") as film:
        assert film.size == (256, 128)


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_what_is_no_picture_is_refused(tmp_path: Path, suffix: str) -> None:
    for shape in ((3, 8), (2, 2, 8, 8), (0, 3, 8, 8)):
        with pytest.raises(BadInput, match=r"\(n, "):
            draw(np.zeros(shape), tmp_path / f"a{suffix}", ["a"] * shape[0])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, colours, suffix: str) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", Path("/proc")):
        with pytest.raises(BadInput, match="cannot write"):
            draw(colours, place / f"a{suffix}", list("abcd"))


def test_letters_that_the_font_lacks_are_drawn_without_a_warning(tmp_path: Path, colours) -> None:
    draw(colours, tmp_path / "a.png", ["微笑", "😀", "c", "d"])
