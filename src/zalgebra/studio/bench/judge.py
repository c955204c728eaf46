"""The judge of a comparison: which class a picture is read as, and the features of distances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures import Score, class_accuracy
from zalgebra.measures.features import Features, rows
from zalgebra.studio.bench.ground import Data
from zalgebra.types import BadInput

__all__ = ["FEATURES", "Judge", "judge_of", "named_classes"]

FEATURES = 32  # principal axes that a Fréchet distance is measured on


@dataclass(frozen=True)
class Judge:
    """A classifier, the features that it reads from, and how often it is right.

    Parameters
    ----------
    reader
        A fitted `zalgebra.models.Reader`, or what has its ``predict``.
    label
        The column of classes that it reads.
    extract
        Pictures to features ``(n, D)``.
    centre, axes
        ``(D,)`` and ``(D, d)``: the features are measured along d principal axes.
    kept
        Share of the features' variance along these axes.
    accuracy
        On the held-out pictures.
    """

    reader: Any
    label: str
    extract: Features
    centre: np.ndarray
    axes: np.ndarray
    kept: float
    accuracy: Score

    def classes(self, pictures: np.ndarray, /) -> np.ndarray:
        """The index of the class that each picture is read as, ``(n,)``."""
        return named_classes(self.reader, self.label, pictures)

    def features(self, pictures: np.ndarray, /) -> np.ndarray:
        """Features ``(n, d)`` of pictures ``(n, C, H, W)``."""
        return (extracted(self.extract, pictures) - self.centre) @ self.axes


def judge_of(
    reader: Any, data: Data, /, *, features: Features | None = None, most: int = FEATURES
) -> Judge:
    """The judge of data: ``reader``, with principal axes learned from the training half.

    A Fréchet distance needs several times as many items as features, and most of what a
    classifier reads from varies along few axes. There are at most ``most`` of them, and a quarter
    as many as there are held-out pictures.
    """
    extract = reader.features if features is None else features
    f = extracted(extract, data.train.images[:5000])
    d = max(1, min(most, f.shape[1], len(data.held) // 8))
    centre = f.mean(axis=0)
    w, v = np.linalg.eigh(np.cov((f - centre).T).reshape(f.shape[1], -1))
    if w[-1] <= 0:
        raise BadInput("`features` are the same for all pictures; give others")
    share = float(w[-d:].sum() / w.sum())
    accuracy = class_accuracy(named_classes(reader, data.label, data.held.images), data.held.y)
    return Judge(reader, data.label, extract, centre, v[:, : -d - 1 : -1], share, accuracy)


def named_classes(reader: Any, label: str, pictures: np.ndarray, /) -> np.ndarray:
    """The class ``(n,)`` that a classifier names for each picture.

    Its ``predict`` gives an array, as scikit-learn's, or column names to arrays, as a `Reader`'s.
    """
    said = reader.predict(pictures)
    if isinstance(said, Mapping):
        if label not in said:
            raise BadInput(f"the judge reads {', '.join(map(str, said))} and not {label!r}: name "
                           "one of these by `label`")  # fmt: skip
        said = said[label]
    found = np.asarray(said)
    if found.shape != (len(pictures),):
        raise BadInput(
            f"`judge.predict` must give one class for each picture, ({len(pictures)},), got "
            f"{found.shape}"
        )
    return (found > 0.5).astype(np.int64) if found.dtype.kind == "f" else found


def extracted(extract: Features, pictures: np.ndarray, /) -> np.ndarray:
    """Features ``(n, D)``, one row a picture."""
    f = rows(extract(pictures), "features")
    if len(f) != len(pictures):
        raise BadInput(
            f"`features` must give one row for each picture, {len(pictures)}, got {len(f)}"
        )
    return f
