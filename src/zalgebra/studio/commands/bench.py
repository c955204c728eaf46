"""``zalgebra bench``: comparisons that anyone can repeat, in a folder with one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zalgebra.studio.answers import print_json, say, teller
from zalgebra.studio.messages import quiet, track
from zalgebra.studio.options import Json, Side, split
from zalgebra.studio.verbs import app, guarded
from zalgebra.types import BadInput

bench = typer.Typer(
    help="Compare ways of combining, inverting, editing and mapping latents, on your own data.",
    no_args_is_help=True,
)
app.add_typer(bench, name="bench")

Source = Annotated[
    str, typer.Argument(help="digits, fashion-mnist, a folder of pictures or a table with classes.")
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Folder of the results.")]
Network = Annotated[
    str | None,
    typer.Option("--model", help="Kind to fit here, as vae (default), or a saved model's folder."),
]
Space = Annotated[
    Path | None, typer.Option("-w", "--workspace", help="Take the model of this workspace.")
]
Column = Annotated[str | None, typer.Option("--label", help="Column of classes.")]
Classes = Annotated[str | None, typer.Option("--classes", help="Only these, with commas between.")]
Pictures = Annotated[
    int | None, typer.Option("--pictures", min=16, help="Load this many pictures.")
]
Models = Annotated[
    str,
    typer.Option("--model", help="Kinds to fit here, or folders; several with commas between."),
]
Repeats = Annotated[
    str, typer.Option("--seeds", help="One repeat each: other items and other draws.")
]


def combine(
    data: Source = "digits",
    output: Output = Path("bench"),
    model: Network = None,
    workspace: Space = None,
    methods: Annotated[
        str,
        typer.Option(
            "--methods", help="linear, slerp, norm, standardize, nao, lol, lol-estimate; or some."
        ),
    ] = "linear,slerp,norm,standardize,nao,lol,lol-estimate",
    what: Annotated[
        str, typer.Option("--what", help="interpolation of two seeds, centroid of k; or one.")
    ] = "interpolation,centroid",
    k: Annotated[str, typer.Option("--k", help="Seeds of a centroid.")] = "2,3,5,10",
    sources: Annotated[
        str, typer.Option("--from", help="real: seeds are inverted items; prior: drawn from it.")
    ] = "real",
    classes: Classes = None,
    n: Annotated[int, typer.Option("-n", "--n", min=1, help="Combinations of a cell.")] = 1000,
    seeds: Repeats = "0",
    against: Annotated[
        str | None,
        typer.Option("--against", help="Tell the gaps of all methods to this one (default lol)."),
    ] = None,
    label: Column = None,
    size: Side = None,
    pictures: Pictures = None,
    as_json: Json = False,
) -> None:
    """Which way of combining latents keeps the class, the prior and the variety.

    Seeds are held-out items of one class, inverted. Each method combines the same seeds with the
    same weights; the results are decoded and judged by a classifier that is trained here, on other
    pictures. Tables, figures and one page are written. A cell of the table that is done is kept: a
    killed run goes on with the same command, and methods, k or seeds may be added later.
    """
    tell = teller(as_json)
    tell("starting")
    from zalgebra.studio.bench import combine as compare
    from zalgebra.studio.bench.report import by_verdict, lead

    found = compare(
        data,
        output,
        model=model_of(model, workspace),
        what=split(what) or (),
        k=numbers("--k", k),
        methods=split(methods) or (),
        sources=split(sources) or (),
        classes=split(classes),
        n=n,
        seeds=numbers("--seeds", seeds),
        against=against,
        label=label,
        size=size,
        pictures=pictures,
        track=quiet if as_json else track,
        tell=tell,
    )
    results = found.to_dict()
    if as_json:
        print_json({"output": str(output), **results})
        return
    say(lead(found))
    for claim, places in by_verdict(results["expectations"]).items():
        say(f"{claim}: {places}")
    cells, seconds = len(results["cells"]), results["run"]["seconds"]
    say(f"{output / 'index.html'}: {cells} cells, {seconds:.0f} s; tables in results.md")


def invert(
    data: Source = "digits",
    output: Output = Path("bench-invert"),
    models: Models = "vae",
    workspace: Space = None,
    n: Annotated[int, typer.Option("-n", "--n", min=2, help="Held-out pictures.")] = 200,
    label: Column = None,
    size: Side = None,
    pictures: Pictures = None,
    as_json: Json = False,
) -> None:
    """How well models take held-out pictures to latents and back.

    The error of the picture, the error of a latent that is decoded and found again, the class
    kept, the certificate and the time, of each model on the same pictures. Models that are done
    are kept: a killed run goes on with the same command, or with more models.
    """
    tell = teller(as_json)
    tell("starting")
    from zalgebra.studio.bench import invert as compare
    from zalgebra.studio.bench.inverting_report import lead

    found = compare(
        data,
        output,
        models=models_of(models, workspace),
        n=n,
        label=label,
        size=size,
        pictures=pictures,
        tell=tell,
    )
    if as_json:
        print_json({"output": str(output), **found.to_dict()})
        return
    say(lead(found))
    for model in found.models:
        error, kept = model.figures["rmse"]["value"], model.figures["class_kept"]["value"]
        say(f"{model.name}: error of the picture {error:.4f}, class kept {kept:.1%}")
    seconds = found.facts["run"]["seconds"]
    say(f"{output / 'index.html'}: {seconds:.0f} s; the table in results.md")


def model_of(model: str | None, workspace: Path | None) -> Any:
    """The one model that two flags may name."""
    if model is not None and workspace is not None:
        raise BadInput("give either --model or -w, not both")
    return str(workspace) if workspace is not None else model or "vae"


def models_of(models: str, workspace: Path | None) -> list[str]:
    """The models that two flags name."""
    return [str(workspace)] if workspace is not None else list(split(models) or ())


def numbers(flag: str, given: str) -> list[int]:
    """The whole numbers that a flag lists."""
    parts = split(given) or ()
    if not all(part.isdecimal() for part in parts):
        raise BadInput(f"{flag} takes whole numbers with commas between, got {given!r}")
    return [int(part) for part in parts]


for _verb in (combine, invert):
    bench.command()(guarded(_verb, True))
