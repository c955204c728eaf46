"""Files: whole or absent, no litter, damage told in a sentence, fingerprints that see all."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zalgebra import files
from zalgebra.files import aside, fingerprint, read_json, read_tensors, write_json, write_tensors
from zalgebra.types import BadInput, MissingExtra

ARRAYS = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(10)[::3],
    "scalar": np.array(3.5),
    "empty": np.zeros((0, 4), np.float16),
    "flags": np.array([True, False]),
    "big-endian": np.arange(3, dtype=">f4"),
}


def test_aside_takes_the_place_only_when_the_block_ends_well(tmp_path) -> None:
    target = tmp_path / "deep" / "er" / "text.txt"
    with aside(str(target)) as temporary:
        assert temporary.parent == target.parent  # the same disk: the renaming is atomic
        assert temporary.suffix == ".txt"
        temporary.write_text("one")
        assert not target.exists()
    assert target.read_text() == "one"
    assert target.stat().st_mode & 0o777 == 0o644
    with pytest.raises(KeyboardInterrupt), aside(target) as temporary:  # noqa: PT012
        temporary.write_text("half of tw")
        raise KeyboardInterrupt
    assert target.read_text() == "one"
    assert list(target.parent.iterdir()) == [target]  # no litter


def test_who_reads_the_old_file_reads_it_to_the_end(tmp_path) -> None:
    write_json(tmp_path / "a", "old " * 5)
    with (tmp_path / "a").open("rb", buffering=0) as reading:
        start = reading.read(4)
        write_json(tmp_path / "a", "new")
        assert start + reading.read() == b'"' + b"old " * 5 + b'"\n'
    assert read_json(tmp_path / "a") == "new"


def test_errors_inside_the_block_come_out_as_they_are(tmp_path) -> None:
    with pytest.raises(ZeroDivisionError), aside(tmp_path / "x"):
        _ = 1 / 0
    with (
        pytest.raises(BadInput, match=r"cannot write .*x: my own words; choose"),
        aside(tmp_path / "x"),
    ):
        raise OSError("my own words")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [write_json, lambda p, _: write_tensors(p, {})])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, write) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder" / "full").mkdir(parents=True)
    places = [tmp_path / "file" / "x.json", tmp_path / "folder", tmp_path / ("x" * 300)]
    places += [Path("/proc/zalgebra/x.json")] if Path("/proc").is_dir() else []
    for place in places:
        with pytest.raises(BadInput, match=r"cannot write .*; choose another place"):
            write(place, 1)
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(tmp_path) -> None:
    resource = pytest.importorskip("resource")
    file, text = tmp_path / "a.safetensors", tmp_path / "a.json"
    write_tensors(file, {"a": np.ones(3)})
    write_json(text, 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        with pytest.raises(BadInput, match=r"cannot write .*too large"):
            write_tensors(file, {"a": np.ones(10_000)})
        with pytest.raises(BadInput, match=r"cannot write .*too large"):
            write_json(text, "x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert sorted(tmp_path.iterdir()) == [text, file]
    assert (read_tensors(file)[0]["a"] == 1).all()
    assert read_json(text) == 1


# What a killed process leaves.

WRITES = """
import sys, time
from pathlib import Path
from zalgebra.files import aside
with aside(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """Processes in the midst of writing a file."""
    started = []

    def start(path: Path) -> subprocess.Popen:
        command = [sys.executable, "-c", WRITES, str(path)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout.readline() == "begun\n"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="it cannot be known who lives")
@pytest.mark.parametrize("before", [True, False])
def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path, writer, before) -> None:
    target = tmp_path / "walk.tar.gz"
    if before:
        write_json(target, "old")
    dead, alive = writer(target), writer(target)
    dead.kill()
    dead.wait()
    foreign = [f".walk.tar.gz.{dead.pid}-01234567-abcdefgh.gz", f".walk.tar.gz.{dead.pid}", ".x"]
    for name in foreign:  # of another machine, of another program
        (tmp_path / name).touch()
    left = {p.name for p in tmp_path.iterdir()} - {target.name, *foreign}
    assert len(left) == 2
    assert target.exists() == before
    files._listed.discard(tmp_path)  # as a new process would find it
    write_json(target, "new")
    found = {p.name for p in tmp_path.iterdir()} - {target.name, *foreign}
    assert len(found) == 1
    assert f".walk.tar.gz.{alive.pid}-" in found.pop()
    assert {p.name for p in tmp_path.iterdir()} > set(foreign)
    assert read_json(target) == "new"


