"""Does it help a classifier to fill up rare classes, and which way of it helps most?

    ./dev bench augmentation [--part tables|boosting|pictures] [--seeds 20] [--scores FILE]

tables: 50 tables of two classes (``imbalanced_keel``) and logistic regression. boosting: the same
with gradient boosting and a tenth of the seeds. pictures: Fashion-MNIST with three rare classes
of 20 pictures. Both lie under ``$ZALGEBRA_DATA``. Every way gets the same training parts, and what
is learned for it (scales, PCA, VAE) is learned from the training part alone. What stands in FILE
already is read and not measured again, so that a run may be broken off. About eleven minutes on
one core. The output is Markdown, as it stands in ``docs/augmentation.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, recall_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

import zalgebra as za
from _augmentation_report import every, summary
from _timing import machine

DATA = Path(os.environ.get("ZALGEBRA_DATA", "data"))
FOLDS = 3
RARE, FEW, COMMON = 3, 20, 300  # rare classes, pictures of each, pictures of each other class
TESTED, EPOCHS = 5000, 20
LISTED = ("none", "SMOTE", "mixup", "interpolate", "correlated", "gaussian")
Scores = dict[str, list[float]]  # way: balanced accuracy, macro-F1; of pictures rare recall too


class Rows(NamedTuple):
    """What a classifier is trained on."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None


def mixup(X: np.ndarray, y: np.ndarray, seed: int) -> Rows:
    """Mixtures of two items, their classes drawn evenly; both labels count by their shares.

    Zhang et al., arXiv 1710.09412, with balanced classes and shares from U(0, 1); as many as
    would bring every class to the size of the largest.
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(y == c) for c in np.unique(y)]
    size = max(map(len, members))
    first, second = (np.concatenate([rng.choice(m, size) for m in members]) for _ in range(2))
    second = rng.permutation(second)
    share = rng.random(len(first))
    mixed = (X[first].T * share + X[second].T * (1 - share)).T.astype(X.dtype)
    labels = np.concatenate([y[first], y[second]])
    return Rows(np.concatenate([mixed, mixed]), labels, np.concatenate([share, 1 - share]))


def softened(X: np.ndarray, sampler: Any) -> Rows:
    """Rows of our mixup, each with every label that it has a share in, by its share."""
    row, c = np.nonzero(sampler.soft_labels_)
    return Rows(X[row], sampler.classes_[c], sampler.soft_labels_[row, c])


class Kept:
    """Scores by key, in a file of JSON lines if there is one."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.found = path, {}
        if path is not None and path.exists():
            self.found = dict(map(json.loads, path.read_text().splitlines()))

    def of(self, key: str, measure: Callable[[], Scores]) -> tuple[Scores, float]:
        """The scores and the seconds of processor time that they took."""
        if key not in self.found:
            start = time.process_time()
            self.found[key] = [measure(), time.process_time() - start]
            if self.path is not None:
                with self.path.open("a") as file:
                    file.write(json.dumps([key, self.found[key]]) + "\n")
        return tuple(self.found[key])


# Tables.

Data = tuple[np.ndarray, np.ndarray, np.ndarray]  # X, y, which columns are nominal


def keel() -> dict[str, Data]:
    names = sorted(json.loads((DATA / "imbalanced_keel" / "meta.json").read_text()))
    with np.load(DATA / "imbalanced_keel" / "keel_imbalanced.npz") as file:
        parts = ("X", "y", "nominal")
        found = {name: tuple(file[f"{name}.{part}"] for part in parts) for name in names}
    return {n: (X.astype(float), y.astype(int), nominal) for n, (X, y, nominal) in found.items()}


def smote(nominal: np.ndarray, rare: int, seed: int) -> Any:
    """imbalanced-learn's own for these columns; it has none for categories alone."""
    k = min(5, rare - 1)
    if nominal.all():
        return RandomOverSampler(random_state=seed)
    if nominal.any():
        return SMOTENC(np.flatnonzero(nominal).tolist(), k_neighbors=k, random_state=seed)
    return SMOTE(k_neighbors=k, random_state=seed)


