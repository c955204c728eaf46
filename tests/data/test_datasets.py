"""Data sets: each built-in one, anybody's own, and every way that a source can be bad."""

import gzip
import hashlib
import importlib.util
import io
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import zalgebra.data
from zalgebra.data import datasets, fashion
from zalgebra.data.datasets import Dataset, digits, faces, fashion_mnist, images, load
from zalgebra.data.fashion import read_idx
from zalgebra.data.pictures import save_picture
from zalgebra.types import BadInput, MissingExtra

DATA = os.environ.get("ZALGEBRA_DATA")
LONDON = Path(DATA or "", "faces_london", "faces_london_128.npz")
needs_fashion = pytest.mark.skipif(
    not DATA or not Path(DATA, "fashion_mnist").is_dir(),
    reason="$ZALGEBRA_DATA/fashion_mnist is not there",
)
needs_london = pytest.mark.skipif(
    not DATA or not LONDON.is_file(), reason="$ZALGEBRA_DATA/faces_london is not there"
)
needs_pillow = pytest.mark.skipif(
    importlib.util.find_spec("PIL") is None, reason="Pillow is not installed"
)


def refused(call, *args, **options):
    """The one sentence with which a call is refused."""
    with pytest.raises(BadInput) as error:
        call(*args, **options)
    text = str(error.value)
    assert "\n" not in text
    return text


def greys(n=3, **fields):
    levels = np.linspace(0, 1, n, dtype=np.float32)
    return Dataset(
        "greys", np.ones((n, 1, 2, 2), np.float32) * levels[:, None, None, None], **fields
    )


def folder_of(root, *files, shape=(4, 6)):
    for i, file in enumerate(files):
        save_picture(np.full(shape, i / 10), root / file)
    return root


# ---------------------------------------------------------------- the data set


def test_rows_are_taken_from_every_column():
    ds = greys(4, labels={"a": np.arange(4), "b": np.array(list("wxyz"))}, names=tuple("0123"))
    mask = np.array([False, True, False, True])
    for rows in (slice(1, None, 2), mask, mask.tolist(), [1, 3], np.array([1, 3], np.uint8)):
        part = ds[rows]
        assert len(part) == 2
        assert part.names == ("1", "3")
        assert part.labels["a"].tolist() == [1, 3]
        assert part.labels["b"].tolist() == ["x", "z"]
        np.testing.assert_array_equal(part.images, ds.images[[1, 3]])
    assert ds[-1].names == ("3",)
    assert len(ds[[]]) == 0
    assert [one.names[0] for one in ds] == ["0", "1", "2", "3"]
    assert "a mask of rows must have the shape (4,)" in refused(ds.__getitem__, [True, False])
    assert "whole numbers" in refused(ds.__getitem__, [0.5])
    with pytest.raises(IndexError):
        ds[4]


def test_repr_is_readable():
    ds = greys(1, labels={"c": np.array([0])}, classes={"c": ("a", "b")})
    assert repr(ds) == "Dataset('greys', 1 picture of 1 × 2 × 2, labels: c (2 classes))"
    assert repr(greys(2)) == "Dataset('greys', 2 pictures of 1 × 2 × 2, labels: none)"


def test_fingerprint_sees_images_and_labels_but_not_layout():
    label = {"a": np.array([1, 2, 3], np.float32), "b": np.array(["x", "yy", "z"])}
    ds = greys(labels=label)
    assert len(ds.fingerprint) == 64
    swapped = greys(labels=dict(reversed(label.items())))
    assert swapped.fingerprint == ds.fingerprint
    strided = Dataset("s", np.repeat(ds.images, 2, axis=0)[::2], label)
    assert strided.fingerprint == ds.fingerprint
    darker = Dataset("d", ds.images / 2, label)
    others = [
        darker,
        greys(),
        ds[::-1],
        greys(labels=label | {"a": np.array([1, 2, 4], np.float32)}),
        greys(labels=label | {"b": np.array(["xy", "y", "z"])}),
        Dataset("r", ds.images.reshape(3, 1, 1, 4), label),
    ]
    assert len({ds.fingerprint, *(other.fingerprint for other in others)}) == 7
    column = {"c": np.array([0, 1, 0])}
    one, two = (greys(labels=column, classes={"c": names}) for names in ("xy", "yx"))
    assert one.fingerprint != two.fingerprint


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"labels": {"a": np.zeros(2)}}, "label column `a` must have the shape (3,), got (2,)"),
        ({"labels": {"a": [1, 2, 3]}}, "label column `a` must have the shape (3,), got list"),
        ({"labels": {"a": np.zeros(3)}}, "must be float32, int64 or text, got float64"),
        ({"labels": {"a": np.array([0, np.nan, 0], np.float32)}}, "got nan in row 1"),
        ({"names": ("a",)}, "`names` must be one for each of 3 images, got 1"),
        ({"classes": {"a": ("x",)}}, "`classes` must name a label column of int64, got 'a'"),
        ({"labels": {"a": np.arange(3)}, "classes": {"a": ("x", "y")}}, "lie in 0 to 1"),
    ],
)
def test_columns_are_held_to_the_images(fields, words):
    assert words in refused(greys, **fields)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_images_are_held_to_their_range(value):
    assert "[0, 1]" in refused(Dataset, "a", np.full((1, 1, 2, 2), value, np.float32))
    assert "float32 of shape" in refused(Dataset, "a", np.zeros((1, 1, 2, 2)))
    assert "float32 of shape" in refused(Dataset, "a", np.zeros((1, 2, 2), np.float32))


