"""The flags that several verbs have, each with one meaning everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "WORKSPACE", "Bare", "Data", "Json", "Kind", "Labels", "Method", "MethodFlag", "Picture",
    "Seed", "Side", "Where", "split",
]  # fmt: skip

WORKSPACE = Path("zalgebra-demo/faces.zal")

Method = Literal["lol", "linear", "slerp", "norm", "standardize", "nao"]
Kind = Literal[
    "vae", "beta-vae", "beta-tcvae", "hyperspherical-vae",
    "autoencoder", "pca", "gan", "flow", "diffusion",
]  # fmt: skip
Bare = Annotated[
    bool, typer.Option("--bare", help="The picture alone, in the model's pixels, uncaptioned.")
]
Data = Annotated[str, typer.Argument(help="faces, digits, fashion-mnist, a folder or a table.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]
Labels = Annotated[
    str | None, typer.Option("--labels", help="Label columns to keep, with commas between.")
]
MethodFlag = Annotated[Method, typer.Option("--method", help="How latents are combined.")]
Picture = Annotated[
    Path, typer.Option("-o", "--output", help="Picture to write; its suffix is its format.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Fixes everything that is random.")]
Side = Annotated[
    int | None,
    typer.Option("--size", help="Crop square and resize to this many pixels a side."),
]
Where = Annotated[
    Path, typer.Option("-w", "--workspace", help="The workspace, made by `fit` or `demo`.")
]


def split(listed: str | None) -> tuple[str, ...] | None:
    """What a flag lists with commas between; None if it was not given."""
    return None if listed is None else tuple(part.strip() for part in listed.split(","))
