"""Parts of the benchmark of words: queries a second, projection off a direction, sentences."""

from __future__ import annotations

import csv
import gzip
import os
from itertools import islice
from pathlib import Path

import numpy as np

from _timing import in_turns, table
from zalgebra.models.sentences import SentenceVectors
from zalgebra.models.words import WordVectors

DATA = Path(os.environ.get("ZALGEBRA_DATA", "data"))
GIVEN = DATA / "word_vectors" / "wiki70m_w2v_100d_20k.npz"
ITEMS, ENTRIES, BATCH, ONE_BY_ONE, TOP = 400_000, 300, 128, 4, 10
GENDER = [("he", "she"), ("his", "her"), ("man", "woman"), ("boy", "girl"), ("father", "mother"),
          ("son", "daughter"), ("himself", "herself"), ("male", "female")]  # fmt: skip
WORK = ["nurse", "teacher", "librarian", "dancer", "singer", "writer", "poet", "journalist",
        "scientist", "doctor", "lawyer", "architect", "philosopher", "soldier", "engineer",
        "captain", "carpenter", "mathematician"]  # fmt: skip
WORDS_A_TEXT = 200


def gensims(wv: WordVectors):
    from gensim.models import KeyedVectors

    kv = KeyedVectors(wv.vectors.shape[1])
    kv.add_vectors(wv.words, wv.vectors)
    return kv


def queries() -> None:
    """Batches against gensim's `most_similar`, in turns, on random vectors."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((ITEMS, ENTRIES), dtype=np.float32)
    names = [f"w{i}" for i in range(ITEMS)]
    wv = WordVectors.from_arrays(names, vectors)
    kv, words = gensims(wv), [names[i] for i in rng.integers(0, ITEMS, BATCH)]
    thirds = zip(words, words[1:] + words[:1], words[2:] + words[:2], strict=True)
    sums = [{"positive": [a, b], "negative": [c]} for a, b, c in thirds]
    seconds = in_turns(
        {
            "gensim, word": lambda: [kv.most_similar(w, topn=TOP) for w in words[:ONE_BY_ONE]],
            "gensim, sum of 3": lambda: [kv.most_similar(**q, topn=TOP) for q in sums[:ONE_BY_ONE]],
            "here, word": lambda: wv.most_similar_many(words, TOP),
            "here, sum of 3": lambda: wv.most_similar_many(sums, TOP),
        },
        budget=20,
        least=3,
        most=9,
    )
    sizes = {name: ONE_BY_ONE if "gensim" in name else BATCH
             for name in seconds}  # fmt: skip
    rates = {name: sizes[name] / taken for name, taken in seconds.items()}
    rows = []
    for name, rate in rates.items():
        low, middle, high = np.quantile(rate, [0.25, 0.5, 0.75])
        times = np.median(rate / rates["gensim, sum of 3" if "3" in name else "gensim, word"])
        rows.append([name, f"{middle:.1f} [{low:.1f}, {high:.1f}]", f"{times:.1f}"])
    same = [
        [word for word, _ in ours] == [word for word, _ in kv.most_similar(**q, topn=TOP)]
        for q, ours in zip(sums[:32], wv.most_similar_many(sums[:32], TOP), strict=True)
    ]
    print(f"\n## Queries a second: {ITEMS:,} × {ENTRIES} float32, top {TOP}, "
          f"batches of {BATCH}, {len(rate)} rounds in turns\n")  # fmt: skip
    print(table(["", "queries a second, median [quartiles]", "times gensim's"], rows))
    print(f"\n{sum(same)} of {len(same)} lists are gensim's, word by word\n")


def debias() -> None:
    """What projecting off the gender direction changes, and what it leaves."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    wv = WordVectors.load_vectors(GIVEN)
    gender = wv.relation(GENDER)
    left = wv.without(gender)
    shuffled = gender.shuffled_agreement(1000)
    print(f"\n## Projection off the mean step of {len(GENDER)} pairs he → she\n")
    print(f"agreement of the steps {gender.agreement:.3f}; with partners shuffled "
          f"{shuffled.mean():.3f}, at most {shuffled[-1]:.3f} of {len(shuffled)}\n")  # fmt: skip
    rows = [
        [
            word,
            *(f"{m.similarity(word, 'she') - m.similarity(word, 'he'):+.3f}" for m in (wv, left)),
        ]
        for word in sorted(WORK, key=lambda w: wv.similarity(w, "he") - wv.similarity(w, "she"))
        if word in wv
    ]
    print(table(["word: cosine with she - with he", "before", "after"], rows), "\n")
    given = {word for pair in GENDER for word in pair}
    U = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    lean = U @ gender.vector
    lean[[wv.index[word] for word in given]] = 0
    order = np.argsort(lean[:10_000])
    most = np.concatenate([order[:500], order[-500:]])
    labels = np.repeat([0, 1], 500)
    reader = LogisticRegression(max_iter=2000)
    before, after = (cross_val_score(reader, m.vectors[most], labels, cv=5).mean()
                     for m in (wv, left))  # fmt: skip
    print(f"the 500 words that lean most to either side, told apart by logistic regression "
          f"(5 folds): {100 * before:.1f} % before and {100 * after:.1f} % after\n")  # fmt: skip


