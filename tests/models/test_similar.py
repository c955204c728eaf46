"""Arithmetic with items: gensim's answers, one by one and in batches, and each formula by hand."""

from __future__ import annotations

import numpy as np
import pytest

from zalgebra.models.words import WordVectors
from zalgebra.types import BadInput

WORDS = [f"w{i}" for i in range(300)]


@pytest.fixture(scope="module")
def wv() -> WordVectors:
    table = np.random.default_rng(0).standard_normal((300, 12)) + 0.5
    return WordVectors.from_arrays(WORDS, table.astype(np.float32))


@pytest.fixture(scope="module")
def U(wv: WordVectors) -> np.ndarray:
    V = wv.vectors.astype(float)
    return V / np.linalg.norm(V, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def kv(wv: WordVectors):
    keyed = pytest.importorskip("gensim.models").KeyedVectors(12)
    keyed.add_vectors(WORDS, wv.vectors)
    return keyed


def drawn_queries(n: int = 200) -> list[dict]:
    rng, found = np.random.default_rng(1), []
    for _ in range(n):
        words = [WORDS[i] for i in rng.choice(300, 5, replace=False)]
        weighted = [(words[0], float(rng.normal())), words[1]]
        found.append({"positive": weighted[: rng.integers(1, 3)], "negative": words[2:4]})
    return found


def same(ours: list, theirs: list) -> None:
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], atol=1e-5)


@pytest.mark.parametrize("queries", [1 << 9, 5])
def test_a_batch_answers_as_gensim_one_by_one(
    wv: WordVectors, kv, monkeypatch: pytest.MonkeyPatch, queries: int
) -> None:
    monkeypatch.setattr("zalgebra.models.similar.QUERIES", queries)
    monkeypatch.setattr("zalgebra.models.ranking.ITEMS", 64)
    asked = drawn_queries()
    for restrict in (None, 40):
        found = wv.most_similar_many(asked, 7, restrict_vocab=restrict)
        assert len(found) == len(asked)
        for ours, query in zip(found, asked, strict=True):
            same(ours, kv.most_similar(**query, topn=7, restrict_vocab=restrict))
            same(ours, wv.most_similar(**query, topn=7, restrict_vocab=restrict))
    assert wv.most_similar_many([]) == []


def test_each_query_passes_over_its_own_words_alone(wv: WordVectors) -> None:
    for word, found in zip(WORDS, wv.most_similar_many(WORDS, 300), strict=True):
        assert len(found) == 299
        assert word not in dict(found)
    kept = wv.most_similar_many(WORDS, 1, exclude=False)
    assert [found[0][0] for found in kept] == WORDS


@pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`:DeprecationWarning")
def test_products_of_cosines_are_gensims(wv: WordVectors, kv) -> None:
    asked = [{"positive": WORDS[i : i + 3], "negative": WORDS[i + 3 : i + 5]} for i in range(60)]
    for query, ours in zip(asked, wv.most_similar_many(asked, 6, method="3cosmul"), strict=True):
        same(ours, kv.most_similar_cosmul(**query, topn=6))


def test_weights_are_the_powers_of_a_product(wv: WordVectors, U: np.ndarray) -> None:
    found = wv.most_similar(("w1", 2.0), [("w2", -0.5), "w3"], 300, exclude=False, method="3cosmul")
    s = (1 + U @ U.T) / 2
    expected = s[1] ** 2 / (s[2] ** 0.5 * s[3] + 1e-6)
    np.testing.assert_allclose([dict(found)[w] for w in WORDS], expected, rtol=2e-4)


def test_pair_directions_are_the_formula(wv: WordVectors, U: np.ndarray) -> None:
    found = dict(wv.analogy("w1", "w2", "w3", 300, method="pairdirection", exclude=False))
    step, steps = U[2] - U[1], U - U[3]
    lengths = np.linalg.norm(steps, axis=1)
    lengths[3] = 1
    expected = steps @ step / lengths / np.linalg.norm(step)
    expected[3] = 0
    np.testing.assert_allclose([found[w] for w in WORDS], expected, atol=1e-5)
    assert not {"w1", "w2", "w3"} & set(dict(wv.analogy("w1", "w2", "w3", method="pairdirection")))
    few = wv.analogy("w1", "w2", "w3", 300, method="pairdirection", restrict_vocab=20)
    assert len(few) == 17


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_an_analogy_is_the_sum_it_stands_for(wv: WordVectors, method: str) -> None:
    found = wv.analogy("w1", "w2", "w3", 5, method=method)
    assert found == wv.most_similar(["w2", "w3"], "w1", 5, method=method)


def test_a_parallelogram_is_answered_by_all_objectives() -> None:
    words = ["king", "queen", "man", "woman", "apple"]
    table = [[1, 1, 0], [1, -1, 0], [0.1, 1, 0], [0.1, -1, 0], [0.2, 0, 1.0]]
    wv = WordVectors.from_arrays(words, table)
    for method in ("3cosadd", "3cosmul", "pairdirection"):
        assert wv.analogy("man", "king", "woman", 1, method=method)[0][0] == "queen"


def test_vectors_and_words_mix(wv: WordVectors) -> None:
    whole = wv.most_similar(["w1", "w2"], exclude=False)
    u = wv["w2"] / np.linalg.norm(wv["w2"])
    same(wv.most_similar(["w1", u], exclude=False), whole)
    same(wv.most_similar([("w1", 1.0), (u, 1)], exclude=False), whole)
    assert wv.similarity("w1", wv["w1"]) == pytest.approx(1)


@pytest.mark.parametrize(("query", "said"), [
    ({}, "at least one word"),
    ({"positive": []}, "at least one word"),
    ({"positive": "w1", "negatives": "w2"}, "got 'negatives'"),
    ("w30O", "near spellings"),
    (("w1", np.nan), "finite number"),
    ([("w1", "2")], "finite number"),
    ([np.ones(11)], r"shape \(12,\), got \(11,\)"),
    ({"positive": "w1", "negative": "w1"}, "zero"),
])  # fmt: skip
def test_what_cannot_be_asked_is_one_sentence(wv: WordVectors, query, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        wv.most_similar_many([query])


def test_unknown_objectives_are_refused(wv: WordVectors) -> None:
    with pytest.raises(BadInput, match="'3cosadd' or '3cosmul', got 'pairdirection'"):
        wv.most_similar("w1", method="pairdirection")
    with pytest.raises(BadInput, match="or 'pairdirection', got 'nope'"):
        wv.analogy("w1", "w2", "w3", method="nope")
    with pytest.raises(BadInput, match="`topn`"):
        wv.analogy("w1", "w2", "w3", 0, method="pairdirection")
