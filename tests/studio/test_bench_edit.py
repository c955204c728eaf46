"""The comparison of edits: known answers, no item in two roles, kept cells, one sentence."""

from __future__ import annotations

import csv
import json
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import zalgebra as za
from zalgebra.algebra.priors import Gaussian, Normal
from zalgebra.data import datasets
from zalgebra.models import PCA
from zalgebra.studio.bench import Edits, edit, editing
from zalgebra.studio.bench.edit_cells import Cell, Seat, measured
from zalgebra.studio.bench.edit_ground import Drawn, Owned, grounded
from zalgebra.studio.bench.goals import Goal, chosen, class_goals, level_goal
from zalgebra.studio.bench.learning import METHODS, angle, direction
from zalgebra.studio.bench.people import VARIED, drawn, held, people
from zalgebra.studio.bench.strengths import SHIFTS, edited, enough
from zalgebra.types import BadInput

VARY = ("skin", "glasses", "hair_length")


class Ridge:
    """Reads columns off pixels by ridge regression: numbers as they are, classes by the largest."""

    def fit(self, X: np.ndarray, table: dict[str, np.ndarray]) -> Ridge:
        A = self._rows(X)
        self.weights = {}
        for name, column in table.items():
            Y = (
                column[:, None] == np.unique(column)
                if column.dtype.kind == "i"
                else column[:, None]
            )
            w = np.linalg.solve(A.T @ A + np.eye(A.shape[1]), A.T @ Y.astype(float))
            self.weights[name] = w
        return self

    def predict(self, X: np.ndarray) -> dict[str, np.ndarray]:
        read = {name: self._rows(X) @ w for name, w in self.weights.items()}
        return {k: v[:, 0] if v.shape[1] == 1 else v.argmax(axis=1) for k, v in read.items()}

    def score(self, X: np.ndarray, table: dict[str, np.ndarray]) -> dict[str, float]:
        return {
            k: float(np.mean(v == table[k])) if v.dtype.kind == "i"
            else float(1 - np.mean((v - table[k]) ** 2) / table[k].var())
            for k, v in self.predict(X).items()
        }  # fmt: skip

    def _rows(self, X: np.ndarray) -> np.ndarray:
        return np.c_[X.reshape(len(X), -1).astype(float), np.ones(len(X))]


@pytest.fixture(scope="module")
def faces() -> dict[str, Any]:
    """The same few drawn faces everywhere, with a model and a judge of them."""
    given = {"pictures": 300, "size": 16, "varied": VARY}
    ground = grounded("faces", n=300, size=16, varied=VARY)
    judge = Ridge().fit(ground.read.images, ground.read.table)
    model = PCA(12, random_state=0).fit(ground.train.images)
    return {**given, "models": [model], "judge": judge, "n": 32, "learn": 60}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, faces) -> Edits:
    some = {"methods": ("paired", "conditional", "difference"), "attributes": ("glasses", "skin")}
    return edit("faces", tmp_path_factory.mktemp("edit") / "a", **faces, **some)


@pytest.fixture(scope="module")
def digits() -> dict[str, Any]:
    data = datasets.digits()[:700]
    ground = Owned(data)
    judge = Ridge().fit(ground.read.images, ground.read.table)
    model = PCA(16, random_state=0).fit(ground.train.images)
    return {"data": data, "models": [model], "judge": judge, "n": 20, "learn": 60}


# What it stands on.


def test_held_factors_are_those_that_do_not_vary() -> None:
    assert set(held()) | set(VARIED) == set(datasets.sample_factors(1))
    assert held(VARY)["mouth_open"] == 0.3
    assert (held(VARY)["beard"], held(VARY)["light"], held(VARY)["hair_color"]) == (0, 0, 0.5)
    table = people(5, 1, VARY, glasses=1)
    assert set(table) == set(VARY)
    whole = datasets.sample_factors(5, seed=1, **held(VARY), glasses=1)
    np.testing.assert_array_equal(drawn(table, 16), datasets.draw_faces(whole, size=16))


def marks(images: np.ndarray) -> set[bytes]:
    return {picture.tobytes() for picture in images}


