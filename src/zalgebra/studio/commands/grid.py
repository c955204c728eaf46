"""``zalgebra grid``: a sheet of what lies between expressions, or along directions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zalgebra.studio.answers import item, open_workspace, print_json, say
from zalgebra.studio.options import WORKSPACE, Json, MethodFlag, Picture, Where, split
from zalgebra.studio.verbs import command_line, verb


@verb(expressions=True)
def grid(
    expressions: Annotated[
        list[str],
        typer.Argument(
            help="Three or four: corners of a square, of three the fourth is their analogy. "
            "One: with --x and --y, or --along."
        ),
    ],
    workspace: Where = WORKSPACE,
    output: Picture = Path("grid.png"),
    x: Annotated[str | None, typer.Option("--x", help="The direction to the right.")] = None,
    y: Annotated[str | None, typer.Option("--y", help="The direction upwards.")] = None,
    along: Annotated[
        str | None, typer.Option("--along", help="Directions with commas between, one a row.")
    ] = None,
    n: Annotated[int, typer.Option("--n", "-n", min=2, help="Pictures along a side.")] = 7,
    to: Annotated[
        float | None,
        typer.Option(
            "--to",
            help="The largest strength: 40 degrees, 2 of others; the least is as far below 0.",
        ),
    ] = None,
    unit: Annotated[
        Literal["deg", "sd", "delta"] | None,
        typer.Option("--unit", help="Of strengths: degrees, standard deviations, multiples of δ."),
    ] = None,
    beyond: Annotated[
        int, typer.Option("--beyond", min=0, help="Pictures more beyond the corners.")
    ] = 0,
    method: MethodFlag = "lol",
    as_json: Json = False,
) -> None:
    """Draw what lies between three or four expressions, or what directions make of one."""
    from zalgebra.studio.drawing import check_still, save

    check_still(output)
    made = open_workspace(workspace).grid(
        *(item(expression) for expression in expressions),
        x=x, y=y, along=split(along) or (), n=n, to=to, unit=unit, beyond=beyond, method=method,
    )  # fmt: skip
    save(made.figure(), output, comment=command_line())
    if as_json:
        print_json({"expression": made.plan.expression, "output": str(output), **made.to_dict()})
    else:
        say("\n".join([f"{output}: {made.plan.expression}", *made.result.lines()]))
