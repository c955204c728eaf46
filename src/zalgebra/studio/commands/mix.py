"""``zalgebra mix``: an expression as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zalgebra.studio.answers import deliver, item, open_workspace
from zalgebra.studio.options import WORKSPACE, Bare, Json, Method, Picture, Where
from zalgebra.studio.verbs import verb


@verb(expressions=True)
def mix(
    expression: Annotated[
        str,
        typer.Argument(help="Such as 'img:3 + 20° smile' or 'seed(3)', or a mix.json to replay."),
    ],
    workspace: Where = WORKSPACE,
    output: Picture = Path("mix.png"),
    save: Annotated[
        Path | None, typer.Option("--save", help="Also write what it is made of, a mix.json.")
    ] = None,
    method: Annotated[
        Method | None,
        typer.Option("--method", help="How latents are combined: lol, or as the mix.json says."),
    ] = None,
    bare: Bare = False,
    as_json: Json = False,
) -> None:
    """Realise an expression over items, labels, directions and numbered seeds as a picture.

    A mix.json, which --save writes, is replayed: the same latent to the bit.
    """
    result = open_workspace(workspace).mix(item(expression), method=method)
    if save is not None:
        from zalgebra.files import write_json

        write_json(save, result.mix)
    deliver(result, output, [result.expression], as_json, alone=bare)
