"""``zalgebra walk``: from one expression to the next, as a strip or a film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
import typer

from zalgebra.studio.answers import item, open_workspace, print_json, say, teller
from zalgebra.studio.options import WORKSPACE, Json, Method, Where, split
from zalgebra.studio.verbs import command_line, verb
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.studio.film_map import MapPanel
    from zalgebra.studio.frames import Layout
    from zalgebra.studio.walks import Walk
    from zalgebra.studio.workspace import Workspace

PICTURES, SECONDS = 9, 2  # of a strip; of a film, from one keyframe to the next
RATE, MOST = 24, 100_000  # frames of a film a second, and in all
Way = Literal[Method, "geodesic", "geodesic-prior", "density"]
Walks = dict[str, "Walk"]  # by the method


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
        typer.Option(
            min=2, max=MOST, help="Pictures on the way: 9, or of a film 2 seconds a segment."
        ),
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop", "--closed", help="Return to the first: a loop.")
    ] = False,
    pace: Annotated[
        Literal["time", "arc", "even"],
        typer.Option(
            help="The same time for each segment, one speed along the whole way, or even steps of "
            "what is seen."
        ),
    ] = "time",
    method: Annotated[
        Way | None,
        typer.Option(
            "--method",
            help="How latents are combined; or geodesic: shortest through the decoder "
            "(geodesic-prior keeps the prior); or density: along the items. By default lol.",
        ),
    ] = None,
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
            "pca, kernel-pca, tsne, umap, pacmap, parametric.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Walk from one expression to the next: a strip of pictures, or a film."""
    from zalgebra.studio.frames import Layout

    if len(keyframes) < 2:
        raise BadInput("a walk needs at least two expressions, for example img:1 img:2")
    chosen, rate = _methods(methods, method), fps or RATE
    film = _check_output(output, rate, {"fps": fps, "size": size, "map": on_map})
    n = steps or (_frames(len(keyframes), loop, rate) if film else PICTURES)
    space, keys = open_workspace(workspace), [item(key) for key in keyframes]
    layout = Layout(space.spec.data_shape, _columns(chosen, on_map), size, words=captions)
    walks, tell = {}, teller(as_json)
    for m in chosen:
        if m.startswith("geodesic"):
            tell(f"finding the {m}")
        walks[m] = space.walk(keys, n, method=m, closed=loop, pace=pace)
    if film:
        panel = None if on_map is None else _panel(space, walks, on_map, layout.tile)
        facts = _shoot(walks, layout, output, rate, panel)
    else:
        _draw(walks, output, captions)
        facts = {"output": str(output)}
    _tell(walks, facts, as_json)


def _methods(listed: str | None, one: str | None) -> tuple[str, ...]:
    """The methods that are shown, each once."""
    if listed is not None and one is not None:
        raise BadInput("give `--method` or `--methods`, not both")
    chosen = tuple(dict.fromkeys(split(listed) or (one or "lol",)))
    for method in chosen:
        if method not in get_args(Way):
            known = ", ".join(get_args(Way))
            raise BadInput(f"`--methods` lists some of {known}, got {method!r}")
    return chosen


def _check_output(output: Path, rate: int, of_films: dict[str, Any]) -> bool:
    """Whether it is a film; what cannot be written is refused before the work."""
    from zalgebra.files import check_place
    from zalgebra.studio.drawing import STILLS
    from zalgebra.studio.film import FILMS, is_film, prepare

    if output.name.lower() in (*STILLS, *FILMS):
        raise BadInput(f"{output} is a suffix without a name; write for example walk{output.name}")
    if is_film(output):
        prepare(output, rate)
        if of_films["map"] is not None:
            from zalgebra.studio.film_map import check_map

            check_map(of_films["map"])
        return True
    if output.suffix.lower() not in STILLS:
        known = ", ".join(dict.fromkeys([*STILLS, *FILMS]))
        raise BadInput(f"{output} must end in one of {known}, or in nothing: a folder of frames")
    if given := [name for name, value in of_films.items() if value is not None]:
        raise BadInput(f"`--{given[0]}` is of films, and {output} is a strip; leave it out")
    check_place(output)
    return False


