"""``zalgebra demo``: a report of what latent arithmetic does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from zalgebra.studio.answers import print_json, say, teller
from zalgebra.studio.messages import out
from zalgebra.studio.options import Json, Labels, Seed, Side, split
from zalgebra.studio.verbs import verb
from zalgebra.types import BadInput


@verb(resumes=True)
def demo(
    data: Annotated[
        str,
        typer.Option(
            "--data", help="faces, digits, fashion-mnist, or a folder or table of pictures."
        ),
    ] = "faces",
    fit: Annotated[
        bool,
        typer.Option("--fit", help="Fit the faces model anew instead of using the bundled one."),
    ] = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the report.")] = Path(
        "zalgebra-demo"
    ),
    size: Side = None,
    group: Annotated[
        str | None,
        typer.Option("--group", help="Label whose items stay together, such as a person."),
    ] = None,
    labels: Labels = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Show what latent arithmetic does, with a figure beside each edit: a report in a folder."""
    tell = teller(as_json)
    tell("loading")
    from zalgebra.studio.demo import run
    from zalgebra.studio.recipes import recipe

    _writable(output)
    chosen = recipe(data, size=size, group=group, labels=split(labels), seed=seed)
    results = run(chosen, output, fit=fit, seed=seed, say=tell)
    if as_json:
        print_json(results)
        return
    if results["edits"]:
        out.print(_summary(results))
    else:
        say("no labels, so no edits: put the pictures in a folder a class, or add a labels.csv")
    say(f"report: {output / 'report.html'}")
    workspace = output / f"{chosen.name}.zal"
    if chosen.edits and chosen.edits[0].change.isascii():
        change, item = chosen.edits[0].change, results["next"]
        say(f"next:   zalgebra edit {item} '{change}' -w {workspace}")


def _writable(folder: Path) -> None:
    """Fail before the work rather than after it."""
    from zalgebra.files import aside

    if folder.is_file():
        raise BadInput(f"{folder} is a file, and the report takes a folder; choose another name")
    with aside(folder / "report.html.trial") as trial:
        trial.touch()
    (folder / "report.html.trial").unlink()


def _summary(results: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title=f"{results['data']}, held-out pictures", title_justify="left")
    for head in ("edit", "n", "changed as meant", "others moved (median)", "most"):
        table.add_column(head, justify="left" if head == "edit" else "right")
    for title, e in results["edits"].items():
        s, leaks = e["success"], {k: v["value"] for k, v in e["leakage"].items()}
        moved = f"{np.median(list(leaks.values())):.2f} sd" if leaks else ""
        most = max(leaks, key=lambda k: leaks[k], default="")
        share = f"{s['value']:.1%}" if s["n"] else "none to try on"
        table.add_row(title, str(s["n"]), share, moved, f"{most} {leaks[most]:.2f}" if most else "")
    return table
