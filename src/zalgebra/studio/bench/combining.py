"""`combine`: the comparison of ways to combine latents, cell by cell, in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zalgebra.data.datasets import Dataset
from zalgebra.measures.features import Features
from zalgebra.studio.bench.cells import METHODS, SLOW
from zalgebra.studio.bench.comparison import Comparison
from zalgebra.studio.bench.configuration import configured, mark, named, run_facts, sweep
from zalgebra.studio.bench.draws import POSITIONS, WHATS
from zalgebra.studio.bench.gaps import baseline
from zalgebra.studio.bench.ground import Data, fitted, learned_judge, prepared
from zalgebra.studio.bench.judge import FEATURES, judge_of, named_classes
from zalgebra.studio.bench.pool import PER_CLASS, SOURCES, Pool
from zalgebra.studio.bench.report import write
from zalgebra.studio.bench.work import Work, cells_of
from zalgebra.studio.locks import locked
from zalgebra.studio.messages import Track, quiet
from zalgebra.types import BadInput

__all__ = ["Comparison", "combine"]


def combine(
    data: str | Path | Dataset = "digits",
    /,
    output: str | Path = "bench",
    *,
    model: Any = "vae",
    features: Features | None = None,
    judge: Any = None,
    what: Sequence[str] = WHATS,
    k: Sequence[int] = (2, 3, 5, 10),
    methods: Sequence[str] = METHODS,
    sources: Sequence[str] = ("real",),
    classes: Sequence[str] | None = None,
    n: int = 1000,
    seeds: Sequence[int] = (0,),
    against: str | None = None,
    label: str | None = None,
    size: int | None = None,
    pictures: int | None = None,
    track: Track = quiet,
    tell: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Compare ways of combining latents on held-out items of one class, and write the results.

    Every method is given the same seeds and weights. Its results are decoded and judged by a
    classifier that learned from other pictures. Cells that the folder has are kept as they are, so
    a killed call goes on, and further methods, k or seeds may be added later.

    Parameters
    ----------
    data
        ``"digits"``, ``"fashion-mnist"``, a folder or a table with classes, or a data set.
    output
        Folder for results.json, .csv and .md, figures, contact sheets and index.html.
    model
        A kind of ``zalgebra fit``, which is fitted here on the training half (default a VAE); the
        folder of a saved model or a workspace; or a fitted model.
    features
        Pictures to features ``(n, D)``; by default what the classifier's last layer reads from.
    judge
        A fitted classifier with the ``predict`` and ``features`` of `zalgebra.models.Reader`
        (``predict`` may give an array of classes, as scikit-learn's does); by default one is
        trained here.
    what
        ``"interpolation"`` of two seeds at t = 0.1, 0.3, 0.5, 0.7, 0.9; ``"centroid"`` of k.
    k
        Seeds of a centroid.
    methods
        ``"linear"``, ``"slerp"``, ``"norm"``, ``"standardize"``, ``"nao"``, ``"lol"``, and
        ``"lol-estimate"``, LOL with the correlation estimated.
    sources
        Where seeds are from: ``"real"`` items, inverted; draws from the ``"prior"``, which count
        as of the class that their picture is read as.
    classes
        Names of the classes; all by default.
    n
        Combinations of a cell; of NAO at most 128.
    seeds
        One repeat each, with other seed items, another reference and other draws.
    against
        The method whose gaps to all others are told, over pairs of the same seeds and weights. It
        may be of a call before; by default LOL, or the first of the methods where LOL is none.
    label
        The column of classes.
    size, pictures
        Side and number of the pictures to load.

    Raises
    ------
    BadInput
        If the folder holds results of another configuration, or something else is wrong.

    Examples
    --------
    >>> import tempfile
    >>> from zalgebra.studio.bench import combine
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = combine(
    ...         "digits", folder, model="pca", methods=["lol"], k=[2], n=50, pictures=300
    ...     )
    >>> [cell.cell.what for cell in found.cells]
    ['seeds', 'seeds', 'interpolation', 'centroid']
    """
    _check(what, k, methods, sources, n, seeds, against)
    folder, start = Path(output), time.perf_counter()
    tell("loading")
    ready = prepared(data, label=label, size=size, n=pictures)
    chosen = ready.chosen(classes)
    with locked(folder):
        some = ready.held.images[:64]
        marks = {
            "model": mark(model),
            "features": named(features, lambda: features(some) if features else ()),
            "judge": named(judge, lambda: named_classes(judge, ready.label, some)),
        }
        configuration = _configured(folder, ready, chosen, n, marks)
        place = folder / "work"
        sweep(folder)
        _there(against, methods, place)
        network, seen = fitted(model, ready, work=place, tell=tell)
        reader = learned_judge(ready, work=place, tell=tell) if judge is None else judge
        work = Work(ready, network, judge_of(reader, ready, features=features), chosen, n, place)
        work.do(cells_of(what, k, methods, sources, seeds), track)
        cells = work.done()
        places = sorted({(c.cell.source, c.cell.seed) for c in cells})
        of = {at: work.seeds(*at) for at in places}
        pools = {at: seeds.pool for at, seeds in of.items()}
        references = {at: seeds.reference for at, seeds in of.items()}
        facts = _facts(work, seen, pools, start)
        found = Comparison(folder, configuration, facts, cells, pools, references, ready.names,
                           against or baseline(cells))  # fmt: skip
        write(found)
    return found


