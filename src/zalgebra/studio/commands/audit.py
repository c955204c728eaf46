"""``zalgebra audit``: where arithmetic can be trusted in a model's latent space, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zalgebra.studio.answers import print_json, say, teller
from zalgebra.studio.messages import out, track
from zalgebra.studio.options import Json, Labels, Seed, split
from zalgebra.studio.verbs import command_line, verb


@verb
def audit(
    model: Annotated[Path, typer.Argument(help="A workspace, or a saved model's folder.")],
    data: Annotated[
        str | None,
        typer.Argument(help="faces, digits, a folder or table; or the workspace's own items."),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Page to write.")] = Path(
        "audit.html"
    ),
    n: Annotated[int, typer.Option("-n", min=40, help="Use at most this many items.")] = 2000,
    labels: Labels = None,
    judge: Annotated[
        Path | None, typer.Option("--judge", help="A saved Reader, trained on other pictures.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Does this latent space support arithmetic? A verdict for each factor, with reasons.

    Best on pictures that the model has not seen. Reads labels; half of the items teach directions
    and a judge, the other half are edited.
    """
    tell = teller(as_json)
    tell("loading")
    from zalgebra.models import load
    from zalgebra.studio import report
    from zalgebra.studio.audit import audit as examine
    from zalgebra.studio.audit_page import page
    from zalgebra.studio.audit_sources import source_of

    source = source_of(model, data, n=n, labels=split(labels), seed=seed)
    reader = None if judge is None else load(judge)
    options: dict[str, Any] = {} if as_json else {"track": track}
    found = examine(
        source.model, source.X, source.labels, latents=source.latents, classes=source.classes,
        redraw=source.redraw, judge=reader, seed=seed, **options,
    )  # fmt: skip
    report.write(output, page(found, {"data": source.words, "made by": command_line()}))
    if as_json:
        print_json({"output": str(output), **found.to_dict()})
        return
    out.print(found)
    for factor in found.factors:
        say(f"{factor.name}: {factor.verdict}; {'; '.join(factor.reasons)}")
    for note in found.notes:
        say(note)
    say(f"{output}")
