"""A film has the frames that were asked for, keeps its command, and is whole or not there."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zalgebra.algebra.combine import path
from zalgebra.studio import film_video
from zalgebra.studio.film import Film, prepare, shoot
from zalgebra.studio.frames import Layout
from zalgebra.types import BadInput, MissingExtra

ffmpeg = pytest.importorskip("imageio_ffmpeg")
pytestmark = [  # `imageio_ffmpeg.read_frames` forks, and leaves its pipes to the collector
    pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning"),  # of JAX, if a test has loaded it
    *(
        pytest.mark.filterwarnings(
            f"ignore:unclosed file <_io.Buffered{end} name=[0-9]:ResourceWarning"
        )
        for end in ("Reader", "Writer")
    ),
]
SUFFIXES = [".mp4", ".gif", ".webp", ""]
COMMENT = "zalgebra walk img:1 'img:2 + 20° smile' -o a.mp4"


@pytest.fixture
def frames() -> np.ndarray:
    """12 frames of 64 × 48, a bright bar that moves on a ground that changes colour."""
    found = np.zeros((12, 48, 64, 3), np.uint8)
    for i, frame in enumerate(found):
        frame[:] = (20 * i, 120, 240 - 20 * i)
        frame[:, 5 * i : 5 * i + 8] = 255
    return found


def written(frames: np.ndarray, output: Path, fps: float = 12) -> Film:
    n, height, width, _ = frames.shape
    return shoot(iter(frames), output, n=n, size=(width, height), fps=fps, comment=COMMENT)


def read_back(path: Path) -> tuple[np.ndarray, float]:
    """All frames of a film, and how many seconds it lasts."""
    if path.suffix == ".mp4":
        reader = ffmpeg.read_frames(str(path))
        facts = next(reader)
        width, height = facts["size"]
        found = [np.frombuffer(f, np.uint8).reshape(height, width, 3) for f in reader]
        return np.array(found), len(found) / facts["fps"]
    if path.suffix == "":
        files = sorted(path.iterdir())
        return np.array([np.asarray(Image.open(f)) for f in files]), float("nan")
    found, total = [], 0
    with Image.open(path) as picture:
        for i in range(picture.n_frames):
            picture.seek(i)
            found.append(np.asarray(picture.convert("RGB")))
            total += picture.info["duration"]
    return np.array(found), total / 1000


def comment_of(path: Path) -> str:
    if path.suffix == ".mp4":
        command = [ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "ffmetadata", "-"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return said.split("comment=")[1].splitlines()[0]
    if path.suffix == "":
        return Image.open(path / "frame-0001.png").text["Comment"]
    with Image.open(path) as picture:
        if path.suffix == ".gif":
            return picture.info["comment"].decode()
        return picture.getexif()[0x010E].encode("latin-1").decode()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_is_read_back(tmp_path: Path, frames: np.ndarray, suffix: str) -> None:
    made = written(frames, tmp_path / "new" / f"a{suffix}")
    found, seconds = read_back(made.path)
    assert found.shape == frames.shape
    off = np.abs(found.astype(float) - frames)
    assert off.mean() < {".mp4": 3, ".gif": 3, ".webp": 3, "": 1e-9}[suffix]
    assert suffix == "" or seconds == pytest.approx(1.0, abs=1e-6)
    assert comment_of(made.path) == COMMENT
    assert [p.name for p in made.path.parent.iterdir()] == [made.path.name]
    assert (made.frames, made.size, made.seconds) == (12, (64, 48), 1.0)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_frames_give_the_same_file_and_hash(
    tmp_path: Path, frames: np.ndarray, suffix: str
) -> None:
    a, b = (written(frames, tmp_path / f"{name}{suffix}") for name in "ab")
    assert a.sha256 == b.sha256 == hashlib.sha256(frames.tobytes()).hexdigest()
    files = [sorted(f.path.iterdir()) if suffix == "" else [f.path] for f in (a, b)]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert written(frames[::-1], tmp_path / f"c{suffix}").sha256 != a.sha256


@pytest.mark.parametrize(("fps", "hundredths"), [(24, {4, 5}), (10, {10}), (50, {2})])
def test_a_gif_keeps_time_on_the_whole(tmp_path, frames, fps, hundredths) -> None:
    written(frames, tmp_path / "a.gif", fps)
    with Image.open(tmp_path / "a.gif") as picture:
        each = []
        for i in range(picture.n_frames):
            picture.seek(i)
            each.append(picture.info["duration"] // 10)
    assert set(each) == hundredths
    assert sum(each) == pytest.approx(1200 / fps, abs=0.5)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_frame_is_in_memory_at_a_time(tmp_path: Path, frames, suffix: str) -> None:
    """Each frame is asked for when the one before has gone: 300 of 64 × 48, never two at once."""
    import weakref

    alive: list[weakref.ref] = []

    def one_by_one():
        for i in range(60):
            assert sum(r() is not None for r in alive) <= 2
            frame = np.array(frames[i % 12])
            alive.append(weakref.ref(frame))
            yield frame

    film = shoot(one_by_one(), tmp_path / f"a{suffix}", n=60, size=(64, 48))
    assert film.frames == len(alive) == 60


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("n", "there"), [(9, 5), (3, 9), (1, 9), (1, 0)])
def test_a_film_of_another_number_of_frames_is_refused(tmp_path, frames, suffix, n, there) -> None:
    words = f"got {n} and (more|{there}) frames"
    with pytest.raises(BadInput, match=words):
        shoot(iter(frames[:there]), tmp_path / f"a{suffix}", n=n, size=(64, 48))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_odd_sizes_are_filmed_and_a_path_may_be_text(tmp_path, frames, suffix) -> None:
    odd = frames[:, :35, :33]
    made = shoot(iter(odd), str(tmp_path / f"a{suffix}"), n=12, size=(33, 35))
    found, _ = read_back(made.path)
    width, height = made.size
    assert found.shape == (12, height, width, 3)
    assert made.size == ((34, 36) if suffix == ".mp4" else (33, 35))
    assert np.abs(found[:, :35, :33].astype(float) - odd).mean() < 4
    if suffix == ".mp4":
        assert found[:, 35:].min() > 150
        assert found[:, :, 33:].min() > 150


# Whole or not at all.


@pytest.mark.parametrize("stop", [KeyboardInterrupt, BadInput])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_that_was_stopped_leaves_what_was_there(tmp_path, frames, suffix, stop) -> None:
    def broken():
        yield from frames[:5]
        raise stop("no more")

    for before in (0, 3):
        if before:
            written(frames[:before], tmp_path / f"a{suffix}")
        with pytest.raises(stop):
            shoot(broken(), tmp_path / f"a{suffix}", n=12, size=(64, 48))
        assert [p.name for p in tmp_path.iterdir()] == ([f"a{suffix}"] if before else [])
    assert len(read_back(tmp_path / f"a{suffix}")[0]) == 3


def test_a_folder_of_other_things_is_never_replaced(tmp_path: Path, frames: np.ndarray) -> None:
    written(frames, tmp_path / "a")
    written(frames[:3], tmp_path / "a")
    assert len(list((tmp_path / "a").iterdir())) == 3
    (tmp_path / "a" / "diary.txt").write_text("mine")
    with pytest.raises(BadInput, match="holds other things than frames"):
        written(frames, tmp_path / "a")
    assert len(list((tmp_path / "a").iterdir())) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, frames, suffix) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", Path("/proc")):
        with pytest.raises(BadInput, match="cannot write"):
            written(frames, place / f"a{suffix}")


def test_what_ffmpeg_says_is_told(tmp_path: Path, frames: np.ndarray, monkeypatch) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('Unknown encoder')\n")
    fake.chmod(0o755)
    monkeypatch.setattr(film_video, "ffmpeg", lambda: str(fake))
    large = np.zeros((3, 480, 640, 3), np.uint8)  # more than a pipe holds
    for film in (frames, large):
        with pytest.raises(BadInput, match=r"could not write .*a.mp4: Unknown encoder"):
            written(film, tmp_path / "a.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["ffmpeg"]


def test_ffmpeg_missing_names_what_to_install(tmp_path: Path, frames, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingExtra, match=r"imageio-ffmpeg.*pip install 'zalgebra\[studio\]'"):
        prepare(tmp_path / "a.mp4", 24)
    written(frames, tmp_path / "a.gif")  # the others do without
    monkeypatch.undo()

    def none() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(BadInput, match="IMAGEIO_FFMPEG_EXE"):
        prepare(tmp_path / "a.mp4", 24)


@pytest.mark.parametrize(("name", "fps"), [("a.avi", 24), ("a.gif", 60), ("a", 0), ("a.mp4", 999)])
def test_what_no_film_can_be_is_one_sentence(name: str, fps: float) -> None:
    with pytest.raises(BadInput, match=r"must end in one of|`fps` must be above 0 and at most"):
        prepare(Path(name), fps)


# Layout.


@pytest.mark.parametrize(
    ("shape", "side", "tile", "size"),
    [
        ((3, 64, 64), None, (256, 256), (256, 256)),
        ((1, 28, 28), None, (280, 280), (280, 280)),
        ((3, 8, 16), None, (256, 128), (256, 128)),
        ((3, 64, 64), 151, (151, 151), (152, 152)),  # a row and a column of paper
        ((3, 1000, 1000), None, (1000, 1000), (1000, 1000)),
    ],
)
def test_a_frame_is_even_and_keeps_the_aspect(shape, side, tile, size) -> None:
    layout = Layout(shape, side=side)
    assert (layout.tile, layout.size) == (tile, size)
    frame = layout.frame([np.zeros(shape)])
    assert frame.shape == (size[1], size[0], 3)
    assert not frame[: tile[1], : tile[0]].any()
    assert (frame[tile[1] :] == 255).all()
    assert (frame[:, tile[0] :] == 255).all()


def test_pictures_stand_side_by_side_over_their_names(colours: np.ndarray) -> None:
    layout = Layout((3, 6, 6), ["linear", "lol"], 64, words=True)
    frame = layout.frame(colours[:2], "50 % img:1 → img:2")
    assert frame.shape == (layout.size[1], layout.size[0], 3)
    assert (frame[32, 32] == (255, 0, 0)).all()
    assert (frame[32, -33] == (0, 255, 0)).all()
    below = frame[64:]
    assert (below < 128).any()  # letters
    bare = Layout((3, 6, 6), ["", ""], 64).frame(colours[:2])
    assert len(bare) == 64
    other = layout.frame(colours[:2], "60 % img:1 → img:2")
    assert (frame != other).any()
    np.testing.assert_array_equal(frame, layout.frame(colours[:2], "50 % img:1 → img:2"))


def test_words_too_long_are_cut(colours: np.ndarray) -> None:
    layout = Layout((3, 6, 6), side=64, words=True)
    frame = layout.frame(colours[:1], "img:1 + " * 100)
    assert frame.shape == (layout.size[1], 64, 3)
    assert (frame[64:] < 128).any()


def test_words_too_long_lose_their_middle(colours: np.ndarray, monkeypatch) -> None:
    """A frame still says where the walk comes from and where it goes."""
    from PIL import ImageDraw

    said = []
    draw = ImageDraw.ImageDraw.text

    def text(self, at, words, **how):
        left, _, right, _ = self.textbbox(at, words, font=how["font"], anchor=how["anchor"])
        said.append((words, left, right))
        return draw(self, at, words, **how)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    layout = Layout((3, 6, 6), side=256, words=True)
    words = "50 % img:3 + 30° smile → img:3 + 30° smile + 20° turn"
    layout.frame(colours[:1], words)
    layout.frame(colours[:1], "50 % img:3 → img:8")
    (cut, left, right), (whole, *_) = said
    head, tail = cut.split("…")
    assert words.startswith(head)
    assert words.endswith(tail)
    assert min(len(head), len(tail)) > 10
    assert -1 <= left < right <= 257
    assert whole == "50 % img:3 → img:8"


@pytest.mark.parametrize(("shape", "side"), [((5,), None), ((2, 8, 8), None), ((3, 8, 8), 4)])
def test_what_is_no_picture_is_refused(shape, side) -> None:
    with pytest.raises(BadInput, match=r"a frame shows pictures|`size` must be between"):
        Layout(shape, side=side)


def test_bytes_and_what_is_not_finite_are_refused(colours: np.ndarray) -> None:
    layout, broken = Layout((3, 6, 6), side=64), colours[0].copy()
    broken[0, 0, 0] = np.nan
    for picture, words in [
        ((colours[0] * 255).astype(np.uint8), r"values in \[0, 1\], got 0 to 255; divide bytes"),
        (colours[0] * 2 - 1, r"values in \[0, 1\], got -1 to 1"),
        (broken, "must be finite"),
        (colours[0][0], r"shape \(1 or 3, H, W\), got \(6, 6\)"),
        (np.zeros((2, 6, 6)), r"shape \(1 or 3, H, W\), got \(2, 6, 6\)"),
    ]:
        with pytest.raises(BadInput, match=words):
            list(layout.frames([[picture]]))
    over = layout.frame([colours[0] * 1.3 - 0.1])  # a little, as models do
    np.testing.assert_array_equal(over, layout.frame([colours[0]]))


def test_each_picture_has_words_of_its_own(colours: np.ndarray) -> None:
    layout = Layout((3, 6, 6), ["", ""], 128, words=True)
    both, left = (layout.frame(colours[:2], words) for words in (["here", "there"], ["here", ""]))
    middle = layout.size[0] // 2
    assert (left[128:, :middle] < 128).any()
    assert (left[128:, middle:] == 255).all()
    assert (both[128:, middle:] < 128).any()
    np.testing.assert_array_equal(both[:, :middle], left[:, :middle])


# The command line.

WALK = ("walk", "img:1", "img:2 + 20° smile", "img:3")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_walk_makes_a_film(zalgebra, place, suffix: str) -> None:
    call = (*WALK, "-w", place, "-o", f"a{suffix}", "--fps", 10, "--captions", "--json")
    facts = zalgebra(*call).json()
    assert (facts["frames"], facts["fps"], facts["seconds"]) == (41, 10, 4.1)  # 2 s a segment
    assert len(facts["certificate"]["plausible"]) == 41
    found, _ = read_back(Path(f"a{suffix}"))
    assert found.shape[0] == 41 or suffix in (".gif", ".webp")  # equal frames become one there
    assert found.shape[1:] == (facts["size"][1], facts["size"][0], 3)
    command = comment_of(Path(f"a{suffix}"))
    assert command.startswith("zalgebra walk img:1 'img:2 + 20° smile' img:3 -w ")
    assert command.endswith(f"-o a{suffix} --fps 10 --captions --json")
    assert zalgebra(*call).json()["frames_sha256"] == facts["frames_sha256"]


def test_a_looped_film_returns_and_says_its_length(zalgebra, place) -> None:
    said = zalgebra(*WALK, "-w", place, "-o", "a", "--loop", "--fps", 5)
    assert said.out.splitlines()[0] == ("a: img:1 → img:2 + 20° smile → img:3, 30 frames, 6.0 s")
    assert len(list(Path("a").iterdir())) == 30


def test_methods_stand_side_by_side(zalgebra, place, space) -> None:
    call = ("walk", "img:1", "img:2", "-w", place, "--steps", 5, "--methods", "linear,lol")
    facts = zalgebra(*call, "-o", "a", "--size", 32, "--json").json()
    assert facts["certificates"].keys() == {"linear", "lol"}
    frame = np.asarray(Image.open("a/frame-0003.png")) / 255
    for method, left in (("linear", 0), ("lol", facts["size"][0] - 32)):
        middle = space.walk(["img:1", "img:2"], 5, method=method).pictures[2]
        shown = frame[:32, left : left + 32].mean(axis=(0, 1))
        np.testing.assert_allclose(shown, np.clip(middle, 0, 1).mean(axis=(1, 2)), atol=0.02)
    said = zalgebra(*call, "-o", "a.png", "--captions")
    assert [line.split(":")[0] for line in said.out.splitlines()] == ["a.png", "linear", "lol"]
    assert "`--methods` lists some of lol" in zalgebra(*call[:-1], "lol,magic").sentence()


def test_the_pace_is_that_of_the_angles(space) -> None:
    keys, how = ["img:1", "img:2", "img:3"], {"prior": space.prior, "correlation": "estimate"}
    latents = space.items.latents[1:4]
    for pace in ("time", "arc"):
        for closed in (False, True):
            made = space.walk(keys, 41, pace=pace, closed=closed).latents
            known = path(latents, 41, pace=pace, closed=closed, **how)
            np.testing.assert_allclose(made, known, atol=1e-5)
    assert np.abs(made - space.walk(keys, 41, closed=True).latents).max() > 0.01
    with pytest.raises(BadInput, match="must be one of time, arc, even, got 'slow'"):
        space.walk(keys, 5, pace="slow")


def test_captions_say_where_on_the_way(space) -> None:
    assert space.walk(["img:1", "img:2", "img:3"], 9).captions[:6] == [
        "img:1", "25 % img:1 → img:2", "50 % img:1 → img:2", "75 % img:1 → img:2", "img:2",
        "25 % img:2 → img:3",
    ]  # fmt: skip
    assert space.walk(["img:1", "img:2", "img:3"], 12, closed=True).captions[9:] == [
        "25 % img:3 → img:1", "50 % img:3 → img:1", "75 % img:3 → img:1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("-o", "a.avi"), "must end in one of .png"),
        (("-o", "a.mp4", "--fps", "999"), "`fps` must be above 0 and at most 120 (.mp4), got 999"),
        (("-o", "a.gif", "--fps", "60"), "at most 50 (.gif), got 60"),
        (("-o", "a.mp4", "--size", "3"), "`size` must be between 16 and 4096 pixels, got 3"),
        (("-o", "/proc/a.mp4"), "cannot write /proc/a.mp4"),
        (("-o", "a.mp4", "--pace", "slow"), "'--pace'"),
        (("-o", "a.png", "--fps", "12"), "`--fps` is of films, and a.png is a strip"),
        (("-o", "a.png", "--size", "64"), "`--size` is of films, and a.png is a strip"),
        (("img:2", "-o", "a.png", "--pace", "arc"), "'img:2' and 'img:2' are one place"),
    ],
)
def test_a_film_that_cannot_be_is_one_sentence(zalgebra, encoded, call, words) -> None:
    assert words in zalgebra("walk", "img:1", "img:2", *call, "-w", encoded).sentence()
    assert not list(Path().iterdir())


@pytest.mark.parametrize("suffix", [".mp4", ""])
def test_an_interrupted_film_leaves_nothing(program, encoded, tmp_path: Path, suffix) -> None:
    here = {p.name for p in tmp_path.iterdir()}
    call = ("walk", "img:1", "img:2", "-w", encoded, "-o", f"a{suffix}", "--steps", "6000")
    process = program(*call)
    deadline = time.monotonic() + 120
    while not [p for p in tmp_path.iterdir() if p.name.startswith(".a")]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "zalgebra: interrupted; nothing was written"
    assert {p.name for p in tmp_path.iterdir()} == here


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_a_killed_walk_leaves_is_swept_by_the_next(
    program, zalgebra, encoded, tmp_path: Path, frames, suffix: str
) -> None:
    target, folder = tmp_path / f"a{suffix}", {p.name for p in tmp_path.iterdir()}
    written(frames, target)
    call = ("walk", "img:1", "img:2", "-w", encoded, "-o", target, "--steps")
    process = program(*call, 6000)
    deadline = time.monotonic() + 120
    while not [p for p in tmp_path.iterdir() if p.name.startswith(".a")]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.5)  # in the midst of it
    before = {p.name for p in tmp_path.iterdir()} - folder - {target.name}
    assert zalgebra(*call, 3).code == 0  # beside the living one, which is left alone
    assert {p.name for p in tmp_path.iterdir()} - folder == before | {target.name}
    process.kill()
    process.wait()
    assert {p.name for p in tmp_path.iterdir()} - folder == before | {target.name}
    assert zalgebra(*call, 3).code == 0
    assert {p.name for p in tmp_path.iterdir()} == folder | {target.name}
    assert suffix == ".webp" or len(read_back(target)[0]) == 3


def test_a_film_decodes_a_few_frames_at_a_time(space, monkeypatch) -> None:
    sizes = []
    decode = type(space.model).inverse_transform

    def counted(self, Z):
        sizes.append(len(Z))
        return decode(self, Z)

    monkeypatch.setattr(type(space.model), "inverse_transform", counted)
    walk = space.walk(["img:1", "img:2"], 100)
    assert sizes == []
    assert sum(len(batch) for batch in walk.batches()) == 100
    assert max(sizes) <= 32
    assert json.dumps(walk.to_dict())
