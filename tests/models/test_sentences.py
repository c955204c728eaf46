"""Sentence vectors: the formula, retrieval, any encoder, and what cannot be saved."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

import zalgebra as za
from zalgebra.models.base import load
from zalgebra.models.sentences import SentenceVectors
from zalgebra.models.words import WordVectors
from zalgebra.types import BadInput, LatentModel, MissingExtra

WORDS = ["the", "cat", "dog", "purrs", "barks", "sleeps", "Rome", "a"]
COUNTS = np.array([800, 40, 40, 10, 10, 20, 5, 75])
CORPUS = [
    "The cat purrs.", "The dog barks!", "A cat sleeps", "a dog, the dog", "Rome sleeps",
    "the cat, the dog: the cat barks",
]  # fmt: skip


@pytest.fixture(scope="module")
def wv() -> WordVectors:
    table = np.random.default_rng(0).standard_normal((8, 6)) + 0.3
    return WordVectors.from_arrays(WORDS, table, COUNTS)


@pytest.fixture(scope="module")
def sv(wv: WordVectors) -> SentenceVectors:
    return SentenceVectors(wv, smoothing=1e-2).fit(CORPUS)


def by_hand(wv: WordVectors, corpus: list[list[str]], a: float, p: np.ndarray) -> np.ndarray:
    """Arora et al.'s algorithm 1, word by word."""
    rows = [
        np.mean([a / (a + p[wv.index[w]]) * wv[w].astype(float) for w in words], axis=0)
        for words in corpus
    ]
    u = np.linalg.svd(np.array(rows), full_matrices=False)[2][0]
    return np.array([v - u * (u @ v) for v in rows])


CUT = [
    ["the", "cat", "purrs"], ["the", "dog", "barks"], ["a", "cat", "sleeps"],
    ["a", "dog", "the", "dog"], ["Rome", "sleeps"],
    ["the", "cat", "the", "dog", "the", "cat", "barks"],
]  # fmt: skip


def test_vectors_are_the_published_average(sv: SentenceVectors, wv: WordVectors) -> None:
    expected = by_hand(wv, CUT, 1e-2, COUNTS / COUNTS.sum())
    np.testing.assert_allclose(sv.vectors, expected, atol=1e-5)
    np.testing.assert_allclose(sv.transform(CORPUS), expected, atol=1e-5)
    assert sv.vectors.dtype == np.float32


def test_without_counts_the_words_follow_zipf(wv: WordVectors) -> None:
    bare = WordVectors.from_arrays(WORDS, wv.vectors)
    p = 1 / np.arange(1, 9)
    expected = by_hand(bare, CUT, 1e-3, p / p.sum())
    np.testing.assert_allclose(SentenceVectors(bare).fit(CORPUS).vectors, expected, atol=1e-5)


def test_no_component_is_left_of_those_removed(wv: WordVectors) -> None:
    plain = SentenceVectors(wv, components=0).fit(CORPUS)
    assert np.linalg.matrix_rank(plain.vectors) == 6
    for k in (1, 3):
        assert np.linalg.matrix_rank(SentenceVectors(wv, components=k).fit(CORPUS).vectors) == 6 - k


def test_every_text_comes_back(sv: SentenceVectors) -> None:
    assert isinstance(sv, LatentModel)
    assert sv.inverse_transform(sv.transform(CORPUS)).tolist() == CORPUS
    assert sv.texts == CORPUS
    assert sv.inverse_transform(sv.transform(["cat purrs"])).tolist() == [CORPUS[0]]
    assert sv.nearest(sv["Rome"], 2)[0][0] == "Rome sleeps"
    assert set(sv.sample(10)) <= set(CORPUS)
    assert sv.report(CORPUS).rmse.max() < 1e-6
    assert sv.report(["barks purrs"]).rmse[0] > 0.01
    assert sv.spec_.kind == "sentence vector"
    assert sv.spec_.latent_shape == (6,)


def test_words_are_known_as_written_or_in_lower_case(sv: SentenceVectors) -> None:
    np.testing.assert_array_equal(*sv.transform(["THE CAT", "the cat?! zebra"]))
    with pytest.raises(BadInput, match="no known word at rows 1, 3; leave them out"):
        sv.transform(["rome cat", "rome", "cat", ""])


def test_expressions_quote_texts(sv: SentenceVectors) -> None:
    latent = za.evaluate('"The cat purrs." - "cat" + "dog"', sv)
    z = latent.array(method="linear")
    expected = sv["the cat purrs"] - sv["cat"] + sv["dog"]
    np.testing.assert_allclose(z, expected, atol=1e-6)
    assert list(sv) == CORPUS


