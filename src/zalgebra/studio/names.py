"""What has a name in a workspace: items, labels, directions, and files by their path.

A picture file is encoded; an ``.npy`` or ``.safetensors`` file holds one latent of the model, or a
tensor ``path#name`` of several.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from zalgebra.algebra.items import Items
from zalgebra.data.pictures import read_picture
from zalgebra.estimators.directions import Direction
from zalgebra.files import read_json, read_tensors
from zalgebra.studio.comments import is_sheet
from zalgebra.types import BadInput

__all__ = ["WorkspaceNames", "area", "is_file", "is_seed_file", "read_latent", "read_npy"]

LATENT_FILES = (".npy", ".safetensors")


class WorkspaceNames(Items):
    """The items, labels and directions of a workspace, and files by their path."""

    def __init__(self, workspace: Any, latents: np.ndarray, labels: dict) -> None:
        super().__init__(latents, labels, classes=workspace.classes)
        self.workspace, self.directions = workspace, Directions(workspace)

    def __getitem__(self, name: str, /) -> Any:
        try:
            return super().__getitem__(name)
        except KeyError:
            if not is_seed_file(name):
                raise
        if Path(_split(name)[0]).suffix.lower() in LATENT_FILES:
            return self._latent(name)
        if Path(name).suffix.lower() == ".json":
            return read_json(name)  # a saved mix
        shape = self.workspace.spec.data_shape
        if len(shape) != 3:
            raise BadInput(f"{name!r} is a file, and this model takes data of {area(shape)}")
        if is_sheet(name):
            raise BadInput(
                f"{name} is a sheet that zalgebra drew, with captions and margins; write the "
                "picture alone by --bare, or keep what it is made of by --save"
            )
        C, H, _ = shape
        picture = read_picture(name, size=H, mode="L" if C == 1 else "RGB")
        return self.workspace.model.transform(picture[None])[0]

    def _latent(self, name: str) -> np.ndarray:
        z, shape = read_latent(name), tuple(self.workspace.spec.latent_shape)
        if z.shape != shape or z.dtype.kind != "f":
            raise BadInput(
                f"{name} must hold one latent of this model, real numbers of shape {shape}, "
                f"got {z.dtype} of shape {z.shape}"
            )
        return z.astype(np.float32, copy=False)

    def origin(self, name: str, /) -> tuple[str, str]:
        """What a name stands for; a picture is known by its file, a latent by its entries."""
        kind, known = super().origin(name)
        if kind == "item" or name in self.directions or not is_seed_file(name):
            return kind, known
        if Path(_split(name)[0]).suffix.lower() in LATENT_FILES:
            return "file", ""
        return "file", hashlib.sha256(Path(name).read_bytes()).hexdigest()


def read_latent(name: str) -> np.ndarray:
    """The array of ``path.npy``, or of ``path.safetensors`` (its only tensor, or ``path#name``)."""
    path, tensor = _split(name)
    if Path(path).suffix.lower() == ".npy":
        return read_npy(path)
    tensors, _ = read_tensors(path)
    if not tensor and len(tensors) == 1:
        return next(iter(tensors.values()))
    if tensor not in tensors:
        known = ", ".join(sorted(tensors)[:20]) or "none"
        raise BadInput(f"{path} has no tensor {tensor!r} (it has: {known}); write {path}#NAME")
    return tensors[tensor]


def read_npy(path: str | Path) -> np.ndarray:
    """The array of an ``.npy`` file; nothing is unpickled."""
    try:
        found = np.load(path, allow_pickle=False)
    except Exception as error:  # a header may promise anything, memory that is not there included
        raise BadInput(f"{path} is no readable .npy file of numbers") from error
    if not isinstance(found, np.ndarray):
        raise BadInput(f"{path} is an .npz archive; give one array of it as an .npy file")
    return found


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


def is_seed_file(name: str) -> bool:
    """Whether a name is that of a file, or of a tensor in one: ``path.safetensors#name``."""
    return is_file(name) or (is_file(_split(name)[0]) and "#" in name)


def _split(name: str) -> tuple[str, str]:
    """Path and name of a tensor; the name is empty if there is none."""
    path, mark, tensor = name.rpartition("#")
    holds = mark and path.lower().endswith(".safetensors") and not is_file(name)
    return (path, tensor) if holds else (name, "")


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
