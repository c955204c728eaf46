"""Whether the 95 % intervals of the measures cover values that are known, and what they cost."""

from __future__ import annotations

import argparse
import datetime
import math
import os
import platform
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import ndtr

from _timing import table
from zalgebra.measures import (
    Score,
    class_accuracy,
    diversity,
    frechet_difference,
    frechet_distance,
    kernel_distance,
    proportion,
    support,
    trustworthiness,
)

SEED = 20261121
CELLS = [(10, 500), (10, 2000), (64, 500), (64, 2000)]  # D, n
FEW = [(64, 80), (64, 130), (64, 200)]  # n near D: what the note of a result warns of

Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Case:
    """Two laws whose distance is known."""

    name: str
    real: Draw
    generated: Draw
    truth: float


def frechet_cases(D: int) -> list[Case]:
    """Laws with a falling spectrum λ_j = j^-0.7, rotated; the distance needs two moments only.

    Normal entries; or those times a common random radius, which fattens the tails (kurtosis 4.5)
    and makes entries dependent, which is not what the random-matrix step assumes.
    """
    fixed = np.random.default_rng([SEED, D])
    turn = np.linalg.qr(fixed.standard_normal((D, D)))[0]
    j = np.arange(D)
    a, b = (j + 1.0) ** -0.35, (j + 1.0) ** -0.35 * np.sqrt(1 + 0.5 * np.sin(j))
    shift = 0.3 * a
    apart = float(((a - b) ** 2).sum() + shift @ shift)

    def law(spread: np.ndarray, shift: np.ndarray | float, heavy: bool) -> Draw:
        def draw(rng: np.random.Generator, n: int) -> np.ndarray:
            x = rng.standard_normal((n, D)) * spread
            return ((x * np.sqrt(rng.gamma(2, 0.5, (n, 1))) if heavy else x) + shift) @ turn

        return draw

    return [
        Case("normal, apart", law(a, 0, False), law(b, shift, False), apart),
        Case("normal, alike", law(a, 0, False), law(a, 0, False), 0.0),
        Case("heavy tails, apart", law(a, 0, True), law(b, shift, True), apart),
        Case("heavy tails, alike", law(a, 0, True), law(a, 0, True), 0.0),
    ]


def kernel_cases(D: int) -> list[Case]:
    """N(0, I) against N(m, v I), whose cubic kernel has a closed form."""

    def kernel(a: float, v: float, b: float, w: float) -> float:
        """E (x·y/D + 1)³ for x ~ N(a 1, v I) and y ~ N(b 1, w I)."""
        dot = D * a * b
        second = dot**2 + D * (v * b * b + w * a * a + v * w)
        third = dot**3 + 3 * dot * D * (w * a * a + v * b * b) + 3 * (D + 2) * v * w * dot
        return 1 + 3 * dot / D + 3 * second / D**2 + third / D**3

    def law(m: float, v: float) -> Draw:
        return lambda rng, n: m + math.sqrt(v) * rng.standard_normal((n, D))

    truth = kernel(0, 1, 0, 1) + kernel(0.2, 1.2, 0.2, 1.2) - 2 * kernel(0, 1, 0.2, 1.2)
    return [
        Case("normal, apart", law(0, 1), law(0.2, 1.2), truth),
        Case("normal, alike", law(0, 1), law(0, 1), 0.0),
    ]


def covers(name: str, cell: tuple[int, int], truth: float, found: list[Score]) -> list[str]:
    """A row of the table: truth, means, and the share of intervals that hold the truth."""
    hit = proportion(np.array([s.low <= truth <= s.high for s in found]), "")
    values = np.array([s.value for s in found])
    half = np.mean([(s.high - s.low) / 2 for s in found])
    return [
        name,
        *map(str, cell),
        f"{truth:.4f}",
        f"{values.mean():.4f}",
        f"{values.std(ddof=1):.4f}",
        f"± {half:.4f}",
        f"{100 * hit.value:.1f} %",
    ]


HEAD = [
    "two distributions",
    "D",
    "n",
    "true value",
    "mean value",
    "its spread",
    "interval",
    "covers",
]


def frechet(runs: int, cells: list[tuple[int, int]]) -> None:
    rows = []
    for D, n in cells:
        for i, case in enumerate(frechet_cases(D)):
            rng = np.random.default_rng([SEED, D, n, i])
            found = [
                frechet_distance(case.real(rng, n), case.generated(rng, n)) for _ in range(runs)
            ]
            row = covers(case.name, (D, n), case.truth, found)
            plain = np.array([s.plain for s in found])
            half = np.array([(s.high - s.low) / 2 for s in found])
            near = 100 * np.mean(np.abs(plain - case.truth) <= half)
            rows.append([*row, f"{plain.mean():.4f}", f"{near:.1f} %"])
    print(table([*HEAD, "mean plain value", "plain ± the same covers"], rows), flush=True)


