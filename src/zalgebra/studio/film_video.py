"""Frames to an .mp4: H.264 by an ffmpeg that is a program of its own."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from zalgebra.files import aside, hidden
from zalgebra.types import BadInput, MissingExtra

__all__ = ["even", "ffmpeg", "video"]

QUALITY = 16  # constant rate factor of H.264: 0 loses nothing, 23 is common


def even(size: tuple[int, int]) -> tuple[int, int]:
    """The next even width and height, as H.264 with halved colour needs them."""
    width, height = size
    return width + width % 2, height + height % 2


def video(
    frames: Iterator[np.ndarray],
    output: Path,
    n: int,
    size: tuple[int, int],
    fps: float,
    comment: str,
) -> None:
    """H.264 by ffmpeg, which reads the frames' bytes; one thread, so that the file repeats too."""
    with aside(output) as temporary, _room(output) as room, tempfile.TemporaryFile() as said:
        made = room / "film.mp4"
        process = subprocess.Popen(
            _command(made, even(size), fps, comment), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=said,
            start_new_session=True,  # Ctrl-C is ours to answer
        )  # fmt: skip
        try:
            assert process.stdin is not None
            edge = (0, size[1] % 2), (0, size[0] % 2), (0, 0)
            _pipe((np.pad(f, edge, constant_values=255) for f in frames), process.stdin)
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
        if code != 0:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise BadInput(f"ffmpeg could not write {output}: {' '.join(last) or f'code {code}'}")
        made.replace(temporary)


@contextlib.contextmanager
def _room(output: Path) -> Generator[Path]:
    """A folder for ffmpeg beside the film: once it is gone, no ffmpeg that outlives us can write.

    (Ctrl-C may come while it is being started, when there is nothing yet to end it by.)
    """
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=hidden(output)) as name:
        yield Path(name)


def _pipe(frames: Iterable[np.ndarray], stream: IO[bytes]) -> None:
    """All frames to a program, unless it has ended; it says why on its error stream."""
    with contextlib.suppress(BrokenPipeError):
        try:
            for frame in frames:
                stream.write(frame.tobytes())
        finally:
            stream.close()


def _command(path: Path, size: tuple[int, int], fps: float, comment: str) -> list[str]:
    shape, exact = "x".join(map(str, size)), ["-fflags", "+bitexact", "-flags:v", "+bitexact"]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", shape, "-r", str(fps), "-i", "-"]
    colour = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709",
              "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]  # fmt: skip
    coded = ["-an", "-c:v", "libx264", "-crf", str(QUALITY), "-pix_fmt", "yuv420p"]
    kept = ["-metadata", f"comment={comment}", "-movflags", "+faststart"]
    return [ffmpeg(), "-y", "-v", "error", *raw, *colour, *coded, "-threads", "1", *exact, *kept,
            str(path)]  # fmt: skip


def ffmpeg() -> str:
    """The program that writes .mp4."""
    try:
        import imageio_ffmpeg
    except ModuleNotFoundError as error:
        raise MissingExtra("imageio-ffmpeg", "studio") from error
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise BadInput(
            "imageio-ffmpeg has no ffmpeg for this machine; install ffmpeg, and name it in the "
            "environment variable IMAGEIO_FFMPEG_EXE"
        ) from error
