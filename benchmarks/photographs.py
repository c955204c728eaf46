"""Photographs: a smile learned on half of 102 people, put on the neutral faces of the other half.

``./dev bench photographs`` reads the Face Research Lab London Set (DeBruine and Jones 2017,
CC BY 4.0) from the folder that ``ZALGEBRA_DATA`` names, and writes one figure, with its credit.

In each of 20 random halves, models and directions learn from one half of the people. The judge, in
some of them, is a `zalgebra.models.Reader` of true photographs of the other half, cross-fitted:
whoever is judged was not among those it learned from. Beside it stands a figure that no model is
behind: is the edited face nearer to the true smiling photograph of that person than the face before
the edit?
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import zalgebra as za
from _timing import machine, table

SPLITS, JUDGED, VAES, FOLDS = 20, 8, 2, 3  # halves, those with a judge, those with a VAE
MOUTH = (slice(40, 58), slice(20, 44))  # of 64 x 64; the eyes are at row 29
LOWER = np.s_[..., 32:64, 16:48]  # what the judge looks at: so few people teach it no more
SMALL: dict[str, Any] = {"width": 16, "random_state": 0, "verbose": False}
CREDIT = "Photographs: Face Research Lab London Set, DeBruine and Jones 2017, CC BY 4.0 (edited)"
PICTURE = Path("photographs.png")  # of people: never into the repository


def photographs() -> np.ndarray:
    """``(102, 2, 3, 64, 64)``: every person neutral, then smiling."""
    folder = os.environ.get("ZALGEBRA_DATA")
    if not folder:
        sys.exit("set ZALGEBRA_DATA to the folder that holds faces_london")
    held = np.load(Path(folder) / "faces_london" / "faces_london_128.npz")
    images = held["images"].astype(np.float32).transpose(0, 3, 1, 2) / 255
    images = images.reshape(-1, 3, 64, 2, 64, 2).mean(axis=(3, 5))
    order = np.lexsort((held["smile"], held["person"]))
    found = images[order].reshape(-1, 2, 3, 64, 64)
    assert np.all(held["smile"][order].reshape(-1, 2) == [0, 1])
    return found


def mirrored(X: np.ndarray) -> np.ndarray:
    return np.concatenate([X, X[..., ::-1]]).copy()


def read(neutral: np.ndarray, smiling: np.ndarray, shown: dict[str, np.ndarray], seed: int):
    """Whether each of the pictures shown reads as smiling, by judges that never saw the person."""
    fold = np.random.default_rng(seed).permutation(len(neutral)) % FOLDS
    seen = {name: np.zeros(len(neutral), dtype=bool) for name in shown}
    for g in range(FOLDS):
        train, test = fold != g, fold == g
        X = mirrored(np.concatenate([neutral[train], smiling[train]]))[LOWER].copy()
        y = np.tile(np.repeat([0.0, 1.0], train.sum()), 2)
        judge = za.models.Reader(max_epochs=25, batch_size=32, **SMALL).fit(X, {"smile": y})
        for name, pictures in shown.items():
            seen[name][test] = judge.predict(pictures[test][LOWER].copy())["smile"] > 0.5
    return seen


def smiles(model: Any, calm: np.ndarray, grin: np.ndarray) -> dict[str, np.ndarray]:
    """Directions from pairs of everyone, of half of them, and of as many photographs unpaired."""
    a, b, half = model.transform(calm), model.transform(grin), len(calm) // 2
    pairs = za.Direction.from_pairs
    return {
        "pairs": pairs(a, b).vector,
        "pairs, half as many": pairs(a[:half], b[:half]).vector,
        "difference, unpaired": za.Direction.from_groups(b[:half], a[half:]).vector,
    }


def edits(model: Any, X: np.ndarray, smile: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Neutral pictures before and after ``+ smile``: decoded, and with what the model cannot draw.

    The second adds the change of the decoded picture to the photograph itself.
    """
    Z, how = model.transform(X), {"prior": model.prior_, "correlation": "estimate"}
    term = za.Latent.shift(smile, "smile")
    moved = np.stack([(za.Latent(z, "face") + term).array(**how) for z in Z]).astype(np.float32)
    before, after = (np.clip(model.inverse_transform(z), 0, 1) for z in (Z, moved))
    return {"decoded": (before, after), "on the photograph": (X, np.clip(X + after - before, 0, 1))}


def distance(a: np.ndarray, b: np.ndarray, mouth: bool = False) -> np.ndarray:
    """Root mean square of the difference of each pair of pictures."""
    rows, columns = MOUTH if mouth else (slice(None), slice(None))
    return np.sqrt(np.mean((a - b)[:, :, rows, columns] ** 2, axis=(1, 2, 3)))


