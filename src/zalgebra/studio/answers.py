"""What a verb is given and what it answers: expressions and files in, pictures and words out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from zalgebra.studio.messages import err, out
from zalgebra.studio.verbs import command_line
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.studio.result import Result
    from zalgebra.studio.workspace import Workspace

__all__ = ["deliver", "item", "open_workspace", "print_json", "say", "teller"]

FILES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".npy", ".safetensors", ".json")


def open_workspace(path: Path) -> Workspace:
    """The workspace in a folder."""
    from zalgebra.studio.workspace import Workspace

    return Workspace(path)


def item(text: str) -> str:
    """A file as a name of the grammar, anything else (a mix.json too) as it is."""
    from zalgebra.algebra.words import name_words
    from zalgebra.studio.names import is_seed_file

    suffix = Path(text.partition("#")[0]).suffix.lower()
    if is_seed_file(text):
        return text if suffix == ".json" else name_words(text)
    if (suffix in FILES or suffix[1:].isalpha()) and " " not in text:
        raise BadInput(f"there is no file {text}")
    return text


def deliver(
    result: Result,
    output: Path,
    captions: list[str],
    as_json: bool,
    *,
    before: np.ndarray | None = None,
    alone: bool = False,
) -> None:
    """Draw a result's pictures, after those ``before``, and say what they are.

    ``alone`` writes its picture without anything around it.
    """
    from zalgebra.studio.drawing import bare, draw

    if alone:
        bare(result.pictures[0], output, comment=command_line())
    else:
        first = [] if before is None else [before]
        draw(np.concatenate([*first, result.pictures]), output, captions, comment=command_line())
    if as_json:
        print_json({"expression": result.expression, "output": str(output), **result.to_dict()})
    else:
        say("\n".join([f"{output}: {result.expression}", *result.lines()]))


def say(text: str) -> None:
    """One line to standard output, as it is: neither wrapped nor coloured."""
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def teller(silent: bool) -> Callable[[str], None]:
    """What tells, on standard error, which step has begun; nothing if ``silent``."""

    def tell(text: str) -> None:
        if not silent:
            err.print(f"{text} …", style="dim", highlight=False)

    return tell


def print_json(value: Any) -> None:
    """One JSON value to standard output, and nothing else."""
    typer.echo(json.dumps(_finite(value), allow_nan=False))


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