def test_no_drawn_face_has_two_roles() -> None:
    ground, goal = Drawn(VARY, 40, 16), Goal("skin", "skin", 0.5, 0.0)
    roles = [ground.train.images, ground.read.images, ground.held.images, ground.best(40).images]
    roles += [ground.learning(goal, 40, seed, part).images for seed in (0, 1) for part in (0, 1)]
    roles += [ground.starting(goal, 40, seed) for seed in (0, 1)]
    # Starts have one skin: so have these, and they would be the same people in the same role.
    roles += [ground.pairs(goal, 40, seed, 0)[0] for seed in (0, 1)]
    assert len(set.union(*map(marks, roles))) == sum(map(len, roles))
    table = ground.learning(goal, 40, 0, 0).table
    for end, images in zip((0.0, 1.0), ground.pairs(goal, 40, 0, 0), strict=True):
        same = drawn({**table, "skin": np.full(40, end)}, 16)
        np.testing.assert_array_equal(images, same)


def test_no_picture_of_ones_own_has_two_roles(digits) -> None:
    ground = Owned(digits["data"])
    goal = next(g for g in ground.goals() if g.name == "3 to 8")
    assert not marks(ground.train.images) & marks(ground.held.images)
    learning, start = ground.learning(goal, 1000, 0, 0), ground.starting(goal, 1000, 0)
    assert set(learning.table["class"]) == {3, 8}
    assert set(ground.held.table["class"][[x in marks(start) for x in map(
        np.ndarray.tobytes, ground.held.images)]]) == {3}  # fmt: skip
    assert not marks(learning.images) & marks(start)
    assert marks(ground.starting(goal, 1000, 1)) != marks(start)


def test_goals_are_past_the_middle_or_another_class() -> None:
    values = np.array([0.0] * 3 + list(np.linspace(0.1, 0.9, 5)) + [1.0] * 3)
    goal = level_goal("smile", values)
    assert (goal.level, goal.start) == (0.5, pytest.approx(1 / 6))  # the lower third of eleven
    np.testing.assert_array_equal(goal.sides(np.array([0.2, 0.9])), [0, 1])
    assert level_goal("hat", np.array([0.0] * 9 + [1])).level == 0.5
    three = class_goals("kind", ("a", "b", "c"))
    assert len(three) == 6
    ab = three[0]
    assert (ab.name, ab.classes) == ("a to b", (0, 1))
    np.testing.assert_array_equal(ab.sides(np.array([0, 1, 2])), [0, 1, np.nan])
    np.testing.assert_array_equal(ab.reading(np.array([0, 1, 2])), [0, 1, 0])
    np.testing.assert_array_equal(ab.strays(np.array([0, 1, 2])), [False, False, True])
    assert [g.name for g in chosen(three, ["kind"], None)] == ["a to b", "b to c", "c to a"]


def test_the_strength_is_the_smallest_that_is_enough() -> None:
    for needed in (0.1, 0.7, 5.0):
        strength, reached = enough(lambda s, t=needed: float(s >= t), SHIFTS, 0.8)
        below = max([0.0, *SHIFTS[needed > SHIFTS]])
        step = SHIFTS[needed <= SHIFTS][0] - below
        assert reached
        assert needed <= strength <= needed + step / 8
    shares = dict(zip(SHIFTS, np.interp(SHIFTS, [0, 4, 16], [0, 0.6, 0.1]), strict=True))
    strength, reached = enough(lambda s: shares[s], SHIFTS, 0.8)
    assert (shares[strength], reached) == (max(shares.values()), False)


@pytest.mark.parametrize("turn", [False, True])
def test_edits_are_those_of_a_latent(turn: bool) -> None:
    rng = np.random.default_rng(0)
    Z = (2 + 3 * rng.standard_normal((200, 2, 3))).astype(np.float32)
    delta = rng.standard_normal((2, 3)).astype(np.float32)
    prior = Gaussian.fit(Z)
    term = za.Latent.turn(delta, "edit", 25) if turn else 1.5 * za.Latent.shift(delta, "edit")
    how = {"prior": prior, "correlation": "estimate"}
    alone = [(za.Latent(z, "item") + term).array(**how) for z in Z[:9]]
    found = edited(Z[:9], delta, 25.0 if turn else 1.5, prior, turn)
    np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-5)