def _check(
    what: Sequence[str], k: Sequence[int], methods: Sequence[str], sources: Sequence[str], n: int,
    seeds: Sequence[int], against: str | None,
) -> None:  # fmt: skip
    for name, given, known in (
        ("what", what, WHATS), ("methods", methods, METHODS), ("sources", sources, SOURCES),
        ("against", ["lol"] if against is None else [against], METHODS),
    ):  # fmt: skip
        if unknown := [word for word in given if word not in known]:
            raise BadInput(f"`{name}` must be among {', '.join(known)}, got {unknown[0]!r}")
        if not given:
            raise BadInput(f"`{name}` must name at least one of {', '.join(known)}")
    if not k or min(k) < 2:
        raise BadInput(f"`k` must be whole numbers of at least 2, got {', '.join(map(str, k))}")
    if n < 1 or not seeds or min(seeds) < 0:
        raise BadInput(f"`n` must be at least 1 and `seeds` 0 or more, got {n} and {list(seeds)}")


def _there(against: str | None, methods: Sequence[str], place: Path) -> None:
    """Refuse a method to compare with that is neither asked for nor kept from a call before."""
    if against is None or against in methods:
        return
    if not any((place / "cells").glob(f"*-{against}-[0-9]*.safetensors")):
        raise BadInput(
            f"`against` must be among the methods compared, {', '.join(methods)}, got {against!r}"
        )


def _configured(
    folder: Path, data: Data, chosen: tuple[int, ...], n: int, marks: dict[str, str]
) -> dict[str, Any]:
    given = {
        "command": "combine", "data": data.name, "data_mark": data.mark, "label": data.label,
        "classes": [data.names[c] for c in chosen], "n": n, "positions": list(POSITIONS),
        "at_most": dict(SLOW), "seeds_per_class": PER_CLASS, "axes": FEATURES, **marks,
    }  # fmt: skip
    return configured(folder, given)


def _facts(
    work: Work, seen: str, pools: dict[tuple[str, int], Pool], start: float
) -> dict[str, Any]:
    judge, spec = work.judge, work.model.spec_
    return {
        "data": {
            "name": work.data.name, "source": work.data.source,
            "train": len(work.data.train), "held_out": len(work.data.held),
        },
        "model": {**spec.to_dict(), "fitted": seen},
        "judge": {
            "accuracy": judge.accuracy.to_dict(), "features": judge.axes.shape[0],
            "axes": judge.axes.shape[1], "variance_kept": round(judge.kept, 4),
        },
        "seeds": {
            f"{source}-{seed}": {"seeds": len(p.y), "seconds_each": p.seconds}
            for (source, seed), p in sorted(pools.items())
        },
        "run": run_facts(start),
    }  # fmt: skip
