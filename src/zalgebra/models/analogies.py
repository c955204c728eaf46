"""Analogies as questions to word vectors: answers with the question's words dropped, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zalgebra.models.analogy_draws import resampled, shares, shuffled
from zalgebra.models.analogy_questions import Covered, Questions, covered
from zalgebra.models.analogy_report import AnalogyReport
from zalgebra.models.objectives import AnalogyMethod, checked_method, products, turns
from zalgebra.models.ranking import blocks
from zalgebra.types import BadInput

__all__ = ["analogies"]


def analogies(
    words: Sequence[str],
    U: np.ndarray,
    questions: Questions,
    /,
    *,
    exclude_question_words: bool = True,
    restrict_vocab: int = 30_000,
    method: AnalogyMethod = "3cosadd",
    shuffles: int = 0,
    bootstrap: int = 1000,
    random_state: int = 0,
) -> AnalogyReport:
    r"""How many questions "a is to b as c is to d" are answered by d.

    With unit vectors, and $s(x, y) = (1 + \hat x \cdot \hat y) / 2$, the answer is the word x with
    the largest

    | method | |
    |---|---|
    | `"3cosadd"` | $\hat x \cdot (\hat b - \hat a + \hat c)$ |
    | `"3cosmul"` | $s(x, b) \, s(x, c) / (s(x, a) + 10^{-6})$ |
    | `"pairdirection"` | $\cos(\hat x - \hat c, \; \hat b - \hat a)$ |

    The usual figure drops a, b and c from the answers, without saying so; the report holds
    the answers both ways, and leads with the one asked for. Letters' case does not matter. The
    figures with question words dropped are those of gensim's ``evaluate_word_analogies``.

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
    shuffles
        How often to ask again with every b replaced by another pair's, the same shuffle for all
        of a section's questions: what does not need the pair to be a pair. Each takes as long as
        the questions themselves.
    bootstrap
        Resamplings of the pairs for the intervals: questions share pairs, so that they are fewer
        than they look. An interval is never narrower than Wilson's, which is all that is known
        where every resampling gives one figure.
    random_state
        Seed of both.

    References
    ----------
    Mikolov, Chen, Corrado and Dean, *Efficient estimation of word representations in vector
    space* (2013); Levy and Goldberg, *Linguistic regularities in sparse and explicit word
    representations* (2014). On the question words: Linzen, *Issues in evaluating semantic spaces
    using word analogies* (2016). On shuffled pairs: Fournier, Dupoux and Dunbar, *Analogies minus
    analogy test* (2020). On resampling both pairs: Owen, *The pigeonhole bootstrap* (2007).
    """
    checked_method(method)
    for name, value, least in (("restrict_vocab", restrict_vocab, 1), ("shuffles", shuffles, 0),
                               ("bootstrap", bootstrap, 1)):  # fmt: skip
        if value < least:
            raise BadInput(f"`{name}` must be at least {least}, got {value}")
    U, words = U[:restrict_vocab], words[:restrict_vocab]
    asked = covered(words, questions)
    if not asked.asked.sum():
        source = f" in {questions}" if isinstance(questions, str | Path) else ""
        raise BadInput(
            f"there must be at least one question, got none{source}: a question is a line of four "
            "words, or four words in a list"
        )
    dropped, kept = _answers(U, asked.rows, asked.same, method)
    right = np.stack([asked.same[rows] == asked.rows[:, 3] for rows in (dropped, kept)])
    rng, table = np.random.default_rng(random_state), np.array(words, dtype=object)
    again = [_accuracies(U, asked, shuffled(asked, rng), method) for _ in range(shuffles)]
    return AnalogyReport(
        sections=asked.sections,
        asked=asked.asked,
        section=asked.section,
        questions=table[asked.rows],
        dropped=table[dropped],
        kept=table[kept],
        right_dropped=right[0],
        right_kept=right[1],
        draws=resampled(asked, right, bootstrap, rng),
        baselines=np.stack(again, axis=1) if again else np.empty((2, 0, len(asked.sections) + 1)),
        exclude_question_words=exclude_question_words,
        method=method,
    )


def _accuracies(U: np.ndarray, asked: Covered, rows: np.ndarray, method: str) -> np.ndarray:
    """Accuracies ``(2, sections + 1)`` of shuffled questions, where that makes another question."""
    b, others = rows[:, 1:2], np.column_stack([rows[:, [0, 2, 3]], asked.rows[:, 1]])
    fit = (b != others).all(axis=1)
    answers = _answers(U, rows[fit], asked.same, method)
    right = np.stack([asked.same[found] == rows[fit, 3] for found in answers])
    return shares(right, np.ones(len(right[0])), asked.section[fit], len(asked.sections))


def _answers(
    U: np.ndarray, Q: np.ndarray, same: np.ndarray, method: str
) -> tuple[np.ndarray, np.ndarray]:
    """Rows that answer the questions ``(n, 4)``: without their words in any case, and among all."""
    dropped, kept = np.empty(len(Q), np.int64), np.empty(len(Q), np.int64)
    for part in blocks(len(Q), 3 * len(U)):
        scores = _scores(U, *Q[part, :3].T, method)
        kept[part] = scores.argmax(axis=1)
        scores[(same == Q[part, :3, None]).any(axis=1)] = -np.inf
        dropped[part] = scores.argmax(axis=1)
    return dropped, kept


def _scores(U: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray, method: str) -> np.ndarray:
    if method == "3cosadd":
        return (U[b] - U[a] + U[c]) @ U.T
    if method == "pairdirection":
        return turns(U[c], U[b] - U[a])(U)
    terms = np.stack([b, c, a], axis=1).ravel()
    weights = np.tile([1.0, 1.0, -1.0], len(a))
    return products(U[terms], weights, np.arange(0, len(terms), 3))(U)
