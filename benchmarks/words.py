"""word2vec on Wikipedia, and the Google analogies both ways: ``./dev bench words``.

Reads ``word_vectors``, ``wiki_corpus`` and ``word_benchmarks`` under ``$ZALGEBRA_DATA``. First the
given vectors, of 70 M tokens; then vectors trained here on the first ``--tokens`` of the corpus
(all 33.8 M of them by default, about a quarter of an hour on two threads; 0 trains none). Both
are held against gensim's own evaluation, question by question. The tables are Markdown, as they
stand in ``docs/models/words.md``.
"""

from __future__ import annotations

import argparse
import gzip
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from scipy.stats import spearmanr

import zalgebra as za
from _timing import machine, table
from zalgebra.models.analogies import AnalogyReport
from zalgebra.models.words import WordVectors

DATA = Path(os.environ.get("ZALGEBRA_DATA", "data"))
CORPUS = sorted((DATA / "wiki_corpus").glob("wiki_part*.txt.gz"))
QUESTIONS = DATA / "word_benchmarks" / "questions-words.txt.gz"
PAIRS = {"SimLex-999": "EN-SIMLEX-999", "WordSim-353": "EN-WS-353-ALL"}
RESTRICT = 30_000
SEED = 1


class Corpus:
    """The first tokens of the corpus, an article a line."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def __iter__(self) -> Iterator[list[str]]:
        left = self.tokens
        for path in CORPUS:
            with gzip.open(path, "rt", encoding="ascii") as file:
                for line in file:
                    words = list(islice(line.split(), left))
                    left -= len(words)
                    yield words
                    if left <= 0:
                        return


def percent(score: object) -> str:
    low, high = score.interval
    return f"{100 * score.accuracy:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def analogies(wv: WordVectors) -> None:
    start = time.perf_counter()
    report = wv.evaluate_analogies(QUESTIONS, restrict_vocab=RESTRICT)
    ours = time.perf_counter() - start
    product = wv.evaluate_analogies(QUESTIONS, restrict_vocab=RESTRICT, method="3cosmul")
    both = {drop: report.scores(drop=drop) for drop in (True, False)}
    rows = [
        [name, f"{d.n} of {d.asked}", percent(d), percent(both[False][name])]
        for name, d in both[True].items()
    ]
    for name, found in (("all", report), ("all, 3CosMul", product)):
        d, k = found.total(drop=True), found.total(drop=False)
        rows.append([name, f"{d.n} of {d.asked}", percent(d), percent(k)])
    print(table(["section", "covered", "question words dropped, %", "kept, %"], rows))
    against_gensim(wv, report, ours)


def against_gensim(wv: WordVectors, report: AnalogyReport, seconds: float) -> None:
    """Gensim's own figure, and on how many questions it judges otherwise."""
    from gensim.models import KeyedVectors

    kv = KeyedVectors(wv.vectors.shape[1])
    kv.add_vectors(wv.words, wv.vectors)
    start = time.perf_counter()
    score, sections = kv.evaluate_word_analogies(str(QUESTIONS), restrict_vocab=RESTRICT)
    theirs = time.perf_counter() - start
    right = {(s["section"], *q) for s in sections[:-1] for q in s["correct"]}
    asked = zip(report.section, report.questions, report.right_dropped, strict=True)
    other = sum(
        ((report.sections[s], *(w.upper() for w in q)) in right) != bool(hit) for s, q, hit in asked
    )
    print(
        f"\ngensim's `evaluate_word_analogies`: {100 * score:.1f} %, judged otherwise on {other} "
        f"of {len(report.questions)} questions; {theirs:.1f} s, and {seconds:.1f} s here"
    )


def king(wv: WordVectors) -> None:
    z = za.evaluate("king - man + woman", wv).array(method="linear")
    lists = {
        'nearest to `"king - man + woman"`': wv.nearest(z, 6),
        "`most_similar`, all words": wv.most_similar(["king", "woman"], "man", 6, exclude=False),
        "`most_similar`, question words dropped": wv.most_similar(["king", "woman"], "man", 6),
    }
    for name, found in lists.items():
        print(f"- {name}: " + ", ".join(f"{word} {cosine:.3f}" for word, cosine in found))


def similarity(wv: WordVectors) -> None:
    rows = []
    for name, file in PAIRS.items():
        with gzip.open(DATA / "word_benchmarks" / f"{file}.txt.gz", "rt") as lines:
            pairs = [line.lower().split() for line in lines if line.strip()]
        known = [(a, b, float(s)) for a, b, s in pairs if a in wv and b in wv]
        found = spearmanr([wv.similarity(a, b) for a, b, _ in known], [s for *_, s in known])
        rows.append([name, f"{len(known)} of {len(pairs)}", f"{found.statistic:.3f}"])
    print(table(["pairs", "n", "Spearman's ρ"], rows))


def given() -> WordVectors:
    start = time.perf_counter()
    wv = WordVectors.load_vectors(DATA / "word_vectors" / "wiki70m_w2v_100d_20k.npz")
    print(f"\n## The given vectors: {len(wv)} words, {wv.vectors.shape[1]} entries")
    print(f"\nloaded, prior fitted, in {time.perf_counter() - start:.1f} s")
    return wv


def trained(tokens: int, workers: int) -> WordVectors:
    corpus = Corpus(tokens)
    start = time.perf_counter()
    settings = {"window": 8, "negative": 12, "subsample": 1e-4, "learning_rate": 0.05}
    wv = WordVectors(
        100, min_count=20, epochs=5, workers=workers, random_state=SEED, **settings
    ).fit(corpus)
    taken = time.perf_counter() - start
    total = sum(map(len, corpus))
    print(f"\n## Trained here: {total:,} tokens, {len(wv)} words, seed {SEED}, {workers} threads")
    print(f"\n{taken:.0f} s, {5 * total / taken:,.0f} tokens a second; {settings}")
    return wv


def show(wv: WordVectors) -> None:
    centred = WordVectors.from_arrays(wv.words, wv.vectors, wv.counts, centre=True)
    print(f"anisotropy {wv.anisotropy():.4f}, centred {centred.anisotropy():.4f}\n")
    analogies(wv)
    print()
    similarity(wv)
    print()
    if "king" in wv and "woman" in wv and "man" in wv:
        king(wv)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=10**9, help="of the corpus to train on")
    parser.add_argument("--workers", type=int, default=2, help="threads of word2vec")
    options = parser.parse_args()
    import torch  # noqa: F401  # its top-k is fifty times as fast as NumPy's

    print(machine())
    show(given())
    if options.tokens:
        show(trained(options.tokens, options.workers))


if __name__ == "__main__":
    main()
