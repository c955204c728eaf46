"""``zalgebra map``: all items of a workspace on one sheet, and what lies between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zalgebra.studio.answers import open_workspace, print_json, say, teller
from zalgebra.studio.options import WORKSPACE, Json, Seed, Where
from zalgebra.studio.verbs import command_line, verb
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.studio.workspace import Workspace

TSNE = "tsne"
How = Literal["pca", "kernel-pca", "tsne", "umap", "pacmap", "parametric"]


@verb
def map(
    workspace: Where = WORKSPACE,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="Picture to write, or an .html page to explore; a name without suffix is a "
            "folder with map.png, map.html and map.safetensors.",
        ),
    ] = Path("map.png"),
    method: Annotated[
        How | None, typer.Option("--method", help="How items are placed (by default tsne).")
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            "--axes",
            help="Instead of a method: two labels or directions, such as smile,glasses.",
        ),
    ] = None,
    colour: Annotated[
        str | None,
        typer.Option("--colour", "--color", help="The label that colours show; none for none."),
    ] = None,
    inverse: Annotated[
        bool, typer.Option("--inverse", help="Below it the map decoded, faded by its error.")
    ] = False,
    thumbnails: Annotated[int, typer.Option(min=0, help="At most so many pictures.")] = 80,
    columns: Annotated[
        int, typer.Option(min=2, max=64, help="Tiles along the inverse's long side.")
    ] = 16,
    n: Annotated[
        int, typer.Option("--n", min=10, help="At most so many items, drawn by the seed.")
    ] = 10_000,
    save: Annotated[
        Path | None, typer.Option("--save", help="Also keep the map, a .safetensors file.")
    ] = None,
    megabytes: Annotated[
        float,
        typer.Option("--megabytes", min=0.1, max=10_000, help="Of a page's thumbnails, at most."),
    ] = 24.0,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw a map of the items, with thumbnails; with --inverse also what lies between them.

    With --axes smile,glasses each axis has a meaning: an item lies where it is along the two.
    """
    from zalgebra.studio.drawing import save as write
    from zalgebra.studio.map_files import files, ready
    from zalgebra.studio.map_items import check_map
    from zalgebra.studio.map_paper import DPI

    # What cannot be drawn or written is refused before anything is placed.
    _check_flags(axes, {"--method": method, "--inverse": inverse or None, "--save": save})
    places = files(output, saves=axes is None, save=save)
    if inverse and "picture" not in places:
        raise BadInput(
            "the decoded map is drawn as a picture, not on a page; name a .png, or a folder "
            "for both"
        )
    tell, space = teller(as_json), open_workspace(workspace)
    check_map(space, colour=colour, inverse=inverse, page="page" in places)
    with ready(places.values()):
        if axes is None:
            tell(f"placing {min(n, len(space))} items by {method or TSNE}")
        found = _placed(space, axes, method or TSNE, n=n, seed=seed)
        drawn = {"thumbnails": thumbnails}
        drawn |= {} if axes else {"inverse": inverse, "columns": columns}
        if picture := places.get("picture"):
            figure = found.figure(space, colour=colour, **drawn)
            write(figure, picture, comment=command_line(), dpi=DPI)
        pages = []
        if page := places.get("page"):
            tell("drawing the thumbnails of a page")
            made = found.page(space, colour=colour, megabytes=megabytes)
            pages.append(f"{made.write(page)}: {made.sentence}")
        kept = found.fitted.save(places["saved"]) if "saved" in places else None
    if as_json:
        written = {k: str(v) for k, v in places.items()}
        print_json({"output": str(output), "saved": None, **written, **found.to_dict()})
        return
    say("\n".join([f"{output}: {len(found.rows)} items by {found.how}", *pages, *found.lines()]))
    if kept is not None:
        say(f"{kept}: zalgebra.estimators.maps.load({str(kept)!r}, prior=model.prior_)")


def _check_flags(axes: str | None, others: dict[str, Any]) -> None:
    """With axes there is no map to fit, to decode or to keep."""
    given = [flag for flag, value in others.items() if value is not None]
    if axes is not None and given:
        raise BadInput(
            f"`--axes` places items by two directions and fits no map, so `{given[0]}` has no "
            "meaning there; leave one of the two out"
        )


def _placed(space: Workspace, axes: str | None, method: str, **how: Any) -> Any:
    """The items by a map's method, or by two directions."""
    if axes is None:
        from zalgebra.studio.map_items import map_items

        return map_items(space, method=method, **how)
    from zalgebra.studio.map_axes import map_axes

    return map_axes(space, axes, **how)
