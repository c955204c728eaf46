"""``zalgebra fit``: pictures to a workspace."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from zalgebra.studio.answers import print_json, say, teller
from zalgebra.studio.messages import track
from zalgebra.studio.options import Data, Json, Kind, Labels, Seed, Side, split
from zalgebra.studio.verbs import verb
from zalgebra.types import BadInput


@verb(resumes=True)
def fit(
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="Workspace to make.")],
    model: Annotated[Kind, typer.Option("--model", help="Kind of model.")] = "vae",
    latent_dim: Annotated[int | None, typer.Option(min=1, help="Entries of a latent.")] = None,
    beta: Annotated[float | None, typer.Option(min=0, help="Weight of the divergence.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the data.")] = None,
    n: Annotated[int | None, typer.Option("-n", min=2, help="Use this many items.")] = None,
    size: Side = None,
    labels: Labels = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fit a model on pictures and encode them: a workspace to compute in.

    A run that was killed goes on from its last epoch when the same command is given again.
    """
    tell = teller(as_json)
    tell("loading")
    from zalgebra.data import datasets
    from zalgebra.studio.locks import fitting
    from zalgebra.studio.recipes import default_model
    from zalgebra.studio.workspace import Workspace

    dataset = datasets.load(data, size=size, n=n, seed=seed, labels=split(labels))
    network = default_model(dataset.images, model, seed=seed, verbose=not as_json)
    _set(network, latent_dim=latent_dim, beta=beta, max_epochs=epochs)
    tell(f"fitting a {type(network).__name__} on {len(dataset)} items")
    with fitting(output) as checkpoint:
        network.fit(dataset.images, checkpoint=checkpoint, resume=True)
        begun = (output / "workspace.json").exists()  # by a run that was killed while it encoded
        workspace = Workspace(output) if begun else Workspace.create(output, network)
        workspace.encode(dataset, track=track)
    facts: dict[str, Any] = {
        "workspace": str(output),
        "items": len(workspace),
        **_training(network),
    }
    if as_json:
        print_json({**facts, "fingerprint": workspace.spec.fingerprint})
    else:
        rate = facts["items_per_second"]
        speed = f", {rate:.0f} images/s" if math.isfinite(rate) else ""
        say(f"{output}: {facts['items']} items, {facts['epochs']} epochs{speed}")


def _set(network: Any, **wanted: float | None) -> None:
    """Set what was asked for; a model that lacks it is told of by its flag."""
    given = {k: v for k, v in wanted.items() if v is not None}
    if unknown := given.keys() - network.get_params():
        flag = sorted(unknown)[0].replace("max_", "").replace("_", "-")
        raise BadInput(f"a {type(network).__name__} takes no --{flag}; leave it out")
    network.set_params(**given)


def _training(network: Any) -> dict[str, Any]:
    """How the fit went; a model that is solved for, as PCA, has no training."""
    training = getattr(network, "training_", None)
    return {
        "epochs": len(training.history) if training else 0,
        "outcome": training.outcome if training else "finished",
        "items_per_second": round(training.items_per_second, 1) if training else math.nan,
    }