# ---------------------------------------------------------------- built-in sets


def test_importing_the_room_imports_numpy_alone():
    code = "import sys, zalgebra.data; print({'PIL', 'pooch', 'sklearn', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_door_offers_every_set():
    for name in datasets.__all__:
        assert getattr(zalgebra.data, name) is getattr(datasets, name)
        assert getattr(datasets, name).__doc__


def test_faces():
    ds = faces(5, size=32, seed=3, glasses=1.0)
    assert ds.images.shape == (5, 3, 32, 32)
    assert (ds.labels["glasses"] == 1).all()
    assert all(column.dtype == np.float32 for column in ds.labels.values())
    assert ds.fingerprint == faces(5, size=32, seed=3, glasses=1.0).fingerprint
    assert ds.fingerprint != faces(5, size=32, seed=4, glasses=1.0).fingerprint
    assert "GiB" in refused(faces, 10**6, size=64)
    assert "nose" in refused(faces, 2, nose=1)
    assert "`size`" in refused(faces, 2, size="big")


def test_digits():
    pytest.importorskip("sklearn")
    ds = digits()
    assert ds.images.shape == (1797, 1, 8, 8)
    assert ds.images.max() == 1
    assert ds.classes == {"class": tuple("0123456789")}
    assert ds.labels["class"][:10].tolist() == list(range(10))


