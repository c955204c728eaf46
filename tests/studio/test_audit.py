"""The audit: spaces where arithmetic holds by construction, and spaces where one part fails."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from zalgebra.algebra.priors import Gaussian
from zalgebra.data import datasets
from zalgebra.measures.accuracy import Score, edit_effect
from zalgebra.measures.arithmetic import parallelogram
from zalgebra.measures.probes import Probe
from zalgebra.studio.audit import audit
from zalgebra.studio.audit_factors import cells, factors_of, pairs_of
from zalgebra.studio.audit_judge import LinearJudge
from zalgebra.studio.audit_page import as_table, figure, page
from zalgebra.studio.audit_sources import source_of
from zalgebra.studio.audit_verdict import Findings, Pair, judged
from zalgebra.types import BadInput

N, D = 600, 8
RNG = np.random.default_rng(0)
Q = np.linalg.qr(RNG.standard_normal((D, D)))[0]


class Space:
    """A model whose latents are a turn of the data; what is wrong with it is given."""

    def __init__(self, *, decode=None, encode=None) -> None:
        self.prior_ = Gaussian.fit(np.random.default_rng(1).standard_normal((400, D)))
        self.decode, self.encode = decode, encode

    def transform(self, X):
        return X @ Q if self.encode is None else self.encode(X)

    def inverse_transform(self, Z):
        return Z @ Q.T if self.decode is None else self.decode(Z)


def made(seed: int = 2) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Data of two yes-or-no factors and a quantity, each on an axis of its own."""
    rng = np.random.default_rng(seed)
    hat, coat = (rng.integers(0, 2, N).astype(float) for _ in range(2))
    age = rng.random(N)
    X = 0.3 * rng.standard_normal((N, D))
    X[:, 0] += 2 * hat
    X[:, 1] += 2 * coat
    X[:, 2] += 4 * age
    return X, {"hat": hat, "coat": coat, "age": age}


@pytest.fixture(scope="module")
def linear():
    X, labels = made()
    return audit(Space(), X, labels)


def test_a_linear_space_is_trusted(linear) -> None:
    assert [f.verdict for f in linear.factors] == ["trusted"] * 3
    assert linear.score > 0.9
    assert linear.round_trip.explained.value == pytest.approx(1)
    assert linear.latents_back.value == pytest.approx(1)
    for f in linear.factors:
        assert f.parts["arrives"] == pytest.approx(1)
        assert f.parts["commutes"] == pytest.approx(1)
    assert [p.one + p.other for p in linear.pairs] == ["hatcoat", "hatage", "coatage"]


def failing(audit_, part: str) -> set[str]:
    return {f.name for f in audit_.factors if f.parts[part] < 0.4}


def test_a_decoder_that_ignores_its_latent_fails_though_all_is_readable() -> None:
    """A random encoder still lets a straight line read: the writing fails, and is named first."""
    X, labels = made()
    W = np.random.default_rng(3).standard_normal((D, D))
    found = audit(
        Space(encode=lambda x: x @ W, decode=lambda z: 0 * z + X[0]), X, labels, entries=False
    )
    for f in found.factors:
        assert f.verdict == "not"
        assert f.parts["readable"] > 0.75
        assert f.parts["arrives"] == f.parts["works"] == 0
        assert f.reasons[0] == "decoding and encoding keep 0% of its edit"
    assert found.score < 0.25


def test_a_factor_that_is_not_encoded_is_not_readable() -> None:
    X, labels = made()
    keep = np.diag(np.arange(D) != 0).astype(float)
    found = audit(Space(encode=lambda x: x @ keep, decode=lambda z: z), X, labels, entries=False)
    assert failing(found, "readable") == {"hat"}
    assert failing(found, "works") == {"hat"}


def test_a_change_that_depends_on_another_does_not_add_up() -> None:
    """With a coat, the hat's mark is elsewhere in latent space: a bend that decodes exactly."""
    X, labels = made()

    def bend(x, sign):
        y = np.array(x, dtype=float)
        y[:, 3] += sign * 4 * (x[:, 0] > 1) * (x[:, 1] > 1)
        return y

    model = Space(encode=lambda x: bend(x, 1), decode=lambda z: bend(z, -1))
    found = audit(model, X, labels, entries=False)
    worst = max(found.pairs, key=lambda p: p.parallelogram.error.value)
    assert {worst.one, worst.other} == {"hat", "coat"}
    assert worst.parallelogram.p_value < 0.01
    assert found.round_trip.explained.value == pytest.approx(1)
    parts = {f.name: f.parts["adds up"] for f in found.factors}
    assert max(parts["hat"], parts["coat"]) < 0.75 < parts["age"]


