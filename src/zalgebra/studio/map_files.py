"""Where a map's files go: known to be writable before the work, without a trace if it fails."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from pathlib import Path

from zalgebra.estimators.maps.stored import check_name
from zalgebra.files import check_place
from zalgebra.studio.drawing import STILLS
from zalgebra.studio.names import is_file
from zalgebra.types import BadInput

__all__ = ["files", "ready"]


def files(output: Path, /, *, saves: bool, save: Path | None = None) -> dict[str, Path]:
    """What is to be written and where: ``picture``, ``page`` and ``saved``.

    Parameters
    ----------
    output
        A picture, an .html page, or a folder for all.
    saves
        Whether a folder holds the map too.
    save
        Another place for the map.
    """
    kept = {} if save is None else {"saved": check_name(save)}
    suffix = output.suffix.lower()
    if suffix == ".html":
        return {"page": output, **kept}
    if suffix in STILLS:
        return {"picture": output, **kept}
    if suffix:
        raise BadInput(
            f"{output} must end in one of {', '.join(STILLS)}, .html, or in nothing: a folder"
        )
    if is_file(output):
        raise BadInput(f"{output} is a file; name a folder, or a picture by its suffix")
    folder = {"picture": output / "map.png", "page": output / "map.html"}
    return {**folder, **({"saved": output / "map.safetensors"} if saves else {}), **kept}


@contextlib.contextmanager
def ready(places: Iterable[Path], /) -> Generator[None]:
    """A block at whose beginning each file can be written.

    Folders that were made in it and are empty at its end, after a full disk for example, are
    removed.
    """
    new: list[Path] = []
    for place in places:
        new += _tried(place)
    try:
        yield
    finally:
        for folder in new:
            with contextlib.suppress(OSError):  # it holds what was made, or was never needed
                folder.rmdir()


def _tried(place: Path) -> list[Path]:
    """The folders that the file will need, the innermost first; `BadInput` if it cannot be."""
    check_place(place)
    return [folder for folder in place.parents if not folder.exists()]
