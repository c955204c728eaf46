"""Pictures from strangers: what is read is right, what is bad is refused in one sentence."""

import struct
import warnings
import zlib

import numpy as np
import pytest

from zalgebra.data import _pillow
from zalgebra.data.pictures import (
    encode_picture,
    fit_pictures,
    read_picture,
    read_pictures,
    save_picture,
)
from zalgebra.types import BadInput, MissingExtra

Image = pytest.importorskip("PIL.Image")


def one_sentence(error):
    text = str(error.value)
    assert "\n" not in text
    assert text
    return text


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def png_header(width, height):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", [".png", ".webp", ".bmp"])
def test_lossless_files_are_read_exactly(tmp_path, suffix):
    pixels = noise((5, 7, 3))
    lossless = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(pixels).save(tmp_path / f"a{suffix}", **lossless)
    got = read_picture(tmp_path / f"a{suffix}")
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    np.testing.assert_array_equal(np.rint(got * 255), pixels.transpose(2, 0, 1))


def test_bytes_are_read_as_files_are(tmp_path):
    path = save_picture(noise((3, 4, 6)), tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(path.read_bytes()), read_picture(path))


def test_grey_and_colour_modes():
    grey = noise((4, 5))
    data = encode_picture(grey)
    np.testing.assert_array_equal(np.rint(read_picture(data, mode="L")[0] * 255), grey)
    assert (np.rint(read_picture(data) * 255) == grey).all()


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    deep = np.array([[0, 32768, 65535]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    got = read_picture(tmp_path / "deep.png", mode="L")
    np.testing.assert_allclose(got[0, 0], [0, 0.5, 1], atol=0.003)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_respected(tmp_path, orientation):
    upright = noise((6, 4, 3), seed=1)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
    got = np.rint(read_picture(tmp_path / "a.png") * 255)
    np.testing.assert_array_equal(got, upright.transpose(2, 0, 1))


def test_transparency_is_laid_on_white(tmp_path):
    rgba = np.zeros((1, 3, 4), dtype=np.uint8)
    rgba[0, :, 3] = [0, 128, 255]
    Image.fromarray(rgba).save(tmp_path / "a.png")
    np.testing.assert_allclose(read_picture(tmp_path / "a.png")[0, 0], [1, 0.498, 0], atol=0.003)
    paletted = Image.fromarray(np.array([[0, 1]], dtype=np.uint8)).convert("P")
    paletted.save(tmp_path / "p.png", transparency=0)
    assert read_picture(tmp_path / "p.png")[:, 0, 0].tolist() == [1, 1, 1]
    np.testing.assert_array_equal(fit_pictures(rgba[None])[0], read_picture(tmp_path / "a.png"))


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("white", "black")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_picture(tmp_path / "a.gif").min() == 1


def test_size_crops_the_centre():
    wide = np.zeros((8, 24), dtype=np.uint8)
    wide[:, 8:16] = 255
    assert read_picture(encode_picture(wide), size=8, mode="L").min() == 1
    assert read_picture(encode_picture(wide.T), size=4).shape == (3, 4, 4)
    same = noise((8, 8))
    np.testing.assert_array_equal(
        read_picture(encode_picture(same), size=8), read_picture(encode_picture(same))
    )


def test_a_bomb_is_refused_by_its_header(tmp_path, monkeypatch):
    monkeypatch.setattr(_pillow, "to_array", lambda *a: pytest.fail("it was decoded"))
    for side in (100_000, 8_500, 10_000):  # refused by Pillow, by us, and warned of by Pillow
        path = tmp_path / f"{side}.png"
        path.write_bytes(png_header(side, side))
        with pytest.raises(BadInput) as error:
            read_picture(path)
        assert "64 megapixels" in one_sentence(error)
        assert str(side) in one_sentence(error)


def test_a_bomb_in_pillows_warning_range_is_refused_without_error_filters(tmp_path):
    (tmp_path / "a.png").write_bytes(png_header(10_000, 10_000))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        with pytest.raises(BadInput, match="at most 64 megapixels, got 10000 × 10000"):
            read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".bmp"])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_a_file_cut_short_is_named(tmp_path, suffix, share):
    whole = tmp_path / f"whole{suffix}"
    Image.fromarray(noise((40, 40, 3))).save(whole)
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    with pytest.raises(BadInput) as error:
        read_picture(cut)
    assert cut.name in one_sentence(error)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".bmp"])
