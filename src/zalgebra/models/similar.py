"""Arithmetic with items by their unit vectors: gensim's verbs, one by one and in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from zalgebra.models.base import as_numbers
from zalgebra.models.objectives import (
    AnalogyMethod,
    Objective,
    SumMethod,
    checked_method,
    cosines,
    products,
    turns,
)
from zalgebra.models.ranking import QUERIES, largest
from zalgebra.models.retrieval import Nearest, Retrieval
from zalgebra.types import BadInput

__all__ = ["Similar"]


class Similar(Retrieval):
    """Texts with vectors that are added, subtracted and weighed: the nearest item answers."""

    def most_similar(
        self,
        positive: Any = (),
        negative: Any = (),
        topn: int = 10,
        *,
        exclude: bool = True,
        restrict_vocab: int | None = None,
        method: SumMethod = "3cosadd",
    ) -> Nearest:
        r"""The items nearest to a weighted sum of unit vectors, with their scores.

        ``"3cosadd"`` scores an item x by its cosine with the sum, $\hat x \cdot \sum_i w_i \hat
        v_i$; ``"3cosmul"`` by a product of its cosines with the terms, which no single term can
        outweigh:

        $$\frac{\prod_{w_i > 0} s_i^{w_i}}{\prod_{w_j < 0} s_j^{|w_j|} + 10^{-6}}, \qquad
        s_i = (1 + \hat x \cdot \hat v_i) / 2.$$

        Parameters
        ----------
        positive, negative
            An item, a vector ``(d,)``, a pair of one and its weight, or a list of these. Without a
            weight it is 1 in the first list and -1 in the second; a weight that is given keeps its
            own sign in either. Items count as unit vectors; vectors as given, and in
            ``"3cosmul"`` as unit vectors too.
        topn
            How many.
        exclude
            Pass over the items that were given. They are often the true answer: the vector nearest
            to king - man + woman tends to be king's own.
        restrict_vocab
            Only among the first, most frequent items.
        method
            The objective.

        References
        ----------
        Mikolov, Yih and Zweig, *Linguistic regularities in continuous space word representations*
        (2013); Levy and Goldberg, *Linguistic regularities in sparse and explicit word
        representations* (2014), equation 4.
        """
        query = {"positive": positive, "negative": negative}
        options = {"exclude": exclude, "restrict_vocab": restrict_vocab, "method": method}
        return self.most_similar_many([query], topn, **options)[0]

    def most_similar_many(
        self,
        queries: Iterable[Any],
        topn: int = 10,
        *,
        exclude: bool = True,
        restrict_vocab: int | None = None,
        method: SumMethod = "3cosadd",
    ) -> list[Nearest]:
        """`most_similar` of many queries at once: the same answers, as blocked matrix products.

        Parameters
        ----------
        queries
            Each a mapping with ``positive`` and ``negative``, or what ``positive`` may be alone.
        topn, exclude, restrict_vocab, method
            As in `most_similar`.

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> table = [[1, 1, 0], [1, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1.0]]
        >>> words = ["king", "queen", "man", "woman", "apple"]
        >>> wv = za.models.WordVectors.from_arrays(words, table)
        >>> queries = [{"positive": ["king", ("woman", 2)], "negative": ["man"]}, "apple"]
        >>> [found[0][0] for found in wv.most_similar_many(queries, 1)]
        ['queen', 'king']
        """
        checked_method(method, SumMethod)
        asked = [list(_terms(query)) for query in queries]
        if not all(asked):
            raise BadInput("`most_similar` needs at least one word or vector, got none")
        step = max(1, 2 * QUERIES // max(2, *map(len, asked), 0))  # a limit for all terms together
        groups = (asked[i : i + step] for i in range(0, len(asked), step))
        objective = self._sums if method == "3cosadd" else self._products
        return list(
            chain.from_iterable(
                self._answers(
                    objective(group),
                    [[term.key for term in terms] for terms in group] if exclude else [[]] * step,
                    len(group), topn, restrict_vocab,
                )
                for group in groups
            )
        )  # fmt: skip

    def analogy(
        self,
        a: Any,
        b: Any,
        c: Any,
        /,
        topn: int = 10,
        *,
        method: AnalogyMethod = "3cosadd",
        exclude: bool = True,
        restrict_vocab: int | None = None,
    ) -> Nearest:
        r"""What c is to as a is to b, best first, with scores.

        ``"3cosadd"`` and ``"3cosmul"`` as in `most_similar` with ``positive=[b, c]`` and
        ``negative=[a]``; ``"pairdirection"`` asks that the step from c points as that from a to b,
        however long it is: $\cos(\hat x - \hat c, \hat b - \hat a)$.

        Parameters
        ----------
        a, b, c
            Items or vectors ``(d,)``: man is to king as woman is to …
        topn, exclude, restrict_vocab
            As in `most_similar`.
        method
            The objective.
        """
        checked_method(method)
        options: dict[str, Any] = {"exclude": exclude, "restrict_vocab": restrict_vocab}
        if method != "pairdirection":
            return self.most_similar([b, c], [a], topn, method=method, **options)
        A, B, C = (_unit_rows(self._pointer(key)[None]) for key in (a, b, c))
        given = [a, b, c] if exclude else []
        return self._answers(turns(C, B - A), [given], 1, topn, restrict_vocab)[0]

    def similarity(self, a: Any, b: Any, /) -> float:
        """The cosine of two items or vectors."""
        A, B = (_unit_rows(self._pointer(key)[None])[0] for key in (a, b))
        return float(A @ B)

    # What the verbs are made of.

    def _sums(self, group: list[list[Term]]) -> Objective:
        sums = [sum(weight * self._pointer(key) for key, weight in terms) for terms in group]
        return cosines(self._latents(np.array(sums)))

    def _products(self, group: list[list[Term]]) -> Objective:
        keys, weights = zip(*chain.from_iterable(group), strict=True)
        starts = np.cumsum([0, *map(len, group[:-1])])
        terms = _unit_rows(self._latents(np.array([self._pointer(key) for key in keys])))
        return products(terms, np.array(weights), starts)

    def _answers(
        self, objective: Objective, given: list[list[Any]], n: int, topn: int, first: int | None
    ) -> list[Nearest]:
        """The best of the first items by an objective of n queries, without those given to each."""
        if topn < 1:
            raise BadInput(f"`topn` must be at least 1, got {topn}")
        U = self._unit[: None if first is None else max(1, first)]
        drop = [
            (query, row)
            for query, keys in enumerate(given)
            for key in keys
            if (row := self._given(key)) is not None
        ]
        found = largest(
            lambda rows: objective(U[rows]), n, len(U), min(topn, len(U)),
            np.array(drop, np.int64).reshape(-1, 2),
        )  # fmt: skip
        return self._pairs(*found)

    def _given(self, key: Any) -> int | None:
        """The row of an item that was given by name."""
        return self._place.get(key) if isinstance(key, str) else None

    def _pointer(self, key: Any) -> np.ndarray:
        """The unit vector of an item or text, or the vector that was given."""
        self._check_fitted()
        if isinstance(key, str):
            row = self._place.get(key)
            return _unit_rows(self.transform([key]))[0] if row is None else self._unit[row]
        vector, d = as_numbers(key, "vectors"), self.vectors.shape[1]
        if vector.shape != (d,):
            raise BadInput(f"a vector must have shape ({d},), got {vector.shape}")
        return vector


class Term(NamedTuple):
    """An item or vector with its weight."""

    key: Any
    weight: float


def _terms(query: Any) -> Iterator[Term]:
    """The weighted terms of one query."""
    if not isinstance(query, Mapping):
        query = {"positive": query}
    if odd := set(query) - {"positive", "negative"}:
        raise BadInput(f"a query has `positive` and `negative`, got {min(map(str, odd))!r}")
    yield from _weighted(query.get("positive", ()), 1.0)
    yield from _weighted(query.get("negative", ()), -1.0)


def _weighted(terms: Any, sign: float) -> Iterator[Term]:
    """Items and vectors with their weights; one alone is a list of one."""
    if isinstance(terms, str) or (isinstance(terms, np.ndarray) and terms.ndim == 1):
        terms = [terms]
    elif isinstance(terms, tuple) and len(terms) == 2 and np.isscalar(terms[1]):
        terms = [terms] if not isinstance(terms[1], str) else terms
    for term in terms:
        key, weight = term if isinstance(term, tuple) and len(term) == 2 else (term, sign)
        if not isinstance(weight, int | float | np.number) or not np.isfinite(weight):
            raise BadInput(f"a weight must be a finite number, got {weight!r} for {str(key)[:40]}")
        yield Term(key, float(weight))


def _unit_rows(Z: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(Z, axis=1, keepdims=True)
    return Z / np.where(norms > 0, norms, 1)
