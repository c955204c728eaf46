"""What has a name in a workspace: items, labels, directions, and picture files by their path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from zalgebra.algebra.items import Items
from zalgebra.data.pictures import read_picture
from zalgebra.estimators.directions import Direction
from zalgebra.types import BadInput

__all__ = ["WorkspaceNames", "area", "is_file"]


class WorkspaceNames(Items):
    """The items, labels and directions of a workspace, and picture files by their path."""

    def __init__(self, workspace: Any, latents: np.ndarray, labels: dict) -> None:
        super().__init__(latents, labels, classes=workspace.classes)
        self.workspace, self.directions = workspace, Directions(workspace)

    def __getitem__(self, name: str, /) -> Any:
        try:
            return super().__getitem__(name)
        except KeyError:
            if not is_file(name):
                raise
        shape = self.workspace.spec.data_shape
        if len(shape) != 3:
            raise BadInput(f"{name!r} is a file, and this model takes data of {area(shape)}")
        C, H, _ = shape
        picture = read_picture(name, size=H, mode="L" if C == 1 else "RGB")
        return self.workspace.model.transform(picture[None])[0]


class Directions(Mapping[str, Any]):
    """The directions of a workspace by name, read or learned when first asked for."""

    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace

    def __getitem__(self, name: str) -> Direction:
        return self.workspace.direction(name)

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        files = (self.workspace.path / "directions").glob("[!.]*.safetensors")
        saved = {unquote(f.stem) for f in files}
        labels = self.workspace.items.labels
        usable = (k for k in labels if k not in self.workspace.classes)
        return iter(sorted(saved | set(usable)))

    def __len__(self) -> int:
        return len(list(iter(self)))


def is_file(name: str | Path) -> bool:
    """Whether there is a file of this name; what is no name, or too long for one, is none."""
    try:
        return Path(name).is_file()
    except OSError:
        return False


def area(shape: tuple[int, ...]) -> str:
    """A data shape as a person would say it."""
    if len(shape) != 3:
        return f"shape {shape}"
    kind = {1: "grey", 3: "RGB"}.get(shape[0], f"{shape[0]} channels")
    return f"{shape[2]} × {shape[1]} pixels, {kind}"
