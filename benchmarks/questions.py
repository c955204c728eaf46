"""The open questions of the LOL paper and the checks of its review, one experiment each.

    ./dev bench questions [NAME ...] [--data fashion|digits] [--n N] [--out DIR] [--models A,B]

NAME: statistics, priors, dimension, tests, laplace, speed, imperfect, or models, which only trains
what the others need; all by default. Models are trained at their first use and kept in
DIR/DATA/models; each experiment writes NAME.md, .csv, .json and .png into DIR/DATA and prints its
table and its seconds, the training apart. The questions are explained in ``docs/questions``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import _questions_dimension as dimension
import _questions_imperfect as imperfect
import _questions_laplace as laplace
import _questions_priors as priors
import _questions_speed as speed
import _questions_statistics as statistics
import _questions_tests as tests
from _questions_ground import DATA, KINDS, SAMPLES, Ground
from _questions_report import Found, write
from _timing import machine

EXPERIMENTS: dict[str, Callable[[Ground], Found]] = {
    "statistics": statistics.run,
    "priors": priors.run,
    "dimension": dimension.run,
    "tests": tests.run,
    "laplace": laplace.run,
    "speed": speed.run,
    "imperfect": imperfect.run,
}


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join([*EXPERIMENTS, "models"])
    )
    parser.add_argument("--data", choices=DATA, default="fashion")
    parser.add_argument("--n", type=int, help=f"pictures of a cell (default {SAMPLES})")
    parser.add_argument("--out", type=Path, default=Path("build/questions"))
    parser.add_argument("--models", default=",".join(KINDS), help="with commas between")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in {*EXPERIMENTS, "models"}]:
        parser.error(f"there is no experiment {unknown[0]!r}; there are: {', '.join(EXPERIMENTS)}")
    if chosen.n is not None and chosen.n < 50:
        parser.error(
            f"--n must be at least 50, since distances are taken on 32 axes, got {chosen.n}"
        )
    return chosen


def ask(name: str, ground: Ground) -> str:
    """Run one experiment and write what it found; its Markdown."""
    trained, start = sum(ground.trained.values()), time.perf_counter()
    found = EXPERIMENTS[name](ground)
    training = sum(ground.trained.values()) - trained
    seconds = time.perf_counter() - start - training
    head = (
        f"{machine()}; {ground.data}, n = {ground.n}, seeds as in the code; {seconds:.0f} s, "
        f"and {training:.0f} s of training"
    )
    return write(found, ground.out / ground.data, name, head)


def main(arguments: list[str]) -> int:
    chosen = options(arguments)
    models = tuple(name for name in chosen.models.split(",") if name)
    ground = Ground(chosen.data, chosen.out, chosen.n or SAMPLES[chosen.data], models)
    if "models" in chosen.names:
        for kind in dict.fromkeys((*models, *priors.KINDS)):
            ground.model(kind)
        print({name: f"{seconds:.0f} s" for name, seconds in ground.trained.items()})
    for name in [n for n in chosen.names if n != "models"] or (
        [] if chosen.names else list(EXPERIMENTS)
    ):
        print(f"## {name}\n\n{ask(name, ground)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
