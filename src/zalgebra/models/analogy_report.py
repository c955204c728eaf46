"""Scores of analogies: by section, with question words dropped and kept, interval and baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.table import Table

from zalgebra.models.relations import wilson

__all__ = ["AnalogyReport", "AnalogyScore"]


@dataclass(frozen=True)
class AnalogyScore:
    """Right answers of a section, with their interval and what shuffled partners give.

    Parameters
    ----------
    section
        Its name.
    right, n, asked
        Questions answered as meant, covered by the vocabulary, and asked.
    interval
        95 % interval of `accuracy`, by resampling the pairs that the questions are made of, and
        nowhere narrower than Wilson's.
    baseline
        Accuracy where the partners b are shuffled among the section's pairs; ``None`` without.
    """

    section: str
    right: int
    n: int
    asked: int
    interval: tuple[float, float] = (0.0, 1.0)
    baseline: float | None = None

    @property
    def accuracy(self) -> float:
        """Share of the covered questions; NaN if there is none."""
        return self.right / self.n if self.n else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the asked questions whose four words are known."""
        return self.n / self.asked if self.asked else float("nan")

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
    draws
        Accuracies of each resampling ``(2, bootstrap, sections + 1)``, dropped and kept; the last
        column is that of all questions.
    baselines
        Accuracies with shuffled partners ``(2, shuffles, sections + 1)``.
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
    draws: np.ndarray
    baselines: np.ndarray
    exclude_question_words: bool
    method: str

    def scores(self, *, drop: bool | None = None) -> dict[str, AnalogyScore]:
        """The score of each section; ``drop`` overrides ``exclude_question_words``."""
        return {name: self._score(i, drop) for i, name in enumerate(self.sections)}

    def total(self, *, drop: bool | None = None) -> AnalogyScore:
        """The score of all questions; ``drop`` overrides ``exclude_question_words``."""
        return self._score(None, drop)

    @property
    def accuracy(self) -> float:
        """Share of all covered questions that are answered right."""
        return self.total().accuracy

    def _score(self, number: int | None, drop: bool | None) -> AnalogyScore:
        drop = self.exclude_question_words if drop is None else drop
        hits = self.right_dropped if drop else self.right_kept
        column, side = -1 if number is None else number, 0 if drop else 1
        these = slice(None) if number is None else self.section == number
        draws, shuffled = self.draws[side, :, column], self.baselines[side, :, column]
        low, high = _interval(hits[these], self.questions[these], draws)
        return AnalogyScore(
            "total" if number is None else self.sections[number],
            int(hits[these].sum()),
            len(hits[these]),
            int(self.asked.sum() if number is None else self.asked[number]),
            (low, high),
            float(np.nanmean(shuffled)) if np.isfinite(shuffled).any() else None,
        )

    def __str__(self) -> str:
        dropped, kept = self.total(drop=True), self.total(drop=False)
        return f"question words dropped: {dropped}; kept: {kept.accuracy:.1%}"

    __repr__ = __str__

    def __rich__(self) -> Table:
        table = Table(title=f"analogies by {self.method}", title_justify="left")
        table.add_column("section")
        for column in ("covered", "asked", "right, question words dropped", "shuffled",
                       "right, kept", "shuffled"):  # fmt: skip
            table.add_column(column, justify="right")
        both = [[*self.scores(drop=drop).values(), self.total(drop=drop)] for drop in (True, False)]
        for d, k in zip(*both, strict=True):
            figures = [
                text
                for s in (d, k)
                for text in ("{:.1%} [{:.1%}, {:.1%}]".format(s.accuracy, *s.interval),
                             "" if s.baseline is None else f"{s.baseline:.1%}")
            ]  # fmt: skip
            table.add_row(d.section, str(d.n), str(d.asked), *figures)
        return table


def _interval(hits: np.ndarray, Q: np.ndarray, draws: np.ndarray) -> tuple[float, float]:
    """What holds 95 % of the resamplings, and Wilson's interval.

    If all answers are right, or none, resampling has nothing to vary; what speaks for the figure
    is then no more than the number of pairs.
    """
    if not len(hits):
        return 0.0, 1.0
    low, high = np.nanquantile(draws, [0.025, 0.975]) if np.isfinite(draws).any() else (1.0, 0.0)
    right, n = int(hits.sum()), len(hits)
    if right in (0, n):
        pairs = len({tuple(pair) for q in Q for pair in (q[:2], q[2:])})
        right, n = (min(k, pairs) for k in (right, n))
    least, most = wilson(right, n)
    return min(float(low), max(0.0, least)), max(float(high), min(1.0, most))