def test_a_turn_keeps_the_norm_of_noise_and_a_shift_adds() -> None:
    Z = np.random.default_rng(0).standard_normal((20, 400)).astype(np.float32)
    delta = np.eye(400)[0] * 3
    np.testing.assert_allclose(edited(Z, delta, 2.0, None, False), Z + 2 * delta, atol=1e-5)
    turned = edited(Z, delta, 30.0, Normal(400), True)
    whole = np.cos(np.pi / 6) * Z + np.sin(np.pi / 6) * np.eye(400)[0] * 20
    np.testing.assert_allclose(turned, whole, atol=1e-4)
    assert np.linalg.norm(turned, axis=1).mean() == pytest.approx(20, rel=0.05)


def test_every_method_finds_the_axis() -> None:
    rng = np.random.default_rng(0)
    y, woman = (rng.random((2, 800)) < 0.5).astype(float)
    Z = rng.standard_normal((800, 1, 6))
    Z[:, 0, 0] += 3 * y
    Z[:, 0, 1] += 3 * woman
    for method in METHODS[:-1]:
        delta = direction(method, Z, y, {"woman": woman})
        assert delta.shape == (1, 6)
        assert angle(delta, np.eye(6)[:1]) < 20, method
    with pytest.raises(BadInput, match="'svm-conditional' needs other columns"):
        direction("svm-conditional", Z, y, {})


def test_a_cell_is_what_can_be_worked_out() -> None:
    """Latents are their own picture: with δ = (1, 1/2, 0), b moves half as far as a, and c not."""

    def shown(z: np.ndarray) -> np.ndarray:
        return 0.5 + z.reshape(len(z), 1, 1, -1) / 40

    def read(pictures: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip("abc", 40 * (pictures.reshape(len(pictures), -1).T - 0.5), strict=True))

    spec = SimpleNamespace(fingerprint="0" * 64)
    model = SimpleNamespace(inverse_transform=shown, prior_=None, spec_=spec)
    seat = Seat(
        model, read, dict.fromkeys("abc", 0.0), dict(zip("abc", (1.0, 2.0, 4.0), strict=True))
    )
    Z = np.random.default_rng(0).standard_normal((60, 3)).astype(np.float32)
    Z[:, 0] = 0
    cell, goal = Cell("m", "0" * 64, "a", "difference", 0), Goal("a", "a", 2.0, 0.0)
    done = measured(cell, goal, np.array([1, 0.5, 0]), Z[:20], Z[20:], seat, target=0.8)
    f, s = done.figures, done.figures["strength"]
    assert 2 - 1e-6 < s < 2.1
    assert (f["n"], f["reached"], f["success"]["value"], f["before"]["value"]) == (40, True, 1, 0)
    assert f["moved"]["b"]["value"] == pytest.approx(s / 2 / 2, rel=1e-3)
    assert f["moved"]["c"]["value"] == pytest.approx(0, abs=1e-4)
    assert f["leakage"]["value"] == pytest.approx(s / 8, rel=1e-3)
    assert f["recognised"]["value"] == 1
    assert f["strayed"] is None
    moved = Z[20:] + s * np.array([1, 0.5, 0])
    ratio = za.check(moved.astype(np.float32)).effects["variance_ratio"].mean()
    assert f["variance"]["value"] == pytest.approx(ratio, rel=1e-3)
    np.testing.assert_allclose(done.after[:, 0, 0, 0] - done.before[:, 0, 0, 0], s / 40, atol=1e-5)


# The comparison.


