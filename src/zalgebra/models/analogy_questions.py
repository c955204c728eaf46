"""Questions "a is to b as c is to d": read from a file or a list, and found in a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zalgebra.models.vector_files import opened
from zalgebra.types import BadInput

__all__ = ["Covered", "Questions", "covered", "read_questions"]

Question = tuple[str, str, str, str]
Questions = str | Path | Mapping[str, Iterable[Question]] | Iterable[Question]


class Covered(NamedTuple):
    """The questions whose four words are known.

    Parameters
    ----------
    sections, asked
        Their names, and how many questions each asks.
    section
        The number of each covered question's section ``(n,)``.
    rows
        The rows of its words ``(n, 4)``, of any case.
    same
        For each word of the vocabulary the first row that differs by case alone ``(m,)``.
    """

    sections: tuple[str, ...]
    asked: np.ndarray
    section: np.ndarray
    rows: np.ndarray
    same: np.ndarray


def covered(words: Sequence[str], questions: Questions, /) -> Covered:
    """The questions that a vocabulary covers, whatever the letters' case."""
    folded: dict[str, int] = {}
    same = np.array([folded.setdefault(word.upper(), i) for i, word in enumerate(words)])
    asked = read_questions(questions)
    rows = [
        (number, *(folded.get(word.upper(), -1) for word in question))
        for number, section in enumerate(asked.values())
        for question in section
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    table = table[table.min(axis=1) >= 0]
    sizes = np.array([len(section) for section in asked.values()], dtype=np.int64)
    return Covered(tuple(asked), sizes, table[:, 0], table[:, 1:], same)


def read_questions(source: Questions, /) -> dict[str, list[Question]]:
    """Questions by section.

    Parameters
    ----------
    source
        A file as Google's ``questions-words.txt`` (lines ``: section``, then four words a line),
        gzipped or not; a mapping from section to questions; or questions.
    """
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