def articles() -> tuple[list[str], list[str], dict[str, int]]:
    """Titles, first words, and of every tenth long article the words after these, numbered."""
    with gzip.open(DATA / "wiki_corpus" / "articles.tsv.gz", "rt") as file:
        titles = [
            row["title"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    texts, later = [], {}
    for path in sorted((DATA / "wiki_corpus").glob("wiki_part*.txt.gz")):
        with gzip.open(path, "rt", encoding="ascii") as file:
            for line in file:
                words = list(islice(line.split(), 2 * WORDS_A_TEXT))
                if len(texts) % 10 == 0 and len(words) == 2 * WORDS_A_TEXT:
                    later[" ".join(words[WORDS_A_TEXT:])] = len(texts)
                texts.append(" ".join(words[:WORDS_A_TEXT]))
    return titles, texts, later


def sentences() -> None:
    """Arithmetic with articles, answered by articles."""
    (titles, texts, later), wv = articles(), WordVectors.load_vectors(GIVEN)
    sv = SentenceVectors(wv).fit(texts)
    title = dict(zip(texts, titles, strict=True))
    text = {name: t for t, name in title.items()}
    print(f"\n## Articles as texts: {len(texts):,} of their first {WORDS_A_TEXT} words; "
          f"{sv.isotropy()}\n")  # fmt: skip
    asked = [("Berlin", "germany", "france"), ("Beer", "germany", "france"),
             ("Judo", "japan", "korea"), ("Chess", "game", "music")]  # fmt: skip
    rows = []
    for start, minus, plus in asked:
        found = sv.most_similar([text[start], plus], minus, 5)
        rows.append(
            [f"{start} - {minus} + {plus}", ", ".join(f"{title[t]} {s:.2f}" for t, s in found)]
        )
    print(table(["article - word + word", "nearest articles"], rows).replace("---:", "---"), "\n")
    retrieval(wv, texts, list(later), np.array(list(later.values())))


def retrieval(wv: WordVectors, texts: list[str], queries: list[str], truth: np.ndarray) -> None:
    """How often the next words of an article find it by its first, with and without the weights."""
    rows = []
    for name, settings in {"plain mean of the words": {"smoothing": 1e6, "components": 0},
                           "frequent words weighted down": {"components": 0},
                           "and 1 direction out (the default)": {}}.items():  # fmt: skip
        sv = SentenceVectors(wv, **settings).fit(texts)
        found = sv.nearest(sv.transform(queries), 10)
        at = [next((i for i, (t, _) in enumerate(row) if t == texts[j]), 99)
              for row, j in zip(found, truth, strict=True)]  # fmt: skip
        shares = [f"{100 * np.mean(np.array(at) < k):.1f}" for k in (1, 10)]
        rows.append([name, f"{sv.anisotropy():.3f}", *shares])
    head = ["vectors of texts", "mean cosine", "found first, %", "among 10, %"]
    print(table(head, rows))
    print(f"\nn = {len(queries)} articles: words {WORDS_A_TEXT + 1} to {2 * WORDS_A_TEXT} ask, "
          f"{len(texts):,} answer\n")  # fmt: skip
