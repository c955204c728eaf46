"""Word vectors: the contract, nearest words, gensim's verbs and figures, training."""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import zalgebra as za
from zalgebra.models.base import load
from zalgebra.models.words import WordVectors
from zalgebra.types import BadInput, LatentModel, MissingExtra

WORDS = [f"w{i}" for i in range(300)]


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((300, 12)).astype(np.float32) + 0.5


@pytest.fixture(scope="module")
def wv(table: np.ndarray) -> WordVectors:
    return WordVectors.from_arrays(WORDS, table, np.arange(300, 0, -1))


@pytest.fixture(scope="module")
def kv(table: np.ndarray):
    keyed = pytest.importorskip("gensim.models").KeyedVectors(12)
    keyed.add_vectors(WORDS, table)
    return keyed


def toy_corpus(n: int = 400) -> list[list[str]]:
    """Sentences in which half of the words keep together."""
    rng = np.random.default_rng(3)
    groups = [["hot", "sun", "sand", "dry"], ["cold", "snow", "ice", "wet"]]
    return [list(rng.choice(groups[i % 2], 6)) for i in range(n)]


def quick(**settings) -> WordVectors:
    return WordVectors(8, min_count=1, verbose=False, **{"epochs": 2, **settings})


# The contract.


def test_every_word_comes_back(wv: WordVectors, table: np.ndarray) -> None:
    assert isinstance(wv, LatentModel)
    Z = wv.transform(WORDS)
    np.testing.assert_array_equal(Z, table)
    assert Z.dtype == np.float32
    assert wv.inverse_transform(Z).tolist() == WORDS
    assert wv.inverse_transform(3 * Z).tolist() == WORDS, "the decoder looks at directions alone"
    assert wv.transform([]).shape == (0, 12)
    assert wv.inverse_transform(np.empty((0, 12))).shape == (0,)


def test_the_spec_and_the_prior_are_those_of_the_table(wv: WordVectors, table: np.ndarray) -> None:
    assert wv.spec_.latent_shape == (12,)
    assert wv.spec_.kind == "word vector"
    assert wv.spec_.fingerprint == wv.fingerprint_
    np.testing.assert_allclose(wv.prior_.mean, table.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(wv.prior_.cov.diagonal(), table.var(axis=0), rtol=0.02)
    assert za.check(wv.prior_.sample(50, seed=0), wv.prior_).plausible.all()


def test_the_prior_of_long_vectors_keeps_no_correlations() -> None:
    rng = np.random.default_rng(0)
    for d, shape in [(300, (300, 300)), (301, (301,))]:
        found = WordVectors.from_arrays(WORDS, rng.standard_normal((300, d)))
        assert np.shape(found.prior_.cov) == shape


def test_samples_are_words_and_repeat(wv: WordVectors) -> None:
    drawn = wv.sample(40, random_state=1)
    assert set(drawn) <= set(WORDS)
    assert len(set(drawn)) > 10
    assert wv.sample(40, random_state=1).tolist() == drawn.tolist()
    assert wv.sample(40, random_state=2).tolist() != drawn.tolist()


def test_saved_and_loaded_is_the_same(wv: WordVectors, tmp_path: Path) -> None:
    odd = ["", "new\nline", "東京", "a b", "\ud800"]
    for model in (wv, WordVectors.from_arrays(odd, np.eye(5), centre=True)):
        back = WordVectors._load(model.save(tmp_path), za_card(tmp_path))
        assert back.words == model.words
        assert back.spec_ == model.spec_
        assert back.get_params() == model.get_params()
        np.testing.assert_array_equal(back.vectors, model.vectors)
        np.testing.assert_array_equal(back.prior_.cov, model.prior_.cov)
        np.testing.assert_array_equal(back.centre_, model.centre_)
        assert (back.counts is None) == (model.counts is None)
        assert load(tmp_path).words == model.words
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".safetensors"}


def za_card(folder: Path) -> dict:
    from zalgebra.files import read_json

    return read_json(folder / "model.json")


