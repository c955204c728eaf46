"""``zalgebra augment``: a table or a folder of pictures with its rare classes filled up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zalgebra.studio.answers import print_json, say, teller
from zalgebra.studio.options import Json, Seed, Side
from zalgebra.studio.verbs import verb

Way = Literal["interpolate", "extrapolate", "lol", "correlated", "gaussian", "mixup"]
Growth = Literal["auto", "minority", "not-minority", "not-majority", "all"]


@verb
def augment(
    data: Annotated[str, typer.Argument(help="A .csv or .tsv table, or a folder of pictures.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Table to write, or new folder of pictures.")
    ],
    label: Annotated[
        str | None, typer.Option("--label", help="Column of classes; class, label, target or y.")
    ] = None,
    method: Annotated[
        Way, typer.Option("--method", help="How rows are made of rows of their class.")
    ] = "interpolate",
    classes: Annotated[
        Growth, typer.Option("--classes", help="Which grow to the largest; auto is all others.")
    ] = "auto",
    model: Annotated[
        str | None,
        typer.Option(
            "--model", help="Where rows are combined: none, pca, vae, or a saved model's folder."
        ),
    ] = None,
    neighbours: Annotated[
        int, typer.Option("--neighbours", min=1, help="Neighbours of a row that it may meet.")
    ] = 5,
    size: Side = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fill up the rare classes of a table or of pictures with rows made of their own.

    Use it on training data only, after the test data have been put aside. Where every new row
    comes from is written beside it.
    """
    tell = teller(as_json)
    tell("resampling")
    from zalgebra.studio.augment import augment as write

    made = write(
        data,
        output,
        label=label,
        model=model,
        size=size,
        seed=seed,
        verbose=not as_json,
        method=method,
        sampling_strategy=classes.replace("-", " "),
        k_neighbors=neighbours,
    )
    if as_json:
        print_json(made.to_dict())
        return
    for name, n in made.after.items():
        say(f"{name}: {made.before[name]} and {n - made.before[name]} new")
    say(f"{made.output}; where each new row comes from: {made.provenance}")
