"""Similarity as people judge it: gensim's figures, unknown words either way, files as they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from zalgebra.models.words import WordVectors
from zalgebra.types import BadInput

DATA = os.environ.get("ZALGEBRA_DATA")
WORDS = [f"w{i}" for i in range(60)]


@pytest.fixture(scope="module")
def wv() -> WordVectors:
    return WordVectors.from_arrays(WORDS, np.random.default_rng(0).standard_normal((60, 5)))


@pytest.fixture(scope="module")
def judged() -> list[tuple[str, str, float]]:
    rng = np.random.default_rng(1)
    pairs = rng.integers(0, 70, (90, 2))  # some are no words
    return [(f"w{a}", f"W{b}", float(rng.integers(0, 10))) for a, b in pairs]


def keyed(wv: WordVectors):
    kv = pytest.importorskip("gensim.models").KeyedVectors(wv.vectors.shape[1])
    kv.add_vectors(wv.words, wv.vectors)
    return kv


@pytest.mark.parametrize("unknown", ["drop", "zero"])
@pytest.mark.parametrize("restrict", [300_000, 40])
def test_figures_are_gensims(wv, judged, tmp_path: Path, unknown: str, restrict: int) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("# of people\n" + "".join(f"{a}\t{b}\t{s}\n" for a, b, s in judged))
    pearson, spearman, oov = keyed(wv).evaluate_word_pairs(
        str(path), restrict_vocab=restrict, dummy4unknown=unknown == "zero"
    )
    for source in (path, judged):
        found = wv.evaluate_word_pairs(source, restrict_vocab=restrict, unknown=unknown)
        assert found.pearson == pytest.approx(pearson[0], abs=1e-6)
        assert found.spearman == pytest.approx(spearman[0], abs=1e-6)
        assert 100 * found.unknown / found.asked == pytest.approx(oov)
        assert found.asked == 90
        assert found.n == (90 if unknown == "zero" else 90 - found.unknown)
        low, high = found.spearman_interval
        assert low < found.spearman < high


def test_blanks_tabs_and_a_line_of_headings_are_read(wv, judged, tmp_path: Path) -> None:
    found = wv.evaluate_word_pairs(judged)
    for blank, head in ((" ", ""), ("\t", "Word 1\tWord 2\tHuman (mean)\n")):
        lines = [blank.join(map(str, triple)) + "\n" for triple in judged]
        (tmp_path / "pairs").write_text(head + "".join(lines))
        assert wv.evaluate_word_pairs(tmp_path / "pairs") == found


def test_the_interval_covers_a_known_correlation() -> None:
    """Cosines whose ranks correlate by 0.6 with the judgements, over 100 draws of 150 pairs."""
    rng, hit = np.random.default_rng(0), 0
    words = [f"{side}{i}" for side in "ab" for i in range(150)]
    for _ in range(100):
        x, y = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 150).T
        angle = np.arccos(np.clip(x / 4, -1, 1))
        ends = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        wv = WordVectors.from_arrays(words, np.concatenate([np.tile([1.0, 0], (150, 1)), ends]))
        pairs = [(f"a{i}", f"b{i}", v) for i, v in enumerate(y)]
        low, high = wv.evaluate_word_pairs(pairs, bootstrap=200).pearson_interval
        hit += low <= 0.6 <= high
    assert 88 <= hit <= 100


def test_what_cannot_be_read_names_its_place(wv: WordVectors, tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("w1 w2 3\nw1 w2\n")
    with pytest.raises(BadInput, match=r"line 2 of .*pairs\.txt"):
        wv.evaluate_word_pairs(path)
    with pytest.raises(BadInput, match="triple 0"):
        wv.evaluate_word_pairs([("a", "b", "high")])
    with pytest.raises(BadInput, match="finite"):
        wv.evaluate_word_pairs([("w1", "w2", float("nan"))])
    with pytest.raises(BadInput, match="1 of 2 pairs are known, and 3 are needed"):
        wv.evaluate_word_pairs([("w1", "w2", 1), ("w1", "nope", 2)])
    with pytest.raises(BadInput, match="`unknown`"):
        wv.evaluate_word_pairs([], unknown="skip")


@pytest.mark.skipif(DATA is None, reason="needs ZALGEBRA_DATA")
@pytest.mark.parametrize("name", ["EN-WS-353-ALL", "EN-SIMLEX-999"])
def test_published_pairs_have_gensims_figures(name: str) -> None:
    folder = Path(str(DATA))
    vectors = folder / "word_vectors" / "wiki70m_w2v_100d_20k.npz"
    wv = WordVectors.load_vectors(vectors, limit=10_000)
    path = folder / "word_benchmarks" / f"{name}.txt.gz"
    found = wv.evaluate_word_pairs(path, bootstrap=50)
    pearson, spearman, _ = keyed(wv).evaluate_word_pairs(str(path))
    assert found.n > 100
    assert found.spearman == pytest.approx(spearman[0], abs=1e-6)
    assert found.pearson == pytest.approx(pearson[0], abs=1e-6)
