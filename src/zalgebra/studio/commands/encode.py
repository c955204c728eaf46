"""``zalgebra encode``: more items for a workspace."""

from __future__ import annotations

from typing import Annotated

import typer

from zalgebra.studio.answers import open_workspace, print_json, say
from zalgebra.studio.messages import track
from zalgebra.studio.options import WORKSPACE, Data, Json, Labels, Seed, Side, Where, split
from zalgebra.studio.verbs import verb


@verb(resumes=True)
def encode(
    data: Data,
    workspace: Where = WORKSPACE,
    n: Annotated[int | None, typer.Option("-n", min=1, help="Use this many items.")] = None,
    size: Side = None,
    labels: Labels = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Encode more items into a workspace; a killed run goes on where it was."""
    from zalgebra.data import datasets

    space = open_workspace(workspace)
    fixed = data in ("digits", "fashion-mnist")  # the other data come in any size
    side = space.spec.data_shape[-1] if size is None and not fixed else size
    dataset = datasets.load(data, size=side, n=n, seed=seed, labels=split(labels))
    first = len(space)
    added = space.encode(dataset, track=track)
    if as_json:
        print_json({"workspace": str(workspace), "added": added, "items": len(space)})
    elif added:
        say(f"img:{first} to img:{first + added - 1} are new")
    else:
        say("these items are in the workspace already")
