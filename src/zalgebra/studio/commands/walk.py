"""``zalgebra walk``: from one expression to the next, as a strip or a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
import typer

from zalgebra.studio.answers import item, open_workspace, print_json, say
from zalgebra.studio.options import WORKSPACE, Json, Method, MethodFlag, Where, split
from zalgebra.studio.verbs import command_line, verb
from zalgebra.types import BadInput

PICTURES, SECONDS = 9, 2  # of a strip; of a film, from one keyframe to the next
Results = dict[str, Any]  # by the method


@verb(expressions=True)
def walk(
    keyframes: Annotated[list[str], typer.Argument(help="Two or more expressions.")],
    workspace: Where = WORKSPACE,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="A film (.mp4, .gif, .webp), a folder of frames (no suffix), or a strip (.png …).",
        ),
    ] = Path("walk.png"),
    steps: Annotated[
        int | None,
        typer.Option(min=2, help="Pictures on the way: 9, or of a film 2 seconds a segment."),
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop", "--closed", help="Return to the first: a loop.")
    ] = False,
    pace: Annotated[
        Literal["time", "arc"],
        typer.Option(help="The same time for each segment, or one speed along the whole way."),
    ] = "time",
    method: MethodFlag = "lol",
    methods: Annotated[
        str | None, typer.Option(help="Several methods side by side, with commas between.")
    ] = None,
    captions: Annotated[
        bool, typer.Option("--captions", help="Write below each picture where on the way it is.")
    ] = False,
    fps: Annotated[int, typer.Option(min=1, help="Frames of a film a second.")] = 24,
    size: Annotated[
        int | None, typer.Option(help="Width of each picture of a film, in pixels.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Walk from one expression to the next: a strip of pictures, or a film."""
    from zalgebra.studio.drawing import STILLS
    from zalgebra.studio.film import FILMS, is_film, prepare
    from zalgebra.studio.frames import Layout

    if len(keyframes) < 2:
        raise BadInput("a walk needs at least two expressions, for example img:1 img:2")
    film, chosen = is_film(output), _methods(methods, method)
    if film:
        prepare(output, fps)
    elif output.suffix.lower() not in STILLS:
        known = ", ".join(dict.fromkeys([*STILLS, *FILMS]))
        raise BadInput(f"{output} must end in one of {known}, or in nothing: a folder of frames")
    n = steps or (_frames(len(keyframes), loop, fps) if film else PICTURES)
    space, keys = open_workspace(workspace), [item(key) for key in keyframes]
    results = {m: space.walk(keys, n, method=m, closed=loop, pace=pace) for m in chosen}
    if film:
        layout = Layout(space.spec.data_shape, _columns(results), size, words=captions)
        facts = _shoot(results, layout, output, fps)
    else:
        _draw(results, output, captions)
        facts = {"output": str(output)}
    _tell(results, facts, as_json)


def _methods(listed: str | None, one: str) -> tuple[str, ...]:
    """The methods that are shown, each once."""
    chosen = tuple(dict.fromkeys(split(listed) or (one,)))
    for method in chosen:
        if method not in get_args(Method):
            known = ", ".join(get_args(Method))
            raise BadInput(f"`--methods` lists some of {known}, got {method!r}")
    return chosen


def _frames(keyframes: int, loop: bool, fps: int) -> int:
    """So many that every keyframe is met; a loop leaves out the first one's return."""
    return SECONDS * fps * (keyframes if loop else keyframes - 1) + (not loop)


def _columns(results: Results) -> list[str]:
    """What stands below each picture of a frame: the methods, if there are several."""
    return list(results) if len(results) > 1 else [""]


def _shoot(results: Results, layout: Any, output: Path, fps: int) -> dict[str, Any]:
    """The film, decoded a few frames at a time."""
    from zalgebra.studio.film import shoot

    first = _first(results)
    rows = (
        pictures
        for batch in zip(*(r.batches() for r in results.values()), strict=True)
        for pictures in zip(*batch, strict=True)
    )
    frames = layout.frames(rows, first.captions)
    n, size = len(first.latents), layout.size
    return shoot(frames, output, n=n, size=size, fps=fps, comment=command_line()).to_dict()


def _draw(results: Results, output: Path, captions: bool) -> None:
    """The strip, one row a method."""
    from zalgebra.studio.drawing import draw

    pictures = np.concatenate([r.pictures for r in results.values()])
    n = len(_first(results).latents)
    words: list[str] = []
    for method, result in results.items():
        below: Sequence[str] = result.captions if captions else [f"{i + 1}" for i in range(n)]
        words += [f"{method}: {w}" if len(results) > 1 else w for w in below]
    draw(pictures, output, words, columns=n, comment=command_line())


def _tell(results: Results, facts: dict[str, Any], as_json: bool) -> None:
    first = _first(results)
    if as_json:
        found: dict[str, Any] = {m: r.certificate.to_dict() for m, r in results.items()}
        one = {"certificate": first.certificate.to_dict()}
        more = one if len(results) == 1 else {"certificates": found}
        print_json({"expression": first.expression, **facts, **more})
        return
    length = f", {facts['frames']} frames, {facts['seconds']:.1f} s" if "frames" in facts else ""
    say(f"{facts['output']}: {first.expression}{length}")
    for method, result in results.items():
        say(f"{method}: {result.certificate.verdict}" if len(results) > 1 else result.lines()[0])


def _first(results: Results) -> Any:
    return next(iter(results.values()))
