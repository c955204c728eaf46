"""word2vec on a corpus, trained by gensim: sentences in, words with vectors and counts out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from zalgebra.models.vector_files import VectorFile, opened
from zalgebra.types import BadInput, MissingExtra

__all__ = ["Corpus", "word2vec"]

LONGEST_SENTENCE = 10_000  # words; gensim silently drops what comes after


def word2vec(
    source: Any,
    /,
    *,
    dim: int,
    window: int,
    min_count: int,
    sg: bool,
    epochs: int,
    negative: int,
    subsample: float,
    learning_rate: float,
    workers: int,
    seed: int,
    verbose: bool,
) -> VectorFile:
    """Words by falling frequency, their vectors and counts; settings as of `WordVectors`.

    Raises
    ------
    BadInput
        If a setting is out of its range, or fewer than 2 words occur ``min_count`` times.
    MissingExtra
        If gensim is not installed.
    """
    for name, value in {"dim": dim, "window": window, "min_count": min_count, "epochs": epochs,
                        "negative": negative, "workers": workers}.items():  # fmt: skip
        if not isinstance(value, int | np.integer) or value < 1:
            raise BadInput(f"`{name}` must be a whole number of at least 1, got {value}")
    if seed >= 2**32:
        raise BadInput(f"`random_state` must be below 2^32, got {seed}")
    with Progress(console=Console(stderr=True), disable=not verbose) as bar:
        model = _gensim()(
            vector_size=dim, window=window, min_count=min_count, sg=int(sg), negative=negative,
            sample=subsample, alpha=learning_rate, workers=workers, seed=seed,
        )  # fmt: skip
        corpus = Corpus(source, bar, passes=epochs + 1)
        model.build_vocab(corpus)
        if len(model.wv) < 2:
            raise BadInput(
                f"{len(model.wv)} words occur at least {min_count} times (`min_count`) "
                "in the corpus, and 2 are needed; give more text or a lower `min_count`"
            )
        model.train(corpus, total_examples=model.corpus_count, epochs=epochs)
    words = model.wv.index_to_key
    counts = np.array([model.wv.get_vecattr(word, "count") for word in words], np.int64)
    return VectorFile(words, model.wv.vectors, counts)


class Corpus:
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


def _gensim() -> Any:
    try:
        from gensim.models import Word2Vec
    except ModuleNotFoundError as error:
        raise MissingExtra("gensim", "words") from error
    return Word2Vec
