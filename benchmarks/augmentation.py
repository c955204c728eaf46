"""Does it help a classifier to fill up rare classes, and which way of it helps most?

    ./dev bench augmentation [--tables 50] [--seeds 10] [--only tables|pictures]

Reads ``imbalanced_keel`` (50 tables of two classes) and ``fashion_mnist`` under ``$ZALGEBRA_DATA``.
Tables: stratified 5-fold cross-validation with every way on the same folds, only the training part
resampled. Pictures: two classes have 3, 10 or 30 pictures. About five minutes on one core. The
tables are Markdown, as they stand in ``docs/augmentation.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from scipy.stats import friedmanchisquare, rankdata, studentized_range, wilcoxon
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import zalgebra as za
from _timing import machine, table
from zalgebra.estimators.samplers import LatentResampler

DATA = Path(os.environ.get("ZALGEBRA_DATA", "data"))
SEED = 0
SCORES = ("balanced accuracy", "AUC-PR", "G-mean")
Data = tuple[np.ndarray, np.ndarray, np.ndarray]  # X, y, which columns are nominal


# Tables.


def keel(count: int) -> dict[str, Data]:
    """The first tables by name, all 50 by default."""
    names = sorted(json.loads((DATA / "imbalanced_keel" / "meta.json").read_text()))[:count]
    with np.load(DATA / "imbalanced_keel" / "keel_imbalanced.npz") as file:
        parts = ("X", "y", "nominal")
        found = {name: tuple(file[f"{name}.{part}"] for part in parts) for name in names}
    return {n: (X.astype(float), y.astype(int), nominal) for n, (X, y, nominal) in found.items()}


def smote(nominal: np.ndarray, rare: int) -> Any:
    """imbalanced-learn's own for these columns; it has none for categories alone."""
    k = min(5, rare - 1)
    if nominal.all():
        return RandomOverSampler(random_state=SEED)
    if nominal.any():
        return SMOTENC(np.flatnonzero(nominal).tolist(), k_neighbors=k, random_state=SEED)
    return SMOTE(k_neighbors=k, random_state=SEED)


def ways(nominal: np.ndarray, rare: int) -> dict[str, Any]:
    """Every way to resample a table."""
    columns = np.flatnonzero(nominal).tolist() if nominal.any() else "auto"

    def ours(method: str, model: Any = None, **how: Any) -> LatentResampler:
        fixed: dict[str, Any] = {"categorical_features": columns, "random_state": SEED}
        return LatentResampler(model, method=method, **fixed, **how)

    def pca() -> Any:
        return make_pipeline(StandardScaler(), PCA(0.95))

    return {
        "none": None,
        "random oversampling": RandomOverSampler(random_state=SEED),
        "SMOTE (imbalanced-learn)": smote(nominal, rare),
        "interpolate": ours("interpolate"),
        "extrapolate": ours("extrapolate"),
        "lol": ours("lol"),
        "correlated": ours("correlated"),
        "correlated, prior of all": ours("correlated", prior="model"),
        "gaussian": ours("gaussian"),
        "mixup": ours("mixup"),
        "interpolate in PCA": ours("interpolate", pca()),
        "extrapolate in PCA": ours("extrapolate", pca()),
        "correlated in PCA": ours("correlated", pca()),
    }


