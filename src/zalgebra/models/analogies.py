"""Analogies as questions to word vectors: answers with the question's words dropped, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.table import Table

from zalgebra.models.retrieval import blocks
from zalgebra.models.vector_files import opened
from zalgebra.types import BadInput

__all__ = ["AnalogyMethod", "AnalogyReport", "AnalogyScore", "Questions", "analogies"]

Question = tuple[str, str, str, str]
Questions = str | Path | Mapping[str, Iterable[Question]] | Iterable[Question]
AnalogyMethod = Literal["3cosadd", "3cosmul"]


@dataclass(frozen=True)
class AnalogyScore:
    """Right answers of a section, with Wilson's 95 % interval.

    Parameters
    ----------
    section
        Its name.
    right, n, asked
        Questions answered as meant, covered by the vocabulary, and asked.
    """

    section: str
    right: int
    n: int
    asked: int

    @property
    def accuracy(self) -> float:
        """Share of the covered questions; NaN if there is none."""
        return self.right / self.n if self.n else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the asked questions whose four words are known."""
        return self.n / self.asked if self.asked else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of `accuracy`; questions of a section are no independent draws."""
        from scipy.stats import binomtest

        if not self.n:
            return (0.0, 1.0)
        found = binomtest(self.right, self.n).proportion_ci(0.95, method="wilson")
        return (float(found.low), float(found.high))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.accuracy:.1%} [{low:.1%}, {high:.1%}] (n = {self.n} of {self.asked})"


@dataclass(frozen=True, eq=False)
class AnalogyReport:
    """Answers to analogies, with the question's own words dropped and with all words allowed.

    Parameters
    ----------
    sections, asked
        Their names, and how many questions each asks.
    section, questions
        Of each covered question: the number of its section ``(n,)``, and its words ``(n, 4)``.
    dropped, kept
        The answers ``(n,)`` without the question's words, and among all words.
    right_dropped, right_kept
        Whether they are the ones meant ``(n,)``.
    exclude_question_words, method
        What was asked for.
    """

    sections: tuple[str, ...]
    asked: np.ndarray
    section: np.ndarray
    questions: np.ndarray
    dropped: np.ndarray
    kept: np.ndarray
    right_dropped: np.ndarray
    right_kept: np.ndarray
    exclude_question_words: bool
    method: str

    def scores(self, *, drop: bool | None = None) -> dict[str, AnalogyScore]:
        """The score of each section; ``drop`` overrides ``exclude_question_words``."""
        drop = self.exclude_question_words if drop is None else drop
        hits, size = self.right_dropped if drop else self.right_kept, len(self.sections)
        right = np.bincount(self.section[hits], minlength=size).tolist()
        n = np.bincount(self.section, minlength=size).tolist()
        rows = zip(self.sections, right, n, self.asked.tolist(), strict=True)
        return {row[0]: AnalogyScore(*row) for row in rows}

    def total(self, *, drop: bool | None = None) -> AnalogyScore:
        """The score of all questions; ``drop`` overrides ``exclude_question_words``."""
        parts = self.scores(drop=drop).values()
        sums = [sum(getattr(p, name) for p in parts) for name in ("right", "n", "asked")]
        return AnalogyScore("total", *sums)

    @property
    def accuracy(self) -> float:
        """Share of all covered questions that are answered right."""
        return self.total().accuracy

    def __str__(self) -> str:
        dropped, kept = self.total(drop=True), self.total(drop=False)
        return f"question words dropped: {dropped}; kept: {kept.accuracy:.1%}"

    __repr__ = __str__

    def __rich__(self) -> Table:
        table = Table(title=f"analogies by {self.method}", title_justify="left")
        table.add_column("section")
        for column in ("covered", "asked", "right, question words dropped", "kept"):
            table.add_column(column, justify="right")
        dropped, kept = self.scores(drop=True), self.scores(drop=False)
        pairs = [(dropped[name], kept[name]) for name in self.sections]
        for d, k in [*pairs, (self.total(drop=True), self.total(drop=False))]:
            figure = "{:.1%} [{:.1%}, {:.1%}]".format(d.accuracy, *d.interval)
            table.add_row(d.section, str(d.n), str(d.asked), figure, f"{k.accuracy:.1%}")
        return table


def analogies(
    words: Sequence[str],
    U: np.ndarray,
    questions: Questions,
    /,
    *,
    exclude_question_words: bool = True,
    restrict_vocab: int = 30_000,
    method: AnalogyMethod = "3cosadd",
) -> AnalogyReport:
    r"""How many questions "a is to b as c is to d" are answered by d.

    With unit vectors, ``"3cosadd"`` answers
    $rg\max_x \, \hat x \cdot (\hat b - \hat a + \hat c)$, and ``"3cosmul"``, where
    $s(x, y) = (1 + \hat x \cdot \hat y) / 2$,

    $$rg\max_x     rac{s(x, b)\, s(x, c)}{s(x, a) + 10^{-6}}.$$

    The usual figure drops a, b and c from the answers, without saying so; the report holds
    the answers both ways, and leads with the one asked for. Letters' case does not matter. The
    figures with question words dropped are gensim's ``evaluate_word_analogies``.

    Parameters
    ----------
    words, U
        The words by falling frequency, and their unit vectors ``(n, d)``.
    questions
        A file as Google's ``questions-words.txt`` (lines ``: section``, then four words a
        line), gzipped or not; a mapping from section to questions; or questions.
    exclude_question_words
        Which figure leads.
    restrict_vocab
        Ask and answer with the first, most frequent words only.
    method
        The objective.

    References
    ----------
    Mikolov, Chen, Corrado and Dean, *Efficient estimation of word representations in vector
    space* (2013); Levy and Goldberg, *Linguistic regularities in sparse and explicit word
    representations* (2014); on the question words: Linzen, *Issues in evaluating semantic
    spaces using word analogies* (2016).
    """
    if method not in ("3cosadd", "3cosmul"):
        raise BadInput(f"`method` must be '3cosadd' or '3cosmul', got {method!r}")
    if restrict_vocab < 1:
        raise BadInput(f"`restrict_vocab` must be at least 1, got {restrict_vocab}")
    asked = _questions(questions)
    U, folded = U[:restrict_vocab], {}
    same = np.array([folded.setdefault(w.upper(), i) for i, w in enumerate(words[: len(U)])])
    rows = {
        name: [[folded.get(w.upper(), -1) for w in q] for q in qs] for name, qs in asked.items()
    }
    known = {name: [q for q in qs if min(q) >= 0] for name, qs in rows.items()}
    Q = np.array([q for qs in known.values() for q in qs], dtype=np.int64).reshape(-1, 4)
    dropped, kept = _answers(U, Q, same, method)
    table = np.array(words[: len(U)], dtype=object)
    return AnalogyReport(
        sections=tuple(asked),
        asked=np.array([len(qs) for qs in asked.values()], dtype=np.int64),
        section=np.repeat(np.arange(len(asked)), [len(qs) for qs in known.values()]),
        questions=table[Q],
        dropped=table[dropped],
        kept=table[kept],
        right_dropped=same[dropped] == Q[:, 3],
        right_kept=same[kept] == Q[:, 3],
        exclude_question_words=exclude_question_words,
        method=method,
    )


def _answers(
    U: np.ndarray, Q: np.ndarray, same: np.ndarray, method: str
) -> tuple[np.ndarray, np.ndarray]:
    """Rows that answer the questions ``(n, 4)``: without their words in any case, and among all."""
    dropped, kept = np.empty(len(Q), np.int64), np.empty(len(Q), np.int64)
    for part in blocks(len(Q), 3 * len(U)):
        a, b, c, _ = Q[part].T
        if method == "3cosadd":
            scores = (U[b] - U[a] + U[c]) @ U.T
        else:
            near_a, near_b, near_c = ((1 + U[q] @ U.T) / 2 for q in (a, b, c))
            scores = near_b * near_c / (near_a + 1e-6)
        kept[part] = scores.argmax(axis=1)
        scores[(same == Q[part, :3, None]).any(axis=1)] = -np.inf
        dropped[part] = scores.argmax(axis=1)
    return dropped, kept


def _questions(source: Any) -> dict[str, list[Question]]:
    """Questions by section."""
    if isinstance(source, Mapping):
        return {str(name): [_question(q, name) for q in qs] for name, qs in source.items()}
    if not isinstance(source, str | Path):
        return {"questions": [_question(q, "questions") for q in source]}
    found: dict[str, list[Question]] = {}
    section = "questions"
    with opened(Path(source)) as file:
        for number, line in enumerate(file, 1):
            text = line.decode(errors="replace").strip()
            if text.startswith(":"):
                section = text.lstrip(": ")
            elif text:
                place = f"line {number} of {source}"
                found.setdefault(section, []).append(_question(text.split(), place))
    return found


def _question(words: Any, place: object) -> Question:
    if isinstance(words, str) or len(words) != 4:
        raise BadInput(f"a question has four words, but {place} has {words!r}")
    a, b, c, d = map(str, words)
    return a, b, c, d
