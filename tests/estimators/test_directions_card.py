"""The card: the interval covers, random labels are refused, the range is where the data are."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from scipy import stats

import zalgebra as za
from zalgebra import Direction
from zalgebra.algebra.priors.shrinkage import shrunk
from zalgebra.estimators.directions_angle import angle_interval
from zalgebra.estimators.directions_card import Card
from zalgebra.estimators.directions_evidence import alignment
from zalgebra.estimators.directions_leakage import leakage_matrix
from zalgebra.estimators.directions_linear import estimate
from zalgebra.estimators.directions_samples import Sample
from zalgebra.files import read_tensors, write_tensors
from zalgebra.types import BadInput

ALPHA = 1e-4


def angle(a: np.ndarray, b: np.ndarray) -> float:
    cosine = a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b)
    return math.degrees(math.acos(np.clip(cosine, -1, 1)))


def is_share(hits: list[bool], share: float) -> bool:
    """Whether so many hits may be of this share."""
    return stats.binomtest(sum(hits), len(hits), share).pvalue > ALPHA


GROUPS = [  # D, sizes of the groups, spread of the axes, length of δ
    (2, (20, 20), [1.0, 1.0], 1.0),
    (32, (30, 90), np.ones(32), 2.0),
    (32, (100, 100), 2 / np.sqrt(np.arange(1, 33)), 1.0),
    (200, (25, 25), np.ones(200), 3.0),  # fewer rows than axes
    (200, (25, 25), 2 / np.sqrt(np.arange(1, 201)), 2.0),
]


@pytest.mark.parametrize(("D", "sizes", "sd", "length"), GROUPS)
def test_the_interval_holds_the_true_angle_in_95_of_100_cases(D, sizes, sd, length) -> None:
    rng = np.random.default_rng(D)
    hits, below = [], []
    for _ in range(100):
        delta = rng.standard_normal(D) * sd
        delta *= length / np.linalg.norm(delta)
        P, N = (rng.standard_normal((n, D)) * sd for n in sizes)
        found = estimate(Sample.of_groups(P + delta, N, {}))
        low, high = angle_interval(found.delta, found.noise, found.df)
        true = angle(found.delta, delta)
        hits.append(low <= true <= high)
        below.append(true < low)
    assert is_share(hits, 0.95)
    assert is_share(below, 0.025)


def test_rows_beyond_512_in_as_many_axes_are_folded() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((1500, 600)) * np.linspace(0.1, 2, 600) / 40
    delta = 300 * np.eye(600)[0]
    low, high = angle_interval(delta, noise, 1500)
    weights = np.linspace(0.1, 2, 600)[1:] ** 2 * 1500 / 1600  # |ε⊥|² is Σ of these times χ²₁
    drawn = rng.standard_normal((4000, 599)) ** 2 @ weights
    found = 300 * np.sin(np.radians([low, high]))
    np.testing.assert_allclose(found, np.sqrt(np.quantile(drawn, [0.025, 0.975])), rtol=0.02)


def test_few_rows_of_many_axes_give_no_wider_interval_than_all_axes_have() -> None:
    noise = np.random.default_rng(0).standard_normal((50, 200)) / 7
    low, high = np.sin(np.radians(angle_interval(300 * np.eye(200)[0], noise, 50)))
    chi = np.sqrt(stats.chi2.ppf([0.025, 0.975], 199))
    assert high / low == pytest.approx(chi[1] / chi[0], rel=0.05)  # 1.22; of 40 axes it is 1.56


def test_an_angle_that_noise_alone_may_give_is_not_known() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((100, 50)) / 10
    low, high = angle_interval(np.eye(50)[0] * 7, noise, 100)  # as long as the noise
    assert high == pytest.approx(180 - low)
    assert angle_interval(np.eye(50)[0], noise, 100) == (0, 180)  # shorter than any noise
    assert angle_interval(np.eye(1)[0], np.ones((5, 1)), 4) == (0, 0)  # one axis has no angle


def test_a_known_bias_belongs_to_the_angle() -> None:
    rng = np.random.default_rng(0)
    delta, bias, n = 10 * np.eye(16)[0], 4 * np.eye(16)[1], 60
    told, ignored = [], []
    for _ in range(100):
        noise = rng.standard_normal((n, 16)) / np.sqrt(n)
        found = delta + bias + rng.standard_normal(16)
        true = angle(found, delta)
        for b, hits in ((bias, told), (None, ignored)):
            low, high = angle_interval(found, noise, n, b)
            hits.append(low <= true <= high)
    assert is_share(told, 0.95)
    assert not is_share(ignored, 0.95)


KINDS = ["groups", "given", "pairs", "continuous"]


@pytest.mark.parametrize(
    ("kind", "size"), [("groups", 0.5), ("given", 0.8), ("pairs", 0.3), ("continuous", 0.08)]
)
def test_the_p_value_is_the_share_of_orders_that_align_as_well(kind, size) -> None:
    rng, n = np.random.default_rng(3), 60
    X, axis = rng.standard_normal((n, 8)), np.eye(8)[0]
    y = rng.standard_normal(n) if kind == "continuous" else np.arange(n) % 2.0
    c = y + rng.standard_normal(n)
    if kind == "pairs":
        sample = Sample.of_pairs(X, X + rng.standard_normal((n, 8)) + size * axis)
        rows, labels = sample.Z[:n] - sample.Z[n:], np.ones(n)
        orders = np.random.default_rng(9).choice([-1.0, 1.0], (199, n))
    else:
        Z = X + size * np.outer(y, axis)
        sample = Sample.of_labels(Z, y, {"c": c} if kind == "given" else {})
        design = np.column_stack([np.ones(n), c] if kind == "given" else [np.ones(n)])
        free = np.eye(n) - design @ np.linalg.pinv(design)
        rows, labels = free @ Z, free @ y
        orders = np.random.default_rng(9).permuted(np.tile(labels, (199, 1)), axis=1)
    sd = np.sqrt(np.mean(rows**2, axis=0))
    inner = rows @ np.linalg.inv(shrunk(rows / sd, sd).cov) @ rows.T  # of whitened rows
    squares = [1 - sum(r**2 * np.diag(inner)) / (r @ inner @ r) for r in (labels, *orders)]
    found, by_chance, p = alignment(sample, np.random.default_rng(9))
    cosines = np.sqrt(np.maximum(squares, 0))
    assert found == pytest.approx(cosines[0])
    assert by_chance == pytest.approx(np.quantile(cosines[1:], 0.95))
    assert p == pytest.approx((1 + sum(np.array(squares[1:]) >= squares[0])) / 200)
    assert 0.01 < p < 0.9  # neither as few nor as many as there can be


def test_a_card_says_where_its_interval_is_doubtful(tmp_path) -> None:
    rng = np.random.default_rng(0)
    Z, y = rng.standard_normal((400, 20)) * np.geomspace(1, 0.02, 20), np.arange(400) % 2
    Z[:, 0] += 2 * y
    few = Direction.from_labels(Z[:60], y[:60], method="svm", metric="euclidean")
    assert "the angle's interval is approximate" in few.card.note
    assert "within about" in few.verdict or "do not fix" in few.verdict
    assert Direction.load(few.save(tmp_path / "few")).card.note == few.card.note
    for direction in (
        Direction.from_labels(Z, y, method="lda"),
        Direction.from_labels(Z, y),
    ):
        assert direction.card.note == ""
        assert "about" not in direction.verdict
    old = few.card.to_dict()
    del old["note"]
    assert Card.from_dict(old).note == ""


def learned(kind: str, rng: np.random.Generator, size: float) -> Direction:
    """A direction of unit length along the first axis times ``size``; none if that is 0."""
    n, D = 60, 24
    Z = rng.standard_normal((n, D)) * np.linspace(0.3, 2, D)
    unit = size * np.eye(D)[0]
    if kind == "pairs":
        return Direction.from_pairs(Z, Z + 0.3 * rng.standard_normal((n, D)) + 0.3 * unit)
    if kind == "continuous":
        y = rng.standard_normal(n)
        return Direction.from_labels(Z + np.outer(y, unit), y)
    y = np.arange(n) % 2
    other = y + rng.standard_normal(n)
    Z = Z + np.outer(y, unit) + np.outer(other, np.eye(D)[1])
    return Direction.from_labels(Z, y, given={"other": other} if kind == "given" else {})


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_labels_are_no_direction(kind) -> None:
    rng = np.random.default_rng(1)
    if kind == "groups":  # without the other attribute, which moves with the label
        Z = rng.standard_normal((60, 24))
        cards = [Direction.from_labels(Z, rng.permutation(60) % 2).card for _ in range(40)]
    else:
        cards = [learned(kind, rng, 0.0).card for _ in range(40)]
    assert sum(c.found for c in cards) <= 4  # of 40 at a level of 0.01; 5 are below ALPHA
    p = [c.p_value for c in cards]
    assert stats.kstest(p, "uniform").pvalue > ALPHA
    assert np.mean([c.alignment > c.by_chance for c in cards]) < 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_direction_passes_the_test(kind) -> None:
    rng = np.random.default_rng(2)
    found = learned(kind, rng, 1.5)
    assert found.card.found
    assert found.card.alignment > found.card.by_chance
    assert found.card.kind == {"given": "groups"}.get(kind, kind)
    assert found.verdict.startswith("direction: a direction (p = 0.005), ")
    assert ("within" in found.verdict) == (found.angle_interval[1] < 90)
    none = learned("continuous", rng, 0.0)
    assert "no direction; labels in random order align as well (p = 0." in none.verdict


def test_the_score_is_that_of_items_which_were_held_out() -> None:
    rng = np.random.default_rng(0)
    Z, y = rng.standard_normal((60, 200)), np.arange(60) % 2
    noise = Direction.from_labels(Z, y)
    assert noise.effect_size > 2  # in sample, 200 axes tell any 60 items apart
    assert 0.3 < noise.card.score < 0.7
    Z, y = rng.standard_normal((4000, 8)), np.arange(4000) % 5 == 0  # rare
    Z[:, 0] += 2 * y
    score = Direction.from_labels(Z, y).card.score
    assert score == pytest.approx(stats.norm.cdf(1), abs=0.03)  # balanced, at the midpoint
    t = rng.standard_normal(4000)
    Z[:, 1] += t  # half of the variance there is t
    assert Direction.from_labels(Z, t).card.score == pytest.approx(0.5, abs=0.05)
    pairs = Direction.from_pairs(Z, Z + rng.standard_normal(Z.shape) + np.eye(8)[0])
    assert pairs.card.score == pytest.approx(stats.norm.cdf(1), abs=0.03)


def test_the_range_is_where_the_data_are() -> None:
    rng = np.random.default_rng(0)
    n = 20_000
    Z, y = rng.standard_normal((n, 3)), np.arange(n) % 2
    Z[:, 0] += 4 * y
    card = Direction.from_labels(Z, y).card
    # strengths count δ = 4 from the mean without: 99 % of the mixture of N(0, 1) and N(4, 1)
    low, high = stats.norm.ppf(0.01) / 4, 1 - stats.norm.ppf(0.01) / 4
    assert card.support == pytest.approx((low, high), abs=0.03)
    # P(y = 1 | t) = 1 / (1 + exp(-4 (t - 2))) is 0.95 at t = 2 + log(19) / 4
    assert card.saturates == pytest.approx((2 + math.log(19) / 4) / 4, abs=0.06)
    assert sum(card.profile.positive) == sum(card.profile.negative) == n // 2
    assert np.all(np.diff(card.profile.reading) >= 0)
    weak = Direction.from_labels(Z[:, 1:] + 0.2 * y[:, None], y).card
    assert weak.saturates is None  # nowhere do 95 of 100 have it


def test_the_card_is_stored_and_old_files_load_without_one(tmp_path) -> None:
    rng = np.random.default_rng(0)
    for kind in KINDS:
        direction = learned(kind, rng, 1.0)
        loaded = Direction.load(direction.save(tmp_path / kind))
        assert loaded.to_dict() == direction.to_dict()
        assert loaded.card == direction.card
        assert repr(loaded) == repr(direction)
        json.dumps(direction.to_dict(), allow_nan=False)
    tensors, header = read_tensors(tmp_path / "groups")
    old = {k: v for k, v in header.items() if k not in ("card", "format")}
    write_tensors(tmp_path / "old", tensors, old)
    loaded = Direction.load(tmp_path / "old")
    assert loaded.card is None
    assert loaded.effect_size == header["effect_size"]
    assert "was saved without a card" in loaded.verdict
    assert isinstance(direction.card, Card)


def test_the_data_hash_is_that_of_latents_and_labels() -> None:
    Z, y = np.random.default_rng(0).standard_normal((40, 4)), np.arange(40) % 2
    same = [Direction.from_labels(Z, y, seed=s).card.data_hash for s in (0, 1)]
    assert same[0] == same[1]
    assert len(same[0]) == 64
    assert Direction.from_labels(Z, 1 - y).card.data_hash != same[0]
    Z[0, 0] += 1e-9
    assert Direction.from_labels(Z, y).card.data_hash != same[0]


def test_the_leakage_matrix_is_a_row_for_each_direction() -> None:
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((500, 6))
    labels = {"a": Z[:, 0] > 0, "b": Z[:, 0] + Z[:, 1], "hair": np.where(Z[:, 2] > 0, "x", "y")}
    found = [Direction.from_labels(Z, labels[k], attributes=labels, name=k) for k in "ab"]
    matrix = leakage_matrix(found, Z, labels)
    assert matrix.directions == ("a", "b")
    assert matrix.attributes == ("a", "b", "hair=x", "hair=y")
    readout = np.linalg.lstsq(Z - Z.mean(axis=0), labels["b"] - labels["b"].mean())[0]
    expected = [d.vector @ readout / labels["b"].std() for d in found]
    np.testing.assert_allclose(matrix.values[:, 1], expected, rtol=1e-2)
    np.testing.assert_allclose(matrix.values[:, 2], -matrix.values[:, 3], atol=1e-12)
    with pytest.raises(BadInput, match="'a' has 6 entries, the latents 5"):
        leakage_matrix(found, Z[:, 1:], labels)
    with pytest.raises(BadInput, match="at least one direction and one attribute"):
        leakage_matrix([], Z, labels)


def test_the_whole_card_is_printed() -> None:
    from rich.console import Console

    direction = learned("given", np.random.default_rng(0), 1.5)
    console = Console(width=120, file=io.StringIO())
    console.print(direction)
    shown = console.file.getvalue()
    for words in (
        "30 with, 30 without", "a direction (p = 0.005)", "difference, given other", "alignment",
        "held-out balanced accuracy", "strengths that the data support", "the effect is complete",
        direction.card.data_hash[:12], "leaks onto other",
    ):  # fmt: skip
        assert words in shown


@pytest.mark.parametrize(("method", "side"), [("difference", 64), ("lda", 34)])
def test_few_latents_of_many_entries_have_a_card(method, side) -> None:
    rng = np.random.default_rng(0)
    Z, y = rng.standard_normal((60, 4, side, side)).astype(np.float32), np.arange(60) % 2
    Z[:, 0] += 0.1 * y[:, None, None]
    other = rng.standard_normal(60)
    found = za.Direction.from_labels(Z, y, method=method, given={"other": other})
    assert found.vector.shape == (4, side, side)
    low, high = found.angle_interval
    assert 45 < low < high  # so few rows do not fix so many entries


@pytest.mark.parametrize("kind", KINDS)
def test_the_card_is_drawn(kind) -> None:
    from matplotlib.figure import Figure

    from zalgebra.studio import cards

    direction = learned(kind, np.random.default_rng(0), 1.5)
    figure = cards.card(direction)
    assert len(figure.axes) == (2 if direction.leakage else 1)
    assert direction.verdict in figure.get_suptitle()
    ax = Figure().add_subplot()
    assert cards.along(direction, ax=ax) is ax.figure
    line = ax.lines[0].get_xydata()
    np.testing.assert_allclose(line[:, 0], direction.card.profile.at)
    with pytest.raises(BadInput, match="no card to draw"):
        cards.card(Direction.from_classifier([1.0, 2.0]))


def test_a_leakage_matrix_is_drawn() -> None:
    from zalgebra.estimators.directions_leakage import LeakageMatrix
    from zalgebra.studio import cards

    figure = cards.matrix(LeakageMatrix(("a",), ("b", "c"), np.array([[1.0, -0.5]])))
    assert [t.get_text() for t in figure.axes[0].texts] == ["+1.00", "-0.50"]
