"""False alarms, power and speed of the certificate: ``./dev bench certificate``.

Every figure is of `za.check` on true or departing samples under a fixed seed; the tables are
Markdown, as they stand in ``docs/certificate.md``. About two minutes on one core.
"""

from __future__ import annotations

import datetime
import math
import os
import platform
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import scipy

import zalgebra as za

SEED, SAMPLES, BATCH = 20240815, 2000, 10
SHAPES = {64: (4, 4, 4), 784: (28, 28), 16384: (4, 64, 64)}
POPULATIONS = [(8, 64), (50, 64), (200, 16), (50, 784)]


def wilson(k: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a rate of k in n."""
    p, q = k / n, z * z / n
    half = z * math.sqrt(p * (1 - p) / n + q / (4 * n))
    return (p + q / 2 - half) / (1 + q), (p + q / 2 + half) / (1 + q)


def rate(hits: np.ndarray) -> str:
    low, high = wilson(int(hits.sum()), hits.size)
    return f"{100 * hits.mean():.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def table(head: list[str], rows: list[list[str]]) -> None:
    print("\n| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def true(rng: np.random.Generator, n: int, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal((n, *shape))


def correlated(rng: np.random.Generator, n: int, shape: tuple[int, ...]) -> np.ndarray:
    u = true(rng, n, shape)
    for i in range(1, shape[-1]):
        u[..., i] = 0.05 * u[..., i - 1] + math.sqrt(1 - 0.05**2) * u[..., i]
    return u


def broken(rng: np.random.Generator, n: int, shape: tuple[int, ...]) -> np.ndarray:
    u = true(rng, n, shape)
    u[:, 0] *= math.sqrt(1.5)
    return u


DEPARTURES: dict[str, Callable[..., np.ndarray]] = {
    "variance 1.05": lambda *a: math.sqrt(1.05) * true(*a),
    "mean 0.05": lambda *a: true(*a) + 0.05,
    "lag-one correlation 0.05": correlated,
    "Student t, 5 degrees": lambda rng, n, s: rng.standard_t(5, (n, *s)) * math.sqrt(3 / 5),
    "one channel, variance 1.5": broken,
}


def p_values(draw: Callable[..., np.ndarray], n: int, D: int, key: int) -> dict[str, np.ndarray]:
    rng, step = np.random.default_rng([SEED, D, key]), 250  # 33 MB at D = 16384
    parts = [za.check(draw(rng, step, SHAPES[D])).p_values for _ in range(n // step)]
    return {test: np.concatenate([p[test] for p in parts]) for test in parts[0]}


def false_alarms() -> None:
    found = {D: p_values(true, SAMPLES, D, 0) for D in SHAPES}
    head = ["test", *(f"D = {D}" for D in SHAPES)]
    table(head, [[t, *(rate(found[D][t] < 0.05) for D in SHAPES)] for t in found[64]])


def powers() -> None:
    for D in SHAPES:
        found = {name: p_values(f, 500, D, 1 + i) for i, (name, f) in enumerate(DEPARTURES.items())}
        rows = [
            [test, *(f"{100 * (p[test] < 0.05).mean():.0f}" for p in found.values())]
            for test in found["mean 0.05"]
        ]
        table([f"D = {D}", *DEPARTURES], rows)


def whole_batches() -> None:
    """Of batches of true latents, how many hold a rejected one, and how many an implausible one."""
    rows = []
    for D, batches in [(64, 2000), (784, 2000), (16384, 200)]:
        rng = np.random.default_rng([SEED, D, 99])
        found = [za.check(true(rng, BATCH, SHAPES[D])) for _ in range(batches)]
        rejected = np.array([np.any(list(c.rejected.values())) for c in found])
        failed = np.array([not c.plausible.all() for c in found])
        rows.append([str(D), str(batches), rate(rejected), rate(failed)])
    table(["D", f"batches of {BATCH}", "with a rejection", "with an implausible latent"], rows)


def populations() -> None:
    found = {}
    for n, D in POPULATIONS:
        rng = np.random.default_rng([SEED, D, n, 7])
        parts = [
            za.check(rng.standard_normal((n, D)), replicate="latents").p_values
            for _ in range(SAMPLES)
        ]
        found[n, D] = {t: np.concatenate([p[t] for p in parts]) for t in parts[0]}
    head = ["test", *(f"n = {n}, D = {D}" for n, D in POPULATIONS)]
    table(head, [[t, *(rate(p[t] < 0.05) for p in found.values())] for t in found[8, 64]])


def speed() -> None:
    rows = []
    for dtype in ("float32", "float64"):
        z = true(np.random.default_rng(SEED), 1000, SHAPES[16384]).astype(dtype)
        start = time.perf_counter()
        za.check(z)
        seconds = time.perf_counter() - start
        tracemalloc.start()
        za.check(z)
        more = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        rows.append([dtype, f"{seconds:.1f} s", f"{z.nbytes / 2**20:.0f} MiB", f"{more:.0f} MiB"])
    table(["1,000 latents of (4, 64, 64)", "time", "input", "peak memory beyond it"], rows)


def main() -> None:
    print(
        f"{datetime.date.today()}, {platform.system()} {platform.machine()}, "
        f"{os.environ.get('OMP_NUM_THREADS', 'any number of')} threads, "
        f"Python {platform.python_version()}, "
        f"NumPy {np.__version__}, SciPy {scipy.__version__}, seed {SEED}"
    )
    for part in (speed, false_alarms, powers, whole_batches, populations):
        start = time.perf_counter()
        print(f"\n## {part.__name__.replace('_', ' ')}")
        part()
        print(f"\n({time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
