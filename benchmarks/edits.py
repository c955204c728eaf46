"""Edits of drawn faces in four latent spaces: what does each way to learn a smile move beside it?

``./dev bench edits``, or with the names of models behind it: ``vae1``, ``vae4``, ``gan``, ``flow``.

Models and judge learn from 4,000 pictures each, of 32 x 32, drawn from seven independent factors
(the others are fixed). A smile is learned by each method from some hundred further ones, once of
independent factors and once of people among whom the smile goes with the beard and the light. Calm
faces are then edited by the smallest strength at which the judge reads 80 % of them as smiling, so
that all methods succeed alike, and what else moved is compared. `zalgebra bench edit faces` does so
for every attribute, and for models and data of your own.

A GAN's inversion loses so small a mouth, so its faces are its own draws, and what they show is what
the judge reads off them, as InterFaceGAN has it (Shen et al. 2020); there are no pairs then, and
the best direction that is known is that of least squares on all readings of 4,000 other draws.
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
from zalgebra.measures import EditEffect, edit_effect
from zalgebra.measures.identity import likeness
from zalgebra.studio.bench.learning import angle, best, direction, paired
from zalgebra.studio.bench.people import drawn as faces_of
from zalgebra.studio.bench.people import people
from zalgebra.studio.bench.strengths import SHIFTS, TURNS, edited, enough, words

SIZE, TRAIN = 32, 4000
SUCCESS, TRUSTED = 0.8, 0.8
SMALL: dict[str, Any] = {"width": 16, "random_state": 0, "verbose": False}

Read = dict[str, np.ndarray]

FACTORS = people(4000, 1)
SPREADS = {k: float(v.std()) for k, v in FACTORS.items()}
MEANS = {k: float(v.mean()) for k, v in FACTORS.items()}


@dataclass
class Case:
    """A model to edit in, with the strengths to try and the number of pictures that it can bear."""

    make: Callable[[], Any]
    turn: bool  # by an angle, which keeps the norm of noise; else by multiples of δ
    learn: int  # pictures behind a direction
    tests: int
    truth: int  # pictures behind the best direction
    own: bool = False  # the model's own draws instead of encoded pictures


def cases() -> dict[str, Case]:
    m = za.models
    small = {"batch_size": 32, **SMALL}
    vae = {"max_epochs": 40, "patience": None, **small}
    return {
        "vae1": Case(lambda: m.VAE(16, beta=1.0, **vae), False, 600, 200, 2000),
        "vae4": Case(lambda: m.VAE(16, beta=4.0, **vae), False, 600, 200, 2000),
        "gan": Case(lambda: m.GAN(16, max_epochs=24, **small), True, 600, 100, 4000, own=True),
        "flow": Case(lambda: m.FlowMatching(max_epochs=16, steps=8, **small), True, 300, 40, 400),
    }


def drawn(factors: Read) -> np.ndarray:
    return faces_of(factors, SIZE)


def tilted(factors: Read, n: int, seed: int) -> np.ndarray:
    """Rows of n people of whom most that smile have a beard and light from the right."""
    tilt = 1.5 * (factors["beard"] - 0.5) + factors["light"]
    odds = 3 * np.where(factors["smile"] > 0.5, tilt, -tilt)
    lucky = np.random.default_rng(seed).random(len(tilt)) < 1 / (1 + np.exp(-odds))
    return np.flatnonzero(lucky)[:n]


def seen(
    model: Any, judge: Any, n: int, seed: int, own: bool, tilt: bool = False
) -> tuple[np.ndarray, Read]:
    """Latents, and what their pictures show: drawn by us, or by the model and read by the judge."""
    pool = 4 * n if tilt else n
    Z = np.asarray(model.prior_.sample(pool, seed=seed), dtype=np.float32) if own else None
    shown = people(pool, seed) if Z is None else judge.predict(model.inverse_transform(Z))
    rows = tilted(shown, n, seed) if tilt else np.arange(n)
    shown = {k: v[rows] for k, v in shown.items()}
    return (model.transform(drawn(shown)) if Z is None else Z[rows]), shown


def rest(factors: Read) -> Read:
    return {k: v for k, v in factors.items() if k != "smile"}


def ways(model: Any, Z: np.ndarray, factors: Read, own: bool) -> dict[str, np.ndarray]:
    """The smile by every method, from pictures of these factors; pairs from half as many people."""
    smile, others = (factors["smile"] > 0.5).astype(float), rest(factors)
    found = {
        "difference": direction("difference", Z, smile, {}),
        "SVM": direction("svm", Z, smile, {}),
        "SVM, given": direction("svm-conditional", Z, smile, others),
        "difference, given": direction("conditional", Z, smile, others),
    }
    if own:
        return found
    half = {k: v[: len(Z) // 2] for k, v in factors.items()}
    ends = (drawn({**half, "smile": np.full_like(half["smile"], s)}) for s in (0, 1))
    return {**found, "pairs": paired(*map(model.transform, ends))}


class Bench:
    """One model: its calm test faces, and what the judge reads off their edits."""

    def __init__(self, model: Any, case: Case, judge: Any, trusted: list[str]) -> None:
        self.model, self.case, self.judge, self.trusted = model, case, judge, trusted
        if case.own:
            Z, shown = seen(model, judge, 40 * case.tests, 40, own=True)
            self.Z = Z[shown["smile"] < 0.25][: case.tests]
        else:
            self.Z = model.transform(drawn(people(case.tests, 40, smile=0.0)))
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
        ladder = TURNS if self.case.turn else SHIFTS
        return enough(lambda s: self.at(delta, s)[0].success.value, ladder, SUCCESS)

    def row(self, name: str, delta: np.ndarray, truth: np.ndarray) -> tuple[list[str], float]:
        strength, reached = self.enough(delta)
        effect, after = self.at(delta, strength)
        moved = {k: s.value for k, s in effect.leakage.items()}
        mean = float(np.mean(list(moved.values())))
        s, (worst, most) = effect.success, effect.worst
        return [
            name,
            f"{s.value:.0%} [{s.low:.0%}, {s.high:.0%}]",
            words(strength, self.case.turn, reached),
            f"{angle(delta, truth):.0f}°",
            f"{moved['beard']:.2f}",
            f"{moved['light']:.2f}",
            f"{worst} {most:.2f}",
            f"{mean:.3f}",
            f"{self.kept(after):.3f}",
        ], mean if reached else float("nan")

    def kept(self, after: Read) -> float:
        """Median cosine between the other factors read before and after, in their own units."""
        others = {k: SPREADS[k] for k in self.trusted}
        return likeness(self.before, after, MEANS, others).value


def truth_of(model: Any, judge: Any, case: Case) -> np.ndarray:
    """The smile of least squares on all factors, from other pictures of independent factors."""
    Z, factors = seen(model, judge, case.truth, 50, case.own)
    return best(Z, factors["smile"], rest(factors))


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
        bench, truth = Bench(model, case, judge, trusted), truth_of(model, judge, case)
        already = np.mean(bench.before["smile"] > 0.5)
        print(
            f"\n{name}: fitted in {fitted:.0f} s; {len(bench.Z)} calm faces, {already:.0%} of "
            f"them read as smiling before"
        )
        for sample, seed in (("independent", 60), ("confounded", 61)):
            tilt = sample == "confounded"
            Z, factors = seen(model, judge, case.learn, seed, case.own, tilt)
            smiles = ways(model, Z, factors, case.own)
            found = {way: bench.row(way, d, truth) for way, d in smiles.items()}
            with_beard, with_light = (
                np.corrcoef(factors["smile"], factors[k])[0, 1] for k in ("beard", "light")
            )
            print(
                f"\n{name}, {sample}: {len(Z)} pictures, correlation of the smile with the "
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