def test_every_cell_is_there_and_pairs_are_best(found) -> None:
    ways = ("difference", "conditional", "paired")
    order = [(g, m) for g in ("glasses", "skin") for m in ways]
    assert [(c.cell.attribute, c.cell.method) for c in found.cells] == order
    for c in found.cells:
        assert c.figures["n"] == 32
        assert c.figures["before"]["value"] < 0.2
        assert set(c.figures["moved"]) == set(VARY) - {c.cell.attribute}
    mean = {m: np.mean([c.figures["leakage"]["value"] for c in found.cells if c.cell.method == m])
            for m in ways}  # fmt: skip
    assert mean["paired"] < mean["difference"]
    assert mean["conditional"] < mean["difference"]
    skin = next(c for c in found.cells if (c.cell.attribute, c.cell.method) == ("skin", "paired"))
    assert skin.figures["angle"]["value"] < 20
    assert skin.figures["angle"]["n"] == 5


def test_everything_is_written(found) -> None:
    folder = found.output
    results = json.loads((folder / "results.json").read_text())
    assert results == json.loads(json.dumps(found.to_dict()))
    lines = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    assert len(lines) == 6
    assert float(lines[0]["success_low"]) == found.cells[0].figures["success"]["low"]
    page, text = ((folder / name).read_text() for name in ("index.html", "results.md"))
    assert "### All attributes" in text
    assert "### Glasses in PCA-" in text
    assert "difference, given the others" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert len(list((folder / "figures").iterdir())) == 1
    assert len(list((folder / "sheets").iterdir())) == 2


def test_cells_are_kept_and_the_same_again(tmp_path, found, faces) -> None:
    some = {**faces, "methods": ["conditional"], "attributes": ["skin"]}
    one = edit("faces", tmp_path / "b", **some)
    before = {f: f.stat().st_mtime_ns for f in (tmp_path / "b/work/cells").iterdir()}
    assert len(before) == 1
    more = edit("faces", tmp_path / "b", **{**some, "methods": ["difference", "conditional"]})
    assert {f: f.stat().st_mtime_ns for f in before} == before
    assert [c.cell.method for c in more.cells] == ["difference", "conditional"]
    theirs = [c.to_dict() for c in found.cells if c.cell.attribute == "skin"][:2]
    assert [c.to_dict() for c in more.cells] == theirs
    assert one.configuration["hash"] == found.configuration["hash"]
    with pytest.raises(BadInput, match=r"other n\)"):
        edit("faces", tmp_path / "b", **{**some, "n": 33})


def test_repeats_have_other_items(tmp_path, faces) -> None:
    some = {**faces, "methods": ["difference"], "attributes": ["skin"], "seeds": (0, 1)}
    one, two = edit("faces", tmp_path / "b", **some).cells
    assert (one.cell.seed, two.cell.seed) == (0, 1)
    assert not np.array_equal(one.before, two.before)
    mean = np.mean([c.figures["success"]["value"] for c in (one, two)])
    text = (tmp_path / "b/results.md").read_text()
    assert f"| difference | 64 | 0% | {one.figures['strength']:.1f} δ / " in text
    assert f"| {mean:.0%} [" in text


def test_from_class_to_class(tmp_path, digits) -> None:
    given = {k: v for k, v in digits.items() if k != "data"}
    found = edit(digits["data"], tmp_path / "a", **given, attributes=["3 to 8", "1 to 7"])
    assert [c.cell.attribute for c in found.cells[::2]] == ["3 to 8", "1 to 7"]
    assert [c.cell.method for c in found.cells[:2]] == ["difference", "svm"]
    f = found.cells[0].figures
    assert f["success"]["value"] > 0.5 > f["before"]["value"]
    assert 0 <= f["strayed"]["value"] <= 1 - f["success"]["value"]
    assert f["leakage"] is f["identity"] is f["angle"] is None
    assert "| – |" in (tmp_path / "a/results.md").read_text()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"methods": ["magic"]}, "`methods` must be among difference, conditional"),
        ({"methods": []}, "`methods` must name at least one"),
        ({"attributes": ["hat"]}, "there is no attribute 'hat'; there are: glasses"),
        ({"varied": ["hat"]}, "there is no factor 'hat'"),
        ({"n": 3}, "`n` and `learn` must be at least 16, got 3"),
        ({"target": 1.5}, "`target` must be a share above 0, at most 1, got 1.5"),
        ({"seeds": ()}, "`seeds` must name numbers of 0 or more"),
        ({"models": []}, "`models` must name at least one"),
        ({"models": ["pca", "pca"]}, "`models` must be different ones"),
        ({"size": 24}, "the model takes data of"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, faces, given, words) -> None:
    judge = None if "size" in given else faces["judge"]
    if "size" in given:
        faces = {
            **faces,
            "judge": SimpleNamespace(
                predict=lambda x: {"skin": x.mean(axis=(1, 2, 3))}, score=lambda x, t: {"skin": 1.0}
            ),
        }
    else:
        faces = {**faces, "judge": judge}
    with pytest.raises(BadInput, match=re.escape(words)):
        edit("faces", tmp_path / "a", **{**faces, **given})