def indicators(X: np.ndarray, nominal: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Numbers, and an indicator of each category that ``like`` holds."""
    flags = [X[:, [j]] == np.unique(like[:, j]) for j in np.flatnonzero(nominal)]
    return np.concatenate([X[:, ~nominal], *flags], axis=1).astype(float)


def classifiers() -> dict[str, Any]:
    boosting = HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=8, early_stopping=False, random_state=SEED
    )
    return {
        "logistic regression": LogisticRegression(max_iter=300),
        "gradient boosting": boosting,
    }


def scores(y: np.ndarray, p: np.ndarray) -> tuple[float, float, float]:
    """Balanced accuracy, area under precision and recall, geometric mean of the recalls."""
    recall, rejection = np.mean(p[y == 1] > 0.5), np.mean(p[y == 0] <= 0.5)
    return (recall + rejection) / 2, average_precision_score(y, p), (recall * rejection) ** 0.5


def folds(X: np.ndarray, y: np.ndarray, nominal: np.ndarray) -> Iterator[tuple[str, str, tuple]]:
    """Classifier, way and scores of each fold."""
    split = StratifiedKFold(5, shuffle=True, random_state=SEED)
    for train, test in split.split(X, y):
        scaler = StandardScaler().fit(indicators(X[train], nominal, X))
        held = scaler.transform(indicators(X[test], nominal, X))
        for way, sampler in ways(nominal, int(y[train].sum())).items():
            A, b = (
                (X[train], y[train])
                if sampler is None
                else sampler.fit_resample(X[train], y[train])
            )
            rows = scaler.transform(indicators(A, nominal, X))
            for name, classifier in classifiers().items():
                p = classifier.fit(rows, b).predict_proba(held)[:, 1]
                yield name, way, scores(y[test], p)


def tables(count: int) -> None:
    start = time.process_time()
    found: dict[tuple[str, str], list[list[tuple]]] = {}
    for i, data in enumerate(keel(count).values()):
        for name, way, score in folds(*data):
            found.setdefault((name, way), []).append([i, *score])
    names = list(ways(np.zeros(1, bool), 9))
    seconds = time.process_time() - start
    print(f"\n## {count} tables, 5 folds, seed {SEED}, {seconds:.0f} s of processor time")
    for name in classifiers():
        # (tables, ways, scores): means over the folds
        whole = np.array([found[name, way] for way in names])
        mean = whole.reshape(len(names), count, 5, -1)[..., 1:].mean(axis=2).transpose(1, 0, 2)
        for s, score in enumerate(SCORES):
            print(f"\n### {name}, {score}\n")
            print(ranked(mean[:, :, s], names))


def ranked(values: np.ndarray, names: list[str]) -> str:
    """Mean, mean rank with a bootstrap interval over tables, and wins against SMOTE."""
    n, k = values.shape
    ranks = rankdata(-values, axis=1)
    rng = np.random.default_rng(SEED)
    again = ranks[rng.integers(0, n, (2000, n))].mean(axis=1)
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    rival = values[:, names.index("SMOTE (imbalanced-learn)")]
    rows = []
    for j in np.argsort(ranks.mean(axis=0)):
        d = values[:, j] - rival
        p = f"{wilcoxon(d).pvalue:.3f}" if np.any(d) else ""
        versus = f"{np.sum(d > 1e-9)} : {np.sum(d < -1e-9)}" if p else ""
        rank = f"{ranks[:, j].mean():.2f} [{low[j]:.2f}, {high[j]:.2f}]"
        rows.append([names[j], f"{values[:, j].mean():.3f}", rank, versus, p])
    test = friedmanchisquare(*values.T)
    apart = studentized_range.ppf(0.95, k, np.inf) / 2**0.5 * (k * (k + 1) / (6 * n)) ** 0.5
    head = ["way", "mean", "mean rank [95 %]", "wins : losses against SMOTE", "p"]
    return table(head, rows) + (
        f"\n\nn = {n}; Friedman p = {test.pvalue:.1g}; mean ranks differ by Nemenyi's test if they "
        f"are {apart:.2f} apart or more."
    )


# Pictures.

RARE = (3, 7)  # dresses and sneakers
COMMON = 300  # pictures of each other class


def picture_ways(vae: Any, pca: Any, k: int) -> dict[str, Any]:
    """Every way to resample pictures; PCA has seen what the VAE has."""

    def ours(method: str, model: Any = vae) -> LatentResampler:
        return LatentResampler(model, method=method, random_state=SEED)

    return {
        "none": None,
        "random oversampling": RandomOverSampler(random_state=SEED),
        "SMOTE on pixels": SMOTE(k_neighbors=min(5, k - 1), random_state=SEED),
        "mixup on pixels": ours("mixup", None),
        **{f"{method} in PCA": ours(method, pca) for method in ("interpolate", "gaussian")},
        **{f"{method} in the VAE": ours(method) for method in ("interpolate", "extrapolate")},
        **{f"{method} in the VAE": ours(method) for method in ("lol", "correlated", "gaussian")},
        "mixup in the VAE": ours("mixup"),
    }


def drawn(y: np.ndarray, few: int, seed: int) -> np.ndarray:
    """Rows of a training set: few of the rare classes, `COMMON` of the others."""
    rng = np.random.default_rng(seed)
    sizes = {c: few if c in RARE else COMMON for c in range(10)}
    return np.concatenate([rng.choice(np.flatnonzero(y == c), n, False) for c, n in sizes.items()])


def judged(X: np.ndarray, y: np.ndarray, test: tuple[np.ndarray, np.ndarray]) -> tuple:
    """Recall of the rare classes and balanced accuracy of all, of one classifier on pixels."""
    judge = make_pipeline(PCA(64, random_state=SEED), LogisticRegression(C=0.1, max_iter=100))
    right = (
        judge.fit(X.reshape(len(X), -1), y).predict(test[0].reshape(len(test[0]), -1)) == test[1]
    )
    recall = np.array([right[test[1] == c].mean() for c in range(10)])
    return recall[list(RARE)].mean(), recall.mean()


def pictures(seeds: int) -> None:
    start = time.process_time()
    train, test = za.datasets.fashion_mnist("train"), za.datasets.fashion_mnist("test")
    X, y = train.images, train.labels["class"]
    held = test.images[:5000], test.labels["class"][:5000]
    others = np.flatnonzero(~np.isin(y, RARE))[:6000]
    vae = za.models.VAE(32, max_epochs=8, batch_size=128, patience=None, verbose=False).fit(
        X[others]
    )
    pca = za.models.PCA(32, random_state=0).fit(X[others])
    print(
        f"\n## Rare garments: dresses and sneakers; {COMMON} pictures of each other class, "
        f"{len(held[0])} test pictures, seeds 0 to {seeds - 1}\n\n"
        f"VAE and PCA of 32 entries fitted on {len(others)} pictures of the other classes: "
        f"{time.process_time() - start:.0f} s"
    )
    for few in (3, 10, 30):
        found: dict[str, list[tuple]] = {}
        for seed in range(seeds):
            rows = drawn(y, few, seed)
            for way, sampler in picture_ways(vae, pca, few).items():
                found.setdefault(way, []).append(
                    judged(*resampled(sampler, X[rows], y[rows]), held)
                )
        print(f"\n### {few} pictures of each rare class\n\n{paired(found)}", flush=True)
    print(f"\n{time.process_time() - start:.0f} s of processor time")


def resampled(sampler: Any, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if sampler is None or isinstance(sampler, LatentResampler):
        return (X, y) if sampler is None else sampler.fit_resample(X, y)
    A, b = sampler.fit_resample(X.reshape(len(X), -1), y)
    return A.reshape(len(A), *X.shape[1:]), b


def paired(found: dict[str, list[tuple]]) -> str:
    """Means over seeds, and the paired difference to SMOTE with its interval."""
    rival, rows = np.array(found["SMOTE on pixels"])[:, 0], []
    rng = np.random.default_rng(SEED)
    for way, scored in found.items():
        rare, whole = np.array(scored).T
        d = rare - rival
        again = d[rng.integers(0, len(d), (2000, len(d)))].mean(axis=1)
        low, high = 100 * np.quantile(again, [0.025, 0.975])
        gap = f"{100 * d.mean():+.1f} [{low:+.1f}, {high:+.1f}]" if np.any(d) else ""
        rows.append([way, f"{100 * rare.mean():.1f}", gap, f"{100 * whole.mean():.1f}"])
    return table(["way", "rare classes right, %", "against SMOTE [95 %]", "all classes, %"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10, help="of the pictures")
    parser.add_argument("--only", choices=("tables", "pictures"), default=None)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*failed to converge.*")
    print(machine(), flush=True)
    if options.only != "pictures":
        tables(options.tables)
    if options.only != "tables":
        pictures(options.seeds)


if __name__ == "__main__":
    main()