def test_saved_and_loaded_is_the_same(sv: SentenceVectors, tmp_path: Path) -> None:
    sv.save(tmp_path)
    back = load(tmp_path)
    assert isinstance(sv.encoder, WordVectors), "saving leaves the model as it was"
    assert back.texts == CORPUS
    assert back.spec_ == sv.spec_
    new = ["a cat barks", "Rome"]
    np.testing.assert_array_equal(back.transform(new), sv.transform(new))
    np.testing.assert_array_equal(back.prior_.cov, sv.prior_.cov)
    assert back.save(tmp_path / "again") == tmp_path / "again"


def letters(texts: list[str]) -> np.ndarray:
    return np.array([[t.lower().count(c) for c in "aeiou"] for t in texts], dtype=float)


def test_any_function_encodes(tmp_path: Path) -> None:
    sv = SentenceVectors(letters).fit(["banana", "beetle", "igloo"])
    np.testing.assert_array_equal(sv.transform(["aeiou"]), np.ones((1, 5)))
    assert sv.inverse_transform([[9, 0, 0, 0, 0]]).tolist() == ["banana"]
    with pytest.raises(BadInput, match="function is code"):
        sv.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_encoders_of_another_shape_are_refused() -> None:
    with pytest.raises(BadInput, match=r"must give shape \(2, d\), got \(1, 5\)"):
        SentenceVectors(lambda texts: np.ones((1, 5))).fit(["a", "b"])
    width = [5]
    sv = SentenceVectors(lambda texts: np.eye(len(texts), width[0])).fit(["a", "b"])
    width[0] = 4
    with pytest.raises(BadInput, match=r"must give shape \(1, 5\), got \(1, 4\)"):
        sv.transform(["a"])


def test_a_name_is_a_model_of_sentence_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stand:
        def __init__(self, name: str) -> None:
            self.name = name

        def encode(self, texts: list[str]) -> np.ndarray:
            return letters(texts) + len(self.name)

    library = types.SimpleNamespace(SentenceTransformer=Stand)
    monkeypatch.setitem(sys.modules, "sentence_transformers", library)
    sv = SentenceVectors("tiny").fit(["banana", "beetle"])
    np.testing.assert_array_equal(sv.vectors, letters(["banana", "beetle"]) + 4)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match="sentence_transformers"):
        SentenceVectors("another").fit(["banana", "beetle"])


@pytest.mark.parametrize(("settings", "corpus", "said"), [
    ({}, "one text", "come as a list"),
    ({}, [1, 2], "must be strings"),
    ({}, ["the cat"], "at least 2 texts"),
    ({}, ["the cat", "the dog"], "nothing left"),
    ({"components": 6}, CORPUS * 2, "nothing left"),
    ({"components": -1}, CORPUS, "`components`"),
    ({"smoothing": 0.0}, CORPUS, "`smoothing`"),
    ({"encoder": 7}, CORPUS, "`encoder`"),
])  # fmt: skip
def test_what_does_not_fit_is_one_sentence(wv, settings: dict, corpus, said: str) -> None:
    sv = SentenceVectors(**{"encoder": wv, **settings})
    with pytest.raises(BadInput, match=said):
        sv.fit(corpus)
    with pytest.raises(BadInput, match="not fitted"):
        sv.transform(["the cat"])


def test_texts_add_up_and_are_answered_by_the_corpus(sv: SentenceVectors) -> None:
    found = sv.most_similar(["The cat purrs.", "dog"], "cat", 3)
    z = [sv[t] / np.linalg.norm(sv[t]) for t in ("The cat purrs.", "dog", "cat")]
    expected = sv.nearest(z[0] + z[1] - z[2], 6)
    assert found == [pair for pair in expected if pair[0] != "The cat purrs."][:3]
    assert sv.most_similar("The cat purrs.", exclude=False, topn=1)[0][0] == "The cat purrs."
    many = sv.most_similar_many(CORPUS, 1, exclude=False)
    assert [best[0][0] for best in many] == CORPUS
    weighted = sv.most_similar([("the cat", 2.0), ("Rome", -1)], topn=6)
    assert len(weighted) == 6, "texts that are not of the corpus are no answers to pass over"
    with pytest.raises(BadInput, match="no known word"):
        sv.most_similar("zebra")