def test_a_meaning_that_turns_is_not_steady() -> None:
    """On the one side of the space the hat's direction is 135° away from that on the other."""
    X, labels = made()
    side, hat = np.repeat([0, 1], N // 2), labels["hat"]
    X[:, 4] += 8 * side
    X[:, 0] -= 4 * hat * side
    X[:, 3] += 2 * hat * side
    found = {f.name: f for f in audit(Space(), X, labels, entries=False).factors}
    assert found["hat"].findings.excess > 20  # in whitened latents, where the bend is less
    assert found["age"].findings.excess < 3
    assert found["hat"].parts["steady"] == math.cos(math.radians(found["hat"].findings.excess))


def test_an_edit_that_moves_another_factor_is_not_clean() -> None:
    X, labels = made()
    mix = np.eye(D)
    mix[1, 0] = 1.0  # decoding writes some of the hat into the coat

    def decode(z):
        return z @ mix.T

    found = audit(
        Space(encode=lambda x: x @ np.linalg.inv(mix).T, decode=decode), X, labels, entries=False
    )
    assert failing(found, "clean") == set()  # it is only another basis
    leak = audit(Space(encode=lambda x: x, decode=decode), X, labels, entries=False)
    clean = {f.name: f.parts["clean"] for f in leak.factors}
    assert clean["hat"] < 0.5 < clean["age"]
    assert "coat" in " ".join(next(f for f in leak.factors if f.name == "hat").reasons)


def test_edits_that_do_not_commute_are_seen() -> None:
    """The decoder turns by an angle that grows along the first entry: orders end apart."""
    X, labels = made()

    def turned(z, sign):
        a = sign * 1.5 * z[:, 0]
        y = np.array(z, dtype=float)
        y[:, 1] = np.cos(a) * z[:, 1] - np.sin(a) * z[:, 2]
        y[:, 2] = np.sin(a) * z[:, 1] + np.cos(a) * z[:, 2]
        return y

    straight = audit(Space(encode=lambda x: x, decode=lambda z: z), X, labels, entries=False)
    crooked = audit(
        Space(encode=lambda x: x, decode=lambda z: turned(z, 1)), X, labels, entries=False
    )
    order = [next(p for p in a.pairs if p.one == "hat").order.value for a in (straight, crooked)]
    assert order[0] < 1e-6
    assert order[1] > 0.2


def test_drawn_again_items_are_matched(model, faces) -> None:
    labels = {k: faces.labels[k] for k in ("skin", "beard")}
    rest = datasets.sample_factors(len(faces), seed=1)

    def redraw(table):
        n = len(table["skin"])
        assert set(np.unique(table["beard"])) <= {0.0, 1.0}
        return datasets.draw_faces({**{k: v[:n] for k, v in rest.items()}, **table}, size=16)

    drawn, plain = (audit(model, faces.images, labels, redraw=r) for r in (redraw, None))
    assert drawn.redrawn
    assert not plain.redrawn
    assert math.isfinite(drawn.pairs[0].parallelogram.each)
    assert math.isnan(plain.pairs[0].parallelogram.each)
    again = audit(model, faces.images, labels)
    assert again.to_dict() == plain.to_dict()  # the seed is all that is random


# Factors and the judge.


def test_columns_become_factors() -> None:
    n = 60
    columns = {
        "yes": np.arange(n) % 2,
        "kind": np.array(["a", "b", "c"] * (n // 3)),
        "code": np.repeat([0, 1, 2], n // 3),
        "size": np.arange(n) / n,
        "same": np.ones(n),
        "id": np.arange(n),
        "rare": (np.arange(n) < 3).astype(float),
    }
    found, skipped = factors_of(columns, n, {"code": ["x", "y", "z"]})
    names = ["yes", "kind=a", "kind=b", "kind=c", "code=x", "code=y", "code=z", "size"]
    assert [f.name for f in found] == names
    assert skipped["same"] == "it does not vary"
    assert "60 classes" in skipped["id"]
    assert "fewer than 10" in skipped["rare"]
    size = found[-1]
    assert (size.high.sum(), size.low.sum()) == (20, 20)
    pairs = [(found[i].name, found[j].name) for i, j in pairs_of(found)]
    assert ("kind=a", "kind=b") not in pairs
    assert ("kind=a", "code=x") in pairs
    neither, one, other, both = cells(found[0], size)
    assert set(one) == {i for i in range(n) if i % 2 and i / n <= size.values[size.low].max()}
    assert len(neither) == len(one) == len(other) == len(both) == 10
    assert cells(found[4], found[5]) is None  # no item is of two classes
    with pytest.raises(BadInput, match="60 values"):
        factors_of({"yes": np.ones(3)}, n)
    with pytest.raises(BadInput, match="finite"):
        factors_of({"size": np.full(n, np.nan)}, n)


def test_the_judge_reads_without_shrinking() -> None:
    """A ridge shrinks what it reads; divided by its slope, a move of 1 is read as a move of 1."""
    rng = np.random.default_rng(0)
    y, W = rng.random(150), rng.standard_normal(300)
    X = np.outer(y, W) + 4 * rng.standard_normal((150, 300))
    factors, _ = factors_of({"y": y}, 150)
    judge = LinearJudge(X, factors)
    fresh = 4 * rng.standard_normal((4000, 300))
    low, high = (judge.predict(fresh + s * W)["y"].mean() for s in (0.2, 0.8))
    assert judge.slope[0] < 0.5
    assert high - low == pytest.approx(0.6, rel=0.2)


def test_a_judge_that_reads_nothing_proves_nothing() -> None:
    X, labels = made()
    blind = SimpleNamespace(predict=lambda x: {k: np.zeros(len(x)) for k in labels})
    found = audit(Space(), X, labels, judge=blind)
    assert {f.verdict for f in found.factors} == {"with care"}
    assert all("judge reads it too poorly" in " ".join(f.reasons) for f in found.factors)
    assert all(math.isnan(f.parts["works"]) for f in found.factors)


def test_a_reader_of_classes_is_understood() -> None:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, N)
    X = 0.3 * rng.standard_normal((N, D)) + 3 * np.eye(D)[kind]
    reader = SimpleNamespace(predict=lambda x: {"kind": x[:, :3].argmax(axis=1)})
    found = audit(Space(), X, {"kind": kind}, judge=reader, classes={"kind": ["a", "b", "c"]})
    assert [f.name for f in found.factors] == ["kind=a", "kind=b", "kind=c"]
    assert found.pairs == ()
    assert all(f.parts["works"] > 0.5 for f in found.factors)
    assert all(f.findings.effect.leakage == {} for f in found.factors)  # siblings are no leakage


# Verdicts.


def findings(n=(100, 100), **changed) -> Findings:
    one = Score(1.0, 1.0, 1.0, 100, "")
    low, high = np.zeros(50), np.ones(50)
    effect = edit_effect({"a": low}, {"a": high}, {"a": 1}, {"a": 0.5}, threshold={"a": 0.5})
    whole = Findings("a", n, Probe(one, 0.5), None, one, effect, 1.0, ())
    return replace(whole, **changed)


@pytest.mark.parametrize(
    ("kept", "verdict"), [(0.39, "not"), (0.4, "with care"), (0.74, "with care"), (0.75, "trusted")]
)
def test_the_verdict_is_that_of_the_least_part(kept, verdict) -> None:
    found = judged(findings(survival=Score(kept, 0, 1, 100, "")))
    assert found.verdict == verdict
    assert f"keep {kept:.0%} of its edit" in " ".join(found.reasons)


def test_few_items_are_not_trusted() -> None:
    assert judged(findings()).verdict == "trusted"
    few = judged(findings(n=(49, 200)))
    assert few.verdict == "with care"
    assert "only 49 and 200 items" in " ".join(few.reasons)


def test_one_part_that_fails_is_not_made_good() -> None:
    good, bad = judged(findings()), judged(findings(survival=Score(-3.0, 0, 0, 100, "")))
    assert good.score == pytest.approx(1)
    known = sum(not math.isnan(v) for v in bad.parts.values())
    assert bad.score == pytest.approx(0.01 ** (1 / known))


def test_what_noise_hides_is_not_known() -> None:
    rng = np.random.default_rng(0)
    z = 3 * rng.standard_normal((4, 20, D))
    z[1:4:2, :, 0] += 2
    z[2:, :, 1] += 14
    pair = Pair("a", "b", parallelogram(*z), Score(0.0, 0, 0, 20, ""))
    assert pair.parallelogram.p_value > 0.05
    assert math.isnan(pair.square_of("a"))
    assert abs(pair.square_of("b")) < 0.2
    found = judged(findings(pairs=(pair,)))
    assert math.isnan(found.parts["adds up"])
    assert "hidden by noise" in " ".join(found.reasons)
    z[3, :, 2] += 30
    seen = Pair("a", "b", parallelogram(*z), Score(0.0, 0, 0, 20, ""))
    assert seen.square_of("a") > 1
    assert judged(findings(pairs=(seen,))).parts["adds up"] == 0


# What is shown, and the command line.


def test_it_is_shown_whole(linear) -> None:
    data = json.loads(json.dumps(linear.to_dict(), allow_nan=False))
    assert set(data["factors"]) == {"hat", "coat", "age"}
    assert data["n"] == {"learned_from": 300, "tried_on": 300}
    html = page(linear)
    assert html.count("<tr>") > 10
    assert "3 trusted, 0 with care, 0 not" in html
    assert as_table(linear).row_count == 3
    assert len(figure(linear).axes) == 1
    assert linear.verdict.startswith(f"score {linear.score:.2f}; hat, coat, age: trusted")


def test_the_page_shows_the_best_and_the_worst_edit(model, faces) -> None:
    found = audit(model, faces.images, {k: faces.labels[k] for k in ("skin", "gaze")})
    html = page(found)
    assert html.count('<figure class="tile">') == 4 * 8
    assert "skin:" in html
    assert "300 items are few" in html


def test_a_workspace_is_audited_by_its_own_items(zalgebra, encoded, tmp_path) -> None:
    said = zalgebra("audit", encoded, "--labels", "skin,beard", "--json", "-o", "a.html")
    found = said.json()
    assert set(found["factors"]) == {"skin", "beard"}
    assert "own data are not at hand" in " ".join(found["notes"])
    text = zalgebra("audit", encoded, "faces", "-n", "80", "--labels", "skin", "-o", "b.html")
    assert text.code == 0
    assert "skin:" in text.out
    source = source_of(encoded, "faces", n=80, labels=("skin",), seed=0)
    assert source.redraw({"skin": np.zeros(3, np.float32)}).shape == (3, 3, 16, 16)


def test_a_saved_model_needs_data(zalgebra, model, tmp_path) -> None:
    folder = model.save(tmp_path / "saved")
    assert "name data" in zalgebra("audit", folder).sentence()
    assert "takes data of (3, 16, 16)" in zalgebra("audit", folder, "digits").sentence()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere", "faces"], "nowhere"),
        (["{place}", "--labels", "nose"], "'nose'"),
        (["{place}", "-n", "10"], "40"),
    ],
)
def test_what_cannot_be_audited_is_said(zalgebra, encoded, words, sentence) -> None:
    said = zalgebra("audit", *(w.format(place=encoded) for w in words))
    assert sentence in said.sentence()


def test_bad_input_is_one_sentence() -> None:
    X, labels = made()
    with pytest.raises(BadInput, match="at least 40 items"):
        audit(Space(), X[:30], {k: v[:30] for k, v in labels.items()})
    with pytest.raises(BadInput, match=r"no factor to audit \(same: it does not vary"):
        audit(Space(), X, {"same": np.ones(N)})
    with pytest.raises(BadInput, match="'hat' must have 600 values"):
        audit(Space(), X, {"hat": labels["hat"][:90]})
    with pytest.raises(BadInput, match="needs data"):
        audit(Space(), None, labels)
    with pytest.raises(BadInput, match="one for each of 600"):
        audit(Space(), X, labels, latents=X[:5])
