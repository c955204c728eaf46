"""Does the audit foresee which model's edits succeed? Drawn faces, four kinds of autoencoders.

    ./dev bench audit [--seeds 4] [--n 4000] [--epochs 40]

For each seed a β-VAE (β = 4), a VAE, a plain autoencoder (all of 24 entries, width 16) and an
autoencoder with random weights are fitted to the same drawn faces of 32 × 32 pixels. Each is
audited on 2000 other faces. Then its edits are *measured*: directions are differences of group
means of the training faces; each is added to 200 third faces that lack the factor; a reader, a
convolutional network trained on a fourth set, says what the decoded pictures show. Nothing of this
enters the audit, whose judge is a ridge regression on pixels.

An edit of a face succeeds if the factor that was meant changed (`measures.edit_effect`: two values
are read as meant, a number moved by one standard deviation or more) and the face is still the same:
hair colour, skin, face width and beard, but for the one that was meant, read within one standard
deviation of what was drawn. Leakage is the median movement of all other factors, in their standard
deviations, as in the demo.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import spearmanr

import zalgebra as za
from _timing import machine, table
from zalgebra.measures import edit_effect, proportion
from zalgebra.studio.audit import Audit, audit

SIZE = 32
FACTORS = (
    "smile", "mouth_open", "glasses", "beard", "hair_length", "skin", "turn", "light",
)  # fmt: skip
PERSON = ("hair_color", "skin", "face_width", "beard")
PARTS = ("readable", "steady", "adds up", "arrives", "works", "clean", "commutes")
TRIED = 200


def models(epochs: int, seed: int) -> dict[str, Any]:
    how = {
        "width": 16, "max_epochs": epochs, "patience": None, "random_state": seed, "verbose": False,
    }  # fmt: skip
    m = za.models
    still = {**how, "max_epochs": 1, "learning_rate": 1e-12}  # its weights stay where they began
    return {
        "β-VAE": m.BetaVAE(24, **how),
        "VAE": m.VAE(24, **how),
        "autoencoder": m.Autoencoder(24, **how),
        "random weights": m.Autoencoder(24, **still),
    }


def groups(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The upper and the lower third; of two values the ones and the zeros."""
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    low, high = (values.min(), values.max()) if low == high else (low, high)
    return values >= high, values <= low


def measured(model: Any, reader: Any, train: Any, held: Any) -> dict[str, dict[str, float]]:
    """Of the edit of each factor: success, changed as meant, same person, leakage."""
    Z, found = model.transform(train.images), {}
    spreads = {k: float(v.std()) for k, v in held.labels.items()}
    for name in FACTORS:
        up, down = groups(train.labels[name])
        delta = Z[up].mean(axis=0) - Z[down].mean(axis=0)
        faces = held[groups(held.labels[name])[1]][:TRIED]
        z = model.transform(faces.images)
        before, after = (reader.predict(model.inverse_transform(y)) for y in (z, z + delta))
        binary = len(np.unique(held.labels[name])) == 2
        how = {"threshold": {name: 0.5}} if binary else {}
        effect = edit_effect(before, after, {name: 1}, spreads, **how)
        change = (after[name] - before[name]) / spreads[name]
        changed = after[name] > 0.5 if binary else change >= 1
        same = np.all(
            [
                np.abs(after[k] - faces.labels[k]) <= spreads[k]
                for k in PERSON if k != name
            ], axis=0,
        )  # fmt: skip
        assert changed.mean() == effect.success.value
        found[name] = {
            "success": proportion(changed & same, "changed as meant, the same person").value,
            "changed": effect.success.value,
            "same": float(same.mean()),
            "leakage": effect.typical_leakage,
        }
    return found


class Drawn:
    """Faces drawn from a table of the eight factors, each table once for all models."""

    def __init__(self) -> None:
        self.kept: dict[bytes, np.ndarray] = {}
        self.others = za.datasets.sample_factors(2000, seed=5000)  # the six, row by row

    def __call__(self, factors: Mapping[str, np.ndarray]) -> np.ndarray:
        key = b"".join(np.ascontiguousarray(v).tobytes() for _, v in sorted(factors.items()))
        if key not in self.kept:
            rest = {k: v[: len(factors["smile"])] for k, v in self.others.items()}
            self.kept[key] = za.datasets.draw_faces({**rest, **factors}, size=SIZE)
        return self.kept[key]


def audited(model: Any, faces: Any, draw: Drawn) -> Audit:
    """The audit asks of the eight factors and knows nothing of the six others."""
    labels = {k: faces.labels[k] for k in FACTORS}
    return audit(model, faces.images, labels, redraw=draw, entries=False, seed=0)


def mean(values: Any) -> float:
    return float(np.nanmean(list(values)))


