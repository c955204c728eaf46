"""Word vectors as a model: words to vectors, and back by the nearest word."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from rich.console import Console
from rich.progress import Progress

from zalgebra.models.analogies import AnalogyReport, Questions, analogies
from zalgebra.models.base import as_numbers
from zalgebra.models.retrieval import Nearest, Retrieval, Texts
from zalgebra.models.vector_files import opened, read_vectors, write_vectors
from zalgebra.types import BadInput, MissingExtra

__all__ = ["WordVectors"]

LONGEST_SENTENCE = 10_000  # words; gensim silently drops what comes after
SPELLINGS = 50_000  # words that are compared with a misspelt one


class WordVectors(Retrieval):
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
        Subtract the mean vector; see `anisotropy`.
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
    centre_
        The mean that was subtracted ``(d,)``; zero without ``centre``.

    References
    ----------
    Mikolov, Sutskever, Chen, Corrado and Dean, *Distributed representations of words and phrases
    and their compositionality* (2013); trained by gensim, of the extra ``words``.

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
        workers: int = 1,
        random_state: int = 0,
        verbose: bool = True,
    ) -> None:
        self.dim, self.window, self.min_count, self.sg = dim, window, min_count, sg
        self.epochs, self.negative, self.subsample = epochs, negative, subsample
        self.learning_rate, self.centre, self.workers = learning_rate, centre, workers
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
            If no word, or a single one, occurs ``min_count`` times.
        MissingExtra
            If gensim is not installed.
        """
        self._check_training()
        self.fitted_ = False  # a fit that breaks off leaves no half-learned model
        with Progress(console=Console(stderr=True), disable=not self.verbose) as bar:
            model = _word2vec()(
                vector_size=self.dim, window=self.window, min_count=self.min_count,
                sg=int(self.sg), negative=self.negative, sample=self.subsample,
                alpha=self.learning_rate, workers=self.workers, seed=self.random_state,
            )  # fmt: skip
            corpus = _Corpus(X, bar, passes=self.epochs + 1)
            model.build_vocab(corpus)
            if len(model.wv) < 2:
                raise BadInput(
                    f"{len(model.wv)} words occur at least {self.min_count} times (`min_count`) "
                    "in the corpus, and 2 are needed; give more text or a lower `min_count`"
                )
            model.train(corpus, total_examples=model.corpus_count, epochs=self.epochs)
        words = model.wv.index_to_key
        counts = np.array([model.wv.get_vecattr(word, "count") for word in words], np.int64)
        return self._take(words, model.wv.vectors, counts)

    @classmethod
    def from_arrays(
        cls,
        words: Sequence[str],
        vectors: ArrayLike,
        counts: ArrayLike | None = None,
        *,
        centre: bool = False,
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
        return cls(table.shape[1], centre=centre)._take(words, table, known)

    @classmethod
    def load_vectors(
        cls, path: str | Path, /, *, limit: int | None = None, centre: bool = False
    ) -> Self:
        """A fitted model of a file: word2vec, GloVe, fastText or ``.npz``; see `read_vectors`."""
        return cls.from_arrays(*read_vectors(path, limit=limit), centre=centre)

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

    # gensim's verbs.

    def most_similar(
        self,
        positive: Any = (),
        negative: Any = (),
        topn: int = 10,
        *,
        exclude: bool = True,
        restrict_vocab: int | None = None,
    ) -> Nearest:
        """The words nearest to a sum of unit vectors, with their cosines.

        Parameters
        ----------
        positive, negative
            A word, a vector ``(d,)``, or a list of these; or of pairs with a weight, which is
            taken with its own sign in either list. Words count as unit vectors, vectors as given.
        topn
            How many.
        exclude
            Pass over the words that were given. They are often the true answer: the vector nearest
            to king - man + woman tends to be king's own.
        restrict_vocab
            Only among the first, most frequent words.
        """
        terms = [*_weighted(positive, 1.0), *_weighted(negative, -1.0)]
        if not terms:
            raise BadInput("`most_similar` needs at least one word or vector, got none")
        if topn < 1:
            raise BadInput(f"`topn` must be at least 1, got {topn}")
        total = np.sum([weight * self._pointer(key) for key, weight in terms], axis=0)
        given = [self._row(key) for key, _ in terms if isinstance(key, str)] if exclude else []
        first = len(self) if restrict_vocab is None else max(1, min(restrict_vocab, len(self)))
        drop = [row for row in given if row < first]
        found = self._search(self._latents(total[None]), topn, drop=drop, first=first)
        return self._pairs(*found)[0]

    def similarity(self, a: str, b: str, /) -> float:
        """The cosine of two words."""
        return float(self._pointer(a) @ self._pointer(b))

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
            ``"3cosadd"`` or ``"3cosmul"``.
        """
        self._check_fitted()
        return analogies(self.words, self._unit, questions, **options)

    # What the verbs are made of.

    def _take(self, words: list[str], vectors: np.ndarray, counts: np.ndarray | None) -> Self:
        mean = vectors.mean(axis=0, dtype=float) if self.centre else np.zeros(vectors.shape[1])
        self.centre_, self.counts = mean.astype(np.float32), counts
        self._settle(list(words), vectors - self.centre_)
        return self

    def _row(self, word: str) -> int:
        row = self.index.get(word)
        if row is None:
            near = difflib.get_close_matches(str(word), self.words[:SPELLINGS], 4)
            hint = f"near spellings: {', '.join(near)}" if near else "check its spelling and case"
            raise BadInput(f"{str(word)[:80]!r} is none of the {len(self)} words; {hint}")
        return row

    def _pointer(self, key: Any) -> np.ndarray:
        """A word's unit vector, or the vector that was given."""
        self._check_fitted()
        return self._unit[self._row(key)] if isinstance(key, str) else as_numbers(key, "vectors")

    def _check_training(self) -> None:
        self._check_settings()
        for name, least in {"dim": 1, "window": 1, "min_count": 1, "epochs": 1, "negative": 1,
                            "workers": 1}.items():  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < least:
                raise BadInput(f"`{name}` must be a whole number of at least {least}, got {value}")
        if self.random_state >= 2**32:
            raise BadInput(f"`random_state` must be below 2^32, got {self.random_state}")

    def _tensors(self) -> dict[str, np.ndarray]:
        counts = {} if self.counts is None else {"counts": self.counts}
        return super()._tensors() | counts | {"centre": self.centre_}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self.counts, self.centre_ = tensors.get("counts"), tensors["centre"]
        super()._restore(tensors, facts)


class _Corpus:
    """Sentences as lists of words, as often as they are asked for, with their progress."""

    def __init__(self, source: Any, bar: Progress, passes: int) -> None:
        if isinstance(source, str | Path):
            source = [Path(source)]
        if iter(source) is source:
            raise BadInput("the corpus is read several times: give a list of sentences or a path")
        self.source, self.bar, self.passes = source, bar, passes
        self.done, self.task = 0, bar.add_task("reading the corpus", total=None)

    def __iter__(self) -> Iterator[list[str]]:
        start = self.done
        for sentence in self._sentences():
            words = sentence.split() if isinstance(sentence, str) else list(sentence)
            if words and not isinstance(words[0], str):
                raise BadInput(f"a sentence is a list of words, got one that holds {words[0]!r}")
            for i in range(0, len(words), LONGEST_SENTENCE):
                yield words[i : i + LONGEST_SENTENCE]
            self.done += 1
            if self.done % 256 == 0:
                self.bar.update(self.task, completed=self.done)
        if start == 0:
            self.bar.update(self.task, description="word2vec", total=self.done * self.passes)
        self.bar.update(self.task, completed=self.done)

    def _sentences(self) -> Iterator[Any]:
        for part in self.source:
            if isinstance(part, Path):
                with opened(part) as file:
                    yield from (line.decode(errors="replace") for line in file)
            else:
                yield part


def _word2vec() -> Any:
    try:
        from gensim.models import Word2Vec
    except ModuleNotFoundError as error:
        raise MissingExtra("gensim", "words") from error
    return Word2Vec


def _weighted(terms: Any, sign: float) -> Iterator[tuple[Any, float]]:
    """Words and vectors with their weights; one alone is a list of one."""
    if isinstance(terms, str) or (isinstance(terms, np.ndarray) and terms.ndim == 1):
        terms = [terms]
    for term in terms:
        yield (term[0], float(term[1])) if isinstance(term, tuple) else (term, sign)