def frechet_distances(runs: int) -> None:
    frechet(runs, CELLS)


def frechet_distances_of_few_items(runs: int) -> None:
    frechet(runs, FEW)


def paired_differences(runs: int) -> None:
    """Two ways of generating from one noise, and how wide the two distances alone would be.

    Gap: spreads b and shift against c, half-way from a to b, and half the shift. No gap: b and
    shift both, half of whose noise is shared.
    """
    rows = []
    for D, n in CELLS:
        a = (np.arange(D) + 1.0) ** -0.35
        b, shift = a * np.sqrt(1 + 0.5 * np.sin(np.arange(D))), 0.3 * a
        c = (a + b) / 2
        far, near = (float(((a - e) ** 2).sum() + m @ m) for e, m in ((b, shift), (c, shift / 2)))
        for name, truth in (("a gap", far - near), ("no gap", 0.0)):
            rng = np.random.default_rng([SEED, D, n, name == "a gap"])
            found, alone = [], []
            for _ in range(runs):
                x, z, e, g = rng.standard_normal((4, n, D))
                one = z * b + shift if truth else (z + e) / math.sqrt(2) * b + shift
                other = z * c + shift / 2 if truth else (z + g) / math.sqrt(2) * b + shift
                found.append(frechet_difference(x * a, one, other))
                pair = [frechet_distance(x * a, y) for y in (one, other)]
                alone.append((pair[0].high - pair[0].low + pair[1].high - pair[1].low) / 2)
            rows.append([*covers(name, (D, n), truth, found), f"± {np.mean(alone):.4f}"])
    print(table([*HEAD, "ends of both distances"], rows), flush=True)


def kernel_distances(runs: int) -> None:
    rows = []
    for D, n in CELLS:
        for i, case in enumerate(kernel_cases(D)):
            rng = np.random.default_rng([SEED, D, n, i])
            found = [
                kernel_distance(case.real(rng, n), case.generated(rng, n)) for _ in range(runs)
            ]
            rows.append(covers(case.name, (D, n), case.truth, found))
    print(table(HEAD, rows), flush=True)


def accuracies(runs: int) -> None:
    """Two classes ±δ/2 in D features, told apart by the sign along δ: accuracy Φ(|δ|/2).

    Ten times as many data sets as asked for, as they cost next to nothing.
    """
    rows, runs = [], 10 * runs
    for D, n in CELLS:
        for size in (1.0, 3.3):
            rng = np.random.default_rng([SEED, D, n])
            delta = np.full(D, size / math.sqrt(D))
            found = []
            for _ in range(runs):
                wanted = rng.integers(2, size=n)
                x = rng.standard_normal((n, D)) + (wanted - 0.5)[:, None] * delta
                found.append(class_accuracy((x @ delta > 0).astype(int), wanted))
            rows.append(covers(f"classes {size:g} apart", (D, n), float(ndtr(size / 2)), found))
    print(table(HEAD, rows), flush=True)


def costs(_: int) -> None:
    """Seconds of one call, and the most memory beyond its input."""
    rng = np.random.default_rng(SEED)
    calls = {
        "frechet_distance": lambda x, y: frechet_distance(x, y),
        "kernel_distance": lambda x, y: kernel_distance(x, y),
        "support": lambda x, y: support(x, y),
        "diversity": lambda x, _: diversity(x),
        "trustworthiness": lambda x, _: trustworthiness(x, x[:, :2]),
    }
    rows = []
    for n, D in ((2000, 64), (2000, 512), (10000, 64)):
        x, y = rng.standard_normal((2, n, D))
        for name, call in calls.items():
            start = time.process_time()
            call(x, y)
            seconds = time.process_time() - start
            tracemalloc.start()
            call(x, y)
            more = tracemalloc.get_traced_memory()[1] / 2**20
            tracemalloc.stop()
            rows.append([name, str(n), str(D), f"{seconds:.2f}", f"{more:.0f} MiB"])
    print(table(["measure", "n", "D", "seconds of CPU", "memory beyond its input"], rows))


PARTS = {
    part.__name__.replace("_", "-"): part
    for part in (
        frechet_distances, frechet_distances_of_few_items, paired_differences, kernel_distances,
        accuracies, costs,
    )
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="data sets a row (default 200)")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be repeated")
    options = parser.parse_args()
    print(
        f"{datetime.date.today()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {os.environ.get('OMP_NUM_THREADS', 'any number of')} threads, "
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"{options.runs} data sets a row, seed {SEED}"
    )
    for name in options.only or PARTS:
        start = time.process_time()
        print(f"\n## {name.replace('-', ' ')}\n")
        PARTS[name](options.runs)
        print(f"\n({time.process_time() - start:.0f} s of CPU)", flush=True)


if __name__ == "__main__":
    main()
