"""Who may write to a workspace, and what a killed writer leaves."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from pathlib import Path

from zalgebra.types import BadInput, MissingExtra

__all__ = ["fitting", "locked", "remove"]


@contextlib.contextmanager
def fitting(path: Path) -> Generator[Path]:
    """The checkpoint to fit a new workspace's model with; it is gone when the block ends well.

    A workspace with a checkpoint beside it is unfinished, so the same command goes on with it.
    """
    with locked(path):
        checkpoint = path / "checkpoint.safetensors"
        if (path / "workspace.json").exists() and not checkpoint.exists():
            raise BadInput(f"{path} is a workspace already; choose another place, or remove it")
        remove(path.glob(f".{checkpoint.name}.*"))
        yield checkpoint
        checkpoint.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the workspace for writing; the lock goes with the process, however it ends."""
    try:
        from filelock import FileLock, Timeout
    except ModuleNotFoundError as error:
        raise MissingExtra("filelock", "studio") from error
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / ".lock", timeout=0, is_singleton=True)
        lock.acquire()
    except Timeout as error:
        raise BadInput(
            f"another process is writing to {path}; wait until it has finished"
        ) from error
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}; choose another place") from error
    try:
        yield
    finally:
        lock.release()


def remove(files: Iterable[Path]) -> None:
    """Remove files, whether or not another has done so already."""
    for file in files:
        file.unlink(missing_ok=True)