def test_where_it_cannot_be_known_nothing_is_swept(tmp_path, writer, monkeypatch) -> None:
    dead = writer(tmp_path / "a")
    dead.kill()
    dead.wait()
    monkeypatch.setattr(files.os, "name", "nt")
    monkeypatch.setattr(files.os, "kill", lambda *_: pytest.fail("that ends processes there"))
    assert not files._is_dead(dead.pid)
    monkeypatch.undo()
    assert files._is_dead(dead.pid)
    assert not files._is_dead(os.getpid())
    assert not files._is_dead(10**30)


def test_a_folder_that_was_put_away_comes_back(tmp_path) -> None:
    process = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                             capture_output=True, text=True, check=True)  # fmt: skip
    for target in ("lost", "there"):
        old = tmp_path / f".{target}.{int(process.stdout)}-{files._here()}-abcdefgh" / "old"
        old.mkdir(parents=True)
        (old / "frame").write_text("old")
    (tmp_path / "there").mkdir()
    files.hidden(tmp_path / "lost")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lost", "there"]
    assert (tmp_path / "lost" / "frame").read_text() == "old"
    assert list((tmp_path / "there").iterdir()) == []


def test_a_folder_of_many_new_files_is_looked_through_once(tmp_path, monkeypatch) -> None:
    looked = []
    names = files._names
    monkeypatch.setattr(files, "_names", lambda folder: [looked.append(folder), *names(folder)][1:])
    for i in range(20):
        write_json(tmp_path / f"{i}.json", i)
    assert looked == [tmp_path]
    write_json(tmp_path / "0.json", 0)
    assert looked == [tmp_path] * 2


def test_a_place_is_checked_before_the_work(tmp_path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    for place in (tmp_path / "file" / "x.png", Path("/proc/x.png"), tmp_path / f"{'x' * 300}.png"):
        with pytest.raises(BadInput, match=r"cannot write .*; choose another place"):
            files.check_place(place)
    with pytest.raises(BadInput, match=r"folder\.png is a folder; give the file another name"):
        files.check_place(tmp_path / "folder.png")
    files.check_place(tmp_path / "new" / "er" / "x.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.png"]


def test_json_comes_back_and_holds_no_nan(tmp_path) -> None:
    file, value = tmp_path / "a.json", {"a": [1, 2.5, None, True, "ü°"], "b": {}}
    write_json(file, value)
    assert read_json(file) == value
    for bad in (math.nan, math.inf, {"a": [-math.inf]}, object(), np.float32(1)):
        with pytest.raises((ValueError, TypeError), match="JSON"):
            write_json(file, bad)
    assert read_json(file) == value
    assert list(tmp_path.iterdir()) == [file]


def test_tensors_come_back_with_their_header(tmp_path) -> None:
    file, header = tmp_path / "a.safetensors", {"n": [1, 2], "name": "ü", "card": {"x": 0.1}}
    write_tensors(file, ARRAYS, header)
    arrays, read = read_tensors(str(file))
    assert read == header
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].shape == array.shape, name
        assert arrays[name].dtype == array.dtype.newbyteorder("="), name
        np.testing.assert_array_equal(arrays[name], array)
        arrays[name][...] = 0  # theirs to change
    write_tensors(file, {})
    assert read_tensors(file) == ({}, {})
    with pytest.raises(ValueError, match="JSON"):
        write_tensors(file, {}, {"loss": math.nan})
    assert list(tmp_path.iterdir()) == [file]


