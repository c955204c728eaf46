"""Word vectors as a model: words to vectors, and back by the nearest word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.models.base import as_numbers
from zalgebra.models.common_part import without_common
from zalgebra.models.retrieval import Texts, spelt_like
from zalgebra.models.vector_files import read_vectors, write_vectors
from zalgebra.models.word2vec import word2vec
from zalgebra.models.word_questions import WordQuestions
from zalgebra.types import BadInput

__all__ = ["WordVectors"]


class WordVectors(WordQuestions):
    r"""Word vectors: trained by word2vec, or read from a file.

    Continuous bag of words predicts a word $w$ from the mean $h$ of the vectors around it, against
    $k$ words $w_i$ drawn from the noise $p(w)^{3/4}$; skip-gram (``sg=True``) predicts with each
    neighbour's own vector as $h$:

    $$\max \; \log \sigma(v'_w \cdot h) + \sum_{i=1}^{k} \log \sigma(-v'_{w_i} \cdot h).$$

    It is a mapping from word to vector, so that expressions find their words in it.

    Parameters
    ----------
    dim
        Entries of a vector.
    window
        How far, in words, a neighbour may be.
    min_count
        Words that occur less often are left out.
    sg
        Skip-gram instead of bag of words.
    epochs
        Passes over the corpus.
    negative
        Noise words $k$ a prediction.
    subsample
        Words more frequent than this share of the corpus are thinned out.
    learning_rate
        At the start; it falls linearly to nearly zero.
    centre
        Subtract the mean vector.
    components
        Take out as many principal directions as well (Mu and Viswanath: ``dim / 100``, centred),
        which all words share and `isotropy` measures.
    workers
        Threads. One thread repeats bit for bit; several are faster and do not.
    random_state
        Seed of the first vectors and of the noise.
    verbose
        Whether to show a progress bar.

    Attributes
    ----------
    words, index
        The words by falling frequency, and the row of each.
    vectors
        Shape ``(n, d)``, float32.
    counts
        How often each word occurred ``(n,)``, or ``None`` if the file does not say.
    centre_, common_
        What was taken out: the mean ``(d,)``, zero without ``centre``, and the directions
        ``(d, components)``.

    References
    ----------
    Mikolov, Sutskever, Chen, Corrado and Dean, *Distributed representations of words and phrases
    and their compositionality* (2013); trained by gensim, of the extra ``words``. Mu and
    Viswanath, *All-but-the-top* (2018).

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> from zalgebra.models.words import WordVectors
    >>> words = ["king", "queen", "man", "woman", "apple"]
    >>> table = np.array([[1, 1, 0], [1, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1.0]])
    >>> wv = WordVectors.from_arrays(words, table)
    >>> latent = za.evaluate("king - man + woman", wv)
    >>> wv.nearest(latent.array(method="linear"), 2)
    [('queen', 1.0), ('woman', 0.7071...)]
    """

    kind = "word vector"
    counts: np.ndarray | None
    centre_: np.ndarray
    common_: np.ndarray

    def __init__(
        self,
        dim: int = 100,
        *,
        window: int = 5,
        min_count: int = 5,
        sg: bool = False,
        epochs: int = 5,
        negative: int = 5,
        subsample: float = 1e-3,
        learning_rate: float = 0.025,
        centre: bool = False,
        components: int = 0,
        workers: int = 1,
        random_state: int = 0,
        verbose: bool = True,
    ) -> None:
        self.dim, self.window, self.min_count, self.sg = dim, window, min_count, sg
        self.epochs, self.negative, self.subsample = epochs, negative, subsample
        self.learning_rate, self.workers = learning_rate, workers
        self.centre, self.components = centre, components
        self.random_state, self.verbose = random_state, verbose

    # Where vectors come from.

    def fit(self, X: Any, y: object = None) -> Self:
        """Train word2vec on a corpus.

        Parameters
        ----------
        X
            Sentences that can be read several times (lists of words, or strings, which are cut at
            blanks); or the path of a text file with a sentence a line, gzipped or not; or several
            paths, as `pathlib.Path`.
        y
            Ignored; for scikit-learn's pipelines.

        Raises
        ------
        BadInput
            If a setting is out of its range, or fewer than 2 words occur ``min_count`` times.
        MissingExtra
            If gensim is not installed.
        """
        self._check_settings()
        self.fitted_ = False  # a fit that breaks off leaves no half-learned model
        found = word2vec(
            X, dim=self.dim, window=self.window, min_count=self.min_count, sg=self.sg,
            epochs=self.epochs, negative=self.negative, subsample=self.subsample,
            learning_rate=self.learning_rate, workers=self.workers, seed=self.random_state,
            verbose=self.verbose,
        )  # fmt: skip
        return self._take(*found)

    @classmethod
    def from_arrays(
        cls,
        words: Sequence[str],
        vectors: ArrayLike,
        counts: ArrayLike | None = None,
        *,
        centre: bool = False,
        components: int = 0,
    ) -> Self:
        """A fitted model of words, their vectors ``(n, d)`` and, if known, counts ``(n,)``."""
        words, table = [str(word) for word in words], as_numbers(vectors, "vectors")
        if table.ndim != 2 or len(table) != len(words) or 0 in table.shape:
            raise BadInput(f"`vectors` must have shape ({len(words)}, d), got {table.shape}")
        if len(set(words)) < len(words):
            twice = Counter(words).most_common(1)[0][0]
            raise BadInput(f"`words` must differ, got {twice!r} twice")
        known = None if counts is None else np.asarray(counts, dtype=np.int64)
        if known is not None and (known.shape != (len(words),) or known.min() < 0):
            raise BadInput(f"`counts` must be {len(words)} numbers from 0, got {known.shape}")
        wv = cls(table.shape[1], centre=centre, components=components)
        return wv._take(words, table, known)

    @classmethod
    def load_vectors(cls, path: str | Path, /, *, limit: int | None = None, **how: Any) -> Self:
        """A fitted model of a file (see `read_vectors`); ``how`` as in `from_arrays`."""
        return cls.from_arrays(*read_vectors(path, limit=limit), **how)

    def save_vectors(self, path: str | Path, /, *, binary: bool = False) -> Path:
        """Write word2vec's text or binary format; see `write_vectors`."""
        self._check_fitted()
        return write_vectors(path, self.words, self.vectors, binary=binary)

    # A mapping from word to vector.

    @property
    def words(self) -> list[str]:
        """The words, by falling frequency."""
        self._check_fitted()
        return self._items

    @property
    def index(self) -> dict[str, int]:
        """The row of each word."""
        self._check_fitted()
        return self._place

    def __getitem__(self, word: str, /) -> np.ndarray:
        return self.vectors[self._row(word)]

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def __bool__(self) -> bool:
        return True  # an unfitted model is a model

    def transform(self, X: Texts, /) -> np.ndarray:
        """Vectors ``(n, d)`` of words, float32.

        Raises
        ------
        BadInput
            If a word is unknown; the message names those spelt like it.
        """
        if isinstance(X, str):
            raise BadInput(f"`transform` takes a list of words, got one text: [{X[:40]!r}]")
        rows = [self._row(word) for word in np.asarray(X, dtype=object).ravel().tolist()]
        return self.vectors[np.array(rows, dtype=np.int64)]

    # What the verbs are made of.

    def _take(self, words: list[str], vectors: np.ndarray, counts: np.ndarray | None) -> Self:
        left = without_common(vectors, centre=self.centre, components=self.components)
        (rest, self.centre_, self.common_), self.counts = left, counts
        self._settle(list(words), rest)
        return self

    def _row(self, word: str) -> int:
        if (row := self.index.get(word)) is None:
            raise BadInput(spelt_like(word, self.words))
        return row

    def _tensors(self) -> dict[str, np.ndarray]:
        counts = {} if self.counts is None else {"counts": self.counts}
        return super()._tensors() | counts | {"centre": self.centre_, "common": self.common_}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self.counts = tensors.get("counts")
        self.centre_, self.common_ = tensors["centre"], tensors["common"]
        super()._restore(tensors, facts)
