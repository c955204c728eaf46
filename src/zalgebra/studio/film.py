"""Films: frames to an .mp4, .gif or .webp, or to a folder of .png, whole or not at all.

Frames are taken one at a time and forgotten, so a film is as long as one likes. The command that
made it is kept in the file: as its comment (.mp4, .gif, .png) or Exif description (.webp).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.algebra._whole import at_least
from zalgebra.files import aside, check_place
from zalgebra.studio.comments import exif, png
from zalgebra.studio.film_video import even, ffmpeg, video
from zalgebra.studio.pages import check_folder, folder_aside
from zalgebra.types import BadInput

__all__ = ["FILMS", "Film", "is_film", "prepare", "shoot"]

FILMS = (".mp4", ".gif", ".webp")
BLUR = 90  # quality of .webp, of 100
FASTEST = {".gif": 50, ".webp": 120, ".mp4": 120, "": 120}  # frames a second


@dataclass(frozen=True)
class Film:
    """What was written: the file, its frames and the SHA-256 over their bytes of colour.

    The same command on the same machine gives the same frames to the bit, hence the same hash.
    """

    path: Path
    frames: int
    size: tuple[int, int]
    fps: float
    sha256: str

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.frames / self.fps

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "output": str(self.path), "frames": self.frames, "size": list(self.size),
            "fps": self.fps, "seconds": self.seconds, "frames_sha256": self.sha256,
        }  # fmt: skip


def is_film(output: Path) -> bool:
    """Whether a path's suffix is a film's; a path without suffix is a folder of frames."""
    return output.suffix.lower() in (*FILMS, "")


def prepare(output: str | Path, fps: float) -> None:
    """Fail before the work rather than after it."""
    output = Path(output)
    suffix = output.suffix.lower()
    if not is_film(output):
        raise BadInput(
            f"{output} must end in one of {', '.join(FILMS)}, or in nothing: a folder of frames"
        )
    if not 0 < fps <= FASTEST[suffix]:
        kind = suffix or "folder of frames"
        raise BadInput(f"`fps` must be above 0 and at most {FASTEST[suffix]} ({kind}), got {fps}")
    if suffix == ".mp4":
        ffmpeg()
    check_place(output)
    if not suffix:
        check_folder(output)


def shoot(
    frames: Iterable[np.ndarray],
    output: str | Path,
    *,
    n: int,
    size: tuple[int, int],
    fps: float = 24,
    comment: str = "",
) -> Film:
    """Write ``n`` frames ``(height, width, 3)`` of bytes as the film that the suffix says.

    Parameters
    ----------
    frames
        One at a time; each is taken when it is needed.
    output
        ``.mp4`` (H.264), ``.gif``, ``.webp``, or a folder of ``.png`` if it has no suffix.
    n, size
        How many frames, and their width and height. An .mp4 is even: an odd side gets one more
        row or column of white, at the lower or right edge.
    fps
        Frames a second. A GIF counts in hundredths of a second; its frames last one or the other
        so that the whole keeps time.
    comment
        Kept in the file.

    Raises
    ------
    BadInput
        If it cannot be written, or the frames are not ``n`` of that size; nothing is written then.
    MissingExtra
        If ``.mp4`` is asked for and imageio-ffmpeg is not installed.
    """
    output, n = Path(output), at_least("n", n, 1)
    prepare(output, fps)
    digest = hashlib.sha256()

    def counted() -> Iterator[np.ndarray]:
        taken = 0
        for taken, frame in enumerate(frames, 1):
            if taken > n:
                raise BadInput(f"`n` must be how many `frames` there are, got {n} and more frames")
            if frame.shape != (size[1], size[0], 3) or frame.dtype != np.uint8:
                raise BadInput(f"a frame must be bytes {(size[1], size[0], 3)}, got {frame.shape}")
            digest.update(frame.tobytes())
            yield frame
            del frame  # before the next one is made
        if taken < n:
            raise BadInput(f"`n` must be how many `frames` there are, got {n} and {taken} frames")

    suffix = output.suffix.lower()
    write = {".mp4": video, "": _pages}.get(suffix, _animation)
    write(counted(), output, n, size, fps, comment)
    made = even(size) if suffix == ".mp4" else size
    return Film(output, n, made, fps, digest.hexdigest())


def _pages(
    frames: Iterator[np.ndarray], output: Path, n: int, size: Any, fps: float, comment: str
) -> None:
    """A folder of numbered pictures."""
    from PIL import Image

    said = png(comment, sheet=False)
    with folder_aside(output) as folder:
        for i, frame in enumerate(frames, 1):
            name = folder / f"frame-{i:0{max(4, len(str(n)))}d}.png"
            Image.fromarray(frame).save(name, pnginfo=said)


def _animation(
    frames: Iterator[np.ndarray], output: Path, n: int, size: Any, fps: float, comment: str
) -> None:
    """A .gif or .webp that loops; equal frames in a row become one that lasts longer."""
    from PIL import Image

    gif = output.suffix.lower() == ".gif"
    unit = 10 if gif else 1  # milliseconds
    ends = np.round(np.arange(n + 1) * (1000 / fps / unit)).astype(int) * unit
    kept = {"comment": comment.encode()} if gif else {"exif": exif(comment), "quality": BLUR}
    first = Image.fromarray(next(frames))
    with aside(output) as temporary, temporary.open("wb") as stream:
        first.save(
            stream, format=output.suffix[1:].upper(), save_all=True, loop=0,
            append_images=[_Rest(frames, n - 1)] if n > 1 else [],
            duration=np.diff(ends).tolist(), **kept,
        )  # fmt: skip
        next(frames, None)  # refuses one that is left over


class _Rest:
    """The frames after the first as Pillow takes them: an image that is sought frame by frame."""

    def __init__(self, frames: Iterator[np.ndarray], n: int) -> None:
        self.frames, self.n_frames, self.at = frames, n, -1

    def seek(self, frame: int) -> None:
        """Go on to a frame."""
        from PIL import Image

        if frame >= self.n_frames:
            raise EOFError
        while self.at < frame:
            self.picture, self.at = Image.fromarray(next(self.frames)), self.at + 1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # none of its own secrets
            raise AttributeError(name)
        return getattr(self.picture, name)