def test_what_the_data_lack_is_one_sentence(tmp_path, digits) -> None:
    given = {k: v for k, v in digits.items() if k != "data"}
    for i, (more, words) in enumerate([
        ({"methods": ["paired"]}, "'paired' needs the same items before and after, which digits"),
        ({"methods": ["conditional"]}, "'conditional' needs other columns to hold still"),
        ({"varied": ["skin"]}, "only drawn faces have factors to vary"),
    ]):  # fmt: skip
        with pytest.raises(BadInput, match=re.escape(words)):
            edit(digits["data"], tmp_path / str(i), **given, **more)
    blind = SimpleNamespace(predict=lambda x: {"class": np.zeros(len(x), int)},
                            score=lambda x, t: {"class": 0.1})  # fmt: skip
    for attributes, words in ((None, "reads none of class well enough"),
                              (["3 to 8"], "cannot judge '3 to 8'")):  # fmt: skip
        with pytest.raises(BadInput, match=re.escape(words)):
            edit(digits["data"], tmp_path / "b", **{**given, "judge": blind},
                 attributes=attributes)  # fmt: skip


@pytest.fixture
def at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that is trained at once."""
    monkeypatch.setattr(editing, "_reader", lambda ground, place, tell: Ridge().fit(
        ground.read.images, ground.read.table))  # fmt: skip


def test_the_command(zalgebra, tmp_path, digits, at_hand) -> None:
    place = digits["models"][0].save(tmp_path / "mine")
    words = ("bench", "edit", "digits", "--pictures", 600, "--model", place, "-n", 16,
             "--learn", 40, "--attributes", "0 to 1", "--methods", "difference")  # fmt: skip
    facts = zalgebra(*words, "-o", "out", "--json").json()
    assert [(c["attribute"], c["method"]) for c in facts["cells"]] == [("0 to 1", "difference")]
    assert facts["judge"]["class"] > 0.8
    said = zalgebra(*words, "-o", "out")
    assert said.code == 0
    assert "difference (mine): success" in said.out
    assert str(Path("out/index.html")) in said.out
    assert "`methods` must be among" in zalgebra(*words[:-1], "best", "-o", "out").sentence()


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(program, tmp_path) -> None:
    words = ("bench", "edit", "faces", "--pictures", 300, "--size", 16, "--vary",
             "skin,hair_color,hair_length", "--attributes", "skin,hair_color", "--model", "pca",
             "-n", 200, "--learn", 200, "--json")  # fmt: skip
    done = tmp_path / "killed/work/cells"
    process = program(*words, "-o", "killed")
    end = time.monotonic() + 600
    while len(list(done.glob("[!.]*"))) < 3 and time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()
    process.communicate()
    before = {f: f.stat().st_mtime_ns for f in done.glob("[!.]*.safetensors")}
    weights = (tmp_path / "killed/work/judge/model.json").stat().st_mtime_ns
    assert 3 <= len(before) < 10
    assert not (tmp_path / "killed/results.json").exists()
    whole = [json.loads(program(*words, "-o", o).communicate()[0]) for o in ("killed", "whole")]
    assert whole[0]["cells"] == whole[1]["cells"]
    assert len(whole[0]["cells"]) == 10
    assert {f: f.stat().st_mtime_ns for f in before} == before
    assert (tmp_path / "killed/work/judge/model.json").stat().st_mtime_ns == weights