@needs_fashion
@pytest.mark.parametrize(("split", "n"), [("train", 60_000), ("test", 10_000)])
def test_fashion_mnist(split, n):
    ds = fashion_mnist(split)
    assert ds.images.shape == (n, 1, 28, 28)
    assert np.bincount(ds.labels["class"]).tolist() == [n // 10] * 10
    if split == "train":  # the figures that its publisher's users know
        assert ds.images.mean(dtype=np.float64) == pytest.approx(0.28604, abs=1e-5)
        assert ds.classes["class"][ds.labels["class"][0]] == "Ankle boot"


@pytest.fixture
def offline(tmp_path, monkeypatch):
    pytest.importorskip("pooch")
    monkeypatch.setattr(fashion, "URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("ZALGEBRA_DATA", raising=False)
    return tmp_path


def test_offline_fashion_mnist_is_one_sentence(offline, monkeypatch, capfd):
    with pytest.raises(BadInput) as error:
        fashion_mnist()
    text = str(error.value)
    for word in (
        "train-images",
        "it is not set",
        "127.0.0.1",
        "ConnectionError",
        "connect",
        "set ",
    ):
        assert word in text
    assert error.value.__suppress_context__
    assert capfd.readouterr() == ("", "")
    monkeypatch.setenv("ZALGEBRA_DATA", str(offline))
    assert str(offline / "fashion_mnist") in refused(fashion_mnist, "test")


def test_pooch_is_silent(offline, monkeypatch):
    import pooch

    said = []
    logger = pooch.get_logger()  # it stands outside the tree of loggers, so caplog is deaf to it
    level = logger.level
    monkeypatch.setattr(logger, "handle", said.append)
    refused(fashion_mnist)
    assert said == []
    assert logger.level == level


def test_an_altered_file_is_refused(offline, monkeypatch):
    monkeypatch.setenv("ZALGEBRA_DATA", str(offline))
    (offline / "fashion_mnist").mkdir()
    (offline / "fashion_mnist" / "t10k-images-idx3-ubyte.gz").write_bytes(b"altered")
    assert "SHA-256" in refused(fashion_mnist, "test")
    assert "`split`" in refused(fashion_mnist, "validation")


def test_a_download_is_checked_and_kept(offline, monkeypatch):
    published = offline / "published"
    published.mkdir()
    small = {"t10k-images-idx3-ubyte.gz": (2, 28, 28), "t10k-labels-idx1-ubyte.gz": (2,)}
    for file, shape in small.items():
        write_idx(published / file, shape)

    def fetch(url, output_file, pooch):
        Path(output_file).write_bytes((published / url.rsplit("/", 1)[1]).read_bytes())

    monkeypatch.setattr("pooch.core.choose_downloader", lambda *a, **k: fetch)
    assert "not the published file" in refused(fashion_mnist, "test")
    hashes = {f: hashlib.sha256((published / f).read_bytes()).hexdigest() for f in small}
    monkeypatch.setattr(fashion, "FILES", hashes)
    assert len(fashion_mnist("test")) == 2
    monkeypatch.setattr("pooch.core.choose_downloader", lambda *a, **k: pytest.fail("twice"))
    assert len(fashion_mnist("test")) == 2


def test_without_the_extras_they_are_named(offline, monkeypatch):
    for module in ("pooch", "sklearn.datasets"):
        monkeypatch.setitem(sys.modules, module, None)
    for call in (fashion_mnist, digits):
        with pytest.raises(MissingExtra, match=r"zalgebra\[data\]"):
            call()


def write_idx(path, shape, *, magic=None, data=None):
    magic = bytes((0, 0, 8, len(shape))) if magic is None else magic
    data = bytes(int(np.prod(shape))) if data is None else data
    path.write_bytes(gzip.compress(magic + struct.pack(f">{len(shape)}I", *shape) + data))
    return path


def test_idx_is_parsed(tmp_path):
    path = write_idx(tmp_path / "a.gz", (2, 3, 4), data=bytes(range(24)))
    np.testing.assert_array_equal(read_idx(path, 3), np.arange(24).reshape(2, 3, 4))


def test_a_bad_idx_is_refused(tmp_path):
    path = tmp_path / "a.gz"
    for magic in (b"\0\0\x08\x01", b"\0\0\x0d\x03", b"\1\0\x08\x03"):
        assert "begins with 00000803" in refused(
            read_idx, write_idx(path, (2, 2, 2), magic=magic), 3
        )
    assert "8 values (2, 2, 2), got 7" in refused(
        read_idx, write_idx(path, (2, 2, 2), data=bytes(7)), 3
    )
    assert "got 9" in refused(read_idx, write_idx(path, (2, 2, 2), data=bytes(9)), 3)
    huge = write_idx(path, (2**32 - 1,) * 3, data=b"")
    assert "got 0" in refused(read_idx, huge, 3)
    whole = write_idx(path, (9, 9, 9), data=os.urandom(729)).read_bytes()
    for data in (whole[:-20], whole[:5], b"no gzip", whole[:30] + b"\xff" * 30 + whole[60:]):
        path.write_bytes(data)
        assert "gzip" in refused(read_idx, path, 3)
    path.write_bytes(gzip.compress(b"\0\0\x08\x03\0\0"))
    assert "begins with" in refused(read_idx, path, 3)


# ---------------------------------------------------------------- a folder


@needs_pillow
def test_a_folder_with_classes(tmp_path):
    folder_of(tmp_path, "dog/b.png", "cat/x/c.webp", "cat/a.jpg", ".hidden/h.png", "cat/._a.png")
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    ds = images(tmp_path)
    assert ds.names == ("cat/a.jpg", "cat/x/c.webp", "dog/b.png")
    assert ds.images.shape == (3, 3, 4, 6)
    assert ds.classes == {"class": ("cat", "dog")}
    assert ds.labels["class"].tolist() == [0, 0, 1]
    assert ds.labels["class"].dtype == np.int64
    assert ds.name == tmp_path.name
    np.testing.assert_allclose(ds.images.mean(axis=(1, 2, 3)), [0.2, 0.1, 0.0], atol=0.01)
    assert images(tmp_path, mode="L", size=2).images.shape == (3, 1, 2, 2)


@needs_pillow
@pytest.mark.parametrize(
    "files", [("a.png", "b.png"), ("x/a.png", "x/b.png"), ("a.png", "x/b.png")]
)
def test_a_folder_without_classes(tmp_path, files):
    assert images(folder_of(tmp_path, *files)).labels == {}


@needs_pillow
def test_labels_beside_a_folder(tmp_path):
    folder_of(tmp_path, "a.png", "b.png", "x/c.png")
    table = tmp_path / "labels.csv"
    table.write_text(
        "\ufefffile,smile,hair\nx\\c.png,1,roux\n./b.png,0.5,châtain\n\na.png,0, roux\n",
        encoding="utf-8",
    )
    ds = images(tmp_path)
    assert ds.labels["smile"].tolist() == [0, 0.5, 1]
    assert ds.labels["smile"].dtype == np.float32
    assert [ds.classes["hair"][i] for i in ds.labels["hair"]] == ["roux", "châtain", "roux"]
    assert set(images(tmp_path, labels=["smile"]).labels) == {"smile"}
    assert "(smile, hair), got 'age'" in refused(images, tmp_path, labels=["age"])
    head = "file,smile\na.png,0\nb.png,0\n"
    for rows, words in {
        "": "none for `x/c.png`",
        "x/c.png,0\na.png,0\n": "`a.png` again",
        "x/c.png,0\nx/d.png,0\n": "got `x/d.png`",
    }.items():
        table.write_text(head + rows)
        assert words in refused(images, tmp_path)


@needs_pillow
def test_bad_folders(tmp_path):
    assert "must hold pictures" in refused(images, tmp_path)
    folder_of(tmp_path, "a.png")
    save_picture(np.zeros((5, 5)), tmp_path / "b.png")
    text = refused(images, tmp_path)
    assert "a.png` is 6 × 4" in text
    assert "b.png` is 5 × 5" in text
    assert images(tmp_path, size=4).images.shape == (2, 3, 4, 4)
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes()[:44])
    assert "c.png" in refused(images, tmp_path, size=4)
    assert "does not exist" in refused(images, tmp_path / "nowhere")
    (tmp_path / "c.txt").write_text("")
    assert "must be a folder" in refused(images, tmp_path / "c.txt")


# ---------------------------------------------------------------- a table


@needs_pillow
@pytest.mark.parametrize(("suffix", "comma"), [(".csv", ","), (".tsv", "\t"), (".CSV", ",")])
@pytest.mark.parametrize("column", ["path", "file", "image"])
def test_a_table(tmp_path, suffix, comma, column):
    folder_of(tmp_path, "in/b.png", "in/a.png")
    table = tmp_path / f"mine{suffix}"
    rows = [
        ["", column, "age", "who"],
        ["0", "in/b.png", "3", "2_0"],
        ["1", "in/a.png", "4e1", "1_0"],
    ]
    table.write_text("\n".join(comma.join(row) for row in rows), encoding="utf-8")
    ds = images(table)
    assert ds.name == "mine"
    assert ds.names == ("in/b.png", "in/a.png")
    assert ds.labels["age"].tolist() == [3, 40]
    assert ds.classes == {"who": ("1_0", "2_0")}
    assert set(ds.labels) == {"age", "who"}


@needs_pillow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty table"),
        ("\n\n", "empty table"),
        ("path,a\n", "at least one row"),
        ("photo,a\nx.png,1\n", "must have a column path, file or image, got photo, a"),
        ("path,a,a\na.png,1,2\n", "name its columns differently"),
        ("path,a\na.png\n", "2 cells in row 1, got 1"),
        ("path,a\na.png,1\nb.png,2\n", "got `b.png` in row 2"),
        ("path,a\na.png,1\na.png,nan\n", "`a` must be finite, got nan in row 2 (`a.png`)"),
        ("path,a\na.png,1\na.png,\n", "`a` must be finite, got nan in row 2 (`a.png`)"),
        ("path,a\na.png,1e60\n", "got 1e+60 in row 1 (`a.png`)"),
        (b"path,a\na.png,\xff\n", "a table in UTF-8"),
        ('path,a\na.png,"' + "x" * 200_000 + '"\n', "a table in UTF-8"),
    ],
)
def test_bad_tables(tmp_path, text, words):
    folder_of(tmp_path, "a.png")
    table = tmp_path / "t.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert words in refused(images, table)


