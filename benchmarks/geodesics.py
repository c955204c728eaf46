"""Geodesics through a decoder: surfaces with known answers, 100 pairs of faces, and stochman.

    ./dev bench geodesics [--pairs 100] [--stochman FOLDER] [--rival-pairs 10]

Faces: codes of drawn faces in the bundled VAE, seed 1, float32. Energies are those of the pixels in
[0, 1] along the points that were optimised. FOLDER is where stochman 0.3.0 lies
(``pip install --no-deps --target FOLDER stochman``); it runs at its own defaults, a spline of five
knots, 150 steps of Adam and 20 points, on the first pairs and on the same decoder; so does zalgebra
then, at 20 points. Times are seconds of CPU, which a busy machine does not stretch.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

import zalgebra as za
from _timing import machine, table
from zalgebra.models.geodesics import Geodesic, geodesic


def sphere(z: Tensor) -> Tensor:
    square = z.square().sum(dim=1, keepdim=True)
    return torch.cat([2 * z, square - 1], dim=1) / (1 + square)


def on_the_sphere(n: int) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor, Tensor]:
    """Pairs on the unit sphere in stereographic coordinates, less than 2.9 apart."""
    draws = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 2 * n, 2, dtype=torch.float64, generator=draws)
    angle = torch.acos((sphere(a) * sphere(b)).sum(dim=1))
    kept = torch.nonzero(angle < 2.9)[:n, 0]
    return sphere, a[kept], b[kept], angle[kept]


def unrolled(z: Tensor) -> Tensor:
    """The roll laid flat: the spiral's arc, and the height, which the chart shears by a wave."""
    r, y = z.unbind(dim=1)
    return torch.stack([(r * (1 + r**2).sqrt() + torch.asinh(r)) / 2, y + 5 * torch.sin(r)], dim=1)


def swiss_roll(z: Tensor) -> Tensor:
    r, height = z[:, 0], unrolled(z)[:, 1]
    return torch.stack([r * r.cos(), height, r * r.sin()], dim=1)


def on_the_roll(n: int) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor, Tensor]:
    draws = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, n, 2, dtype=torch.float64, generator=draws)
    a, b = (z * torch.tensor([9.0, 10.0]) + torch.tensor([4.7, 0.0]) for z in (a, b))
    return swiss_roll, a, b, (unrolled(a) - unrolled(b)).norm(dim=1)


def surfaces(n: int) -> str:
    rows = []
    geodesic(*on_the_sphere(1)[:3])  # PyTorch loads some of its parts at the first derivative
    for name, make in {"sphere": on_the_sphere, "swiss roll": on_the_roll}.items():
        decode, a, b, true = make(n)
        begun = time.process_time()
        way = geodesic(decode, a, b, steps=48)
        taken = time.process_time() - begun
        off = np.abs(way.length / true.numpy() - 1)
        straight = np.median(way.straight_length / true.numpy() - 1)
        rows.append(
            [name, f"{np.median(off):.3%}", f"{off.max():.3%}", f"{straight:.1%}",
             str(int(way.outcome.converged.sum())), f"{taken:.2f} s"]
        )  # fmt: skip
    head = [f"{n} pairs, 48 points", "error of length, median", "most", "straight line, median",
            "converged", "CPU"]  # fmt: skip
    return table(head, rows)


def pairs(model: Any, n: int) -> tuple[Tensor, Tensor]:
    z = torch.from_numpy(model.transform(za.datasets.faces(2 * n, seed=1).images))
    return z[:n], z[n:]


def timed(model: Any, a: Tensor, b: Tensor, **options: Any) -> tuple[Geodesic, float]:
    begun = time.process_time()
    way = geodesic(model.decode, a, b, **options)
    return way, time.process_time() - begun


def described(name: str, way: Geodesic, taken: float, points: int) -> list[str]:
    share = way.energy / way.straight_energy
    n, outcome = len(way), way.outcome
    return [
        name, f"{int((share < 1).sum())} of {n}", f"{np.median(share):.3f}",
        f"{np.quantile(share, 0.05):.3f} to {np.quantile(share, 0.95):.3f}",
        f"{np.median(way.length / way.straight_length):.3f}",
        f"{int(outcome.converged.sum())}", f"{float(outcome.iterations.double().median()):.0f}",
        f"{outcome.evaluations * points}", f"{taken:.1f} s",
    ]  # fmt: skip


def stochman(model: Any, a: Tensor, b: Tensor, points: int) -> tuple[np.ndarray, float]:
    """Energies of its geodesics on the same points, and the seconds that they took."""
    from stochman.curves import CubicSpline
    from stochman.geodesic import geodesic_minimizing_energy
    from stochman.manifold import EmbeddedManifold

    class Faces(EmbeddedManifold):
        def embed(self, points: Tensor, jacobian: bool = False) -> Tensor:
            return model.decode(points.flatten(0, -2)).reshape(*points.shape[:-1], -1)

    manifold, begun = Faces(), time.process_time()
    curve = CubicSpline(a, b)
    geodesic_minimizing_energy(curve, manifold, eval_grid=points)
    taken = time.process_time() - begun
    with torch.no_grad():
        energy = manifold.curve_energy(curve(torch.linspace(0, 1, points)), reduction="none")
    return energy.numpy(), taken


def beside(model: Any, a: Tensor, b: Tensor) -> str:
    ours, our_time = timed(model, a, b, steps=20)
    loose, loose_time = timed(model, a, b, steps=20, modes=3, tolerance=1e-3)
    theirs, their_time = stochman(model, a, b, 20)
    results = {
        "zalgebra": (ours.energy, our_time, ours.outcome.evaluations * 20),
        "3 modes, tolerance 1e-3": (loose.energy, loose_time, loose.outcome.evaluations * 20),
        "stochman": (theirs, their_time, 150 * 20 * len(a)),
    }  # fmt: skip
    rows = [
        [name, f"{np.median(energy / ours.straight_energy):.3f}",
         f"{int((energy < theirs).sum())} of {len(a)}", str(decodes), f"{taken:.1f} s",
         f"{their_time / taken:.1f} ×"]
        for name, (energy, taken, decodes) in results.items()
    ]  # fmt: skip
    head = [f"{len(a)} pairs, 20 points", "energy over the line's, median", "below stochman's",
            "decoded with gradient", "CPU", "faster"]  # fmt: skip
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--stochman", metavar="FOLDER")
    parser.add_argument("--rival-pairs", type=int, default=10)
    options = parser.parse_args()
    print(f"{machine()}\n\n{surfaces(100)}\n")
    model = za.load("faces")
    a, b = pairs(model, options.pairs)
    head = ["faces, 16 points", "below the straight line", "energy over the line's, median",
            "5 % to 95 %", "length over the line's", "converged", "iterations, median",
            "decoded with gradient", "CPU"]  # fmt: skip
    few = options.pairs // 4
    ways = {
        "geodesic": (a, b, {}),
        "with the prior": (a[:few], b[:few], {"prior": model.prior_}),
    }
    print(table(head, []))
    for name, (start, end, how) in ways.items():
        row = described(name, *timed(model, start, end, **how), 16)
        print(f"| {' | '.join(row)} |", flush=True)
    if options.stochman:
        sys.path.append(options.stochman)
        few = options.rival_pairs
        print(f"\n{beside(model, a[:few], b[:few])}")


if __name__ == "__main__":
    main()
