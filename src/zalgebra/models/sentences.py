"""Sentence vectors: texts to vectors, and back by the nearest text of a corpus."""

from __future__ import annotations

import copy
import importlib
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array

from zalgebra.models.base import as_numbers
from zalgebra.models.common_part import without_common
from zalgebra.models.retrieval import Texts
from zalgebra.models.similar import Similar
from zalgebra.models.words import WordVectors
from zalgebra.types import BadInput, MissingExtra

__all__ = ["SentenceVectors"]

WORD = re.compile(r"\w+(?:['’-]\w+)*")


class SentenceVectors(Similar):
    r"""Vectors of texts; a vector is decoded by the nearest text of the corpus given to `fit`.

    Of a `WordVectors`, the vector of a text s is the average of its known words' vectors, the
    frequent ones weighted down, without its share along the first principal directions $U$ of
    the corpus (smooth inverse frequency):

    $$v_s = (I - U U^\top) \, \frac{1}{|s|} \sum_{w \in s} \frac{a}{a + p(w)} \, v_w.$$

    p(w) is the share of the word among the counts of the word vectors; where the file had no
    counts, it is Zipf's, 1 / rank over its sum.

    Parameters
    ----------
    encoder
        A fitted `WordVectors`; or any function from a list of n texts to an array ``(n, d)``; or
        the name of a model of sentence-transformers, if that is installed.
    smoothing
        a, for a `WordVectors`; the published range is 1e-4 to 1e-3.
    components
        How many principal directions of the corpus are removed, for a `WordVectors`.

    Attributes
    ----------
    texts
        The corpus.
    vectors
        Its vectors ``(n, d)``, float32.

    References
    ----------
    Arora, Liang and Ma, *A simple but tough-to-beat baseline for sentence embeddings* (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.models.sentences import SentenceVectors
    >>> from zalgebra.models.words import WordVectors
    >>> words = ["cat", "dog", "purrs", "barks"]
    >>> wv = WordVectors.from_arrays(words, [[1, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0.0]])
    >>> sv = SentenceVectors(wv).fit(["The cat purrs.", "A dog barks!", "a cat, a dog"])
    >>> sv.inverse_transform(sv.transform(["purrs"])).tolist()
    ['The cat purrs.']
    """

    kind = "sentence vector"
    _averaged: WordVectors | None
    _directions: np.ndarray

    def __init__(
        self,
        encoder: WordVectors | Callable[[list[str]], Any] | str,
        *,
        smoothing: float = 1e-3,
        components: int = 1,
    ) -> None:
        self.encoder, self.smoothing, self.components = encoder, smoothing, components

    def fit(self, X: Texts, y: object = None) -> Self:
        """Encode the corpus that vectors are decoded to.

        Parameters
        ----------
        X
            At least 2 texts; with word vectors, more than ``components`` + 1.
        y
            Ignored; for scikit-learn's pipelines.
        """
        self._check_averaging()
        texts = _texts(X)
        if len(texts) < 2:
            raise BadInput(f"`fit` needs at least 2 texts, got {len(texts)}")
        self.fitted_ = False
        vectors = self._encoded(texts)
        self._averaged = self.encoder if isinstance(self.encoder, WordVectors) else None
        self._directions = np.zeros((vectors.shape[1], 0), np.float32)
        if self._averaged is not None:
            if self.components > min(len(texts) - 2, vectors.shape[1] - 1):
                raise BadInput(
                    f"{len(texts)} texts with {vectors.shape[1]} entries have nothing left without "
                    f"{self.components} `components`; give more texts, or components=0"
                )
            vectors, _, self._directions = without_common(
                vectors, centre=False, components=self.components
            )
        self._settle(texts, vectors)
        return self

    def transform(self, X: Texts, /) -> np.ndarray:
        """Vectors ``(n, d)`` of texts, float32; they need not be of the corpus.

        Raises
        ------
        BadInput
            If a text holds no known word.
        """
        self._check_fitted()
        return self._without_common(self._encoded(_texts(X)))

    @property
    def texts(self) -> list[str]:
        """The corpus."""
        self._check_fitted()
        return self._items

    def __getitem__(self, text: str, /) -> np.ndarray:
        """The vector of any text, so that expressions may quote it."""
        return self.transform([text])[0]

    def __iter__(self) -> Any:
        return iter(self.texts)

    # What the verbs are made of.

    def _encoded(self, texts: list[str]) -> np.ndarray:
        if isinstance(self.encoder, WordVectors):
            return self._averages(self.encoder, texts)
        encode = _transformer(self.encoder) if isinstance(self.encoder, str) else self.encoder
        vectors = as_numbers(encode(texts), "the encoder's vectors")
        width = self.vectors.shape[1] if self.fitted_ else None
        if vectors.ndim != 2 or len(vectors) != len(texts) or width not in (None, vectors.shape[1]):
            expected = f"({len(texts)}, {width or 'd'})"
            raise BadInput(f"the encoder must give shape {expected}, got {vectors.shape}")
        return vectors

    def _averages(self, words: WordVectors, texts: list[str]) -> np.ndarray:
        """Weighted averages of the known words, as one sparse product."""
        rows = [_known(text, words.index) for text in texts]
        lengths = np.array([len(r) for r in rows], dtype=np.int64)
        if not lengths.all():
            empty = np.flatnonzero(lengths == 0).tolist()
            listed = ", ".join(map(str, empty[:8])) + " …" * (len(empty) > 8)
            raise BadInput(f"texts hold no known word at rows {listed}; leave them out")
        weights = self.smoothing / (self.smoothing + _frequencies(words))
        columns = np.array([i for r in rows for i in r], dtype=np.int64)
        entries = weights[columns] / np.repeat(lengths, lengths)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        product = csr_array((entries, columns, starts), shape=(len(texts), len(words)))
        return (product @ words.vectors).astype(np.float32)

    def _without_common(self, vectors: np.ndarray) -> np.ndarray:
        U = self._directions
        return vectors - (vectors @ U) @ U.T

    def _check_averaging(self) -> None:
        if not (isinstance(self.encoder, str | WordVectors) or callable(self.encoder)):
            kind = type(self.encoder).__name__
            raise BadInput(f"`encoder` must be word vectors, a function or a name, got {kind}")
        if not 0 < self.smoothing < np.inf:
            raise BadInput(f"`smoothing` must be a positive number, got {self.smoothing}")
        if not isinstance(self.components, int | np.integer) or self.components < 0:
            raise BadInput(f"`components` must be a whole number from 0, got {self.components}")

    # On disk.

    def save(self, folder: str | Path, /) -> Path:
        """Write the corpus, its vectors and the word vectors; a function cannot be written.

        Raises
        ------
        BadInput
            If the encoder is not a `WordVectors`.
        """
        self._check_fitted()
        if self._averaged is None:
            raise BadInput(
                "only sentence vectors of a WordVectors can be saved, since a function is code; "
                "save `texts` and `vectors`, and fit again with the encoder"
            )
        plain = copy.copy(self)  # whose settings are plain JSON values
        plain.encoder = ""
        return super(SentenceVectors, plain).save(folder)

    def _tensors(self) -> dict[str, np.ndarray]:
        words = {} if self._averaged is None else self._averaged._tensors()
        parts = {f"words.{name}": value for name, value in words.items()}
        return super()._tensors() | parts | {"directions": self._directions}

    def _facts(self) -> dict[str, Any]:
        words = self._averaged
        known = {} if words is None else {"params": words.get_params(), "facts": words._facts()}
        return super()._facts() | {"words": known}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        words = WordVectors(**facts["words"]["params"])
        parts = {k.removeprefix("words."): v for k, v in tensors.items() if k.startswith("words.")}
        words._restore(parts, facts["words"]["facts"])
        self.encoder = self._averaged = words
        self._directions = tensors["directions"]
        super()._restore(tensors, facts)


def _texts(X: Texts) -> list[str]:
    if isinstance(X, str) or not isinstance(X, Iterable):
        raise BadInput(f"texts come as a list, got {type(X).__name__}; put one in brackets")
    texts = list(X)
    odd = next((t for t in texts if not isinstance(t, str)), None)
    if odd is not None:
        raise BadInput(f"texts must be strings, got {type(odd).__name__}")
    return [str(text) for text in texts]


def _known(text: str, index: dict[str, int]) -> list[int]:
    """Rows of the words that are known as written, or in lower case."""
    found = (index.get(w, index.get(w.lower())) for w in WORD.findall(text))
    return [row for row in found if row is not None]


def _frequencies(words: WordVectors) -> np.ndarray:
    counts = 1 / np.arange(1, len(words) + 1) if words.counts is None else words.counts
    return counts / max(counts.sum(), 1e-300)


@cache
def _transformer(name: str) -> Callable[[list[str]], Any]:
    try:
        library = importlib.import_module("sentence_transformers")
    except ModuleNotFoundError as error:
        raise MissingExtra("sentence_transformers", "sentences") from error
    return library.SentenceTransformer(name).encode