# ---------------------------------------------------------------- an .npz file


def write_npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("shape", "channels"), [((4, 5, 6), 1), ((4, 5, 6, 1), 1), ((4, 5, 6, 3), 3)]
)
def test_an_npz(tmp_path, shape, channels):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    path = write_npz(
        tmp_path / "a.npz",
        images=pixels,
        who=np.array(["b", "a", "b", "c"]),
        smile=np.array([0, 1, 0, 1], np.uint8),
        glad=np.array([True, False, True, True]),
        landmarks=np.full((4, 2), np.nan),
        note=np.array("not a column"),
        other=np.zeros(3),
    )
    ds = images(path)
    assert ds.images.shape == (4, channels, 5, 6)
    assert set(ds.labels) == {"who", "smile", "glad"}
    assert ds.classes == {"who": ("a", "b", "c")}
    assert ds.labels["smile"].dtype == ds.labels["glad"].dtype == np.float32
    part = images(path, n=2, seed=1)
    assert part.fingerprint == ds[[int(name) for name in part.names]].fingerprint


@needs_pillow
def test_an_npz_is_converted_on_demand(tmp_path):
    path = write_npz(tmp_path / "a.npz", images=np.zeros((2, 5, 6, 3), np.uint8))
    assert images(path, mode="L", size=3).images.shape == (2, 1, 3, 3)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"pixels": np.zeros(3)}, "must hold an array `images`, got pixels"),
        ({"images": np.zeros((2, 4, 4))}, "must be uint8 of shape"),
        ({"images": np.array(3, np.uint8)}, "at least one picture"),
        ({"images": np.zeros((0, 4, 4), np.uint8)}, "at least one picture"),
        ({"a": np.array([1, None])}, "`a` in"),
        ({"a": np.array([1, 2j])}, "numbers or text, got complex128"),
        ({"a": np.array([1, np.nan])}, "`a` must be finite, got nan in row 1 (counted from 0)"),
        ({"a": np.array([1, 2], "M8[s]")}, "numbers or text"),
    ],
)
def test_bad_npz(tmp_path, arrays, words):
    arrays = (
        arrays
        if {"images", "pixels"} & set(arrays)
        else {"images": np.zeros((2, 4, 4), np.uint8), **arrays}
    )
    path = write_npz(tmp_path / "a.npz", **arrays)
    assert words in refused(images, path)
    if "a" in arrays:
        assert len(images(path, labels=[])) == 2


