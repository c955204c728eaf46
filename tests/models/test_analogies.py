"""Analogies: intervals that cover, baselines that need no pair, and gensim on the real vectors."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from zalgebra.measures import proportion
from zalgebra.models.analogy_draws import resampled, shuffled
from zalgebra.models.analogy_questions import Covered, covered, read_questions
from zalgebra.models.words import WordVectors
from zalgebra.types import BadInput

DATA = os.environ.get("ZALGEBRA_DATA")


def paired_words(n: int, noise: float, *, seed: int = 0, common: float = 0.0) -> WordVectors:
    """Words a0, b0, a1, …: every b is its a and one common step, with noise."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, 20))
    step = 3 * np.eye(20)[0]
    B = A * (1 - common) + step + noise * rng.standard_normal((n, 20))
    words = [f"{side}{i}" for side in "ab" for i in range(n)]
    return WordVectors.from_arrays(words, np.concatenate([A, B]))


def all_questions(n: int) -> list[tuple[str, str, str, str]]:
    return [(f"a{i}", f"b{i}", f"a{j}", f"b{j}") for i in range(n) for j in range(n) if i != j]


def squares(n: int) -> Covered:
    rows = [(i, n + i, j, n + j) for i in range(n) for j in range(n) if i != j]
    asked = np.array([len(rows)])
    return Covered(("s",), asked, np.zeros(len(rows), int), np.array(rows), np.arange(2 * n))


def test_the_interval_covers_where_questions_share_pairs() -> None:
    """Both pairs of a question help or harm it: Wilson's interval covers half of the time."""
    rng, asked, repeats, hit, wilson = np.random.default_rng(0), squares(20), 100, 0, 0
    first, second = asked.rows[:, 0], asked.rows[:, 2]
    effects = rng.normal(0, 1, 200_000), rng.normal(0, 1, 200_000)
    truth = np.mean(1 / (1 + np.exp(-effects[0] - effects[1])))
    for _ in range(repeats):
        effect = rng.normal(0, 1, 20)
        right = rng.random(len(first)) < 1 / (1 + np.exp(-effect[first] - effect[second]))
        draws = resampled(asked, np.stack([right, right]), 200, rng)[0, :, -1]
        low, high = np.nanquantile(draws, [0.025, 0.975])
        hit += low <= truth <= high
        half = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / len(right))
        wilson += abs(right.mean() - truth) <= half
    assert 0.88 <= hit / repeats <= 1
    assert wilson / repeats < 0.6


def test_right_answers_alone_know_no_more_than_their_pairs() -> None:
    """Resampling has nothing to vary: Wilson's interval, of the 12 pairs of 132 questions."""
    wv = paired_words(12, 0.0)
    score = wv.evaluate_analogies(all_questions(12)).total()
    assert (score.right, score.n) == (132, 132)
    twelve = proportion(np.ones(12, bool), "")
    assert score.interval == pytest.approx((twelve.low, 1))
    assert score.baseline is None


@pytest.mark.parametrize("right", [True, False])
def test_one_question_has_the_interval_of_one(right: bool) -> None:
    wv = paired_words(12, 0.0)
    a, b, c, d = all_questions(12)[0]
    found = wv.evaluate_analogies([(a, b, c, d if right else "a7")])
    one = proportion(np.array([right]), "")
    for score in (found.total(), found.scores()["questions"]):
        assert (score.right, score.n) == (int(right), 1)
        assert score.interval == pytest.approx((one.low, one.high))


def test_an_interval_is_no_narrower_than_wilsons() -> None:
    wv = paired_words(12, 0.9)
    for some in (all_questions(12), all_questions(12)[::9], all_questions(12)[:3]):
        score = wv.evaluate_analogies(some).total()
        wilson = proportion(np.arange(score.n) < score.right, "")
        low, high = score.interval
        assert low <= wilson.low + 1e-12
        assert high >= wilson.high - 1e-12


def test_no_question_at_all_is_refused(tmp_path: Path) -> None:
    wv, empty = paired_words(4, 0.0), tmp_path / "empty.txt"
    empty.write_text(": a section of nothing\n")
    with pytest.raises(BadInput, match=r"at least one question, got none in .*empty\.txt"):
        wv.evaluate_analogies(empty)
    for nothing in ([], {"s": []}):
        with pytest.raises(BadInput, match="at least one question, got none:"):
            wv.evaluate_analogies(nothing)


def test_a_shuffle_gives_every_pair_another_partner() -> None:
    asked = squares(9)
    rows = shuffled(asked, np.random.default_rng(0))
    np.testing.assert_array_equal(rows[:, [0, 2, 3]], asked.rows[:, [0, 2, 3]])
    assert (rows[:, 1] != asked.rows[:, 1]).all()
    partner = dict(rows[:, :2].tolist())
    assert len(partner) == 9, "one partner for each pair, in all its questions"
    assert sorted(partner.values()) == list(range(9, 18))


