"""The paper's comparison on Fashion-MNIST: a flow and a diffusion model, inverted seeds, 3 repeats.

    ./dev bench combine_fashion [--out DIR] [--only flow,diffusion] [--methods lol,slerp]

Each model is fitted to all 60,000 training pictures (the flow in 4 epochs, solved in 8 steps of
two evaluations; the diffusion model in 3 epochs, in 20 steps), kept in DIR, and given to
``zalgebra bench combine``: 1,000 combinations a cell, interpolations of 2 and centroids of 2, 3, 5
and 10 held-out pictures of a class, seeds 0, 1 and 2. A run that was broken off goes on where it
was. An hour and a half or more on two cores, by its parts; NAO takes a quarter.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zalgebra as za
from _timing import machine
from zalgebra.studio.bench import combine

METHODS = "linear,slerp,norm,standardize,nao,lol,lol-estimate"
SEEDED: dict[str, Any] = {"random_state": 0, "verbose": False}
MODELS: dict[str, Callable[[], Any]] = {
    "flow": lambda: za.models.FlowMatching(max_epochs=4, steps=8, **SEEDED),
    "diffusion": lambda: za.models.Diffusion(max_epochs=3, steps=20, **SEEDED),
}


def fitted(kind: str, folder: Path) -> Path:
    """The model's folder; it is fitted unless it is there."""
    if not (folder / "model.json").is_file():
        start = time.perf_counter()
        model = MODELS[kind]().fit(za.datasets.fashion_mnist("train").images)
        model.save(folder)
        print(f"{kind}: fitted in {time.perf_counter() - start:.0f} s", flush=True)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/combine-fashion"))
    parser.add_argument("--only", default="flow,diffusion", help="models, with commas between")
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("--seeds", default="0,1,2")
    chosen = parser.parse_args()
    print(machine(), flush=True)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for kind in chosen.only.split(","):
        start = time.perf_counter()
        found = combine(
            "fashion-mnist",
            chosen.out / kind,
            model=str(fitted(kind, chosen.out / f"{kind}-model")),
            methods=chosen.methods.split(","),
            seeds=[int(seed) for seed in chosen.seeds.split(",")],
        )
        print((chosen.out / kind / "results.md").read_text(encoding="utf-8"))
        print(f"{kind}: {len(found.cells)} cells, {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