def test_a_damaged_npz(tmp_path):
    path = write_npz(tmp_path / "a.npz", images=np.arange(4096, dtype=np.uint8).reshape(4, 32, 32))
    whole = path.read_bytes()
    for data in (b"", b"not a zip", whole[: len(whole) // 2], whole[:200] + b"xx" + whole[202:]):
        path.write_bytes(data)
        assert "must be a whole .npz file" in refused(images, path)
    with path.open("wb") as stream:
        np.save(stream, np.zeros((2, 4, 4), np.uint8))
    assert "must be a whole .npz file" in refused(images, path)


def test_an_npz_bomb_is_refused_by_its_header(tmp_path):
    header = {"descr": "|u1", "fortran_order": False, "shape": (100_000, 100_000, 1000)}
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, header)
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", stream.getvalue())
    assert "must fit 4 GiB" in refused(images, path)


@needs_london
def test_faces_of_london():
    assert "column `age` must be finite, got nan in row 54" in refused(images, LONDON)
    ds = images(LONDON, labels=("person", "smile", "sex"))
    assert ds.images.shape == (204, 3, 128, 128)
    assert len(ds.classes["person"]) == 102
    assert ds.labels["smile"].sum() == 102
    assert ds.classes["sex"] == ("female", "male")


# ---------------------------------------------------------------- load


@needs_pillow
def test_load_takes_a_path(tmp_path):
    folder_of(tmp_path, *(f"{i}.png" for i in range(9)))
    ds = load(tmp_path, n=4, seed=2, size=3)
    assert ds.images.shape == (4, 3, 3, 3)
    assert list(ds.names) == sorted(ds.names)
    assert ds.names == load(str(tmp_path), n=4, seed=2, size=3).names
    assert ds.names != load(tmp_path, n=4, seed=3, size=3).names
    assert load(tmp_path, n=9).names == images(tmp_path).names
    for n in (0, 10, 2.5):
        assert "`n` must be between 1 and the 9 pictures" in refused(load, tmp_path, n=n)
    assert "`seed`" in refused(load, tmp_path, n=2, seed=-1)


def test_load_knows_the_built_in_sets(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    assert load("faces", n=2, size=16).images.shape == (2, 3, 16, 16)
    assert load("faces", n=2, size=16, labels=["smile"]).labels.keys() == {"smile"}
    assert load("digits", size=8, n=5).images.shape == (5, 1, 8, 8)
    assert load("digits", n=5, labels=[]).classes == {}
    assert "`size` must be 8 for digits, got 16" in refused(load, "digits", size=16)
    text = refused(load, "fases")
    for word in ("faces, digits, fashion-mnist", "folder", ".csv", ".npz", "'fases'"):
        assert word in text
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces").mkdir()
    assert "must hold pictures" in refused(load, "./faces")
    assert "must hold pictures" in refused(load, Path("faces"))


@needs_fashion
def test_load_fashion_mnist():
    assert load("fashion-mnist", n=7).images.shape == (7, 1, 28, 28)
