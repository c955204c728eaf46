"""``zalgebra check``: how plausible latents are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from zalgebra.studio.answers import item, open_workspace, print_json
from zalgebra.studio.messages import out
from zalgebra.studio.options import WORKSPACE, Json, MethodFlag
from zalgebra.studio.verbs import verb


@verb(expressions=True)
def check(
    what: Annotated[list[str], typer.Argument(help="Expressions, or one .npy file of latents.")],
    workspace: Annotated[
        Path | None,
        typer.Option("-w", "--workspace", help=f"The workspace; for expressions, {WORKSPACE}."),
    ] = None,
    method: MethodFlag = "lol",
    as_json: Json = False,
) -> None:
    """How plausible latents are under the prior: of expressions, or of an .npy file.

    A file is held against the workspace's prior if -w is given, else against N(0, 1).
    """
    from zalgebra.algebra.certificate import check as certify
    from zalgebra.studio.names import read_npy

    if len(what) == 1 and what[0].endswith(".npy"):
        prior = None if workspace is None else open_workspace(workspace).prior
        z = read_npy(what[0])
        certificate = certify(z[None] if z.ndim == 1 else z, prior)  # one latent, or many
    else:
        space = open_workspace(WORKSPACE if workspace is None else workspace)
        z = np.concatenate([space.mix(item(e), method=method).latents for e in what])
        certificate = certify(z, space.prior)
    if as_json:
        print_json(certificate.to_dict())
    else:
        out.print(certificate)