def test_sections_are_shuffled_and_drawn_apart() -> None:
    words = [f"{s}{i}" for s in "abcd" for i in range(6)]
    questions = {
        "one": [(f"a{i}", f"b{i}", f"a{j}", f"b{j}") for i in range(6) for j in range(i)],
        "two": [(f"c{i}", f"d{i}", f"c{j}", f"d{j}") for i in range(6) for j in range(i)],
        "none": [("x", "y", "z", "u")],
    }
    asked = covered(words, questions)
    assert asked.asked.tolist() == [15, 15, 1]
    rows = shuffled(asked, np.random.default_rng(1))
    moved = [words[i][0] for i in rows[:, 1]]
    assert moved == ["b"] * 15 + ["d"] * 15
    right = np.stack([asked.section == 0, asked.section == 1])
    draws = resampled(asked, right, 50, np.random.default_rng(0))
    finite = np.isfinite(draws).all(axis=(0, 2))
    assert not finite.any(), "a section without questions has no accuracy"
    assert np.nanmax(np.abs(draws[:, :, 0] - [[1], [0]])) == 0
    assert np.nanmax(np.abs(draws[:, :, 1] - [[0], [1]])) == 0


def test_the_baseline_tells_a_pair_from_a_category() -> None:
    """One common step: any b serves as partner where it says nothing of its own a."""
    n = 15
    apart = paired_words(n, 0.2).evaluate_analogies(all_questions(n), shuffles=5)
    assert apart.total().accuracy > 0.9
    assert apart.total().baseline < apart.total().accuracy - 0.2
    step = np.random.default_rng(0).standard_normal((n, 20)) * 0.02 + 3 * np.eye(20)[1]
    A = np.random.default_rng(1).standard_normal((n, 20)) * 0.02 + 3 * np.eye(20)[0]
    words = [f"{side}{i}" for side in "ab" for i in range(n)]
    alike = WordVectors.from_arrays(words, np.concatenate([A, A + step]))
    found = alike.evaluate_analogies(all_questions(n), shuffles=5)
    assert abs(found.total().accuracy - found.total().baseline) < 0.1
    repeated = alike.evaluate_analogies(all_questions(n), shuffles=5)
    assert repeated.total() == found.total()


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul", "pairdirection"])
def test_each_objective_answers_as_one_question_does(method: str) -> None:
    wv, questions = paired_words(10, 1.0), all_questions(10)
    report = wv.evaluate_analogies(questions, method=method)
    for (a, b, c, _), dropped, kept in zip(
        report.questions, report.dropped, report.kept, strict=True
    ):
        assert wv.analogy(a, b, c, 1, method=method)[0][0] == dropped
        assert wv.analogy(a, b, c, 1, method=method, exclude=False)[0][0] == kept


def test_settings_out_of_range_are_one_sentence() -> None:
    wv = paired_words(4, 0.0)
    for setting in ({"shuffles": -1}, {"bootstrap": 0}, {"restrict_vocab": 0}, {"method": "x"}):
        with pytest.raises(BadInput, match=f"`{next(iter(setting))}` must be"):
            wv.evaluate_analogies(all_questions(4), **setting)


# Real vectors.


@pytest.fixture(scope="module")
def real() -> WordVectors:
    if DATA is None:
        pytest.skip("needs ZALGEBRA_DATA")
    folder = Path(DATA) / "word_vectors"
    return WordVectors.load_vectors(folder / "wiki70m_w2v_100d_20k.npz")


def test_a_part_of_googles_questions_is_answered_as_by_gensim(
    real: WordVectors, tmp_path: Path
) -> None:
    models = pytest.importorskip("gensim.models")
    questions = read_questions(Path(str(DATA)) / "word_benchmarks" / "questions-words.txt.gz")
    few = {name: section[::40] for name, section in questions.items()}
    lines = [f": {name}\n" + "".join(" ".join(q) + "\n" for q in qs) for name, qs in few.items()]
    (tmp_path / "few.txt").write_text("".join(lines))
    kv = models.KeyedVectors(100)
    kv.add_vectors(real.words[:10_000], real.vectors[:10_000])
    score, _ = kv.evaluate_word_analogies(str(tmp_path / "few.txt"))
    ours = real.evaluate_analogies(few, restrict_vocab=10_000)
    assert ours.total().n > 100
    assert ours.accuracy == pytest.approx(score)
    units = [[kv.get_vector(word, norm=True) for word in q] for q in ours.questions]
    kept = [kv.most_similar([b, c], [a], topn=1)[0][0] for a, b, c, _ in units]
    assert ours.kept.tolist() == kept, "vectors in place of words keep the question's words"


def test_king_and_queen_are_as_published(real: WordVectors) -> None:
    import zalgebra as za

    latent = za.evaluate("king - man + woman", real)
    nearest = real.nearest(latent.array(method="linear"), 2)
    assert [word for word, _ in nearest] == ["king", "queen"]
    assert real.most_similar(["king", "woman"], ["man"], 1)[0][0] == "queen"


@pytest.mark.slow
def test_the_given_vectors_have_their_published_figures(real: WordVectors) -> None:
    path = Path(str(DATA)) / "word_benchmarks" / "questions-words.txt.gz"
    report = real.evaluate_analogies(path)
    assert (report.total().n, report.total().asked) == (10854, 19544)
    assert report.accuracy == pytest.approx(0.648, abs=5e-4)
    assert report.total(drop=False).accuracy == pytest.approx(0.246, abs=1e-3)