def test_a_cut_file_is_never_read_wrongly(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise((12, 12, 3))).save(path)
    data, whole = path.read_bytes(), read_picture(path)
    for length in range(0, len(data), 3):
        try:
            got = read_picture(data[:length])
        except BadInput:
            continue
        np.testing.assert_array_equal(got, whole)  # only the end mark was lost


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(BadInput, match=r"a\.png` must be a PNG, JPEG"):
        read_picture(tmp_path / "a.png")
    with pytest.raises(BadInput, match="does not exist"):
        read_picture(tmp_path / "b.png")
    with pytest.raises(BadInput, match="the picture must be"):
        read_picture(b"")
    (tmp_path / "dir.png").mkdir()
    with pytest.raises(BadInput, match="dir"):
        read_picture(tmp_path / "dir.png")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 0}, "`size` must be between 1 and 8000 pixels, got 0"),
        ({"size": 9000}, "got 9000"),
        ({"size": 2.5}, "`size` must be a whole number"),
        ({"size": True}, "`size` must be a whole number"),
        ({"mode": "CMYK"}, '`mode` must be "RGB" or "L"'),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(BadInput, match=words):
        read_picture(encode_picture(np.zeros((2, 2))), **options)


def test_differing_sizes_need_size(tmp_path):
    a = save_picture(np.zeros((4, 6)), tmp_path / "a.png")
    b = save_picture(np.zeros((5, 6)), tmp_path / "b.png")
    with pytest.raises(BadInput) as error:
        read_pictures([a, b])
    text = one_sentence(error)
    for word in ("a.png` is 6 × 4", "b.png` is 6 × 5", "size=64"):
        assert word in text
    assert read_pictures([a, b], size=3).shape == (2, 3, 3, 3)
    with pytest.raises(BadInput, match="at least one"):
        read_pictures([])


def test_too_much_memory_is_refused_before_it_is_taken(tmp_path):
    a = save_picture(np.zeros((4, 4)), tmp_path / "a.png")
    with pytest.raises(BadInput, match=r"45\.8 GiB: pass a smaller `size`, or fewer .* `n`"):
        read_pictures([a] * 1000, size=2024)


def test_pixels_in_memory():
    colour = noise((3, 4, 4, 3))
    np.testing.assert_array_equal(np.rint(fit_pictures(colour) * 255), colour.transpose(0, 3, 1, 2))
    grey = noise((3, 4, 4))
    assert fit_pictures(grey).shape == (3, 1, 4, 4)
    np.testing.assert_array_equal(fit_pictures(grey[..., None]), fit_pictures(grey))
    assert (fit_pictures(grey, mode="RGB") == fit_pictures(grey)).all()
    assert fit_pictures(colour, mode="L", size=2).shape == (3, 1, 2, 2)
    np.testing.assert_array_equal(
        fit_pictures(colour, size=2)[1],
        read_picture(encode_picture(colour[1].transpose(2, 0, 1)), size=2),
    )
    for bad in (colour[..., :2], colour.astype(float), grey[0]):
        with pytest.raises(BadInput, match="`images` must be uint8 of shape"):
            fit_pictures(bad)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".PNG"])
@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 5, 7)])
def test_saved_pictures_come_back(tmp_path, suffix, shape):
    array = noise(shape).astype(np.float32) / 255
    path = save_picture(array, tmp_path / "new" / "folder" / f"a{suffix}")
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    mode = "RGB" if shape[0] == 3 else "L"
    np.testing.assert_allclose(read_picture(path, mode=mode), array, atol=1e-6)


def test_jpeg_is_close_and_flat_grey_works(tmp_path):
    ramp = np.linspace(0, 1, 64).reshape(8, 8)
    got = read_picture(save_picture(ramp, tmp_path / "a.jpeg"), mode="L")
    np.testing.assert_allclose(got[0], ramp, atol=0.05)


def test_values_beyond_the_range_are_clipped():
    got = read_picture(encode_picture(np.array([[-3.0, 0.5, np.inf]])), mode="L")
    np.testing.assert_allclose(got[0, 0], [0, 0.5, 1], atol=0.003)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 4, 4)), "shape"),
        (np.zeros((4, 4, 3)), "shape"),
        (np.zeros((0, 4)), "shape"),
        (np.zeros(4), "shape"),
        (np.full((4, 4), np.nan), "no NaN, got 16"),
        (np.zeros((4, 4), dtype=int), "floats in .* or uint8"),
    ],
)
def test_what_is_no_picture_is_not_saved(tmp_path, array, words):
    with pytest.raises(BadInput, match=words):
        save_picture(array, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_unwritable_places_are_one_sentence(tmp_path):
    black = np.zeros((2, 2))
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    for place in ("file/a.png", "file/b/a.png", "folder.png", "x" * 300 + ".png"):
        with pytest.raises(BadInput) as error:
            save_picture(black, tmp_path / place)
        assert "cannot write" in one_sentence(error)
    with pytest.raises(BadInput, match=r"suffix must be one of \.png"):
        save_picture(black, tmp_path / "a.tiff")
    with pytest.raises(BadInput, match="do not fit"):
        save_picture(np.zeros((1, 17_000)), tmp_path / "a.webp")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.png"]


def test_without_pillow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(MissingExtra, match=r"zalgebra\[data\]"):
        read_picture(b"")