def test_a_report_says_what_does_not_come_back(wv: WordVectors) -> None:
    assert wv.report(WORDS[:40]).rmse.max() == 0
    twins = WordVectors.from_arrays(["a", "b", "c"], [[1, 0], [2, 0], [0, 1.0]])
    assert np.sort(twins.report(["a", "b", "c"]).rmse)[-1] > 0.5, "a and b have one direction"


@pytest.mark.parametrize("verb", ["transform", "inverse_transform", "nearest", "sample", "words",
                                  "anisotropy", "save", "most_similar"])  # fmt: skip
def test_an_unfitted_model_says_so(verb: str, tmp_path: Path) -> None:
    given = {"transform": [["a"]], "inverse_transform": [np.ones((1, 3))], "save": [tmp_path],
             "nearest": [np.ones(3)], "most_similar": ["a"]}  # fmt: skip
    with pytest.raises(BadInput, match="not fitted"):
        getattr(WordVectors(), verb)(*given.get(verb, []))
    assert WordVectors()


def test_what_does_not_fit_is_one_sentence(wv: WordVectors) -> None:
    with pytest.raises(BadInput, match=r"'w30O' is none of the 300 words; near spellings: w30"):
        wv.transform(["w3", "w30O"])
    with pytest.raises(BadInput, match=r"is none of the 300 words; check its spelling"):
        _ = wv["zzzzzzzzzz"]
    with pytest.raises(BadInput, match="list of words"):
        wv.transform("w3")
    with pytest.raises(BadInput, match=r"shape \(n, 12\), got \(2, 11\)"):
        wv.inverse_transform(np.ones((2, 11)))
    with pytest.raises(BadInput, match="latent 1 is zero"):
        wv.nearest([[1.0] * 12, [0.0] * 12])
    with pytest.raises(BadInput, match="`k` must be"):
        wv.nearest(wv["w1"], 0)
    with pytest.raises(BadInput, match="finite"):
        wv.nearest(np.full(12, np.nan))


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadInput, match=r"shape \(2, d\)"):
        WordVectors.from_arrays(["a", "b"], np.ones((3, 2)))
    with pytest.raises(BadInput, match="'a' twice"):
        WordVectors.from_arrays(["a", "b", "a"], np.ones((3, 2)))
    with pytest.raises(BadInput, match="at least 2 vectors"):
        WordVectors.from_arrays(["a"], np.ones((1, 2)))
    with pytest.raises(BadInput, match="`counts`"):
        WordVectors.from_arrays(["a", "b"], np.ones((2, 2)), [1])


# Expressions.


def test_expressions_find_their_words(wv: WordVectors) -> None:
    latent = za.evaluate("w1 - 0.5 w2 + w3", wv)
    z = latent.array(method="linear")
    np.testing.assert_allclose(z, wv["w1"] - 0.5 * wv["w2"] + wv["w3"], rtol=1e-5, atol=1e-6)
    assert za.Latent.from_dict(latent.to_dict(), wv) == latent
    with pytest.raises(BadInput, match="near spellings: w30"):
        za.evaluate("w1 + w30O", wv)
    with pytest.raises(BadInput, match="label conditions"):
        za.evaluate("mean(smile=1)", wv)
    assert "w5" in wv
    assert "nope" not in wv
    assert list(wv) == WORDS
    assert len(wv) == 300
    assert wv.index["w7"] == 7


# Nearest words.


@pytest.mark.parametrize(("items", "queries"), [(1 << 13, 1 << 9), (40, 7)])
def test_nearest_is_the_sorted_list_of_cosines(
    wv: WordVectors, table: np.ndarray, monkeypatch: pytest.MonkeyPatch, items: int, queries: int
) -> None:
    monkeypatch.setattr("zalgebra.models.ranking.ITEMS", items)
    monkeypatch.setattr("zalgebra.models.retrieval.QUERIES", queries)
    Z = np.random.default_rng(1).standard_normal((20, 12))
    U = table / np.linalg.norm(table, axis=1, keepdims=True)
    cosines = Z @ U.T / np.linalg.norm(Z, axis=1, keepdims=True)
    order = np.argsort(-cosines, axis=1)
    for row, best, found in zip(cosines, order, wv.nearest(Z, 7), strict=True):
        assert [word for word, _ in found] == [WORDS[i] for i in best[:7]]
        np.testing.assert_allclose([c for _, c in found], row[best[:7]], atol=1e-6)
    without = wv.nearest(Z[0], 300, exclude=[WORDS[order[0, 0]], "not a word"])
    assert [word for word, _ in without] == [WORDS[i] for i in order[0, 1:]]


