"""What word vectors are asked: analogies, similarity, relations, and what is left without one."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from zalgebra.models.analogies import analogies
from zalgebra.models.analogy_questions import Questions
from zalgebra.models.analogy_report import AnalogyReport, AnalogyScore
from zalgebra.models.projection import project_off
from zalgebra.models.relations import Relation, as_pairs, wilson
from zalgebra.models.retrieval import Nearest
from zalgebra.models.similar import Similar
from zalgebra.models.word_pairs import JudgedPairs, PairReport, word_pairs
from zalgebra.types import BadInput

__all__ = ["WordQuestions"]


class WordQuestions(Similar):
    """Evaluations of word vectors, relations of many pairs, and projection off directions."""

    def evaluate_analogies(self, questions: Questions, /, **options: Any) -> AnalogyReport:
        """How many questions "a is to b as c is to d" are answered by d; see `analogies`.

        Parameters
        ----------
        questions
            A file as Google's ``questions-words.txt``, a mapping from section to questions, or
            questions of four words.
        **options
            ``exclude_question_words=True`` says which of both figures leads,
            ``restrict_vocab=30_000`` asks and answers with the first words only, ``method`` is
            ``"3cosadd"``, ``"3cosmul"`` or ``"pairdirection"``, ``shuffles=0`` asks again so often
            with other pairs' partners, ``bootstrap=1000`` resamples the pairs.
        """
        self._check_fitted()
        return analogies(self._items, self._unit, questions, **options)

    def evaluate_word_pairs(self, pairs: JudgedPairs, /, **options: Any) -> PairReport:
        """How far cosines follow people's judgements of similarity; see `word_pairs`.

        Parameters
        ----------
        pairs
            A file as WordSim-353's or SimLex-999's, or triples ``(a, b, score)``.
        **options
            ``restrict_vocab=300_000``, ``unknown="drop"`` or ``"zero"``, ``bootstrap=1000``.
        """
        self._check_fitted()
        return word_pairs(self._items, self._unit, pairs, **options)

    def relation(self, pairs: Iterable[tuple[str, str]], /) -> Relation:
        """The relation of pairs ``(a, b)``: their mean step, and how far they agree on it."""
        named = as_pairs(pairs)
        sides = zip(*named, strict=True)
        starts, ends = (np.array([self._pointer(word) for word in side]) for side in sides)
        return Relation(named, starts, ends - starts)

    def follow(self, relation: Relation, word: str, /, topn: int = 10, **options: Any) -> Nearest:
        r"""What a relation leads to from a word, best first: nearest to $\hat c + r$ (3CosAvg).

        ``options`` as in `most_similar`.
        """
        return self.most_similar([word, relation.vector], (), topn, **options)

    def evaluate_relation(self, relation: Relation, /, *, drop: bool = True) -> AnalogyScore:
        """How many pairs (a, b) the mean step of all *other* pairs leads from a to b.

        Parameters
        ----------
        relation
            Of 2 pairs or more.
        drop
            Whether a itself cannot be the answer.
        """
        means = relation.starts + relation.others()
        asked = [  # a weight of 0 adds nothing, and rules the word out as an answer
            {"positive": [(a, 0.0), z] if drop else [z]}
            for (a, _), z in zip(relation.pairs, means, strict=True)
        ]
        found = self.most_similar_many(asked, 1)
        right = sum(best[0][0] == b for best, (_, b) in zip(found, relation.pairs, strict=True))
        n = len(found)
        return AnalogyScore(str(relation), right, n, n, wilson(right, n))

    def without(self, *directions: Any) -> Self:
        r"""The same words without their part along directions, $(I - U U^\top) v$ (debiasing).

        All arithmetic works on the result; its prior is fitted anew. The words stay near to those
        that shared the part taken out, so that more of a bias is left than the cosines show.

        Parameters
        ----------
        *directions
            Vectors ``(d,)``, `Relation` or `zalgebra.Direction`; or pairs of words, as tuples,
            whose step counts.

        References
        ----------
        As of `project_off`.
        """
        self._check_fitted()
        if not directions:
            raise BadInput("`without` needs at least one direction, got none")
        D = np.stack([self._way(direction) for direction in directions])
        left = copy.copy(self)
        left._settle(list(self._items), project_off(self.vectors, D))
        return left

    def _way(self, direction: Any) -> np.ndarray:
        if isinstance(direction, tuple) and all(isinstance(word, str) for word in direction):
            return self.relation([direction]).vector
        return self._pointer(getattr(direction, "vector", direction))
