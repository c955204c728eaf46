"""``zalgebra bench map``: maps of latents, what they keep, cost and give back."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from zalgebra.studio.answers import print_json, say, teller
from zalgebra.studio.commands.bench import (
    Network,
    Output,
    Pictures,
    Repeats,
    Space,
    bench,
    model_of,
    numbers,
)
from zalgebra.studio.messages import quiet, track
from zalgebra.studio.options import Json, Side, split
from zalgebra.studio.verbs import guarded


@bench.command("map")
@partial(guarded, resumes=True)
def map_(
    data: Annotated[
        str, typer.Argument(help="digits, fashion-mnist, faces, a folder of pictures or a table.")
    ] = "digits",
    output: Output = Path("bench-map"),
    model: Network = None,
    workspace: Space = None,
    methods: Annotated[
        str, typer.Option("--maps", help="pca, kernel-pca, tsne, umap, pacmap, parametric.")
    ] = "pca,tsne,umap,pacmap,parametric",
    n: Annotated[int, typer.Option("-n", "--n", min=40, help="Items of a map.")] = 2000,
    held: Annotated[int, typer.Option("--held", min=40, help="Held-out items.")] = 500,
    own: Annotated[
        int, typer.Option("--umap", min=0, help="Held-out items for umap-learn's own inverse.")
    ] = 100,
    seeds: Repeats = "0",
    size: Side = None,
    pictures: Pictures = None,
    as_json: Json = False,
) -> None:
    """Which map keeps neighbours, at what cost, and how well it is taken back.

    Maps are made of the latents of pictures to learn from, each in a process of its own; held-out
    pictures are placed on it and taken back to latents and pictures. A map that is done is kept: a
    killed run goes on with the same command.
    """
    tell = teller(as_json)
    tell("starting")
    from zalgebra.studio.bench import maps as compare
    from zalgebra.studio.bench.mapping_report import TITLES, lead

    found = compare(
        data,
        output,
        model=model_of(model, workspace),
        methods=split(methods) or (),
        n=n,
        held=held,
        own=own,
        seeds=numbers("--seeds", seeds),
        size=size,
        pictures=pictures,
        track=quiet if as_json else track,
        tell=tell,
    )
    if as_json:
        print_json({"output": str(output), **found.to_dict()})
        return
    say(lead(found))
    for cell in found.cells:
        errors = f"error in latents {cell.figures['latent']['value']:.3f}"
        trust = cell.figures.get("trust")
        kept = "its own inverse" if trust is None else f"trustworthiness {trust['value']:.3f}"
        say(f"{TITLES[cell.method]}: {kept}, {errors}")
    seconds = found.facts["run"]["seconds"]
    say(f"{output / 'index.html'}: {seconds:.0f} s; tables in results.md")
