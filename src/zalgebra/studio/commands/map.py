"""``zalgebra map``: all items of a workspace on one sheet, and what lies between them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zalgebra.studio.answers import open_workspace, print_json, say, teller
from zalgebra.studio.options import WORKSPACE, Json, Picture, Seed, Where
from zalgebra.studio.verbs import command_line, verb

How = Literal["pca", "kernel-pca", "tsne", "umap", "pacmap", "parametric"]


@verb
def map(
    workspace: Where = WORKSPACE,
    output: Picture = Path("map.png"),
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
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw a map of the items, with thumbnails; with --inverse also what lies between them."""
    from zalgebra.studio.map_items import check_figure, map_items
    from zalgebra.studio.map_paper import format_of, write

    tell, space = teller(as_json), open_workspace(workspace)
    format_of(output)  # what cannot be drawn is refused before the map is fitted
    check_figure(space, colour=colour, inverse=inverse)
    tell(f"placing {min(n, len(space))} items by {method}")
    found = map_items(space, method=method, n=n, seed=seed)
    figure = found.figure(
        space, colour=colour, inverse=inverse, thumbnails=thumbnails, columns=columns
    )
    write(figure, output, comment=command_line())
    kept = None if save is None else str(found.fitted.save(save))
    if as_json:
        print_json({"output": str(output), "saved": kept, **found.to_dict()})
        return
    own = found.fitted.inverse_
    say(f"{output}: {len(found.rows)} items by {method}")
    say(f"inverse: {own.name}, held-out error {own.scores[own.name]:.3g} an entry of a latent")
    if kept is not None:
        say(f"{kept}: zalgebra.estimators.maps.load({kept!r}, prior=model.prior_)")
