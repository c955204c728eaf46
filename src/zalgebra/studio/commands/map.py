"""``zalgebra map``: all items of a workspace on one sheet, and what lies between them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zalgebra.studio.answers import open_workspace, print_json, say, teller
from zalgebra.studio.options import WORKSPACE, Json, Seed, Where
from zalgebra.studio.verbs import command_line, verb
from zalgebra.types import BadInput

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
    method: Annotated[How, typer.Option("--method", help="How items are placed.")] = "tsne",
    colour: Annotated[
        str | None,
        typer.Option("--colour", "--color", help="The label that colours show; none for none."),
    ] = None,
    inverse: Annotated[
        bool, typer.Option("--inverse", help="Below it the map decoded, faded by its error.")
    ] = False,
    thumbnails: Annotated[int, typer.Option(min=0, help="At most so many pictures.")] = 80,
    columns: Annotated[int, typer.Option(min=2, help="Tiles along the inverse's long side.")] = 16,
    n: Annotated[
        int, typer.Option("--n", min=10, help="At most so many items, drawn by the seed.")
    ] = 10_000,
    save: Annotated[
        Path | None, typer.Option("--save", help="Also keep the map, a .safetensors file.")
    ] = None,
    megabytes: Annotated[
        float, typer.Option("--megabytes", min=0.1, help="Of a page's thumbnails, at most.")
    ] = 24.0,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw a map of the items, with thumbnails; with --inverse also what lies between them."""
    from zalgebra.studio.map_items import check_figure, map_items
    from zalgebra.studio.map_paper import write

    tell, space = teller(as_json), open_workspace(workspace)
    # What cannot be drawn is refused before the map is fitted.
    places = _places(output, save, inverse)
    check_figure(space, colour=colour, inverse=inverse)
    tell(f"placing {min(n, len(space))} items by {method}")
    found = map_items(space, method=method, n=n, seed=seed)
    pages = []
    if picture := places.get("picture"):
        figure = found.figure(
            space, colour=colour, inverse=inverse, thumbnails=thumbnails, columns=columns
        )
        write(figure, picture, comment=command_line())
    if page := places.get("page"):
        tell("drawing the thumbnails of a page")
        made = found.page(space, colour=colour, megabytes=megabytes)
        pages.append(f"{made.write(page)}: {made.sentence}")
    kept = found.fitted.save(places["saved"]) if "saved" in places else None
    if as_json:
        files = {k: str(v) for k, v in places.items()}
        print_json({"output": str(output), "saved": None, **files, **found.to_dict()})
        return
    own = found.fitted.inverse_
    say(f"{output}: {len(found.rows)} items by {method}")
    for line in pages:
        say(line)
    say(f"inverse: {own.name}, held-out error {own.scores[own.name]:.3g} an entry of a latent")
    if kept is not None:
        say(f"{kept}: zalgebra.estimators.maps.load({str(kept)!r}, prior=model.prior_)")


def _places(output: Path, save: Path | None, inverse: bool) -> dict[str, Path]:
    """What is to be written and where: ``picture``, ``page`` and ``saved``."""
    from zalgebra.studio.map_paper import format_of

    kept = {} if save is None else {"saved": save}
    if output.suffix.lower() == ".html":
        if inverse:
            raise BadInput(
                "the decoded map is drawn as a picture, not on a page; name a .png, or a folder "
                "for both"
            )
        return {"page": output, **kept}
    if output.suffix:
        format_of(output)
        return {"picture": output, **kept}
    if output.exists() and not output.is_dir():
        raise BadInput(f"{output} is a file; name a folder, or a picture by its suffix")
    folder = {"picture": output / "map.png", "page": output / "map.html"}
    return {**folder, "saved": output / "map.safetensors", **kept}
