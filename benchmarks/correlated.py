"""Correlated seeds: the variance of averages and analogies, taken as independent or estimated.

Seeds are drawn from N(0, 1) with the same correlation ρ between any two of them, and combined by
`za.combine`; a variance of 1 is right. Repeats go on until the standard error is
1 % of the variance.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import zalgebra as za

sys.path.insert(0, str(Path(__file__).parent))
from _timing import machine, table

CASES = {
    "average of 8": np.full(8, 1 / 8),
    "a − b + c": np.array([1.0, -1, 1]),
    "mean of 300": np.full(300, 1 / 300),
    "mean of 150 − mean of 150": np.repeat([1 / 150, -1 / 150], 150),
}
RUNS = [
    *((name, D, rho) for name in list(CASES)[:2] for D in (64, 784, 16384)
      for rho in (0, 0.05, 0.3, 0.6)),
    *((name, 32, rho) for name in list(CASES)[2:] for rho in (0, 0.02, 0.1)),
]  # fmt: skip
FORMS = ("independent", "estimate")


def draw(k: int, D: int, rho: float, rng: np.random.Generator) -> np.ndarray:
    """Seeds ``(k, D)`` of N(0, 1) with correlation ``rho`` between any two."""
    shared = rng.standard_normal(D)
    return np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.standard_normal((k, D))


def variances(
    w: np.ndarray, D: int, rho: float, *, error: float = 0.01, least: int = 50, most: int = 20_000
) -> dict[str, tuple[float, float]]:
    """For each form, the mean square of a result's entries, and its standard error."""
    rng = np.random.default_rng(0)
    found: list[list[float]] = []
    while len(found) < most:
        x = draw(len(w), D, rho, rng)
        found.append([float(np.mean(za.combine(w, x, correlation=c) ** 2)) for c in FORMS])
        if len(found) >= least and len(found) % 50 == 0:
            mean, spread = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
            if (spread <= error * mean).all():
                break
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    return dict(zip(FORMS, zip(mean, spread, strict=True), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--error", type=float, default=0.01, help="standard error to reach")
    error = parser.parse_args().error
    print(machine(), end="\n\n")
    rows = []
    for name, D, rho in RUNS:
        found = variances(CASES[name], D, rho, error=error)
        rows.append([name, str(D), f"{rho:g}", *(f"{m:.3f} ± {s:.3f}" for m, s in found.values())])
        print(*rows[-1], sep="  ", file=sys.stderr, flush=True)
    print(table(["combination", "D", "ρ", *(f"`{c}`" for c in FORMS)], rows))


if __name__ == "__main__":
    main()