OURS = ("interpolate", "extrapolate", "correlated", "gaussian")
TABLE_WAYS = ("none", "random oversampling", "SMOTE", "mixup", *OURS, "mixup, ours")


def samplers(nominal: np.ndarray, rare: int, seed: int) -> dict[str, Any]:
    """All ways of a table that give rows of its own columns."""
    columns = np.flatnonzero(nominal).tolist() if nominal.any() else "auto"

    def ours(method: str) -> Any:
        return za.LatentResampler(method=method, categorical_features=columns, random_state=seed)

    return {
        "random oversampling": RandomOverSampler(random_state=seed),
        "SMOTE": smote(nominal, rare, seed),
        **{method: ours(method) for method in OURS},
        "mixup, ours": ours("mixup"),
    }


def indicators(X: np.ndarray, nominal: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Numbers, and an indicator of each category that ``like`` holds."""
    flags = [X[:, [j]] == np.unique(like[:, j]) for j in np.flatnonzero(nominal)]
    return np.concatenate([X[:, ~nominal], *flags], axis=1).astype(float)


def of_table(data: Data, seed: int, classifier: Any) -> Scores:
    """Scores of all ways on one table: the predictions of all folds, put together."""
    X, y, nominal = data
    predicted = {way: np.empty_like(y) for way in TABLE_WAYS}
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in split.split(X, y):
        scaler = StandardScaler().fit(indicators(X[train], nominal, X))

        def features(A: np.ndarray, scaler: StandardScaler = scaler) -> np.ndarray:
            return scaler.transform(indicators(A, nominal, X))

        given = Rows(features(X[train]), y[train])
        fed = {"none": given, "mixup": mixup(given.X, given.y, seed)}
        for way, sampler in samplers(nominal, int(y[train].sum()), seed).items():
            A, b = sampler.fit_resample(X[train], y[train])
            rows = features(A)
            fed[way] = softened(rows, sampler) if "ours" in way else Rows(rows, b)
        held = features(X[test])
        for way, rows in fed.items():
            predicted[way][test] = clone(classifier).fit(*rows).predict(held)
    return {way: scores(y, p) for way, p in predicted.items()}


def scores(y: np.ndarray, predicted: np.ndarray) -> list[float]:
    macro = f1_score(y, predicted, average="macro", zero_division=0)
    return [float(balanced_accuracy_score(y, predicted)), float(macro)]


def tables(kept: Kept, part: str, classifier: Any, seeds: int) -> None:
    known, taken = keel(), 0.0
    values = np.empty((2, len(known), seeds, len(TABLE_WAYS)))
    for i, (name, data) in enumerate(known.items()):
        for seed in range(seeds):
            key = f"{part}/{name}/{seed}"
            found, seconds = kept.of(key, lambda d=data, s=seed: of_table(d, s, classifier))
            values[:, i, seed] = np.transpose([found[way] for way in TABLE_WAYS])
            taken += seconds
    print(
        f"\n## {part}: {len(known)} tables, {FOLDS} folds, seeds 0 to {seeds - 1}, {taken:.0f} s "
        "of processor time"
    )
    for score, of_score in zip(("balanced accuracy", "macro-F1"), values, strict=True):
        print(f"\n### {score}\n\n{summary(of_score, TABLE_WAYS)}")
    if part == "tables":
        facts = {name: [f"{len(y)}", f"{y.sum()}"] for name, (_, y, _) in known.items()}
        for score, of_score in zip(("balanced accuracy", "macro-F1"), values, strict=True):
            print(f"\n### Every table: {score}\n\n{every(of_score, TABLE_WAYS, LISTED, facts)}")


# Pictures.

JUDGES = (1.0, 0.1)  # inverse strengths of the penalty: scikit-learn's default, and a stronger one
SPACES = {
    "pixels": ("interpolate", "correlated", "gaussian"),
    "PCA": ("interpolate", "gaussian"),
    "VAE": ("interpolate", "extrapolate", "correlated", "gaussian", "mixup"),
}
IN_SPACES = {f"{method}, {space}": space for space, of in SPACES.items() for method in of}
PICTURE_WAYS = ("none", "random oversampling", "SMOTE", "mixup", *IN_SPACES)


def of_pictures(train: Any, test: Any, seed: int) -> Scores:
    """Scores of all ways where three classes, drawn by the seed, are rare."""
    rng, of = np.random.default_rng(seed), train.labels["class"]
    rare = rng.choice(10, RARE, replace=False)
    chosen = [
        rng.choice(np.flatnonzero(of == c), FEW if c in rare else COMMON, replace=False)
        for c in range(10)
    ]
    rows = np.concatenate(chosen)
    X, y = train.images[rows], of[rows]
    axes = PCA(64, whiten=True, random_state=seed).fit(flat(X))
    held, truth = axes.transform(flat(test.images[:TESTED])), test.labels["class"][:TESTED]
    found: Scores = {way: [] for way in PICTURE_WAYS}
    for way, fed in picture_rows(X, y, seed):
        for C in JUDGES:
            judge = LogisticRegression(C=C, max_iter=300)
            judge.fit(axes.transform(flat(fed.X)), fed.y, fed.weight)
            predicted = judge.predict(held)
            recall = recall_score(truth, predicted, labels=rare, average="macro", zero_division=0)
            found[way] += [*scores(truth, predicted), float(recall)]
    return found


def picture_rows(X: np.ndarray, y: np.ndarray, seed: int) -> Iterator[tuple[str, Rows]]:
    """What each way trains on; VAE and PCA are fitted on these pictures and have seen no others."""
    vae = za.models.VAE(
        32, width=16, max_epochs=EPOCHS, patience=None, random_state=seed, verbose=False
    ).fit(X)
    pca = PCA(0.95, svd_solver="full").fit(flat(X))
    yield "none", Rows(X, y)
    yield "mixup", mixup(X, y, seed)
    yield (
        "random oversampling",
        Rows(*RandomOverSampler(random_state=seed).fit_resample(flat(X), y)),
    )
    yield "SMOTE", Rows(*SMOTE(random_state=seed).fit_resample(flat(X), y))
    for way, space in IN_SPACES.items():
        model = {"VAE": vae, "PCA": pca}.get(space)
        sampler = za.LatentResampler(model, method=way.split(",")[0], random_state=seed)
        A, b = sampler.fit_resample(X, y)
        yield way, softened(A, sampler) if "mixup" in way else Rows(A, b)


def flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)


def pictures(kept: Kept, seeds: int) -> None:
    train, test = za.datasets.fashion_mnist("train"), za.datasets.fashion_mnist("test")
    found, taken = zip(
        *(kept.of(f"pictures/{s}", lambda s=s: of_pictures(train, test, s)) for s in range(seeds)),
        strict=True,
    )
    values = np.array([[of_seed[way] for way in PICTURE_WAYS] for of_seed in found])
    print(
        f"\n## pictures: {RARE} rare classes of {FEW}, {COMMON} of each other class, {TESTED} "
        f"tested, seeds 0 to {seeds - 1}, {sum(taken):.0f} s of processor time"
    )
    names = ("balanced accuracy", "macro-F1", "recall of the rare classes")
    rivals = ("none", "SMOTE", "mixup")
    for score, of_score in enumerate(values.transpose(2, 0, 1)):
        title = f"{names[score % 3]}, C = {JUDGES[score // 3]:g}"
        print(f"\n### {title}\n\n{summary(of_score[None], PICTURE_WAYS, rivals)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--part", choices=("tables", "boosting", "pictures"), default=None)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--scores", type=Path, default=None)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*failed to converge.*")
    kept = Kept(options.scores)
    print(machine(), flush=True)
    if options.part in (None, "tables"):
        tables(kept, "tables", LogisticRegression(solver="newton-cholesky"), options.seeds)
    if options.part in (None, "pictures"):
        pictures(kept, options.seeds)
    if options.part in (None, "boosting"):
        boosting = HistGradientBoostingClassifier(
            max_iter=30, max_leaf_nodes=8, early_stopping=False, random_state=0
        )
        tables(kept, "boosting", boosting, max(1, options.seeds // 10))


if __name__ == "__main__":
    main()
