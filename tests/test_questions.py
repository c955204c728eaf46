"""Every experiment of `./dev bench questions` runs, on settings too small to mean anything."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")
BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
NEEDED = {"priors": (), "speed": ("flow",)}  # the models that are asked; the others ask these two:
SOME = ("flow", "vae")


@pytest.fixture(scope="module")
def questions():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import questions as module

        yield module
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("questions")


def ground(questions, out: Path, models: tuple[str, ...] = SOME):
    return questions.Ground("digits", out, 50, models, epochs=1, seen=200)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*constant:RuntimeWarning")
@pytest.mark.parametrize(
    "name", ["statistics", "tests", "priors", "dimension", "laplace", "speed", "imperfect"]
)
def test_an_experiment_writes_its_tables_and_its_figure(questions, out, name, monkeypatch) -> None:
    if name == "dimension":  # a reader of one epoch is sure of nothing
        monkeypatch.setattr(questions.dimension, "POOL", 10)
        monkeypatch.setattr(questions.dimension, "K", (2, 3))
        monkeypatch.setattr(questions.dimension, "SURE", 0.0)
    text = questions.ask(name, ground(questions, out, NEEDED.get(name, SOME)))
    folder = out / "digits"
    assert (folder / f"{name}.md").read_text(encoding="utf-8") == text
    assert (folder / f"{name}.png").stat().st_size > 1000
    kept = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(map(len, kept["tables"].values())) > 0
    assert all(title in text for title in kept["tables"])
    assert "| " in text
    assert "of training" in text


@pytest.mark.slow
def test_a_model_is_trained_once(questions, out) -> None:
    first, second = (ground(questions, out) for _ in range(2))
    a, b = (g.model("vae") for g in (first, second))
    assert a.fingerprint_ == b.fingerprint_
    assert "vae" not in second.trained


def test_the_parts_of_the_data_share_nothing(questions, tmp_path) -> None:
    parts = questions.Ground("digits", tmp_path, 50).parts
    rows = {k: {p.tobytes() for p in part.images} for k, part in parts.items()}
    assert len(parts["train"].y) == 899
    for a, b in (("train", "reference"), ("train", "seeds"), ("reference", "seeds")):
        assert not rows[a] & rows[b]


def test_departures_keep_the_norm_but_for_those_of_the_norm(questions) -> None:
    import _questions_departures as others

    u = np.random.default_rng(0).standard_normal((40, 1, 8, 8))

    def norm(x: np.ndarray) -> np.ndarray:
        return np.linalg.norm(x.reshape(len(x), -1), axis=1)

    found = others.departures(u)
    assert set(others.departures(u[:, 0, 0])) < set(found)
    for name, x in found.items():
        assert x.shape == u.shape
        ratio = np.mean(norm(x) / norm(u))
        free = {"LERP of 2": 0.71, "LERP of 5": 0.45, "scale 1.2": 1.2, "half shared": 1.0}
        assert ratio == pytest.approx(free.get(name, 1), abs=0.06), name


def test_the_door_refuses_what_it_does_not_know(questions, capsys) -> None:
    for arguments, words in [
        (["colour"], "no experiment 'colour'"),
        (["speed", "--n", "3"], "at least 50"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            questions.options(arguments)
        assert words in capsys.readouterr().err
    assert questions.options(["speed"]).data == "fashion"


def test_scores_are_shown_with_their_intervals(questions) -> None:
    from _questions_report import markdown, shown

    score = questions.tests.Score(0.5, 0.25, 0.75, 10, "?")
    assert shown(score) == "0.5 [0.25, 0.75]"
    assert shown(None) == "–"
    assert "| a | b |" in markdown([{"a": 1}, {"b": score}])


def marks(ax) -> np.ndarray:
    return np.sort(np.concatenate([drawn[0].get_xdata() for drawn in ax.containers]).astype(float))


def test_no_mark_of_a_figure_hides_another(questions) -> None:
    score = questions.dimension.Score(0.5, 0.4, 0.6, 9, "")
    judged = dict.fromkeys(
        ("Fréchet to own draws", "Fréchet to real", "class kept", "diversity in a class"), score
    )
    models, imperfect = ("flow", "diffusion", "vae"), ("inverted", "stopped early", "scale 1.4")
    given = {
        questions.dimension: [
            {"model": m, "points": p, "seeds": k} | judged
            for m in models for p in questions.dimension.PLACES for k in questions.dimension.K
        ],
        questions.imperfect: [
            {"model": m, "seeds": s, "method": f"{i}"} | judged
            for m in models for s in imperfect for i in range(8)
        ],
    }  # fmt: skip
    for module, rows in given.items():
        for ax in module.figure(rows, models).axes:
            at, kinds = marks(ax), len(ax.get_xticks())
            assert np.diff(at).min() > 0.08
            np.testing.assert_array_equal(np.unique(np.rint(at)), np.arange(kinds))