def test_missing_and_broken_files_are_one_sentence(tmp_path) -> None:
    for read in (read_json, read_tensors):
        with pytest.raises(BadInput, match=r"there is no file .*nowhere"):
            read(tmp_path / "nowhere")
        with pytest.raises(BadInput, match="make it again"):
            read(tmp_path)
        for content in (b"", b"{", b"\xff\xfe\x00", b"[1, 2" * 50):
            (tmp_path / "broken").write_bytes(content)
            with pytest.raises(BadInput, match=r"broken is not .*make it again"):
                read(tmp_path / "broken")


def test_every_truncation_of_tensors_is_noticed(tmp_path) -> None:
    file = tmp_path / "a.safetensors"
    write_tensors(file, {"a": np.arange(5.0)}, {"n": 1})
    content = file.read_bytes()
    for size in range(len(content)):
        file.write_bytes(content[:size])
        with pytest.raises(BadInput, match="is not a whole safetensors file"):
            read_tensors(file)


def test_foreign_safetensors_are_one_sentence(tmp_path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2, dtype=torch.bfloat16)}, tmp_path / "half")
    with pytest.raises(BadInput, match="half is not a whole safetensors file"):
        read_tensors(tmp_path / "half")
    save_file({"a": torch.zeros(2)}, tmp_path / "words", metadata={"format": "pt"})
    with pytest.raises(BadInput, match="words is not a whole safetensors file"):
        read_tensors(tmp_path / "words")


def test_without_safetensors_the_install_line_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for call in (lambda: read_tensors(tmp_path / "a"), lambda: write_tensors(tmp_path / "a", {})):
        with pytest.raises(MissingExtra, match=r"pip install 'zalgebra\[torch\]'"):
            call()
    assert list(tmp_path.iterdir()) == []


BASE = {"a": np.arange(4, dtype=np.float32), "b": np.zeros(2)}
OTHERS = {
    "a name": {"c": BASE["a"], "b": BASE["b"]},
    "names swapped": {"a": BASE["b"], "b": BASE["a"]},
    "a type": {**BASE, "a": BASE["a"].view(np.int32)},
    "precision": {**BASE, "a": BASE["a"].astype(np.float64)},
    "a shape": {**BASE, "a": BASE["a"].reshape(2, 2)},
    "a value": {**BASE, "a": np.nextafter(BASE["a"], 9, dtype=np.float32)},
    "a sign of zero": {**BASE, "b": -BASE["b"]},
    "one more": {**BASE, "c": np.zeros(0)},
    "one less": {"a": BASE["a"]},
}


@pytest.mark.parametrize("change", OTHERS)
def test_a_fingerprint_sees(change) -> None:
    assert fingerprint(OTHERS[change]) != fingerprint(BASE)


def test_a_fingerprint_sees_the_shape_of_a_single_number() -> None:
    assert len({fingerprint({"a": np.ones(s)}) for s in [(), (1,), (1, 1)]}) == 3


def test_a_fingerprint_is_of_the_content_only(tmp_path) -> None:
    mark = fingerprint(ARRAYS)
    assert len(mark) == 64
    assert int(mark, 16) >= 0
    assert fingerprint(dict(reversed(ARRAYS.items()))) == mark
    native = {k: v for k, v in ARRAYS.items() if k != "big-endian"}
    write_tensors(tmp_path / "a", native)
    assert fingerprint(read_tensors(tmp_path / "a")[0]) == fingerprint(native)
    assert fingerprint({"a": ARRAYS["fortran"]}) == fingerprint({"a": ARRAYS["fortran"].copy("C")})
    known = "8483abe9699e45f958747ae851b492e42ed5b1b9fef849a2cc957d2ba6da8d85"
    assert fingerprint({"a": np.arange(3, dtype="<f4")}) == known  # saved models rely on it