class Tally:
    """Figures of the same people in many halves: their means, with intervals over people."""

    def __init__(self, people: int) -> None:
        self.sum: dict[tuple, np.ndarray] = {}
        self.count: dict[tuple, np.ndarray] = {}
        self.people = people

    def add(self, key: tuple, who: np.ndarray, values: np.ndarray) -> None:
        for held, more in ((self.sum, values), (self.count, np.ones(len(who)))):
            np.add.at(held.setdefault(key, np.zeros(self.people)), who, more)

    def mean(self, key: tuple) -> tuple[float, float, float]:
        """The mean over people of each one's mean, with its 95 % bootstrap interval."""
        some = self.count[key] > 0
        own = self.sum[key][some] / self.count[key][some]
        draws = np.random.default_rng(0).choice(own, (2000, len(own))).mean(axis=1)
        low, high = np.quantile(draws, [0.025, 0.975])
        return float(own.mean()), float(low), float(high)

    def share(self, key: tuple) -> str:
        value, low, high = self.mean(key)
        return f"{value:.0%} [{low:.0%}, {high:.0%}]"


def split(tally: Tally, pictures: np.ndarray, seed: int, kinds: dict[str, Any]) -> dict:
    """One half learns, the other is edited and judged; gives the edits for the figure."""
    order = np.random.default_rng(seed).permutation(len(pictures))
    learn, who = order[: len(order) // 2], order[len(order) // 2 :]
    neutral, smiling = pictures[who, 0], pictures[who, 1]
    shown, made = {("true", "neutral"): neutral, ("true", "smiling"): smiling}, {}
    for kind, make in kinds.items():
        model = make().fit(mirrored(pictures[learn].reshape(-1, 3, 64, 64)))
        for way, smile in smiles(model, pictures[learn, 0], pictures[learn, 1]).items():
            for shape, (before, after) in edits(model, neutral, smile).items():
                key = (kind, shape, way)
                shown[*key, "before"], shown[*key, "after"] = before, after
                made[key] = after
                for mouth in (False, True):
                    old, new = (distance(x, smiling, mouth) for x in (before, after))
                    tally.add((*key, "nearer", mouth), who, new < old)
                    tally.add((*key, "ratio", mouth), who, np.log(new / old))
    if seed < JUDGED:
        for key, hits in read(neutral, smiling, shown, seed).items():
            tally.add(key, who, hits)
    return {"who": who, "neutral": neutral, "smiling": smiling, "made": made}


def figure(first: dict) -> None:
    """Six people who were not learned from: neutral, with the smile, and truly smiling."""
    from matplotlib.figure import Figure

    rows = {
        "neutral": first["neutral"],
        "+ smile, PCA": first["made"]["PCA", "on the photograph", "pairs"],
        "+ smile, VAE": first["made"]["VAE", "decoded", "pairs"],
        "truly smiling": first["smiling"],
    }
    drawn = Figure(figsize=(7.4, 5.4), dpi=100)
    axes = drawn.subplots(len(rows), 6, gridspec_kw={"wspace": 0.03, "hspace": 0.03})
    drawn.subplots_adjust(left=0.15, right=0.995, top=0.995, bottom=0.05)
    for (name, pictures), line in zip(rows.items(), axes, strict=True):
        for ax, picture in zip(line, pictures[:6], strict=True):
            ax.imshow(picture.transpose(1, 2, 0), interpolation="bilinear")
            ax.set_axis_off()
        line[0].text(-0.08, 0.5, name, transform=line[0].transAxes, ha="right", va="center")
    drawn.text(0.995, 0.012, CREDIT, ha="right", fontsize=7.5)
    drawn.savefig(PICTURE)


def main() -> None:
    print(machine())
    m, start, pictures = za.models, time.perf_counter(), photographs()
    tally = Tally(len(pictures))
    pca = {"PCA": lambda: m.PCA(60, random_state=0)}
    vae = {"VAE": lambda: m.VAE(32, max_epochs=60, batch_size=32, patience=None, **SMALL)}
    for seed in range(SPLITS):
        made = split(tally, pictures, seed, pca | vae if seed < VAES else pca)
        if seed == 0:
            figure(made)
    calm, grin = (tally.share(("true", kind)) for kind in ("neutral", "smiling"))
    print(f"\n{len(pictures)} people, {SPLITS} halves, {JUDGED} with a judge, {VAES} with a VAE")
    print(f"true photographs that the judge reads as smiling: neutral {calm}, smiling {grin}\n")
    rows = []
    for key in [k[:3] for k in tally.sum if len(k) == 4 and k[-1] == "after"]:
        ratio = [np.exp(tally.mean((*key, "ratio", mouth))) for mouth in (False, True)]
        rows.append([
            ", ".join(key), tally.share((*key, "before")), tally.share((*key, "after")),
            *(f"{v:.3f} [{a:.3f}, {b:.3f}]" for v, a, b in ratio),
            tally.share((*key, "nearer", True)),
        ])  # fmt: skip
    head = ["smile", "read so before", "after", "distance, after / before", "at the mouth",
            "nearer at the mouth"]  # fmt: skip
    print(table(head, rows) + f"\n\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
