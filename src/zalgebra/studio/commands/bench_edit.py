"""``zalgebra bench edit``: ways of learning an edit, compared at like success."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from zalgebra.studio.answers import print_json, say, teller
from zalgebra.studio.commands.bench import (
    Models,
    Output,
    Pictures,
    Repeats,
    Space,
    bench,
    models_of,
    numbers,
)
from zalgebra.studio.messages import quiet, track
from zalgebra.studio.options import Json, Labels, Side, split
from zalgebra.studio.verbs import guarded


@bench.command("edit")
@partial(guarded, resumes=True)
def edit(
    data: Annotated[
        str,
        typer.Argument(help="faces, which are drawn; digits, fashion-mnist, a folder or a table."),
    ] = "faces",
    output: Output = Path("bench-edit"),
    models: Models = "vae",
    workspace: Space = None,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            help="difference, svm, logistic, lda; each with -conditional, which for the first is "
            "conditional; paired. By default what the data allow.",
        ),
    ] = None,
    attributes: Annotated[
        str | None,
        typer.Option("--attributes", help="Columns, or classes as '3 to 8'; all by default."),
    ] = None,
    n: Annotated[int, typer.Option("-n", "--n", min=16, help="Items to edit.")] = 200,
    learn: Annotated[int, typer.Option("--learn", min=16, help="Items to learn from.")] = 600,
    target: Annotated[
        float, typer.Option("--target", help="Share that is to be read as wanted.")
    ] = 0.8,
    seeds: Repeats = "0",
    vary: Annotated[
        str | None, typer.Option("--vary", help="Factors of drawn faces that vary; or all.")
    ] = None,
    labels: Labels = None,
    size: Side = None,
    pictures: Pictures = None,
    as_json: Json = False,
) -> None:
    """Which way of learning an edit reaches its goal and moves nothing else.

    Each attribute is learned by every method from the same items, made as strong as it has to be
    for the target share to be read as wanted, and tried on further items: what else moves, whether
    the item is still itself, whether the latents are plausible. A reader that is trained here, on
    other pictures, judges. A cell that is done is kept: a killed run goes on with the same command.
    """
    tell = teller(as_json)
    tell("starting")
    from zalgebra.studio.bench import edit as compare
    from zalgebra.studio.bench.editing_report import lead, summary

    found = compare(
        data,
        output,
        models=models_of(models, workspace),
        methods=split(methods),
        attributes=split(attributes),
        n=n,
        learn=learn,
        target=target,
        seeds=numbers("--seeds", seeds),
        varied=split(vary),
        labels=split(labels),
        size=size,
        pictures=pictures,
        track=quiet if as_json else track,
        tell=tell,
    )
    if as_json:
        print_json({"output": str(output), **found.to_dict()})
        return
    say(lead(found))
    table = summary(found.cells)
    for row in table.rows:
        of = dict(zip(table.head, row, strict=True))
        say(f"{row[0]}: success {of['success']}, others move {of['others move, sd']}")
    cells, seconds = len(found.cells), found.facts["run"]["seconds"]
    say(f"{output / 'index.html'}: {cells} cells, {seconds:.0f} s; tables in results.md")
