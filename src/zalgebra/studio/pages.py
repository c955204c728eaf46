"""A folder of frames, written aside and then renamed."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

from zalgebra.files import hidden
from zalgebra.types import BadInput

__all__ = ["check_folder", "folder_aside"]

FRAME = re.compile(r"frame-\d+\.png")


@contextlib.contextmanager
def folder_aside(path: Path) -> Generator[Path]:
    """A folder beside ``path`` to write to; it takes the target's place when the block ends well.

    An older folder there is replaced if it holds frames and nothing else.
    """
    try:
        check_folder(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=path.parent, prefix=hidden(path)))
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        new = place / "new"
        new.mkdir()
        yield new
        if path.exists():
            path.rename(place / "old")
        new.rename(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def check_folder(path: Path) -> None:
    """Refuse a place that holds other things than frames."""
    if path.exists() and not (path.is_dir() and _only_frames(path)):
        raise BadInput(f"{path} holds other things than frames; choose another place")


def _only_frames(folder: Path) -> bool:
    return all(FRAME.fullmatch(file.name) for file in folder.iterdir())


def _unwritable(path: Path, error: OSError) -> BadInput:
    return BadInput(f"cannot write {path}: {error.strerror}; choose another place")
