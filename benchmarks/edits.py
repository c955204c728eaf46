"""Edits of drawn faces in four latent spaces: what does each way to learn a smile move beside it?

``./dev bench edits``, or with the names of models behind it: ``vae1``, ``vae4``, ``gan``, ``flow``.

Models and judge learn from 4,000 pictures each, of 32 x 32, drawn from seven independent factors
(the others are fixed). A smile is learned by each method from some hundred further ones, once of
independent factors and once of people among whom the smile goes with the beard and the light. Calm
faces are then edited by the smallest strength at which the judge reads 80 % of them as smiling, so
that all methods succeed alike, and what else moved is compared. `zalgebra.Latent` makes all edits.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import zalgebra as za
from _timing import machine, table
from zalgebra.estimators.directions_methods import learned
from zalgebra.estimators.directions_samples import Sample
from zalgebra.measures import EditEffect, edit_effect

SIZE, TRAIN = 32, 4000
SUCCESS, TRUSTED = 0.8, 0.8
SMALL: dict[str, Any] = {"width": 16, "random_state": 0, "verbose": False}
FIXED = {
    "mouth_open": 0.3,
    "face_width": 0.0,
    "brow": 0.0,
    "gaze": 0.0,
    "turn": 0.0,
    "backdrop": 0.5,
    "shirt": 0.5,
}  # so that so small a model draws the mouth at all
SHIFTS = np.geomspace(0.25, 16, 13)  # of δ
TURNS = np.linspace(6, 84, 14)  # degrees

Read = dict[str, np.ndarray]


def people(n: int, seed: int, **fixed: float) -> Read:
    """The seven factors that vary here."""
    factors = za.datasets.sample_factors(n, seed=seed, **FIXED, **fixed)
    return {k: v for k, v in factors.items() if k not in FIXED}


FACTORS = people(4000, seed=1)
SPREADS = {k: float(v.std()) for k, v in FACTORS.items()}


@dataclass
class Case:
    """A model to edit in, with the strengths to try and the number of pictures that it can bear."""

    make: Callable[[], Any]
    turn: bool  # by an angle, which keeps the norm of noise; else by multiples of δ
    learn: int  # pictures behind a direction
    tests: int
    truth: int  # pictures behind the best direction


def cases() -> dict[str, Case]:
    m = za.models
    small = {"batch_size": 32, **SMALL}
    vae = {"max_epochs": 40, "patience": None, **small}
    return {
        "vae1": Case(lambda: m.VAE(16, beta=1.0, **vae), False, 600, 200, 2000),
        "vae4": Case(lambda: m.VAE(16, beta=4.0, **vae), False, 600, 200, 2000),
        "gan": Case(lambda: m.GAN(16, max_epochs=24, **small), True, 600, 100, 600),
        "flow": Case(lambda: m.FlowMatching(max_epochs=16, steps=8, **small), True, 300, 40, 400),
    }


def drawn(factors: Read) -> np.ndarray:
    fixed = {k: np.full(len(factors["smile"]), v) for k, v in FIXED.items()}
    return za.datasets.draw_faces({**factors, **fixed}, size=SIZE)


def confounded(n: int, seed: int) -> Read:
    """Factors of people of whom most that smile have a beard and light from the right."""
    factors = people(4 * n, seed)
    tilt = 1.5 * (factors["beard"] - 0.5) + factors["light"]
    odds = 3 * np.where(factors["smile"] > 0.5, tilt, -tilt)
    keep = np.flatnonzero(np.random.default_rng(seed).random(4 * n) < 1 / (1 + np.exp(-odds)))[:n]
    return {k: v[keep] for k, v in factors.items()}


def ways(model: Any, factors: Read) -> dict[str, np.ndarray]:
    """The smile by every method, from pictures of these factors; pairs from half as many people."""
    Z = model.transform(drawn(factors))
    smile = (factors["smile"] > 0.5).astype(float)
    others = {k: v for k, v in factors.items() if k != "smile"}
    everyone = np.arange(len(Z))

    def by(method: str, given: Read) -> np.ndarray:
        return learned(Sample.of_labels(Z, smile, given), method, "euclidean")(everyone)

    half = {k: v[: len(Z) // 2] for k, v in factors.items()}
    calm, grin = (
        model.transform(drawn({**half, "smile": np.full_like(half["smile"], s)})) for s in (0, 1)
    )
    return {
        "difference": by("difference", {}).reshape(Z.shape[1:]),
        "SVM": by("svm", {}).reshape(Z.shape[1:]),
        "SVM, given": by("svm", others).reshape(Z.shape[1:]),
        "difference, given": by("difference", others).reshape(Z.shape[1:]),
        "pairs": (grin - calm).mean(axis=0),
    }


def edited(Z: np.ndarray, delta: np.ndarray, strength: float, prior: Any, turn: bool) -> np.ndarray:
    if turn:
        term = za.Latent.turn(delta, "smile", strength)
    else:
        term = strength * za.Latent.shift(delta, "smile")
    how = {"prior": prior, "correlation": "estimate"}
    return np.stack([(za.Latent(z, "face") + term).array(**how) for z in Z]).astype(np.float32)


class Bench:
    """One model: its calm test faces, and what the judge reads off their edits."""

    def __init__(self, model: Any, case: Case, judge: Any, trusted: list[str]) -> None:
        self.model, self.case, self.judge, self.trusted = model, case, judge, trusted
        factors = people(case.tests, 40, smile=0.0)
        self.Z = model.transform(drawn(factors))
        self.before = self.read(self.Z)

    def read(self, Z: np.ndarray) -> Read:
        return self.judge.predict(self.model.inverse_transform(Z))

    def at(self, delta: np.ndarray, strength: float) -> tuple[EditEffect, Read]:
        Z = edited(self.Z, delta, strength, self.model.prior_, self.case.turn)
        after = self.read(Z)
        spreads = {k: SPREADS[k] for k in ["smile", *self.trusted]}
        meant = {"smile": 1}
        return edit_effect(self.before, after, meant, spreads, threshold={"smile": 0.5}), after

    def enough(self, delta: np.ndarray) -> tuple[float, bool]:
        """The smallest strength that succeeds with 80 %, or that which succeeds most, and which."""
        low, shares = 0.0, {}
        for high in map(float, TURNS if self.case.turn else SHIFTS):
            shares[high] = self.at(delta, high)[0].success.value
            if shares[high] >= SUCCESS:
                break
            low = high
        else:
            return max(shares, key=lambda s: shares[s]), False
        for _ in range(3):
            middle = (low + high) / 2
            good = self.at(delta, middle)[0].success.value >= SUCCESS
            low, high = (low, middle) if good else (middle, high)
        return high, True

    def row(self, name: str, delta: np.ndarray, truth: np.ndarray) -> tuple[list[str], float]:
        strength, reached = self.enough(delta)
        effect, after = self.at(delta, strength)
        moved = {k: s.value for k, s in effect.leakage.items()}
        mean = float(np.mean(list(moved.values())))
        size = f"{strength:.0f}°" if self.case.turn else f"{strength:.1f} δ"
        s, (worst, most) = effect.success, effect.worst
        return [
            name,
            f"{s.value:.0%} [{s.low:.0%}, {s.high:.0%}]",
            size if reached else f"{size}, the most",
            f"{angle(delta, truth):.0f}°",
            f"{moved['beard']:.2f}",
            f"{moved['light']:.2f}",
            f"{worst} {most:.2f}",
            f"{mean:.3f}",
            f"{self.kept(after):.3f}",
        ], mean if reached else float("nan")

    def kept(self, after: Read) -> float:
        """Median cosine between the other factors read before and after, in their own units."""
        a, b = (
            np.stack([(r[k] - FACTORS[k].mean()) / SPREADS[k] for k in self.trusted], axis=1)
            for r in (self.before, after)
        )
        lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        return float(np.median(np.sum(a * b, axis=1) / lengths))


def angle(a: np.ndarray, b: np.ndarray) -> float:
    cosine = a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def best(model: Any, n: int) -> np.ndarray:
    """The smile of least squares on all factors, from other pictures of independent factors."""
    factors = people(n, 50)
    Z = model.transform(drawn(factors))
    others = {k: v for k, v in factors.items() if k != "smile"}
    sample = Sample.of_labels(Z, factors["smile"], others)
    return learned(sample, "regression", "data")(np.arange(n)).reshape(Z.shape[1:])


def learned_judge() -> tuple[Any, list[str]]:
    factors, held = (people(n, s) for n, s in ((TRAIN, 20), (1000, 21)))
    start = time.perf_counter()
    judge = za.models.Reader(fine=True, max_epochs=5, **SMALL).fit(drawn(factors), factors)
    scores = judge.score(drawn(held), held)
    trusted = [k for k, v in scores.items() if v >= TRUSTED and k != "smile"]
    told = ", ".join(f"{k} {v:.2f}" for k, v in scores.items())
    print(f"judge ({time.perf_counter() - start:.0f} s), R² or accuracy on 1,000 others: {told}\n")
    return judge, trusted


def main() -> None:
    print(machine())
    judge, trusted = learned_judge()
    pictures = drawn(people(TRAIN, 30))
    head = ["method", "success", "strength", "to the best", "beard", "light", "worst other",
            "mean of others", "identity kept"]  # fmt: skip
    for name in sys.argv[1:] or cases():
        case, start = cases()[name], time.perf_counter()
        model = case.make().fit(pictures)
        fitted = time.perf_counter() - start
        bench, truth = Bench(model, case, judge, trusted), best(model, case.truth)
        already = np.mean(bench.before["smile"] > 0.5)
        print(f"\n{name}: fitted in {fitted:.0f} s; {case.tests} calm faces, {already:.0%} of them "
              f"read as smiling before")  # fmt: skip
        for sample, factors in (
            ("independent", people(case.learn, 60)),
            ("confounded", confounded(case.learn, 61)),
        ):
            found = {way: bench.row(way, d, truth) for way, d in ways(model, factors).items()}
            with_beard, with_light = (
                np.corrcoef(factors["smile"], factors[k])[0, 1] for k in ("beard", "light")
            )
            print(
                f"\n{name}, {sample}: {case.learn} pictures, correlation of the smile with the "
                f"beard {with_beard:.2f}, with the light {with_light:.2f}\n"
            )
            print(table(head, [row for row, _ in found.values()]))
            for pure, plain in (("difference, given", "difference"), ("SVM, given", "SVM")):
                ratio = found[plain][1] / found[pure][1]
                times = f"{ratio:.2f} times" if np.isfinite(ratio) else "at no common success"
                print(f"{plain} moves the others {times} as far as {pure}")
        print(f"({name}: {time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
