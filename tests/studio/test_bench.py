"""The comparison of ways to combine latents: fair, repeatable, resumable, and honest about n."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zalgebra as za
from zalgebra.data import datasets
from zalgebra.measures import frechet_difference
from zalgebra.models import Reader, load
from zalgebra.models.vae import VAE
from zalgebra.studio.bench import cells as cells_module
from zalgebra.studio.bench import combine
from zalgebra.studio.bench.cells import METHODS, TITLES, Cell, Kept, combined, kept
from zalgebra.studio.bench.charts import scores_chart
from zalgebra.studio.bench.combining import Comparison
from zalgebra.studio.bench.draws import POSITIONS, Draws, draw
from zalgebra.studio.bench.expectations import expectations, place
from zalgebra.studio.bench.gaps import advantage, baseline, farther, gaps
from zalgebra.studio.bench.ground import prepared
from zalgebra.studio.bench.judge import judge_of, named_classes
from zalgebra.studio.bench.pool import halves
from zalgebra.studio.bench.report import few
from zalgebra.studio.bench.scores import plausible, within
from zalgebra.studio.bench.tables import blocks, seconds_words
from zalgebra.types import BadInput

QUICK = ("linear", "slerp", "norm", "standardize", "lol", "lol-estimate")
TIMES = ("seconds", "batched_seconds", "decode_seconds")


@pytest.fixture(scope="module")
def digits() -> datasets.Dataset:
    return datasets.digits()[:900]


@pytest.fixture(scope="module")
def network(digits: datasets.Dataset) -> VAE:
    train = prepared(digits).train
    return VAE(6, width=8, max_epochs=12, batch_size=32, patience=None, verbose=False).fit(
        train.images
    )


@pytest.fixture(scope="module")
def reader(digits: datasets.Dataset) -> Reader:
    train = prepared(digits).train
    judge = Reader(fine=True, width=8, max_epochs=8, batch_size=32, verbose=False)
    return judge.fit(train.images, {"class": train.y})


@pytest.fixture(scope="module")
def few_of_nao() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(cells_module.SLOW, "nao", 3)
        yield


@pytest.fixture(scope="module")
def how(network: VAE, reader: Reader, few_of_nao: None) -> dict[str, Any]:
    return {"model": network, "judge": reader, "n": 150, "k": (3,)}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, digits, how) -> Comparison:
    folder = tmp_path_factory.mktemp("bench") / "all"
    return combine(digits, folder, sources=("real", "prior"), **how)


def figures(cells: list[Kept]) -> list[dict[str, Any]]:
    """All numbers but times."""
    return [{k: v for k, v in c.to_dict().items() if k not in TIMES} for c in cells]


# What it stands on.


def test_no_picture_has_two_roles(digits) -> None:
    data = prepared(digits)
    assert len(data.train) + len(data.held) == len(digits)
    for seed in (0, 1):
        seeds, reference = halves(data, (1, 3, 8), seed)
        marks = [{p.tobytes() for p in part.images} for part in (data.train, seeds, reference)]
        assert not marks[0] & marks[1]
        assert not marks[0] & marks[2]
        assert not marks[1] & marks[2]
        assert set(seeds.y) == set(reference.y) == {1, 3, 8}
        assert len(seeds) + len(reference) == np.isin(data.held.y, (1, 3, 8)).sum()


def test_the_halves_are_the_same_each_time_and_the_seeds_change_with_the_repeat(digits) -> None:
    data, again = prepared(digits), prepared(digits)
    assert data.mark == again.mark
    assert prepared(digits[1:]).mark != data.mark
    every = tuple(range(10))
    same, other = (halves(data, every, seed)[0].images for seed in (0, 1))
    np.testing.assert_array_equal(same, halves(again, every, 0)[0].images)
    assert not np.array_equal(same, other)


def test_the_judge_measures_along_principal_axes(digits, reader) -> None:
    data = prepared(digits)
    judge = judge_of(reader, data, most=5)
    assert judge.axes.shape == (64, 5)
    np.testing.assert_allclose(judge.axes.T @ judge.axes, np.eye(5), atol=1e-12)
    f = judge.features(data.train.images)
    spread = f.var(axis=0)
    assert np.all(np.diff(spread) < 0)
    np.testing.assert_allclose(f.mean(axis=0), 0, atol=1e-9)
    whole = reader.features(data.train.images).astype(float).var(axis=0).sum()
    assert judge.kept == pytest.approx(spread.sum() / whole, rel=1e-6)
    right = reader.predict(data.held.images)["class"] == data.held.y
    assert judge.accuracy.value == pytest.approx(right.mean())
    own = judge_of(reader, data, features=lambda x: x.mean(axis=(1, 2)))
    assert own.features(data.held.images).shape == (len(data.held), 8)


# Draws.


def test_draws_are_of_one_class_and_of_different_seeds() -> None:
    y = np.repeat([0, 1, 2, 3], [40, 30, 20, 4])
    draws = draw(y, {0: 40, 1: 30, 2: 30, 3: 100}, "centroid", 5, 4000, seed=1)
    assert np.all(y[draws.rows] == draws.wanted[:, None])
    assert all(len(set(row)) == 5 for row in draws.rows)
    np.testing.assert_allclose(draws.weights, 0.2)
    shares = np.bincount(draws.wanted, minlength=4) / 4000  # class 3 has too few seeds
    np.testing.assert_allclose(shares, [0.4, 0.3, 0.3, 0], atol=0.04)
    again = draw(y, {0: 40, 1: 30, 2: 30, 3: 100}, "centroid", 5, 4000, seed=1)
    np.testing.assert_array_equal(again.rows, draws.rows)
    other = draw(y, {0: 40, 1: 30, 2: 30, 3: 100}, "centroid", 5, 4000, seed=2)
    assert not np.array_equal(other.rows, draws.rows)


def test_the_positions_of_an_interpolation_take_turns() -> None:
    draws = draw(np.zeros(9, int), {0: 1}, "interpolation", 2, 12, seed=0)
    np.testing.assert_allclose(draws.weights.sum(axis=1), 1)
    np.testing.assert_allclose(draws.weights[:, 1], [*POSITIONS, *POSITIONS, *POSITIONS[:2]])


def test_a_method_that_makes_fewer_makes_the_first_ones() -> None:
    draws = draw(np.zeros(9, int), {0: 1}, "centroid", 3, 12, seed=0)
    np.testing.assert_array_equal(draws[:4].rows, draws.rows[:4])
    assert len(draws[:99]) == len(draws[:None]) == 12


# One cell.


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_what_single_calls_give(network, few_of_nao, method: str) -> None:
    latents = network.prior_.sample(20, seed=0).astype(np.float32)
    draws = draw(np.zeros(20, int), {0: 1}, "centroid", 3, 3, seed=0)
    z, at, spent = combined(draws, latents, network.prior_, method)
    np.testing.assert_array_equal(at, [0, 1, 2])
    how = {"correlation": "estimate"} if method == "lol-estimate" else {}
    for row, weights, result in zip(draws.rows, draws.weights, z, strict=True):
        alone = za.combine(
            weights, latents[row], prior=network.prior_, method=method.partition("-")[0], **how
        )
        np.testing.assert_allclose(result, alone, rtol=1e-4, atol=1e-4)
    assert spent["seconds"] > 0
    assert (spent["batched_seconds"] is None) == (method == "nao")


def test_seeds_for_which_a_slow_method_does_not_settle_are_counted(network, few_of_nao) -> None:
    latents = network.prior_.sample(20, seed=0).astype(np.float32)
    latents[7] = -latents[3]  # no one path joins opposite latents
    rows = np.array([[0, 1], [3, 7], [2, 5]])
    draws = Draws(rows, np.full((3, 2), 0.5), np.zeros(3, int))
    z, at, spent = combined(draws, latents, None, "nao")
    np.testing.assert_array_equal(at, [0, 2])
    assert (len(z), spent["failed"]) == (2, 1)
    with pytest.raises(BadInput, match="nao settled for none of 1 sets"):
        combined(draws[1:2], latents, None, "nao")


def test_pairs_are_those_that_both_methods_made() -> None:
    whole = made("lol", np.array([True, False, True, True]))
    part = made("nao", np.array([True, True]))
    part = dataclasses.replace(part, at=np.array([1, 3]))
    score = advantage([part], [whole])
    assert (score.n, score.value) == (2, 0.5)


def test_a_large_batch_is_made_in_blocks(network, monkeypatch) -> None:
    latents = network.prior_.sample(20, seed=0).astype(np.float32)
    draws = draw(np.zeros(20, int), {0: 1}, "centroid", 3, 50, seed=0)
    whole = combined(draws, latents, network.prior_, "lol")[0]
    monkeypatch.setattr(cells_module, "ENTRIES", 200)
    parts = combined(draws, latents, network.prior_, "lol")[0]
    np.testing.assert_allclose(parts, whole, rtol=1e-5)


def test_each_latent_is_judged_by_itself(network) -> None:
    z = network.prior_.sample(30, seed=0) * np.linspace(0.1, 3, 30)[:, None]
    alone = [za.check(one[None], network.prior_).plausible[0] for one in z]
    judged = plausible(za.check(z, network.prior_))
    np.testing.assert_array_equal(judged, alone)
    assert 0 < judged.sum() < 30


def test_diversity_is_within_classes() -> None:
    rng = np.random.default_rng(0)
    f = rng.standard_normal((400, 1)) * np.repeat([1, 3], 200)[:, None]
    far = f + np.repeat([0, 1000], 200)[:, None]
    y = np.repeat([0, 1], 200)
    score = within(far, y)
    assert score.value == pytest.approx(within(f, y).value)
    assert score.low < 2 * 2 / np.sqrt(np.pi) < score.high  # the mean of 1 and 3 times 2/√π
    assert within(f[:2], y[:2]) is None


# The comparison.


def test_every_cell_is_there(found) -> None:
    kinds = [("interpolation", 2), ("centroid", 3)]
    expected = [("real", "seeds", 1, m) for m in ("items", "decoded")]
    expected += [("real", w, k, m) for w, k in kinds for m in METHODS]
    expected += [("prior", "seeds", 1, "decoded")]
    expected += [("prior", w, k, m) for w, k in kinds for m in METHODS]
    assert [(c.cell.source, c.cell.what, c.cell.k, c.cell.method) for c in found.cells] == expected
    for c in found.cells:
        if c.cell.what != "seeds":
            assert c.n == (3 if c.cell.method == "nao" else 150)


def test_all_methods_are_given_the_same_seeds(found) -> None:
    groups: dict[tuple[str, str, int], list[Kept]] = {}
    for c in found.cells:
        if c.cell.what != "seeds":
            groups.setdefault((c.cell.source, c.cell.what, c.cell.k), []).append(c)
    for group in groups.values():
        for c in group:
            np.testing.assert_array_equal(c.rows, group[0].rows[: c.n])
            np.testing.assert_array_equal(c.weights, group[0].weights[: c.n])


def test_the_figures_are_those_of_the_measures(found, digits, network, reader) -> None:
    """One cell done again by hand, through the public doors."""
    c = next(
        c for c in found.cells
        if (c.cell.source, c.cell.what, c.cell.k, c.cell.method) == ("real", "centroid", 3, "lol")
    )  # fmt: skip
    data = prepared(digits)
    seeds, reference = halves(data, tuple(range(10)), 0)
    latents = network.transform(seeds.images)
    z = np.stack([za.centroid(latents[row], prior=network.prior_) for row in c.rows])
    pictures = network.inverse_transform(z)
    np.testing.assert_allclose(c.pictures, pictures[: len(c.pictures)], atol=1e-4)
    read = reader.predict(pictures)["class"]
    assert np.mean(read == c.read) > 0.99
    np.testing.assert_array_equal(c.wanted, seeds.y[c.rows[:, 0]])
    assert c.figures["accuracy"]["value"] == pytest.approx((read == c.wanted).mean(), abs=0.01)
    judge = judge_of(reader, data)
    used = np.isin(reference.y, np.unique(c.wanted))
    distance = za.measures.frechet_distance(
        judge.features(reference.images[used]), judge.features(pictures)
    )
    assert c.figures["frechet"]["value"] == pytest.approx(distance.value, rel=0.01)
    ratio = za.check(z, network.prior_).effects["variance_ratio"].mean()
    assert c.figures["variance"]["value"] == pytest.approx(ratio, rel=1e-4)


def test_what_means_nothing_is_left_out(found) -> None:
    anchors = {(c.cell.source, c.cell.method): c for c in found.cells if c.cell.what == "seeds"}
    assert anchors["real", "items"].figures["plausible"] is None  # pictures have no latent
    assert anchors["prior", "decoded"].figures["accuracy"] is None  # their class is what was read
    three = next(c for c in found.cells if c.cell.method == "nao")
    assert three.figures["frechet"] is None
    assert three.figures["accuracy"]["n"] == 3


def test_everything_is_written(found) -> None:
    folder = found.output
    results = json.loads((folder / "results.json").read_text())
    assert results == json.loads(json.dumps(found.to_dict()))
    lines = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    assert len(lines) == len(found.cells) == len(results["cells"])
    for line, cell in zip(lines, results["cells"], strict=True):
        assert line["method"] == cell["method"]
        if cell["accuracy"]:
            assert float(line["accuracy_low"]) == cell["accuracy"]["low"]
    text = (folder / "results.md").read_text()
    page = (folder / "index.html").read_text()
    for method in METHODS:
        assert f"| {TITLES[method]} |" in text
        assert TITLES[method] in page
    assert "reads " in text  # the classifier's own accuracy stands beside the figures
    assert f"{found.facts['judge']['accuracy']['value']:.1%}" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert {p.name for p in (folder / "figures").iterdir()} == {
        "scores-real.png", "scores-prior.png", "along-real.png", "along-prior.png", "times.png"
    }  # fmt: skip
    assert len(list((folder / "sheets").iterdir())) == 4
    assert results["run"]["versions"]["zalgebra"] == za.__version__
    assert "### Gaps to LOL, over pairs of the same seeds" in text
    assert "Gaps to LOL" in page
    assert {g["method"] for g in results["gaps"]} == set(METHODS) - {"lol"}


def test_the_same_numbers_twice_and_methods_added_later(tmp_path, found, digits, how) -> None:
    some = {"methods": ("lol", "linear"), "what": ("centroid",)}
    combine(digits, tmp_path / "b", **how, **some)
    before = {f: f.stat().st_mtime_ns for f in (tmp_path / "b/work/cells").iterdir()}
    assert len(before) == 4
    again = combine(digits, tmp_path / "b", **how)
    assert figures(again.cells) == figures([c for c in found.cells if c.cell.source == "real"])
    assert {f: f.stat().st_mtime_ns for f in before} == before


def test_repeats_are_a_row_of_their_means(tmp_path, digits, how) -> None:
    both = combine(digits, tmp_path / "a", **how, methods=["slerp"], what=["centroid"],
                   seeds=(0, 7))  # fmt: skip
    of = [c for c in both.cells if c.cell.method == "slerp"]
    assert [c.cell.seed for c in of] == [0, 7]
    assert not np.array_equal(of[0].rows, of[1].rows)
    values = [c.figures["accuracy"] for c in of]
    text = (tmp_path / "a/results.md").read_text().partition("Centroid of 3")[2]
    mean = np.mean([v["value"] for v in values])
    ends = [np.mean([v[end] for v in values]) for end in ("low", "high")]  # two repeats
    assert "| SLERP | 300 | " in text
    assert f"{mean:.1%} [{ends[0]:.1%}, {ends[1]:.1%}]" in text


def test_few_seeds_that_give_the_same_again_are_said(tmp_path, digits, how) -> None:
    found = combine(
        digits, tmp_path / "a", **{**how, "k": (2,)}, methods=["lol"], what=["centroid"]
    )
    (cell,) = (c for c in found.cells if c.cell.method == "lol")
    assert cell.different == len({tuple(sorted(r)) for r in cell.rows.tolist()})
    few = dataclasses.replace(cell, rows=np.tile(cell.rows[:3], (50, 1)))
    assert few.different == 3
    assert "150 (3 different)" in blocks([few])[0].rows[0]


def test_a_judge_may_give_arrays_and_bad_ones_are_told(tmp_path, digits, how, reader) -> None:
    class Arrays:
        def __init__(self, cut: int | None = None) -> None:
            self.cut = cut

        def predict(self, X):
            return reader.predict(X)["class"][: self.cut]

        def features(self, X):
            return reader.features(X)

    data = prepared(digits)
    pictures = data.held.images[:20]
    mine, theirs = (judge_of(r, data).classes(pictures) for r in (Arrays(), reader))
    np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(BadInput, match=r"one class for each picture, .* got \(3,\)"):
        judge_of(Arrays(3), data)
    with pytest.raises(BadInput, match=r"one row for each picture, .* got 3"):
        judge_of(reader, data, features=lambda x: np.ones((3, 4)))
    with pytest.raises(BadInput, match="the judge reads class and not 'kind'"):
        named_classes(reader, "kind", pictures)


def test_a_rough_distance_is_said_beside_the_tables(found) -> None:
    cells = [
        dataclasses.replace(
            c, figures={**c.figures, "frechet": {**c.figures["frechet"], "note": n}}
        )
        for c, n in zip(found.cells[:3], ("", "few items", "few items"), strict=True)
    ]
    said = few(dataclasses.replace(found, cells=cells))
    assert len(said) == 1
    assert said[0].startswith("Fréchet distance, few items (")
    assert all(place(c.cell) in said[0] for c in cells[1:])


# The paper's claims.


def made(method: str, hits: np.ndarray, *, seconds: float = 1.0, off: float = 0.0) -> Kept:
    """Of ``n`` results, whose features are the same noise at a distance ``off``."""
    n = len(hits)
    f = np.random.default_rng(7).standard_normal((n, 2)) + np.array([off, 0.0])
    given = {
        "accuracy": {"value": float(hits.mean())},
        "frechet": {"value": off**2},
        "seconds": seconds,
    }
    none, every = np.zeros((n, 1)), np.arange(n)
    cell = Cell("real", "interpolation", 2, method, 0)
    return Kept(cell, n, given, hits.astype(int), np.ones(n, int), every, none, none, f, none)


REAL = {("real", 0): (np.random.default_rng(8).standard_normal((500, 2)), np.ones(500, int))}


def test_the_gap_in_accuracy_covers() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(500):
        a = rng.random(200) < 0.9
        b = np.where(rng.random(200) < 0.8, a, rng.random(200) < 0.8)
        score = advantage([made("lol", a)], [made("slerp", b)])
        held += score.low <= 0.02 <= score.high  # 0.9 - (0.8 · 0.9 + 0.2 · 0.8)
    assert 0.92 <= held / 500 <= 0.985
    same = advantage([made("lol", a)], [made("slerp", a)])
    assert same.low < 0 == same.value < same.high  # 200 pairs alike prove no gap of exactly 0
    fewer = advantage([made("nao", a[:50])], [made("lol", a)])
    assert fewer.n == 50


def test_the_claims_are_judged_by_what_was_found() -> None:
    rng = np.random.default_rng(1)
    good, bad = rng.random(2000) < 0.7, rng.random(2000) < 0.6
    cells = [
        made("linear", bad, off=3), made("slerp", bad, off=0.3),
        made("nao", good[:100], seconds=30.0), made("lol", good),
    ]  # fmt: skip
    found = expectations(cells, REAL)
    assert [(e.claim.split()[0], e.verdict) for e in found] == [
        ("LOL", "holds"), ("SLERP", "holds"), ("NAO", "holds"), ("LERP", "holds"),
    ]  # fmt: skip
    assert "9.0 against 0.0; the gap is +9" in found[-1].found
    turned = [
        made("linear", good), made("slerp", good, off=0.3),
        made("nao", good[:100], seconds=2.0), made("lol", bad, off=3),
    ]  # fmt: skip
    assert {e.verdict for e in expectations(turned, REAL)} == {"the opposite holds"}
    alike = [made("slerp", good), made("lol", good), made("linear", good)]
    assert {e.verdict for e in expectations(alike, REAL)} == {"no difference is seen"}
    assert expectations([made("lol", good)], REAL) == []


def test_a_distance_is_held_against_the_classes_of_its_seeds_over_shared_pairs() -> None:
    one, other = made("nao", np.ones(100, bool), off=1), made("lol", np.ones(200, bool))
    far = np.random.default_rng(9).standard_normal((400, 2)) + 50
    f, y = REAL["real", 0]
    both = {("real", 0): (np.concatenate([far, f]), np.concatenate([np.zeros(400, int), y]))}
    gap = farther([one], [other], both)
    assert gap == farther([one], [other], REAL)
    assert gap.n == 100
    assert gap == frechet_difference(f, one.features, other.features[:100])
    twice = farther([one, one], [other, other], REAL)
    assert (twice.low, twice.high, twice.n) == (gap.low, gap.high, 200)


def test_gaps_are_between_any_two_methods_over_the_repeats_of_both() -> None:
    rng = np.random.default_rng(2)
    given = [("linear", 0.6, 2.0), ("norm", 0.8, 1.0), ("slerp", 0.7, 0.5)]
    of = {m: made(m, rng.random(300) < share, off=off) for m, share, off in given}
    again = dataclasses.replace(of["norm"], cell=dataclasses.replace(of["norm"].cell, seed=1))
    references = {**REAL, ("real", 1): REAL["real", 0]}
    cells = [*of.values(), again]
    for against in of:
        found = {g.cell.method: g for g in gaps(cells, references, against)}
        assert found.keys() == of.keys() - {against}
        for method, gap in found.items():
            assert gap.frechet == farther([of[method]], [of[against]], REAL)
            assert gap.accuracy == advantage([of[method]], [of[against]])
            assert (gap.against, gap.seeds, gap.n) == (against, (0,), 300)
    assert next(g for g in gaps(cells, references, "slerp")).frechet.low > 0  # LERP is farther off
    twice = gaps([*cells, dataclasses.replace(of["slerp"], cell=Cell(
        "real", "interpolation", 2, "slerp", 1))], references, "norm")  # fmt: skip
    assert {(g.cell.method, g.seeds, g.n) for g in twice} == {
        ("linear", (0,), 300), ("slerp", (0, 1), 600)
    }  # fmt: skip
    assert gaps(cells, references, "nao") == []
    dull = dataclasses.replace(of["linear"], figures={"accuracy": None, "frechet": None})
    (gap,) = gaps([dull, of["norm"]], REAL, "norm")
    assert (gap.frechet, gap.accuracy) == (None, None)
    assert [baseline(c) for c in (cells, [made("lol", np.ones(9))])] == ["linear", "lol"]


def test_no_mark_of_a_chart_hides_another(found) -> None:
    shifted = [
        dataclasses.replace(c, cell=dataclasses.replace(c.cell, seed=repeat))
        for c in found.cells for repeat in (0, 3, 8)
    ]  # fmt: skip
    kinds = {(c.cell.what, c.cell.k) for c in found.cells} - {("seeds", 1)}
    for ax in scores_chart(shifted, "real").axes:
        at = np.sort(np.concatenate([marks[0].get_xdata() for marks in ax.containers]))
        assert len(at) > 3 * len(kinds)
        assert np.diff(at).min() > 0.02
        assert {round(x) for x in at} == set(range(len(kinds)))  # over its own kind


def test_the_seeds_are_seen_where_their_two_lines_coincide(found) -> None:
    for ax in scores_chart(found.cells, "real").axes:
        lines = {line.get_label(): line for line in ax.lines}
        if "the seeds' own pictures" in lines:
            own, decoded = lines["the seeds' own pictures"], lines["the seeds, decoded"]
            assert own.get_linewidth() > 3 * decoded.get_linewidth()
            assert own.get_zorder() < decoded.get_zorder()


def test_times_have_units() -> None:
    words = [seconds_words(s) for s in (2.34, 0.041, 1.2e-4, 3.5e-8, 2e-10)]
    assert words == ["2.3 s", "41 ms", "120 µs", "35 ns", "0.2 ns"]


# Refusals.


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"methods": ["magic"]}, "`methods` must be among linear, slerp"),
        ({"methods": []}, "`methods` must name at least one"),
        ({"what": ["walk"]}, "`what` must be among interpolation, centroid"),
        ({"sources": ["moon"]}, "`sources` must be among real, prior"),
        ({"against": "magic"}, "`against` must be among linear, slerp"),
        ({"methods": ["lol"], "against": "slerp"}, "`against` must be among the methods compared"),
        ({"k": (1,)}, "`k` must be whole numbers of at least 2"),
        ({"k": (60,)}, "no class has 60 seeds, the largest has"),
        ({"n": 0}, "`n` must be at least 1"),
        ({"classes": ["eleven"]}, "there is no class 'eleven'; there are: 0, 1"),
        ({"label": "colour"}, "no column of classes 'colour'"),
        ({"model": "nowhere.zal"}, "there is no workspace in nowhere.zal"),
        ({"model": "magic"}, "a model is one of vae, "),
        ({"model": object()}, "object lacks one of them"),
        ({"features": lambda x: np.ones((len(x), 3))}, "the same for all pictures"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, digits, how, given, words) -> None:
    with pytest.raises(BadInput, match=re.escape(words)):
        combine(digits, tmp_path / "a", **{**how, "methods": ["lol"], **given})


def test_data_without_classes_and_of_another_shape_are_refused(tmp_path, how) -> None:
    faces = datasets.faces(40, size=16)
    with pytest.raises(BadInput, match=r"faces has no column of classes: name one by --label"):
        combine(faces, tmp_path / "a", **how)
    with pytest.raises(BadInput, match="'skin' has 40 values"):
        combine(faces, tmp_path / "b", **how, label="skin")
    with pytest.raises(BadInput, match=r"takes data \(n, 1, 8, 8\)"):
        combine(datasets.faces(60, size=16), tmp_path / "c", **how, label="glasses")
    rare = datasets.digits()
    rare = rare[np.flatnonzero((rare.labels["class"] > 0) | (np.arange(len(rare)) < 40))]
    with pytest.raises(BadInput, match=r"class '0' has 5 pictures, a comparison needs 8"):
        combine(rare, tmp_path / "d", **how)


def test_another_configuration_is_refused(tmp_path, digits, how) -> None:
    one = {**how, "methods": ["linear"], "what": ["centroid"], "k": [2]}
    combine(digits, tmp_path / "a", **one)
    for changed, name in (({"n": 99}, "other n)"), ({"classes": ["3", "8"]}, "other classes)")):
        with pytest.raises(BadInput, match=re.escape(name)):
            combine(digits, tmp_path / "a", **(one | changed))
    with pytest.raises(BadInput, match="other data_mark"):
        combine(digits[1:], tmp_path / "a", **one)


def test_a_folder_of_other_things_is_left_alone(tmp_path, digits, how) -> None:
    (tmp_path / "mine").mkdir()
    dotted = [tmp_path / "mine/.pre-commit-config.yaml", tmp_path / "mine/notes.txt"]
    for file in dotted:
        file.write_text("mine")
    with pytest.raises(BadInput, match=r"holds other files \(notes.txt\)"):
        combine(digits, tmp_path / "mine", **how)
    dotted[1].unlink()
    combine(digits, tmp_path / "mine", **how, methods=["linear"], what=["interpolation"])
    assert dotted[0].read_text() == "mine"


def test_other_features_are_another_configuration(tmp_path, digits, how) -> None:
    one = {**how, "methods": ["linear"], "what": ["interpolation"]}
    kinds = [lambda x, p=p: (x**p).mean(axis=(1, 2)) for p in (1, 3)]
    combine(digits, tmp_path / "a", **one, features=kinds[0])
    with pytest.raises(BadInput, match=r"other features\)"):
        combine(digits, tmp_path / "a", **one, features=kinds[1])


# The command.

COMMAND = ("bench", "combine", "digits", "--pictures", "400", "--model", "pca", "-n", "64")


def test_the_command_explains_itself(zalgebra) -> None:
    said = zalgebra("bench", "combine", "-h")
    assert said.code == 0
    for flag in ("--methods", "--k", "--classes", "--n", "--seeds", "--what", "--from", "--json"):
        assert flag in said.out
    assert "combine" in zalgebra("bench", "-h").out


def test_the_command_refuses_in_one_sentence(zalgebra) -> None:
    assert "--k takes whole numbers" in zalgebra(*COMMAND, "--k", "two").sentence()
    both = zalgebra(*COMMAND, "-w", "a.zal").sentence()
    assert "either --model or -w" in both
    assert "`methods` must be among" in zalgebra(*COMMAND, "--methods", "lol,best").sentence()


def test_the_command_takes_a_workspace(zalgebra, tmp_path, digits, network) -> None:
    ws = za.Workspace.create(tmp_path / "digits.zal", network)
    few = ("--methods", "linear,lol", "--what", "centroid", "--k", "2", "--classes", "3,8")
    words = ("bench", "combine", "digits", "--pictures", "400", "-n", "64", "-w", ws.path, *few)
    facts = zalgebra(*words, "-o", "out", "--json").json()
    assert facts["model"]["fingerprint"] == network.spec_.fingerprint
    assert facts["configuration"]["classes"] == ["3", "8"]
    assert [c["method"] for c in facts["cells"]] == ["items", "decoded", "linear", "lol"]
    said = zalgebra(*words, "-o", "out")
    assert said.code == 0
    assert "The classifier reads" in said.out
    assert "LERP is behind LOL" in said.out
    assert str(Path("out/index.html")) in said.out


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(program, tmp_path) -> None:
    words = (
        *COMMAND[:-1],
        "24",
        "--methods",
        "linear,nao",
        "--what",
        "centroid",
        "--k",
        "2,3",
        "--json",
    )
    done = tmp_path / "killed/work/cells"
    process = program(*words, "-o", "killed")
    end = time.monotonic() + 120
    while len(list(done.glob("[!.]*"))) < 4 and time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()  # SIGKILL, within the slow cells
    process.communicate()
    assert process.returncode == -9
    before = {f: f.stat().st_mtime_ns for f in done.glob("[!.]*.safetensors")}
    weights = (tmp_path / "killed/work/judge/model.json").stat().st_mtime_ns
    assert 4 <= len(before) < 6
    assert not (tmp_path / "killed/results.json").exists()
    whole = [json.loads(program(*words, "-o", o).communicate()[0]) for o in ("killed", "whole")]
    cells = [[{k: v for k, v in c.items() if k not in TIMES} for c in w["cells"]] for w in whole]
    assert cells[0] == cells[1]
    assert {f: f.stat().st_mtime_ns for f in before} == before
    assert (tmp_path / "killed/work/judge/model.json").stat().st_mtime_ns == weights
    assert not list((tmp_path / "killed").rglob(".*.safetensors"))
    for file in done.iterdir():
        assert kept(file).n in (24, 80)  # combinations, seeds
    assert load(tmp_path / "killed/work/model").spec_.model == "PCA"
