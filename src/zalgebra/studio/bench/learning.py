"""The directions that are compared: one attribute, learned by each method from the same items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zalgebra.estimators.directions_methods import chosen, learned
from zalgebra.estimators.directions_samples import Sample
from zalgebra.types import BadInput

__all__ = [
    "METHODS",
    "PAIRED",
    "TITLES",
    "angle",
    "best",
    "check_methods",
    "conditional",
    "direction",
    "paired",
    "usual",
]

PAIRED = "paired"
_LEARNED = {  # name to its estimator, and whether the other columns are held still
    "difference": ("difference", False),
    "conditional": ("difference", True),
    "svm": ("svm", False),
    "svm-conditional": ("svm", True),
    "logistic": ("logistic", False),
    "logistic-conditional": ("logistic", True),
    "lda": ("lda", False),
    "lda-conditional": ("lda", True),
}
METHODS = (*_LEARNED, PAIRED)
TITLES = {
    "difference": "difference",
    "conditional": "difference, given the others",
    "svm": "SVM",
    "svm-conditional": "SVM, given the others",
    "logistic": "logistic",
    "logistic-conditional": "logistic, given the others",
    "lda": "LDA",
    "lda-conditional": "LDA, given the others",
    PAIRED: "pairs",
}


def usual(others: int, pairs: bool, /) -> tuple[str, ...]:
    """The methods that are compared by default, where there are so many other columns."""
    ways = ("difference", "conditional", "svm", "svm-conditional")
    return tuple(m for m in ways if others or not conditional(m)) + ((PAIRED,) if pairs else ())


def conditional(method: str, /) -> bool:
    """Whether a method holds the other columns still."""
    return method in _LEARNED and _LEARNED[method][1]


def direction(
    method: str, Z: np.ndarray, y: np.ndarray, others: Mapping[str, np.ndarray], /
) -> np.ndarray:
    """δ of one latent's shape, of latents ``(n, *shape)`` on two sides ``y`` of 0 and 1.

    Classifiers are taken with the Euclidean metric: their own normals, and with the others held
    still InterFaceGAN's conditional boundary.
    """
    name, given = _LEARNED[method]
    if given and not others:
        raise BadInput(f"{method!r} needs other columns to hold still; leave it out by --methods")
    sample = Sample.of_labels(Z, y, others if given else {})
    fit = learned(sample, chosen(sample, name, "euclidean"), "euclidean")
    return fit(np.arange(len(Z))).reshape(Z.shape[1:])


def paired(before: np.ndarray, after: np.ndarray, /) -> np.ndarray:
    """δ of the same items before and after, latents ``(n, *shape)``."""
    return (after - before).mean(axis=0)


def best(Z: np.ndarray, values: np.ndarray, others: Mapping[str, np.ndarray], /) -> np.ndarray:
    """δ of least squares on the factor itself, with all others, of items with independent ones."""
    sample = Sample.of_labels(Z, values, others)
    return learned(sample, "regression", "data")(np.arange(len(Z))).reshape(Z.shape[1:])


def angle(a: np.ndarray, b: np.ndarray, /) -> float:
    """Degrees between two directions."""
    cosine = a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def check_methods(methods: Sequence[str], /) -> None:
    """Refuse what is no method."""
    if unknown := [m for m in methods if m not in METHODS]:
        raise BadInput(f"`methods` must be among {', '.join(METHODS)}, got {unknown[0]!r}")
    if not methods:
        raise BadInput(f"`methods` must name at least one of {', '.join(METHODS)}")