def _frames(keyframes: int, loop: bool, fps: int) -> int:
    """So many that every keyframe is met; a loop leaves out the first one's return."""
    return SECONDS * fps * (keyframes if loop else keyframes - 1) + (not loop)


def _columns(chosen: Sequence[str], on_map: str | None) -> list[str]:
    """What stands below each picture of a frame: the methods, if there are several."""
    several = len(chosen) > 1
    below = list(chosen) if several else [""]
    return below if on_map is None else [*below, on_map if several else ""]


def _panel(space: Workspace, walks: Walks, on_map: str, side: tuple[int, int]) -> MapPanel:
    from zalgebra.studio.film_map import map_panel

    ways = {method: walk.latents for method, walk in walks.items()}
    return map_panel(space, ways, method=on_map, side=side)


def _shoot(
    walks: Walks, layout: Layout, output: Path, fps: int, panel: MapPanel | None
) -> dict[str, Any]:
    """The film, decoded a few frames at a time; on the map's panel the dot moves on."""
    from zalgebra.studio.film import shoot

    words, rows = _words(walks, len(layout.columns)), _rows(walks, panel)
    n, size = len(words), layout.size
    frames = layout.frames(rows, words)
    return shoot(frames, output, n=n, size=size, fps=fps, comment=command_line()).to_dict()


def _rows(walks: Walks, panel: MapPanel | None) -> Iterator[list[np.ndarray]]:
    """The pictures of each frame; what a model overshoots is clipped."""
    batches = zip(*(walk.batches() for walk in walks.values()), strict=True)
    rows = (pictures for batch in batches for pictures in zip(*batch, strict=True))
    for i, pictures in enumerate(rows):
        shown = [np.clip(picture, 0, 1) for picture in pictures]
        yield shown if panel is None else [*shown, panel.picture(i)]


def _words(walks: Walks, columns: int) -> list[str | list[str]]:
    """Where on the way each frame is: once, or below each picture if the paces differ."""
    each = zip(*(walk.captions for walk in walks.values()), strict=True)
    found = [list(said) for said in each]
    if all(len(set(said)) == 1 for said in found):
        return [said[0] for said in found]
    return [said + [""] * (columns - len(said)) for said in found]


def _draw(walks: Walks, output: Path, captions: bool) -> None:
    """The strip, its keyframes named and in frames; of several methods a row each."""
    from zalgebra.studio.drawing import draw, save
    from zalgebra.studio.figures_sheet import sheet

    words = [
        [name if captions or met else "" for name, met in zip(w.captions, w.met, strict=True)]
        for w in walks.values()
    ]
    pictures = np.stack([np.clip(walk.pictures, 0, 1) for walk in walks.values()])
    if words != words[:1] * len(walks):  # paces differ, and with them what stands below each
        below = [f"{m}: {w}" for m, row in zip(walks, words, strict=True) for w in row]
        draw(np.concatenate(pictures), output, below, columns=len(words[0]), comment=command_line())
        return
    frames = [(i, j) for i, w in enumerate(walks.values()) for j in np.flatnonzero(w.met)]
    if len(walks) > 1:
        figure = sheet(pictures, list(walks), words[0], frames=frames)
    else:
        figure = sheet(pictures, foot=words[0], frames=frames)
    save(figure, output, comment=command_line())


def _tell(walks: Walks, facts: dict[str, Any], as_json: bool) -> None:
    first, several = _first(walks), len(walks) > 1
    if as_json:
        found = {m: walk.to_dict() for m, walk in walks.items()}
        more: dict[str, Any] = first.to_dict()
        if several:
            parts = {"certificates": "certificate", "ways": "way"}
            more = {many: {m: f[one] for m, f in found.items()} for many, one in parts.items()}
        print_json({"expression": first.expression, **facts, **more})
        return
    length = f", {facts['frames']} frames, {facts['seconds']:.1f} s" if "frames" in facts else ""
    say(f"{facts['output']}: {first.expression}{length}")
    for method, walk in walks.items():
        for line in walk.lines():
            say(f"{method}: {line}" if several else line)


def _first(walks: Walks) -> Walk:
    return next(iter(walks.values()))