@pytest.mark.parametrize("case", [
    {"positive": ["w1", "w2"], "negative": ["w3"]},
    {"positive": "w1"},
    {"positive": [("w1", 2.0), "w5"], "negative": [("w3", -0.25), "w9"]},
    {"positive": ["w1"], "negative": "w2", "restrict_vocab": 40},
    {"positive": [np.linspace(-1, 1, 12).astype(np.float32), "w4"]},
])  # fmt: skip
def test_most_similar_is_gensims(wv: WordVectors, kv, case: dict) -> None:
    ours, theirs = wv.most_similar(**case, topn=8), kv.most_similar(**case, topn=8)
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    np.testing.assert_allclose([c for _, c in ours], [c for _, c in theirs], atol=1e-6)


def test_the_words_that_were_given_can_stay(wv: WordVectors) -> None:
    assert wv.most_similar("w1", exclude=False)[0] == ("w1", pytest.approx(1.0))
    assert "w1" not in dict(wv.most_similar("w1", topn=299))
    assert len(wv.most_similar("w1", topn=1000)) == 299
    assert wv.similarity("w1", "w1") == pytest.approx(1.0)
    with pytest.raises(BadInput, match="at least one word"):
        wv.most_similar()
    with pytest.raises(BadInput, match="`topn`"):
        wv.most_similar("w1", topn=0)


# The common part.


def test_anisotropy_is_the_mean_cosine_of_all_pairs(table: np.ndarray) -> None:
    for centre in (False, True):
        wv = WordVectors.from_arrays(WORDS, table, centre=centre)
        U = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
        pairs = (U @ U.T)[np.triu_indices(300, 1)]
        assert wv.anisotropy() == pytest.approx(pairs.mean(), abs=1e-6)
        assert (abs(wv.anisotropy()) < 0.01) == centre
        np.testing.assert_allclose(wv.centre_, table.mean(axis=0) if centre else 0, atol=1e-6)
        np.testing.assert_allclose(wv.vectors + wv.centre_, table, atol=1e-6)


# Analogies.


def drawn_questions(n: int = 400) -> list[tuple[str, ...]]:
    draw = np.random.default_rng(5).integers(0, 320, (n, 4))  # some are no words
    return [tuple(f"w{i}" for i in row) for row in draw]


def answerable(wv: WordVectors, n: int = 150) -> list[tuple[str, ...]]:
    """Questions of which about half have the answer that the vectors give."""
    U, found = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True), []
    for i, (a, b, c) in enumerate(np.random.default_rng(6).integers(0, 300, (n, 3))):
        order = np.argsort(-(U[b] - U[a] + U[c]) @ U.T)
        d = next(j for j in order if j not in (a, b, c))
        found.append((f"w{a}", f"W{b}", f"w{c}", WORDS[d if i % 2 else (d + 1) % 300]))
    return found


def as_file(path: Path, sections: dict[str, list[tuple[str, ...]]]) -> Path:
    lines = [
        f": {name}\n" + "".join(" ".join(q) + "\n" for q in qs) for name, qs in sections.items()
    ]
    path.write_bytes(gzip.compress("".join(lines).encode()))
    return path


@pytest.mark.parametrize("restrict", [300_000, 290])
def test_dropped_figures_are_gensims_to_the_question(
    wv: WordVectors, kv, tmp_path: Path, restrict: int
) -> None:
    sections = {"drawn": drawn_questions(), "answerable": answerable(wv)}
    path = as_file(tmp_path / "questions.txt.gz", sections)
    score, theirs = kv.evaluate_word_analogies(str(path), restrict_vocab=restrict)
    ours = wv.evaluate_analogies(path, restrict_vocab=restrict)
    for section, name in zip(theirs, ours.sections, strict=False):
        rows = ours.section == ours.sections.index(name)
        mine = {tuple(w.upper() for w in q) for q in ours.questions[rows & ours.right_dropped]}
        assert mine == set(section["correct"])
        assert ours.scores()[name].n == len(section["correct"]) + len(section["incorrect"])
    assert ours.accuracy == pytest.approx(score)
    assert ours.total().right > 20
    assert [s.asked for s in ours.scores().values()] == [400, 150]


@pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`:DeprecationWarning")
def test_the_product_of_cosines_answers_as_gensims_does(wv: WordVectors, kv) -> None:
    """Word by word: its `evaluate_word_analogies` leaves its `similarity_function` unused."""
    report = wv.evaluate_analogies(drawn_questions(), method="3cosmul")
    for (a, b, c, _), answer in zip(report.questions, report.dropped, strict=True):
        assert kv.most_similar_cosmul([b, c], [a], topn=1)[0][0] == answer


def test_both_figures_are_told(wv: WordVectors) -> None:
    questions = answerable(wv)
    both = wv.evaluate_analogies(questions)
    kept = wv.evaluate_analogies(questions, exclude_question_words=False)
    assert kept.total() == both.total(drop=False) != both.total()
    assert str(both) == str(kept)
    U = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    rows = np.array([[wv.index[w] for w in q] for q in both.questions])
    best = ((U[rows[:, 1]] - U[rows[:, 0]] + U[rows[:, 2]]) @ U.T).argmax(axis=1)
    assert both.kept.tolist() == [WORDS[i] for i in best]
    same = [d in q[:3] for d, q in zip(both.dropped, both.questions, strict=True)]
    assert not any(same)
    assert "total" in rendered(both)


def rendered(report) -> str:
    from rich.console import Console

    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(report)
    console.file.close()
    return console.export_text()


def test_case_does_not_matter_and_variants_are_dropped_alike() -> None:
    words = ["Berlin", "berlin", "Germany", "Paris", "France", "rome"]
    table = [[1, 0, 1], [1, 0, 1.01], [1, 0, 0], [0, 1, 1], [0, 1, 0], [1, 1, -1.0]]
    wv = WordVectors.from_arrays(words, table)
    report = wv.evaluate_analogies([("france", "paris", "germany", "BERLIN")])
    assert report.total().right == 1
    twin = wv.evaluate_analogies([("germany", "BERLIN", "germany", "paris")])
    assert twin.kept.tolist() == ["Berlin"] or twin.kept.tolist() == ["berlin"]
    assert twin.dropped[0] not in ("Berlin", "berlin", "Germany")


def test_a_vocabulary_that_covers_nothing_has_no_accuracy(wv: WordVectors) -> None:
    report = wv.evaluate_analogies([("a", "b", "c", "d")])
    assert np.isnan(report.accuracy)
    assert report.total().interval == (0.0, 1.0)
    assert report.total().coverage == 0
    with pytest.raises(BadInput, match="four words"):
        wv.evaluate_analogies([("a", "b", "c")])
    with pytest.raises(BadInput, match="`method`"):
        wv.evaluate_analogies([], method="nope")
    with pytest.raises(BadInput, match="`restrict_vocab`"):
        wv.evaluate_analogies([], restrict_vocab=0)


def test_a_broken_file_of_questions_names_its_line(wv: WordVectors, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text(": section\nw1 w2 w3 w4\nw1 w2 w3\n")
    with pytest.raises(BadInput, match=r"line 3 of .*q\.txt"):
        wv.evaluate_analogies(tmp_path / "q.txt")
    (tmp_path / "q.txt").write_text("w1 w2 w3 w4\n")
    assert wv.evaluate_analogies(tmp_path / "q.txt").sections == ("questions",)


# Training.


def test_training_repeats_and_learns_who_keeps_company() -> None:
    pytest.importorskip("gensim")
    corpus = toy_corpus()
    first, second = (quick(epochs=10, window=3, subsample=0).fit(corpus) for _ in range(2))
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert first.fingerprint_ == second.fingerprint_
    assert first.similarity("sun", "sand") > first.similarity("sun", "snow") + 0.2
    assert first.vectors.dtype == np.float32
    assert first.counts.sum() == sum(map(len, corpus))
    assert (np.diff(first.counts) <= 0).all()
    other = quick(epochs=10, window=3, subsample=0, random_state=1).fit(corpus)
    assert not np.array_equal(first.vectors, other.vectors)


@pytest.mark.parametrize("sg", [False, True])
def test_training_is_gensims_own(sg: bool) -> None:
    models = pytest.importorskip("gensim.models")
    corpus = toy_corpus(100)
    theirs = models.Word2Vec(
        corpus, vector_size=8, min_count=1, epochs=2, sg=int(sg), seed=7, workers=1
    )
    ours = quick(sg=sg, random_state=7).fit(corpus)
    assert ours.words == theirs.wv.index_to_key
    np.testing.assert_array_equal(ours.vectors, theirs.wv.vectors)


def test_a_corpus_is_sentences_strings_or_files(tmp_path: Path) -> None:
    pytest.importorskip("gensim")
    corpus = toy_corpus(60)
    lines = [" ".join(sentence) for sentence in corpus]
    (tmp_path / "a.txt").write_text("\n".join(lines[:30]) + "\n")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress("\n".join(lines[30:]).encode()))
    (tmp_path / "all.txt").write_text("\n".join(lines))
    files = [tmp_path / "a.txt", tmp_path / "b.txt.gz"]
    found = [quick().fit(X) for X in (corpus, lines, files, str(tmp_path / "all.txt"))]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].vectors, other.vectors)


def test_a_long_sentence_is_read_to_its_end() -> None:
    pytest.importorskip("gensim")
    found = quick(epochs=1).fit([["a", "b"] * 6000 + ["z"] * 3])
    assert found.counts[found.index["z"]] == 3
    assert found.counts.sum() == 12_003


def test_centred_training_has_no_common_part() -> None:
    pytest.importorskip("gensim")
    wv = quick(centre=True).fit(toy_corpus(50))
    np.testing.assert_allclose(wv.vectors.mean(axis=0), 0, atol=1e-6)


def test_the_bar_is_drawn_to_its_end(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gensim")
    WordVectors(4, min_count=1, epochs=2).fit(toy_corpus(300))
    said = capfd.readouterr()
    assert "word2vec" in said.err
    assert "100%" in said.err
    assert said.out == ""


@pytest.mark.parametrize(("settings", "corpus", "said"), [
    ({}, iter([["a", "b"]]), "several times"),
    ({}, [[1, 2]], "list of words"),
    ({}, [["a", "a"]], "1 words occur"),
    ({"min_count": 9}, [["a", "b"]], "`min_count`"),
    ({}, [], "0 words occur"),
    ({}, "nowhere.txt", "cannot read"),
    ({"epochs": 0}, [["a", "b"]], "`epochs` must be"),
    ({"workers": 1.5}, [["a", "b"]], "`workers` must be"),
    ({"random_state": 2**32}, [["a", "b"]], "`random_state`"),
    ({"learning_rate": -1.0}, [["a", "b"]], "`learning_rate`"),
])  # fmt: skip
def test_what_cannot_be_trained_is_one_sentence(settings: dict, corpus, said: str) -> None:
    pytest.importorskip("gensim")
    model = WordVectors(4, verbose=False, **{"min_count": 1, **settings})
    with pytest.raises(BadInput, match=said):
        model.fit(corpus)
    with pytest.raises(BadInput, match="not fitted"):
        _ = model.words


def test_training_without_gensim_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(MissingExtra, match=r"zalgebra\[words\]"):
        quick().fit(toy_corpus(5))


def test_tables_go_through_files(wv: WordVectors, tmp_path: Path) -> None:
    for name, binary in (("v.txt.gz", False), ("v.bin", True)):
        back = WordVectors.load_vectors(wv.save_vectors(tmp_path / name, binary=binary), limit=50)
        assert back.words == WORDS[:50]
        np.testing.assert_array_equal(back.vectors, wv.vectors[:50])
