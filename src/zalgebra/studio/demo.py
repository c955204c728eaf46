"""The main job: from data to a report of edits, each with a figure that says how well it worked."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.files import read_json, write_json
from zalgebra.measures.accuracy import edit_effect
from zalgebra.models import BUNDLED, VAE, Reader, load
from zalgebra.studio import messages, report, stories
from zalgebra.studio.recipes import Edit, Recipe
from zalgebra.studio.scene import Outcome, Scene, columns
from zalgebra.studio.workspace import Workspace
from zalgebra.types import BadInput

__all__ = ["run"]


def run(
    recipe: Recipe, out: Path, *, fit: bool, seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Fit or load, encode, edit, measure; write ``report.html`` and ``results.json`` into ``out``.

    Returns
    -------
    dict
        What ``results.json`` holds.
    """
    start = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    bundled = recipe.name == "faces" and not fit
    if bundled:
        say("loading the bundled model of drawn faces")
        model, reader = load(BUNDLED / "faces"), load(BUNDLED / "faces-reader")
    else:
        model, reader = _fit(recipe, out, say)
        if reader is not None:
            reader.save(out / f"{recipe.name}-judge")
    workspace = _workspace(out / f"{recipe.name}.zal", model)
    workspace.encode(recipe.train[: recipe.items], track=messages.track)
    for name, (positive, negative) in recipe.directions.items():
        workspace.learn(name, positive, negative)
    say("editing pictures that the model has not seen")
    scene = _scene(recipe, workspace, reader, seed)
    scores = reader.score(scene.held.images, scene.held.labels) if reader is not None else {}
    results = {
        "data": recipe.name,
        "source": recipe.train.source,
        "pictures": {"train": len(recipe.train), "held_out": len(recipe.held)},
        "model": {**workspace.spec.to_dict(), "bundled": bundled, **_training(model)},
        "judge": scores,
        "reconstruction_mse": float(
            np.mean((scene.decode(scene.latents) - scene.held.images) ** 2)
        ),
        "edits": {
            o.edit.title: {"change": o.edit.change, **o.effect.to_dict()} for o in scene.outcomes
        },
        "directions": {n: workspace.direction(n).to_dict() for n in recipe.directions},
        "next": _untouched(recipe, workspace),
        "seed": seed,
        "versions": _versions(),
    }
    sections, figures = stories.tell(scene, scores)
    results |= figures
    results["seconds"] = round(time.perf_counter() - start, 1)
    page = report.render(
        f"Latent arithmetic on {recipe.name.replace('-', ' ')}",
        _lead(recipe, results),
        sections,
        {
            "data": recipe.train.source,
            "model": workspace.spec.fingerprint[:12],
            "seed": seed,
            "seconds": results["seconds"],
            **_versions(),
        },
    )
    report.write(out / "report.html", page)
    write_json(out / "results.json", results)
    return results


def _untouched(recipe: Recipe, workspace: Workspace) -> str:
    """An item that the first edit has something to do on."""
    where = recipe.edits[0].where if recipe.edits else ()
    rows = np.flatnonzero(workspace.items.mask(where))
    return f"img:{rows[0] if len(rows) else 0}"


def _fit(recipe: Recipe, out: Path, say: Callable[[str], None]) -> tuple[VAE, Reader | None]:
    """Fit model and judge; each goes on from its checkpoint if a run was killed."""
    work = out / "checkpoints"
    say(f"fitting a {type(recipe.model).__name__} on {len(recipe.train)} pictures")
    model = recipe.model.fit(
        recipe.train.images, checkpoint=work / f"{recipe.name}-model.safetensors", resume=True
    )
    reader = recipe.reader
    if reader is not None:
        judge = recipe.judge()
        labels = {k: v for k, v in judge.labels.items() if v.dtype.kind in "fiub"}
        used = {k: v for k, v in labels.items() if len(np.unique(v)) > 1 and k != recipe.group}
        reader.fit(
            judge.images, used,
            checkpoint=work / f"{recipe.name}-judge.safetensors", resume=True,
        )  # fmt: skip
    for file in work.glob(f"{recipe.name}-*"):
        file.unlink()
    if not any(work.iterdir()):
        work.rmdir()
    return model, reader


def _workspace(path: Path, model: VAE) -> Workspace:
    if (path / "workspace.json").is_file():
        if read_json(path / "workspace.json")["fingerprint"] != model.spec_.fingerprint:
            raise BadInput(f"{path} holds another model: remove it, or choose another folder by -o")
        return Workspace(path)
    return Workspace.create(path, model)


def _scene(recipe: Recipe, workspace: Workspace, reader: Reader | None, seed: int) -> Scene:
    held = recipe.held
    truth = columns(held.labels, held.classes) if reader is not None else {}
    spreads = {k: float(v.std()) for k, v in truth.items() if v.std() > 0}
    latents = workspace.model.transform(held.images)
    scene = Scene(recipe, workspace, reader, held, latents, spreads, [], seed)
    if reader is not None:
        scene.outcomes.extend(_outcome(scene, edit) for edit in recipe.edits)
    return scene


def _outcome(scene: Scene, edit: Edit) -> Outcome:
    rows = scene.rows(edit.where)
    after = scene.edited(edit.change, scene.latents[rows])
    binary = {k: 0.5 for k in edit.meant if _is_binary(scene, k)}
    effect = edit_effect(
        scene.read(scene.decode(scene.latents[rows])),
        scene.read(scene.decode(after)),
        edit.meant,
        scene.spreads,
        threshold=binary,
    )
    return Outcome(edit, rows, after, effect)


def _is_binary(scene: Scene, name: str) -> bool:
    return name not in scene.held.labels or len(np.unique(scene.held.labels[name])) == 2


def _training(model: VAE) -> dict[str, Any]:
    training = getattr(model, "training_", None)
    if training is None:
        return {}
    return {
        "epochs": len(training.history),
        "outcome": training.outcome,
        "images_per_second": round(training.items_per_second, 1),
        "fit_seconds": round(sum(e["seconds"] for e in training.history), 1),
        "validation": training.history[-1]["validation"],
    }


def _versions() -> dict[str, str]:
    import torch

    from zalgebra import __version__

    return {
        "zalgebra": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "threads": str(torch.get_num_threads()),
    }


def _lead(recipe: Recipe, results: dict[str, Any]) -> str:
    if not results["edits"]:
        return (
            f"{results['pictures']['train']} pictures, fitted and decoded again. They have no "
            "labels to learn a direction from; put them in one folder a class, or add a labels.csv."
        )
    best = [f"{title} {e['success']['value']:.0%}" for title, e in results["edits"].items()]
    return (
        f"Every edit below is arithmetic on the latents of pictures that the model has not seen. "
        f"Changed as meant, by a separate judge: {'; '.join(best)}."
    )