def run(seeds: int, n: int, epochs: int, only: set[str]) -> None:
    draw, faces = Drawn(), za.datasets.faces
    others = faces(2000, size=SIZE, seed=4000)
    held = faces(2000, size=SIZE, seed=3000)
    judged = faces(2 * n, size=SIZE, seed=2000)
    reader = za.models.Reader(max_epochs=epochs, verbose=False).fit(judged.images, judged.labels)
    scores = reader.score(held.images, held.labels)
    print("reader: " + ", ".join(f"{k} {v:.3f}" for k, v in scores.items()), flush=True)
    rows: list[tuple[str, int, Audit, dict[str, dict[str, float]], float]] = []
    for seed in range(seeds):
        train = faces(n, size=SIZE, seed=1000 + seed)
        for name, model in models(epochs, seed).items():
            if only and name not in only:
                continue
            model.fit(train.images)
            start = time.perf_counter()
            found = audited(model, others, draw)
            seconds = time.perf_counter() - start
            effects = measured(model, reader, train, held)
            rows.append((name, seed, found, effects, seconds))
            parts = ", ".join(
                f"{p} {mean(f.parts[p] for f in found.factors):.2f}" for p in PARTS
            )  # fmt: skip
            success = mean(e["success"] for e in effects.values())
            print(f"{name}, {seed}: {found.score:.3f}, {success:.3f}; {parts}", flush=True)
    summary(rows)
    calibration(rows)


def summary(rows: list[Any]) -> None:
    lines = []
    for name in dict.fromkeys(r[0] for r in rows):
        mine = [r for r in rows if r[0] == name]
        score = [r[2].score for r in mine]
        success = [mean(e["success"] for e in r[3].values()) for r in mine]
        more = [
            mean(e[k] for r in mine for e in r[3].values()) for k in ("changed", "same", "leakage")
        ]
        explained = mean(r[2].round_trip.explained.value for r in mine)
        verdicts = [f.verdict for r in mine for f in r[2].factors]
        counts = " / ".join(str(verdicts.count(w)) for w in ("trusted", "with care", "not"))
        lines.append([
            name, f"{mean(score):.3f} ({min(score):.3f} to {max(score):.3f})",
            f"{mean(success):.1%} ({min(success):.1%} to {max(success):.1%})",
            f"{more[0]:.1%}", f"{more[1]:.1%}", f"{more[2]:.2f}", f"{explained:.2f}", counts,
            f"{mean(r[4] for r in mine):.1f}",
        ])  # fmt: skip
    head = ["model", "audit's score", "measured success", "changed as meant", "same person",
            "leakage, sd", "explained", "trusted / care / not", "audit, s"]  # fmt: skip
    print("\n" + table(head, lines) + "\n")
    for seed in sorted({r[1] for r in rows}):
        mine = [r for r in rows if r[1] == seed]
        by = {
            "audit": sorted(mine, key=lambda r: -r[2].score),
            "success": sorted(mine, key=lambda r: -mean(e["success"] for e in r[3].values())),
        }
        said = {k: [r[0] for r in v] for k, v in by.items()}
        same = "the same order" if said["audit"] == said["success"] else "another order"
        print(f"seed {seed}: by the audit {' > '.join(said['audit'])}; "
              f"by success {' > '.join(said['success'])}: {same}")  # fmt: skip


def calibration(rows: list[Any]) -> None:
    """Success of the edits of the factors that the audit trusts, and of the others."""
    pairs = [(f, r[3][f.name], r[0]) for r in rows for f in r[2].factors]
    lines = []
    for word in ("trusted", "with care", "not"):
        mine = [e for f, e, _ in pairs if f.verdict == word]
        if mine:
            success = [e["success"] for e in mine]
            low, high = np.quantile(success, [0.1, 0.9])
            lines.append([word, str(len(mine)), f"{mean(success):.1%}", f"{low:.0%} to {high:.0%}",
                          f"{mean(e['leakage'] for e in mine):.2f}"])  # fmt: skip
    head = ["verdict on a factor", "edits", "measured success", "central 80 %", "leakage, sd"]
    print("\n" + table(head, lines))
    lines = []
    for part in (*PARTS, "score"):
        cells = []
        for trained in (False, True):
            chosen = [p for p in pairs if not (trained and p[2] == "random weights")]
            values = [f.score if part == "score" else f.parts[part] for f, _, _ in chosen]
            success = [e["success"] for _, e, _ in chosen]
            known = ~np.isnan(values)
            constant = np.ptp(np.array(values)[known]) == 0
            rho = np.nan if constant else spearmanr(
                np.array(values)[known], np.array(success)[known]
            ).statistic  # fmt: skip
            cells.append(f"{rho:.2f}")
        lines.append([part, *cells])
    print("\n" + table(["Spearman's ρ with an edit's success", "all", "without random"], lines))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--n", type=int, default=4000, help="training faces")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--only", default="", help="models, with commas between")
    chosen = parser.parse_args()
    start = time.perf_counter()
    print(machine(), flush=True)
    only = {name for name in chosen.only.split(",") if name}
    run(chosen.seeds, chosen.n, chosen.epochs, only)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
