"""``zalgebra edit``: one item before and after a change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zalgebra.studio import answers
from zalgebra.studio.options import WORKSPACE, Bare, Json, MethodFlag, Picture, Where
from zalgebra.studio.verbs import verb


@verb(expressions=True)
def edit(
    item: Annotated[str, typer.Argument(help="img:12, or a picture file.")],
    changes: Annotated[
        list[str], typer.Argument(help="Such as '+ 30° smile' or '- glasses'; made in this order.")
    ],
    workspace: Where = WORKSPACE,
    output: Picture = Path("edit.png"),
    method: MethodFlag = "lol",
    bare: Bare = False,
    as_json: Json = False,
) -> None:
    """Change one item: the picture before and after.

    Of each change it says what it made and whether it left the data; of several, what their order
    does: sums are one combination whatever their order, turns by an angle are not.
    """
    space = answers.open_workspace(workspace)
    name = answers.item(item)
    after = space.edit(name, *changes, method=method)
    before = space.mix(name).pictures
    answers.deliver(after, output, [item, after.expression], as_json, before=before, alone=bare)
