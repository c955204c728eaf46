"""Files on disk: whole or absent, safetensors and JSON only.

Every write goes to a file beside its target and is then renamed, so that a reader, or the next run
after a kill, sees the old file or the new one and never a part. The temporary's name says which
process writes it, so that what a killed one left is swept by a later write into the same folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Generator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.types import BadInput, MissingExtra

__all__ = [
    "aside", "check_place", "fingerprint", "hidden", "read_json", "read_tensors", "write_json",
    "write_tensors",
]  # fmt: skip

TEMPORARY = re.compile(r"\.(?P<target>.+)\.(?P<process>\d+)-(?P<here>[0-9a-f]{8})-\w{8}(\..+)?")
_listed: set[Path] = set()  # folders that this process has looked through


@contextlib.contextmanager
def aside(path: str | Path) -> Generator[Path]:
    """A path beside ``path`` to write to; it takes the target's place when the block ends well.

    Raises
    ------
    BadInput
        If the folder cannot be written to.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=hidden(path), suffix=path.suffix)
    except OSError as error:
        raise _unwritable(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_place(path: str | Path) -> None:
    """Fail before the work rather than after it, if a file cannot be written there."""
    path = Path(path)
    try:
        if path.is_dir() and path.suffix:
            raise BadInput(f"{path} is a folder; give the file another name")
        place = next(folder for folder in path.absolute().parents if folder.exists())
        prefix = f".{path.name}."  # a name may be too long
        tempfile.NamedTemporaryFile(dir=place, prefix=prefix, suffix=path.suffix).close()
    except OSError as error:
        raise _unwritable(path, error) from error


def hidden(path: Path) -> str:
    """How the name of a temporary for ``path`` begins: ``.walk.mp4.4711-`` and the machine's mark.

    What dead processes of this machine left beside ``path`` is swept first; in a folder that one
    process fills with thousands of new files, once.
    """
    folder = path.parent.absolute()
    if folder not in _listed or path.exists():
        _listed.add(folder)
        for name in _names(folder):
            found = TEMPORARY.fullmatch(name)
            if found and found["here"] == _here() and _is_dead(int(found["process"])):
                _sweep(folder / name, folder / found["target"])
    return f".{path.name}.{os.getpid()}-{_here()}-"


def _names(folder: Path) -> list[str]:
    try:
        return [file.name for file in folder.iterdir()]
    except OSError:  # one may write there and not look
        return []


def _sweep(left: Path, target: Path) -> None:
    """Remove a temporary file or folder; what a folder's writer had put away comes back."""
    with contextlib.suppress(OSError):  # another process sweeps too, or it is not ours to remove
        if not left.is_dir():
            left.unlink()
            return
        if (left / "old").is_dir() and not target.exists():  # killed between two renamings
            (left / "old").rename(target)
        shutil.rmtree(left)


def _is_dead(process: int) -> bool:
    """Whether a process of this machine has ended; False where that cannot be known."""
    if os.name != "posix":  # os.kill would end it
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another's process; no number of one
        pass
    return False


@cache
def _here() -> str:
    """A mark of where process numbers count: the machine since it was started, the container."""
    marks = [platform.node()]
    with contextlib.suppress(OSError):
        marks.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        marks.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("|".join(marks).encode()).hexdigest()[:8]


def _unwritable(path: Path, error: Exception) -> BadInput:
    reason = getattr(error, "strerror", None) or error
    return BadInput(f"cannot write {path}: {reason}; choose another place")


def write_json(path: str | Path, value: Any) -> None:
    """Write plain JSON, whole or not at all."""
    with aside(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read plain JSON; a missing or broken file is one sentence."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}") from error
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path} is not readable JSON ({error}); restore it or make it again"
        ) from error


def write_tensors(
    path: str | Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any] | None = None
) -> None:
    """Write named arrays as safetensors, with JSON values in the header."""
    header = {key: json.dumps(value, allow_nan=False) for key, value in (metadata or {}).items()}
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    save_file = _safetensors().save_file
    from safetensors import SafetensorError

    with aside(path) as temporary:
        try:
            save_file(arrays, temporary, metadata=header or None)
        except SafetensorError as error:  # how it tells that a disk is full
            raise _unwritable(Path(path), error) from error


def read_tensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `write_tensors` wrote: the arrays, and the header's values."""
    _safetensors()
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header = {k: json.loads(v) for k, v in (file.metadata() or {}).items()}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        foreign = [name for name, tensor in tensors.items() if tensor.dtype.kind not in "biufc"]
        if foreign:  # bfloat16, where some other package has taught it to NumPy
            raise TypeError(f"{foreign[0]} is {tensors[foreign[0]].dtype}, which NumPy lacks")
        return tensors, header
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}") from error
    except (OSError, TypeError, ValueError, SafetensorError) as error:  # TypeError: bfloat16
        raise BadInput(
            f"{path} is not a whole safetensors file ({error}); make it again"
        ) from error


def fingerprint(tensors: Mapping[str, np.ndarray]) -> str:
    """SHA-256 (hexadecimal) over names, types, shapes and bytes of named arrays."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.asarray(tensors[name])
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError as error:
        raise MissingExtra("safetensors", "torch") from error
    return safetensors.numpy
