"""`invert`: how well models take held-out pictures to latents and back, in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.algebra.certificate import check
from zalgebra.data.datasets import Dataset
from zalgebra.files import read_tensors, write_tensors
from zalgebra.measures import Score, class_preservation, proportion, reconstruction
from zalgebra.measures.intervals import mean_score
from zalgebra.studio.bench.configuration import configured, mark, named, run_facts, sweep
from zalgebra.studio.bench.ground import (
    Classed,
    Data,
    decoded,
    fitted,
    known,
    learned_judge,
    prepared,
)
from zalgebra.studio.bench.judge import Judge, judge_of, named_classes
from zalgebra.studio.bench.scores import plausible
from zalgebra.studio.locks import locked
from zalgebra.types import BadInput

__all__ = ["INVERSION", "Inversion", "Inversions", "invert", "names_of"]

INVERSION = {  # name to its title and form
    "rmse": ("error of the picture", "{:.4f}"),
    "explained": ("variance explained", "{:.1%}"),
    "class_kept": ("read as before", "{:.1%}"),
    "latent_back": ("error of the latent", "{:.1%}"),
    "plausible": ("plausible", "{:.0%}"),
    "variance": ("variance ratio", "{:.2f}"),
}
SHOWN = 12  # pictures that a sheet shows, evenly from the best to the worst


@dataclass(frozen=True)
class Inversion:
    """How one model inverts.

    Parameters
    ----------
    name
        As it was asked for.
    facts
        What the model is, and whether it has seen the held-out pictures.
    figures
        Name to a `Score` as plain values, or seconds of one item.
    rows, back
        Some of the pictures, from the best to the worst, and what came back of them.
    """

    name: str
    facts: dict[str, Any]
    figures: dict[str, Any]
    rows: np.ndarray
    back: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"model": self.name, **self.facts, **self.figures}


@dataclass(frozen=True)
class Inversions:
    """All models of a folder, on the same pictures."""

    output: Path
    configuration: dict[str, Any]
    facts: dict[str, Any]
    models: list[Inversion]
    pictures: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what results.json holds."""
        found = [model.to_dict() for model in self.models]
        return {"configuration": self.configuration, **self.facts, "models": found}


def invert(
    data: str | Path | Dataset = "digits",
    /,
    output: str | Path = "bench-invert",
    *,
    models: Sequence[Any] = ("vae",),
    judge: Any = None,
    n: int = 200,
    label: str | None = None,
    size: int | None = None,
    pictures: int | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Inversions:
    """Take held-out pictures to latents and back, and say what is lost; write the results.

    The error of the latent is that of draws from the prior, decoded and inverted again, over the
    root mean square of the draws: a model can return every picture and yet find other latents than
    those that made it. Models that the folder has are kept as they are.

    Parameters
    ----------
    data, output, label, size, pictures
        As in `zalgebra.studio.bench.combine`.
    models
        Kinds of ``zalgebra fit``, folders of saved models or workspaces, or fitted models.
    judge
        A fitted classifier; by default one is trained here.
    n
        Held-out pictures, and draws from the prior; all that there are if they are fewer.

    Examples
    --------
    >>> import tempfile
    >>> from zalgebra.studio.bench import invert
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = invert("digits", folder, models=["pca"], n=20, pictures=300)
    >>> [model.name for model in found.models]
    ['pca']
    """
    if n < 2 or not models:
        raise BadInput(f"`n` must be at least 2 and `models` name one, got {n} and {len(models)}")
    folder, start = Path(output), time.perf_counter()
    tell("loading")
    ready = prepared(data, label=label, size=size, n=pictures)
    names_of(models)
    with locked(folder):
        given = {"command": "invert", "data": ready.name, "data_mark": ready.mark, "n": n}
        mine = named(judge, lambda: named_classes(judge, ready.label, ready.held.images[:64]))
        configuration = configured(folder, {**given, "label": ready.label, "judge": mine})
        sweep(folder)
        place = folder / "work"
        reader = learned_judge(ready, work=place, tell=tell) if judge is None else judge
        held = ready.held[np.sort(np.random.default_rng(0).permutation(len(ready.held))[:n])]
        seat = judge_of(reader, ready)
        found = [_one(m, ready, held, seat, place / _name(m), n, tell) for m in models]
        facts = {
            "data": {"name": ready.name, "source": ready.source, "held_out": len(held)},
            "judge": {"accuracy": seat.accuracy.to_dict()},
            "run": run_facts(start),
        }
        result = Inversions(folder, configuration, facts, found, held.images)
        from zalgebra.studio.bench.inverting_report import write

        write(result)
    return result


def names_of(models: Sequence[Any], /) -> list[str]:
    """The models' names in tables and as folders'; no two may be alike."""
    names = list(map(_name, models))
    if not names:
        raise BadInput("`models` must name at least one")
    if len(set(names)) < len(names):
        raise BadInput(f"`models` must be different ones, got {', '.join(names)}")
    for model in models:
        known(model)
    return names


def _name(model: Any) -> str:
    """A model's name in tables and as a folder's."""
    if isinstance(model, str | Path):
        return Path(model).stem or str(model)
    return f"{type(model).__name__}-{mark(model)[:8]}"


def _one(
    given: Any, data: Data, held: Classed, judge: Judge, place: Path, n: int,
    tell: Callable[[str], None],
) -> Inversion:  # fmt: skip
    """The inversion of one model, kept once it is done."""
    model, seen = fitted(given, data, work=place, tell=tell)
    file = place / f"inversion-{model.spec_.fingerprint[:12]}.safetensors"
    if not file.is_file():
        tell(f"inverting {len(held)} pictures by {_name(given)}")
        figures, rows, back = _measured(model, held, judge, n)
        write_tensors(file, {"rows": rows, "back": back}, {"figures": figures})
    tensors, header = read_tensors(file)
    facts = {"class": model.spec_.model, "fingerprint": model.spec_.fingerprint, "fitted": seen}
    return Inversion(_name(given), facts, header["figures"], **tensors)


def _measured(
    model: Any, held: Classed, judge: Judge, n: int
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    start = time.perf_counter()
    z = np.asarray(model.transform(held.images))
    seconds = (time.perf_counter() - start) / len(held)
    back = decoded(model, z)
    certificate = check(z, model.prior_)
    found = reconstruction(held.images, back)
    before, after = judge.classes(held.images), judge.classes(back)
    scores: dict[str, Score] = {
        "rmse": found.rmse,
        "explained": found.explained,
        "class_kept": class_preservation(before, after),
        "latent_back": _latent_back(model, n),
        "plausible": proportion(plausible(certificate), "share of latents that pass by themselves"),
        "variance": mean_score(
            certificate.effects["variance_ratio"], "variance over that of the prior"
        ),
    }
    error = ((held.images - back) ** 2).reshape(len(back), -1).mean(axis=1)
    picked = np.argsort(error, kind="stable")[
        np.linspace(0, len(error) - 1, min(SHOWN, len(error))).round().astype(int)
    ]
    figures = {name: score.to_dict() for name, score in scores.items()}
    return {**figures, "seconds": seconds}, picked, back[picked]


def _latent_back(model: Any, n: int) -> Score:
    """Of each draw from the prior: the error after decoding and inverting, over the draws' size."""
    z = np.asarray(model.prior_.sample(n, seed=0), dtype=np.float32)
    error = np.asarray(model.transform(decoded(model, z)), dtype=float) - z
    off = np.sqrt((error**2).reshape(n, -1).mean(axis=1))
    return mean_score(off / np.sqrt(np.mean(z**2)), "error of a latent over the size of latents")
