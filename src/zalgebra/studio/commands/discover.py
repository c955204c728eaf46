"""``zalgebra discover``: what a latent space holds, as a contact sheet to be named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zalgebra.studio.answers import item, open_workspace, print_json, say
from zalgebra.studio.options import WORKSPACE, Json, Picture, Seed, Where
from zalgebra.studio.verbs import command_line, verb

How = Literal["pca", "ica", "sparse", "sefa", "jacobian"]


@verb
def discover(
    workspace: Where = WORKSPACE,
    output: Picture = Path("sheet.png"),
    method: Annotated[How, typer.Option("--method", help="How directions are found.")] = "pca",
    n: Annotated[int, typer.Option("--n", min=1, help="How many directions.")] = 8,
    items: Annotated[
        list[str] | None,
        typer.Option("--item", help="Where they start from, such as img:3; may be repeated."),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", help="3=smile keeps direction 3 as smile; may be repeated."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Folder to write all directions into.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Find directions without labels and show what each does, the strongest first.

    A row of the sheet is a direction, a column a strength in standard deviations of the prior.
    Look at it, then call again with --name: the direction is then a word of expressions.
    """
    from zalgebra.studio import discover as sheets

    space = open_workspace(workspace)
    starts = [item(text) for text in items or ["img:0"]]
    sheet = sheets.contact_sheet(space, method=method, n=n, items=starts, seed=seed)
    chosen = sheets.named(names or [], len(sheet.found))
    kept = sheets.keep(space, sheet.found, chosen)
    sheets.write(sheet, output, comment=command_line())
    files = [] if save is None else sheets.save(sheet.found, save, space.spec.fingerprint)
    if as_json:
        facts = {"output": str(output), "named": {str(i): name for i, name in chosen.items()}}
        print_json({**facts, "saved": [str(file) for file in files], **sheet.to_dict()})
        return
    say(f"{output}: {len(sheet.found)} directions by {method}, the strongest first")
    for direction in kept:
        say(f"{direction.name}: zalgebra edit {starts[0]} '+ 2 {direction.name}' -w {workspace}")
    if files:
        say(f"{save}: {len(files)} files")
