"""``zalgebra walk``: from one expression to the next, as a strip or a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
import typer

from zalgebra.studio.answers import item, open_workspace, print_json, say
from zalgebra.studio.options import WORKSPACE, Json, Method, MethodFlag, Where, split
from zalgebra.studio.verbs import command_line, verb
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.studio.film_map import MapPanel
    from zalgebra.studio.frames import Layout
    from zalgebra.studio.workspace import Workspace

PICTURES, SECONDS = 9, 2  # of a strip; of a film, from one keyframe to the next
RATE = 24  # frames of a film a second
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
    fps: Annotated[int | None, typer.Option(min=1, help="Frames of a film a second: 24.")] = None,
    size: Annotated[
        int | None, typer.Option(help="Width of each picture of a film, in pixels.")
    ] = None,
    on_map: Annotated[
        str | None,
        typer.Option(
            "--map",
            help="Beside a film's pictures, a map of the items with a moving dot: "
            "pca, tsne, umap, pacmap, parametric.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Walk from one expression to the next: a strip of pictures, or a film."""
    from zalgebra.studio.drawing import STILLS
    from zalgebra.studio.film import FILMS, is_film, prepare
    from zalgebra.studio.frames import Layout

    if len(keyframes) < 2:
        raise BadInput("a walk needs at least two expressions, for example img:1 img:2")
    film, chosen, rate = is_film(output), _methods(methods, method), fps or RATE
    if film:
        prepare(output, rate)
    elif output.suffix.lower() not in STILLS:
        known = ", ".join(dict.fromkeys([*STILLS, *FILMS]))
        raise BadInput(f"{output} must end in one of {known}, or in nothing: a folder of frames")
    elif given := [name for name, value in (("fps", fps), ("size", size)) if value is not None]:
        raise BadInput(f"`--{given[0]}` is of films, and {output} is a strip; leave it out")
    if on_map is not None and not film:
        raise BadInput(f"`--map` is of films, and {output} is a strip; leave it out")
    n = steps or (_frames(len(keyframes), loop, rate) if film else PICTURES)
    space, keys = open_workspace(workspace), [item(key) for key in keyframes]
    results = {m: space.walk(keys, n, method=m, closed=loop, pace=pace) for m in chosen}
    if film:
        columns = _columns(results, on_map)
        layout = Layout(space.spec.data_shape, columns, size, words=captions)
        panel = None if on_map is None else _panel(space, results, on_map, layout.tile)
        facts = _shoot(results, layout, output, rate, panel)
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


def _columns(results: Results, on_map: str | None) -> list[str]:
    """What stands below each picture of a frame: the methods, if there are several."""
    several = len(results) > 1
    below = list(results) if several else [""]
    return below if on_map is None else [*below, on_map if several else ""]


def _panel(space: Workspace, results: Results, on_map: str, side: tuple[int, int]) -> MapPanel:
    from zalgebra.studio.film_map import map_panel

    ways = {method: result.latents for method, result in results.items()}
    return map_panel(space, ways, method=on_map, side=side)


def _shoot(
    results: Results, layout: Layout, output: Path, fps: int, panel: MapPanel | None
) -> dict[str, Any]:
    """The film, decoded a few frames at a time; on the map's panel the dot moves on."""
    from zalgebra.studio.film import shoot

    first = _first(results)
    rows = (
        pictures
        for batch in zip(*(r.batches() for r in results.values()), strict=True)
        for pictures in zip(*batch, strict=True)
    )
    if panel is not None:
        rows = ((*row, panel.picture(i)) for i, row in enumerate(rows))
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
