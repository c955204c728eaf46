"""Similarity of word pairs as people judge it, against the cosines: WordSim-353, SimLex-999."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from zalgebra.models.vector_files import opened
from zalgebra.types import BadInput

__all__ = ["JudgedPairs", "PairReport", "word_pairs"]

Judged = tuple[str, str, float]
JudgedPairs = str | Path | Iterable[Judged]


@dataclass(frozen=True)
class PairReport:
    """How far cosines of word pairs follow people's judgements, with 95 % intervals.

    Parameters
    ----------
    spearman, pearson
        Correlations of ranks and of values.
    spearman_interval, pearson_interval
        By resampling the pairs.
    n, asked
        Pairs that were compared, and asked.
    unknown
        Pairs with a word that the vocabulary lacks.
    """

    spearman: float
    pearson: float
    spearman_interval: tuple[float, float]
    pearson_interval: tuple[float, float]
    n: int
    asked: int
    unknown: int

    def __str__(self) -> str:
        low, high = self.spearman_interval
        return (
            f"Spearman {self.spearman:.3f} [{low:.3f}, {high:.3f}], Pearson {self.pearson:.3f} "
            f"(n = {self.n} of {self.asked})"
        )


def word_pairs(
    words: Sequence[str],
    U: np.ndarray,
    pairs: JudgedPairs,
    /,
    *,
    restrict_vocab: int = 300_000,
    unknown: Literal["drop", "zero"] = "drop",
    bootstrap: int = 1000,
    random_state: int = 0,
) -> PairReport:
    """Correlations of cosines with judgements of similarity: gensim's ``evaluate_word_pairs``.

    Letters' case does not matter; of words that differ by it alone the first, most frequent counts.

    Parameters
    ----------
    words, U
        The words by falling frequency, and their unit vectors ``(n, d)``.
    pairs
        A file with two words and a number a line, parted by tabs or blanks, gzipped or not; lines
        that begin with ``#`` and a first line of headings are passed over; or triples.
    restrict_vocab
        Know the first, most frequent words only.
    unknown
        Pairs with an unknown word are left out (``"drop"``), or their cosine is taken as 0
        (``"zero"``, gensim's ``dummy4unknown``).
    bootstrap, random_state
        Resamplings for the intervals, and their seed.

    Raises
    ------
    BadInput
        If a line cannot be read, or fewer than 3 pairs can be compared.
    """
    if unknown not in ("drop", "zero"):
        raise BadInput(f"`unknown` must be 'drop' or 'zero', got {unknown!r}")
    if restrict_vocab < 1 or bootstrap < 1:
        raise BadInput("`restrict_vocab` and `bootstrap` must be at least 1")
    folded: dict[str, int] = {}
    for i, word in enumerate(words[:restrict_vocab]):
        folded.setdefault(word.upper(), i)
    judged = _judged(pairs)
    rows = np.array([[folded.get(w.upper(), -1) for w in (a, b)] for a, b, _ in judged], int)
    known = np.all(rows.reshape(-1, 2) >= 0, axis=-1)
    kept = known if unknown == "drop" else np.ones_like(known)
    if kept.sum() < 3:
        raise BadInput(f"{kept.sum()} of {len(judged)} pairs are known, and 3 are needed")
    a, b = rows[kept].T
    cosines = np.where(known[kept], np.sum(U[a] * U[b], axis=1), 0).astype(float)
    scores = np.array([score for *_, score in judged])[kept]
    draws = np.random.default_rng(random_state).integers(0, len(a), (bootstrap, len(a)))
    found = _correlations(cosines[draws], scores[draws])
    (low, low_), (high, high_) = np.nanquantile(found, [0.025, 0.975], axis=1).tolist()
    spearman, pearson = (float(r[0]) for r in _correlations(cosines[None], scores[None]))
    return PairReport(
        spearman, pearson, (low, high), (low_, high_),
        n=int(kept.sum()), asked=len(judged), unknown=int((~known).sum()),
    )  # fmt: skip


def _correlations(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spearman's and Pearson's of each row ``(r, n)``; NaN where one side is constant."""
    from scipy.stats import rankdata

    return _pearson(rankdata(x, axis=1), rankdata(y, axis=1)), _pearson(x, y)


def _pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = (z - z.mean(axis=1, keepdims=True) for z in (x, y))
    with np.errstate(invalid="ignore"):
        return np.sum(x * y, axis=1) / np.sqrt(np.sum(x**2, axis=1) * np.sum(y**2, axis=1))


def _judged(source: JudgedPairs) -> list[Judged]:
    if not isinstance(source, str | Path):
        return [_triple(triple, f"triple {i}") for i, triple in enumerate(source)]
    with opened(Path(source)) as file:
        lines = [line.decode(errors="replace").strip() for line in file]
    found = []
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        triple = line.split("\t") if "\t" in line else line.split()
        try:
            found.append(_triple(triple, f"line {number} of {source}"))
        except BadInput:
            if number > 1:  # the first may hold headings
                raise
    return found


def _triple(triple: Any, place: str) -> Judged:
    try:
        a, b, score = triple
        judged = str(a), str(b), float(score)
    except (TypeError, ValueError):
        raise BadInput(f"a pair has two words and a number, but {place} has {triple!r}") from None
    if not np.isfinite(judged[2]):
        raise BadInput(f"a judgement must be finite, but {place} has {triple!r}")
    return judged
