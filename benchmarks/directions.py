"""Directions: does the angle's interval cover, are random labels refused, what does an edit move?

``./dev bench directions`` runs all, with ``gauss``, ``faces``, ``classifiers`` or ``edits`` behind
it that part alone. Nothing is downloaded: groups of known truth are drawn, faces are drawn and
encoded by the bundled model. Every share stands with its 95 % interval (Wilson).
"""

from __future__ import annotations

import sys
import time

import numpy as np

import zalgebra as za
from _timing import machine, table
from zalgebra.estimators.directions_angle import angle_interval
from zalgebra.estimators.directions_linear import estimate
from zalgebra.estimators.directions_samples import Sample
from zalgebra.measures import proportion

REPEATS = 200
FACES = 6000
OTHERS = ("glasses", "beard", "hair_length", "hair_color", "skin", "face_width", "turn", "light")


def angle(a: np.ndarray, b: np.ndarray) -> float:
    cosine = a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def share(hits: list[bool]) -> str:
    s = proportion(np.array(hits), "")
    return f"{s.value:.1%} [{s.low:.1%}, {s.high:.1%}]"


def percentile(P: np.ndarray, N: np.ndarray, seed: int, draws: int = 200) -> tuple[float, float]:
    """The naive interval: quantiles of the angles of resampled directions with δ̂."""
    rng = np.random.default_rng(seed)
    means = [
        rng.multinomial(len(X), np.full(len(X), 1 / len(X)), size=draws) @ X / len(X)
        for X in (P, N)
    ]
    unit = P.mean(axis=0) - N.mean(axis=0)
    deltas = means[0] - means[1]
    cosine = deltas @ unit / np.linalg.norm(deltas, axis=1) / np.linalg.norm(unit)
    low, high = np.quantile(np.degrees(np.arccos(np.clip(cosine, -1, 1))), [0.025, 0.975])
    return float(low), float(high)


def gauss() -> None:
    """Groups of normal latents whose true difference is known."""
    rows = []
    for law in ("equal", "falling"):
        for D in (32, 256):
            for n in (50, 200, 1000):
                rng = np.random.default_rng([D, n])
                sd = np.ones(D) if law == "equal" else 2 / np.sqrt(np.arange(1, D + 1))
                ours, naive, angles = [], [], []
                for repeat in range(REPEATS):
                    delta = rng.standard_normal(D) * sd
                    delta *= 2 / np.linalg.norm(delta)
                    P, N = rng.standard_normal((2, n, D)) * sd
                    P += delta
                    found = estimate(Sample.of_groups(P, N, {}))
                    true = angle(found.delta, delta)
                    low, high = angle_interval(found.delta, found.noise, found.df)
                    ours.append(low <= true <= high)
                    low, high = percentile(P, N, repeat)
                    naive.append(low <= true <= high)
                    angles.append(true)
                rows.append(
                    [law, str(D), str(n), f"{np.mean(angles):.0f}°", share(ours), share(naive)]
                )
    head = ["spread of the axes", "D", "n a group", "mean angle", "ours", "naive bootstrap"]
    print("\n95 % intervals that cover the true angle, Gaussian groups\n\n" + table(head, rows))


