"""The command line: every verb does its work, and what is wrong is one sentence."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zalgebra import __version__
from zalgebra.data.pictures import save_picture
from zalgebra.estimators.directions import Direction
from zalgebra.files import read_tensors
from zalgebra.models import training
from zalgebra.studio import workspace
from zalgebra.studio.options import WORKSPACE
from zalgebra.studio.recipes import KINDS
from zalgebra.studio.workspace import Workspace

VERBS = ("demo", "fit", "encode", "mix", "edit", "walk", "check")
FIT = ("fit", "faces", "-n", "60", "--size", "16", "--latent-dim", "4", "--epochs", "2")


def folder(path: Path, images: np.ndarray) -> Path:
    for i, image in enumerate(images):
        save_picture(image, path / f"{i}.png")
    return path


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


# Every verb.


def test_the_version_and_help_are_said(zalgebra) -> None:
    assert zalgebra("--version").out == f"{__version__}\n"
    for flag in ("-h", "--help"):
        said = zalgebra(flag)
        assert said.code == 0
        assert all(verb in said.out for verb in VERBS)
    for verb in VERBS:
        said = zalgebra(verb, "-h")
        assert said.code == 0
        assert "--json" in said.out
        assert not said.err
    said = zalgebra()
    assert said.code == 2
    assert "Usage" in said.out + said.err


def test_fit_makes_a_workspace_with_its_items(zalgebra) -> None:
    facts = zalgebra(*FIT, "-o", "new.zal", "--json").json()
    assert (facts["items"], facts["epochs"], facts["outcome"]) == (60, 2, "finished")
    ws = Workspace("new.zal")
    assert ws.spec.fingerprint == facts["fingerprint"]
    assert ws.spec.data_shape == (3, 16, 16)
    assert ws.spec.latent_shape == (4,)
    assert {p.name for p in ws.path.iterdir()} == {
        "workspace.json", "model", ".lock", ws._card["items"]
    }  # fmt: skip
    assert "is a workspace already" in zalgebra(*FIT, "-o", "new.zal").sentence()


def test_fit_says_what_it_did(zalgebra) -> None:
    said = zalgebra(*FIT, "-o", "a[b].zal", "--labels", "smile, glasses")
    assert said.code == 0
    assert said.out.startswith("a[b].zal: 60 items, 2 epochs, ")
    assert said.out.count("\n") == 1
    assert set(Workspace("a[b].zal").items.labels) == {"smile", "glasses"}


def test_encode_adds_items_and_resizes_files(zalgebra, place, faces) -> None:
    said = zalgebra("encode", "faces", "-n", 20, "--seed", 9, "-w", place)  # drawn in 16 pixels
    assert (said.code, said.out) == (0, "img:300 to img:319 are new\n")
    facts = zalgebra("encode", "faces", "-n", 20, "--seed", 9, "-w", place, "--json").json()
    assert facts == {"workspace": str(place), "added": 0, "items": 320}
    assert "already" in zalgebra("encode", "faces", "-n", 20, "--seed", 9, "-w", place).out


def test_encode_resizes_pictures_of_another_size(zalgebra, tmp_path, model, faces) -> None:
    ws = Workspace.create(tmp_path / "new.zal", model)
    folder(tmp_path / "large", np.repeat(np.repeat(faces.images[:3], 3, 2), 3, 3))
    folder(tmp_path / "small", faces.images[:3])
    for data in ("large", "small"):
        assert zalgebra("encode", tmp_path / data, "-w", ws.path, "--json").json()["added"] == 3
    Z = Workspace(ws.path).items.latents
    np.testing.assert_allclose(Z[:3], Z[3:], atol=0.8)
    np.testing.assert_allclose(Z[3:], model.transform(faces.images[:3]), atol=0.05)


def test_mix_draws_and_certifies(zalgebra, place, space) -> None:
    said = zalgebra("mix", "img:1 + 20° smile - 0.5 glasses", "-w", place, "-o", "deep/a.png")
    assert said.code == 0
    first, second = said.out.splitlines()
    assert first == "deep/a.png: img:1 + 20° smile - 0.5*glasses"
    assert "under the prior" in second
    with Image.open("deep/a.png") as picture:
        assert picture.size[0] > 100
    facts = zalgebra("mix", "img:1 + img:2", "-w", place, "--json").json()
    assert (facts["expression"], facts["output"]) == ("img:1 + img:2", "mix.png")
    assert facts["certificate"] == space.mix("img:1 + img:2").certificate.to_dict()


def test_a_long_answer_stays_on_its_line(zalgebra, place) -> None:
    expression = " + ".join(f"0.125 img:{i}" for i in range(30))
    said = zalgebra("mix", expression, "-w", place)
    assert len(said.out.splitlines()) == 2
    assert "0.125*img:29" in said.out.splitlines()[0]


def test_the_method_is_used(zalgebra, place, space) -> None:
    for method in ("lol", "linear", "slerp"):
        facts = zalgebra("mix", "img:1 + img:2", "-w", place, "--json", "--method", method).json()
        expected = space.mix("img:1 + img:2", method=method).certificate.effects["norm"][0]
        assert facts["certificate"]["effects"]["norm"][0] == pytest.approx(expected, rel=1e-5)
    assert "'--method'" in zalgebra("mix", "img:1", "-w", place, "--method", "magic").sentence()


@pytest.mark.parametrize("name", ["me.png", "my face.png", "me", 'quo"ted.png', "x" * 240 + ".png"])
def test_edit_takes_an_item_or_a_file(zalgebra, place, faces, name: str) -> None:
    assert zalgebra("edit", "img:4", "+ smile", "-w", place).out.startswith(
        "edit.png: img:4 + smile\n"
    )
    save_picture(faces.images[4], "a.png")
    Path("a.png").rename(name)
    facts = zalgebra("edit", name, "20° smile", "-w", place, "--json").json()
    assert facts["expression"].endswith(" + 20° smile")
    assert name in facts["expression"]
    assert zalgebra("mix", name, "-w", place).code == 0
    assert zalgebra("walk", name, "img:2", "-w", place).code == 0
    assert zalgebra("check", name, "-w", place).code == 0


def test_edit_shows_before_and_after(zalgebra, place, space) -> None:
    assert zalgebra("edit", "img:4", "+ smile", "-w", place, "-o", "a.gif").code == 0
    with Image.open("a.gif") as film:
        assert film.n_frames == 2
        before = np.asarray(film.convert("RGB")) / 255
    expected = space.mix("img:4").pictures[0]
    assert np.abs(before[::16, ::16].mean((0, 1)) - expected.mean((1, 2))).max() < 0.05


def test_walk_is_a_strip_or_a_film(zalgebra, place) -> None:
    long = " + ".join(f"img:{i}" for i in range(60))  # no file has so long a name
    said = zalgebra("walk", "img:1", "img:2 + smile", long, "-w", place, "--steps", 5)
    assert said.code == 0
    with Image.open("walk.png") as strip:
        assert strip.size[0] > 2 * strip.size[1]
    walk = ("walk", "img:1", "img:2", "-w", place, "--closed", "-o", "a.gif", "--steps", "6")
    facts = zalgebra(*walk, "--json").json()
    assert len(facts["certificate"]["plausible"]) == 6
    with Image.open("a.gif") as film:
        assert film.n_frames == 6
        assert film.info["loop"] == 0


def test_check_certifies_expressions_and_files(zalgebra, place, space) -> None:
    facts = zalgebra("check", "img:1", "10 img:2 - img:3", "-w", place, "--json").json()
    assert len(facts["plausible"]) == 2
    np.save("z.npy", space.items.latents[:7])
    own = zalgebra("check", "z.npy", "-w", place, "--json").json()
    assert own["effects"]["norm"] == pytest.approx(
        np.sqrt((space.prior.to_normal(space.items.latents[:7]) ** 2).mean(axis=1)), rel=1e-4
    )
    unit = zalgebra("check", "z.npy", "--json").json()
    assert unit["effects"]["norm"] == pytest.approx(
        np.sqrt((space.items.latents[:7] ** 2).mean(axis=1)).tolist(), rel=1e-4
    )
    said = zalgebra("check", "z.npy")
    assert said.code == 0
    assert "norm" in said.out
    # The default workspace, named outright, is used as well.
    shutil.copytree(place, WORKSPACE)
    assert zalgebra("check", "z.npy", "-w", WORKSPACE, "--json").json() == own
    assert zalgebra("check", "img:1", "--json").json()["entries"] == 8


def test_json_has_no_nan_and_no_infinity(zalgebra) -> None:
    np.save("z.npy", np.full((2, 5), 1e300))
    with np.errstate(all="ignore"):
        facts = zalgebra("check", "z.npy", "--json").json()
    assert facts["effects"]["norm"] == [None, None]


# What is wrong is one sentence, and exit code 2.


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("img:1 + grin", "unknown name 'grin'"),
        ("1/0", "division by zero"),
        ("img:1/0", "division by zero"),
        ("img:300", "img:300 does not exist: the items are img:0 to img:299"),
        ("", "expected a latent"),
        ("img:1 +\n grin", "unknown name 'grin'"),
        ("mean(smile=7)", "no item meets its conditions"),
        ("mean(mood=1)", "unknown label 'mood'"),
        ("img:1 + 90° smile", "between -90° and 90°"),
        ("img:1 - img:1", "no defined combination|holds no latent"),
        ("photo.jpg", "there is no file photo.jpg|did not expect"),
        ("2", "gives the number 2"),
        ("img:1 + " * 2000, "at most 10000 characters"),
    ],
)
def test_a_bad_expression_is_one_sentence(zalgebra, encoded, expression, words) -> None:
    assert re.search(words, zalgebra("mix", expression, "-w", encoded).sentence())
    assert not Path("mix.png").exists()
    assert re.search(words, zalgebra("walk", "img:1", expression, "-w", encoded).sentence())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["walk", "img:1"], "at least two expressions"),
        (["walk", "img:1", "img:2", "--steps", "1"], "'--steps'"),
        (["walk"], "Missing argument"),
        (["mix", "img:1", "-o", "a.tiff"], "must end in one of .png"),
        (["mix", "img:1", "-o", "a"], "must end in one of .png"),
        (["walk", "img:1", "img:2", "-o", "a.avi"], ".webp, .mp4, .gif, or in nothing"),
        (["mix", "img:1", "-o", "/proc/x.png"], "cannot write /proc/x.png"),
        (["mix", "img:1", "-o", "/proc/x.gif"], "cannot write /proc/x.gif"),
        (["mix", "img:1", "--nonsense"], "unexpected extra argument(s) (--nonsense)"),
        (["encode", "faces", "--nonsense"], "No such option: --nonsense"),
        (["encode", "nothing"], "a data set must be one of faces, digits"),
        (["encode", "digits"], "takes data of 16 × 16 pixels, RGB, digits has 8 × 8 pixels, grey"),
        (["encode", "faces", "--size", "0"], "`size` must be between 1 and 8000 pixels, got 0"),
        (["encode", "faces", "--size", "20", "-n", "5"], "faces has 20 × 20 pixels, RGB"),
        (["encode", "faces", "-n", "0"], "'-n'"),
        (["encode", "faces", "-n", "5", "--labels", "mood"], "mood"),
        (
            ["encode", "faces", "-n", "5", "--labels", "smile"],
            "the new ones smile; make them equal",
        ),
        (["check", "nothing.npy"], "nothing.npy is no readable .npy file"),
        (["edit", "img:1", ""], "expected a latent"),
    ],
)
def test_a_bad_call_is_one_sentence(zalgebra, encoded, call, words) -> None:
    assert words in zalgebra(*call, "-w", encoded).sentence()


def test_a_change_may_begin_with_a_minus(zalgebra, encoded, tmp_path) -> None:
    for change in ("- smile", "-30° smile", "- 2sd smile"):
        output = tmp_path / "edit.png"
        assert zalgebra("edit", "img:1", change, "-w", encoded, "-o", output).code == 0
        assert output.stat().st_size > 0


def test_wrong_words_of_the_command_line_are_one_sentence(zalgebra) -> None:
    assert "Did you mean 'fit'" in zalgebra("fti").sentence()
    assert "'--size'" in zalgebra("fit", "faces", "-o", "a", "--size", "many").sentence()
    assert "Missing option '-o'" in zalgebra("fit", "faces").sentence()
    assert "No such option" in zalgebra("--nonsense").sentence()
    assert "got 0" in zalgebra("fit", "faces", "-o", "a", "--size", "0").sentence()
    assert "data set" in zalgebra("fit", "nothing", "-o", "a").sentence()
    assert not list(Path().iterdir())


def test_a_missing_workspace_is_one_sentence(zalgebra) -> None:
    for call in (["mix", "img:1"], ["edit", "img:1", "+ a"], ["walk", "a", "b"], ["check", "img:1"],
                 ["encode", "faces"], ["check", "z.npy", "-w", "none"]):  # fmt: skip
        assert "there is no workspace in" in zalgebra(*call).sentence()
    assert not list(Path().iterdir())


def test_an_output_below_a_file_is_one_sentence(zalgebra, encoded) -> None:
    Path("file").touch()
    said = zalgebra("mix", "img:1", "-w", encoded, "-o", "file/a.png")
    assert "cannot write file/a.png" in said.sentence()
    for place in ("file", "file/a.zal", "/proc/a.zal"):
        assert f"cannot write {place}" in zalgebra(*FIT, "-o", place).sentence()


def test_bad_pictures_are_one_sentence(zalgebra, place, faces) -> None:
    Path("empty").mkdir()
    assert "must hold pictures" in zalgebra("encode", "empty", "-w", place).sentence()
    assert "must hold pictures" in zalgebra("fit", "empty", "-o", "a.zal").sentence()
    for name, data in {
        "short": save_picture(faces.images[0], "a.png").read_bytes()[:200],
        "none": b"no picture",
        "nothing": b"",
    }.items():
        folder(Path(name), faces.images[:2])
        (Path(name) / "z.png").write_bytes(data)
        said = zalgebra("encode", name, "-w", place).sentence()
        assert f"`{name}/z.png`" in said
        assert f"{name}/z.png" in zalgebra("edit", f"{name}/z.png", "smile", "-w", place).sentence()
    assert len(Workspace(place)) == 300


def test_a_huge_picture_is_refused_by_its_header(zalgebra, place) -> None:
    Path("huge").mkdir()
    Path("huge/a.png").write_bytes(png_header(100_000, 100_000))
    zalgebra("mix", "img:1", "-w", place)  # what is loaded once is loaded now
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    assert "at most 64 megapixels" in zalgebra("encode", "huge", "-w", place).sentence()
    assert "at most 64 megapixels" in zalgebra("mix", "huge/a.png", "-w", place).sentence()
    assert time.perf_counter() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_a_direction_of_another_model_is_one_sentence(zalgebra, place, other_model) -> None:
    Z, mark = np.random.default_rng(0).normal(size=(20, 8)), other_model.spec_.fingerprint
    Direction.from_groups(Z[:10] + 1, Z[10:], name="grin", fingerprint=mark).save(
        place / "directions" / "grin.safetensors"
    )
    said = zalgebra("edit", "img:1", "+ grin", "-w", place)
    assert "was learned on another model" in said.sentence()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((3, 8), np.nan), "must be finite, got 24 NaN"),
        (np.array([{"a": 1}, None], dtype=object), "no readable .npy file of numbers"),
        (np.array([["a"] * 8]), "must hold real numbers"),
        (np.ones((2, 8)) * 1j, "must hold real numbers"),
        (np.ones((2, 5)), "shape"),
        (np.float64(3), "takes latents (n, *shape)"),
    ],
)
def test_bad_latents_are_one_sentence(zalgebra, encoded, array, words) -> None:
    np.save("z.npy", array, allow_pickle=True)
    assert words in zalgebra("check", "z.npy", "-w", encoded).sentence()


def test_what_is_no_npy_file_is_one_sentence(zalgebra) -> None:
    np.savez("a.npz", z=np.ones((2, 8)))
    Path("a.npz").rename("a.npy")
    assert "is an .npz archive" in zalgebra("check", "a.npy").sentence()
    Path("b.npy").mkdir()
    assert "no readable .npy file" in zalgebra("check", "b.npy").sentence()
    np.save("c.npy", np.ones((2, 8)))
    whole = Path("c.npy").read_bytes()
    bomb = whole.replace(b"(2, 8), }" + b" " * 13, b"(99999999999999, 8), }")
    assert len(bomb) == len(whole)
    assert bomb != whole
    for data in (b"", b"\x93NUMPY", bomb, whole[:-9]):
        Path("c.npy").write_bytes(data)
        assert "no readable .npy file" in zalgebra("check", "c.npy").sentence()


def test_another_writer_is_one_sentence(zalgebra, place, program) -> None:
    code = "import sys\nfrom pathlib import Path\nfrom zalgebra.studio.locks import locked\n"
    code += "with locked(Path(sys.argv[1])):\n print('held', flush=True)\n sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(place)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == "held\n"
        said = zalgebra("encode", "faces", "-n", 3, "-w", place)
        assert "another process is writing to" in said.sentence()
        assert zalgebra("edit", "img:1", "+ smile", "-w", place).code == 0
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert zalgebra("encode", "faces", "-n", 3, "-w", place).code == 0
    finally:
        holder.kill()
        holder.communicate()


# As a program of its own.


def test_the_program_speaks_on_the_right_streams(program, encoded, tmp_path: Path) -> None:
    good = program("mix", "img:1 + 20° smile", "-w", encoded, "--json", "-o", "a.png")
    bad = program("mix", "img:1 + grin", "-w", encoded)
    usage = program("walk", "--steps", "many", "-w", encoded)
    ends = {name: p.communicate() for name, p in (("good", good), ("bad", bad), ("usage", usage))}
    assert (good.returncode, bad.returncode, usage.returncode) == (0, 2, 2)
    assert ends["good"][1] == ""
    assert ends["good"][0].startswith('{"expression": "img:1 + 20')
    assert (tmp_path / "a.png").is_file()
    for name in ("bad", "usage"):
        out, err = ends[name]
        assert out == ""
        assert err.startswith("zalgebra: ")
        assert err.count("\n") == 1  # long as it is, it is not wrapped


def test_a_terminal_without_the_letters_is_no_failure(encoded, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from zalgebra.studio.cli import main; main()",
         "walk", "img:1", "img:2 + 20° smile", "-w", str(encoded), "--steps", "2"],
        cwd=tmp_path, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"walk.png: img:1 ? img:2 + 20? smile\n")


LONG_FIT = ("fit", "faces", "-n", "600", "--size", "16", "--latent-dim", "4", "--epochs", "40")


def until(file: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def interrupted_fit(program, tmp_path: Path, number: signal.Signals) -> tuple[int, str, str, int]:
    """Exit code, output and errors of a fit stopped after an epoch, and how many it had done."""
    process, checkpoint = (
        program(*LONG_FIT, "-o", "a.zal"),
        tmp_path / "a.zal/checkpoint.safetensors",
    )
    until(checkpoint, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert checkpoint.is_file(), (process.returncode, out, err)
    done = len(read_tensors(checkpoint)[1]["history"])
    assert 1 <= done < 40
    assert not (tmp_path / "a.zal" / "workspace.json").exists()
    return process.returncode, out, err, done


def resumed(zalgebra, tmp_path: Path, monkeypatch) -> tuple[dict, int]:
    """What the same command says when it is given again, and how many epochs it took."""
    epochs, validate = [], training._validate

    def counted(*args):
        epochs.append(1)
        return validate(*args)

    monkeypatch.setattr(training, "_validate", counted)
    return zalgebra(*LONG_FIT, "-o", tmp_path / "a.zal", "--json").json(), len(epochs)


def test_an_interrupted_fit_says_so_and_goes_on(program, zalgebra, tmp_path, monkeypatch) -> None:
    code, out, err, done = interrupted_fit(program, tmp_path, signal.SIGINT)
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    last = err.strip().splitlines()[-1]
    assert last == "zalgebra: interrupted; the same command goes on where it was"
    facts, epochs = resumed(zalgebra, tmp_path, monkeypatch)
    assert (facts["epochs"], epochs, facts["items"]) == (40, 40 - done, 600)
    names = {p.name for p in (tmp_path / "a.zal").iterdir()}
    assert names - {"model", "workspace.json", ".lock"} == {
        Workspace(tmp_path / "a.zal")._card["items"]
    }


@pytest.fixture
def one_thread():
    """As many threads as `program` has: a fit repeats bit for bit under one number of them."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_killed_fit_gives_the_model_of_one_that_was_not(
    program, zalgebra, tmp_path, monkeypatch
) -> None:
    code, *_, done = interrupted_fit(program, tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    facts, epochs = resumed(zalgebra, tmp_path, monkeypatch)
    assert (facts["epochs"], epochs) == (40, 40 - done)
    straight = zalgebra(*LONG_FIT, "-o", "b.zal", "--json").json()
    assert facts["fingerprint"] == straight["fingerprint"]
    assert not list((tmp_path / "a.zal").glob("*checkpoint*"))
    assert not list((tmp_path / "a.zal").glob(".checkpoint*"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_is_fitted_and_computed_with(zalgebra, kind) -> None:
    short = () if kind == "pca" else ("--epochs", "1")
    fit = ("fit", "digits", "-n", "40", "--model", kind, *short, "-o", "a.zal", "--json")
    facts = zalgebra(*fit).json()
    assert facts["items"] == 40
    said = zalgebra("mix", "0.5*img:1 + seed(3)", "-w", "a.zal", "-o", "mix.png", "--json").json()
    assert Path("mix.png").is_file()
    assert len(said["certificate"]["plausible"]) == 1


def test_one_vector_of_numbers_is_one_latent_to_check(zalgebra) -> None:
    np.save("z.npy", np.random.default_rng(0).standard_normal(4096))
    assert zalgebra("check", "z.npy", "--json").json()["plausible"] == [True]


def test_an_option_that_the_model_lacks_is_one_sentence(zalgebra) -> None:
    said = zalgebra("fit", "digits", "-n", "40", "--model", "pca", "--epochs", "3", "-o", "a.zal")
    assert said.sentence() == "zalgebra: a PCA takes no --epochs; leave it out"


def test_a_fit_killed_while_it_encodes_goes_on(zalgebra, monkeypatch) -> None:
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workspace.Workspace, "_add", interrupt)
        said = zalgebra(*FIT, "-o", "a.zal")
    assert said.code == 130
    assert "the same command goes on" in said.err
    said = zalgebra(*FIT, "-o", "a.zal")
    assert (said.code, said.out) == (0, "a.zal: 60 items, 2 epochs\n")  # none was needed now
    assert not Path("a.zal/checkpoint.safetensors").exists()
    assert not Path("a.zal/parts").exists()


def test_other_settings_do_not_go_on_from_a_checkpoint(zalgebra, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            workspace.Workspace, "_add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        assert zalgebra(*FIT, "-o", "a.zal").code == 130
    said = zalgebra(*FIT, "-o", "a.zal", "--beta", "2")
    assert "checkpoint of another run" in said.sentence()


def test_a_missing_file_is_said_to_be_missing_whatever_its_kind(zalgebra, place) -> None:
    for name in ("none/map.html", "none.png", "z.txt"):
        said = zalgebra("edit", name, "+ smile", "-w", place).sentence()
        assert f"there is no file {name}" in said
    assert zalgebra("mix", "0.5*img:1+img:2", "-w", place).code == 0


def test_a_demo_does_not_write_into_a_file(zalgebra) -> None:
    Path("here.mp4").write_bytes(b"mine")
    assert "here.mp4 is a file" in zalgebra("demo", "-o", "here.mp4").sentence()
    assert Path("here.mp4").read_bytes() == b"mine"


def test_a_map_of_few_items_says_on_how_few_its_error_was_measured(zalgebra, place) -> None:
    words = ["map", "-w", place, "--method", "pca", "-o", "map.png"]
    assert ", on 2 items only" in zalgebra(*words, "--n", 10).out
    assert "items only" not in zalgebra(*words).out