def encoded(n: int, seed: int, **fixed: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    data = za.datasets.faces(n, seed=seed, **fixed)
    return za.load("faces").transform(data.images).astype(float), dict(data.labels)


def faces() -> None:
    """Draws from encoded faces, against the direction of all of them."""
    Z, labels = encoded(FACES, seed=11)
    smile = labels["smile"]
    ends = np.flatnonzero((smile == 0) | (smile == 1))
    beard, everyone = labels["beard"], np.arange(len(Z))
    linear = [  # what, label, who, options, how many
        ("smile, difference", smile, ends, {}, (50, 200, 1000)),
        ("beard, difference", beard, everyone, {}, (200,)),
        ("gaze, regression", labels["gaze"], everyone, {}, (200, 1000)),
        ("smile given 4, difference", smile, ends, {"given": OTHERS[:4]}, (200,)),
    ]
    covered(Z, labels, linear)
    random_labels(Z, labels)


def classifiers() -> None:
    """The same for the classifiers' normals, whose noise is what each item adds to them."""
    Z, labels = encoded(FACES, seed=11)
    ends = np.flatnonzero((labels["smile"] == 0) | (labels["smile"] == 1))
    cases = [  # method, metric, how many
        ("lda", "data", (100, 400)),
        ("lda", "euclidean", (400,)),
        ("logistic", "data", (100, 400)),
        ("svm", "data", (100, 400)),
        ("logistic", "euclidean", (400,)),
        ("svm", "euclidean", (400, 1500)),
    ]
    covered(
        Z,
        labels,
        [
            (f"smile, {way}, {metric}", labels["smile"], ends, {"method": way, "metric": metric}, n)
            for way, metric, n in cases
        ],
    )


def covered(Z: np.ndarray, labels: dict[str, np.ndarray], cases: list) -> None:
    rows = []
    for what, y, who, options, sizes in cases:

        def learned(items: np.ndarray, y=y, options=options) -> za.Direction:
            held = {k: labels[k][items] for k in options.get("given", ())}
            return za.Direction.from_labels(Z[items], y[items], **{**options, "given": held})

        truth = learned(who).vector
        for n in sizes:
            rng = np.random.default_rng(n)
            hits, angles, found, doubted = [], [], [], []
            for _ in range(REPEATS):
                # with repetition, so that all the faces are the population
                direction = learned(rng.choice(who, n))
                angles.append(angle(direction.vector, truth))
                low, high = direction.angle_interval
                hits.append(low <= angles[-1] <= high)
                found.append(direction.card.found)
                doubted.append(direction.card.note != "")
            told = share(hits), share(found), f"{np.mean(doubted):.0%}"
            rows.append([what, str(n), f"{np.mean(angles):.0f}°", *told])
            print("  ".join(rows[-1]), flush=True)
    head = ["direction", "n", "mean angle", "interval covers", "called a direction", "doubted"]
    print(f"\n{REPEATS} draws of {FACES} encoded faces\n\n" + table(head, rows), flush=True)


def random_labels(Z: np.ndarray, labels: dict[str, np.ndarray]) -> None:
    rng, rows = np.random.default_rng(5), []
    for n in (50, 400):
        refused: dict[str, list[bool]] = {"difference": [], "given 4": [], "regression": []}
        for _ in range(REPEATS):
            items = rng.choice(len(Z), n, replace=False)
            y = rng.permutation(labels["beard"][items])
            held = {k: labels[k][items] for k in OTHERS[:4] if k != "beard"}
            for name, label, given in (
                ("difference", y, {}),
                ("given 4", y, {**held, "beard": labels["beard"][items]}),
                ("regression", rng.permutation(labels["gaze"][items]), {}),
            ):
                direction = za.Direction.from_labels(Z[items], label, given=given)
                refused[name].append(not direction.card.found)
        rows += [[name, str(n), share(hits)] for name, hits in refused.items()]
    print("\nlabels in random order\n\n" + table(["learned by", "n", "no direction"], rows))


def edits() -> None:
    """The same smile by every method, learned where most of the bearded smile by day."""
    Z, labels = encoded(FACES, seed=12)
    rng = np.random.default_rng(0)
    smile = labels["smile"] > 0.5
    tilt = 1.5 * (labels["beard"] - 0.5) + 1.0 * labels["light"]
    keep = rng.random(len(Z)) < 1 / (1 + np.exp(-3 * np.where(smile, tilt, -tilt)))
    Z, smile = Z[keep], smile[keep].astype(float)
    given = {k: v[keep] for k, v in labels.items() if k in OTHERS}
    calm, grin = (encoded(1000, seed=13, smile=s)[0] for s in (0.0, 1.0))
    truth = za.Direction.from_pairs(calm, grin).vector
    methods = {
        "difference": {},
        "logistic normal": {"method": "logistic", "metric": "euclidean"},
        "SVM normal": {"method": "svm", "metric": "euclidean"},
        "logistic, data metric": {"method": "logistic"},
        "LDA, data metric": {"method": "lda"},
        "InterFaceGAN: SVM, given": {"method": "svm", "metric": "euclidean", "given": given},
        "SVM, data metric, given": {"method": "svm", "given": given},
        "logistic, data metric, given": {"method": "logistic", "given": given},
        "LDA, data metric, given": {"method": "lda", "given": given},
        "difference, given": {"given": given},
    }
    rows = []
    for name, options in methods.items():
        delta = za.Direction.from_labels(Z, smile, **options).vector
        rows.append([name, f"{angle(delta, truth):.0f}°", *edited(calm[:200], delta)])
    rows.append(["pairs of drawings (the truth)", "0°", *edited(calm[:200], truth)])
    head = ["method", "angle to the truth", "reads as smiling", "beard", "light",
            "worst other", "mean of all others", "|move|, sd"]  # fmt: skip
    corr = {k: np.corrcoef(smile, v)[0, 1] for k, v in given.items() if k in ("beard", "light")}
    print(
        f"\nOne smile by every method: {len(Z)} faces, correlation of smile with beard "
        f"{corr['beard']:.2f} and with light {corr['light']:.2f}; 200 calm faces edited until the "
        "judge's median smile is 0.8; movements in sd\n\n" + table(head, rows)
    )


def edited(Z: np.ndarray, delta: np.ndarray) -> list[str]:
    """How far everything moves at the strength that brings the judge's median smile to 0.8."""
    model, judge = za.load("faces"), za.load("faces-reader")
    spreads = {k: float(v.std()) for k, v in za.datasets.sample_factors(4000, seed=1).items()}

    def read(s: float) -> dict[str, np.ndarray]:
        return judge.predict(model.inverse_transform(Z + s * delta))

    low, high = 0.0, 8.0
    for _ in range(9):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if np.median(read(middle)["smile"]) < 0.8 else (low, middle)
        )  # fmt: skip
    before, after = read(0.0), read(high)
    moved = {
        k: float(np.mean(np.abs(after[k] - before[k]))) / spreads[k] for k in before if k != "smile"
    }
    worst = max(moved, key=lambda k: moved[k])
    prior = za.load("faces").prior_
    step = float(
        np.mean(np.linalg.norm(prior.to_normal(Z + high * delta) - prior.to_normal(Z), axis=1))
    )
    return [
        f"{np.mean(after['smile'] > 0.5):.0%}" + (" (not reached)" if high == 8 else ""),
        f"{moved['beard']:.2f}",
        f"{moved['light']:.2f}",
        f"{worst} {moved[worst]:.2f}",
        f"{np.mean(list(moved.values())):.3f}",
        f"{step:.1f}",
    ]


def main() -> None:
    parts = {"gauss": gauss, "faces": faces, "classifiers": classifiers, "edits": edits}
    print(machine())
    for name in sys.argv[1:] or parts:
        start = time.perf_counter()
        parts[name]()
        print(f"\n({name}: {time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
