"""The comparison of inversions: known answers, kept models, and one sentence for what is wrong."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zalgebra as za
from zalgebra.data import datasets
from zalgebra.models import PCA, Reader
from zalgebra.studio.bench import Inversions, invert
from zalgebra.studio.bench.ground import prepared
from zalgebra.types import BadInput


@pytest.fixture(scope="module")
def digits() -> datasets.Dataset:
    return datasets.digits()[:600]


@pytest.fixture(scope="module")
def reader(digits: datasets.Dataset) -> Reader:
    train = prepared(digits).train
    judge = Reader(fine=True, width=8, max_epochs=6, batch_size=32, verbose=False)
    return judge.fit(train.images, {"class": train.y})


@pytest.fixture(scope="module")
def models(digits: datasets.Dataset) -> list[Any]:
    return [PCA(d, random_state=0).fit(prepared(digits).train.images) for d in (4, 20)]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, digits, reader, models) -> Inversions:
    folder = tmp_path_factory.mktemp("invert") / "a"
    return invert(digits, folder, models=models, judge=reader, n=120)


def test_more_axes_come_back_better(found) -> None:
    few, many = (model.figures for model in found.models)
    assert many["rmse"]["high"] < few["rmse"]["low"]
    assert many["explained"]["value"] > few["explained"]["value"] > 0.3
    assert many["class_kept"]["value"] > few["class_kept"]["value"]
    assert many["rmse"]["n"] == 120


def test_the_figures_are_those_of_the_pictures(found, digits, models) -> None:
    X, figures = found.pictures, found.models[0].figures
    back = np.clip(models[0].inverse_transform(models[0].transform(X)), 0, 1)
    error = np.sqrt(((X - back) ** 2).reshape(len(X), -1).mean(axis=1))
    assert figures["rmse"]["value"] == pytest.approx(error.mean(), rel=1e-4)
    shown = found.models[0].rows
    np.testing.assert_allclose(error[shown], np.sort(error[shown]))
    assert (error[shown[0]], error[shown[-1]]) == (error.min(), error.max())
    z = models[0].prior_.sample(120, seed=0).astype(np.float32)
    again = models[0].transform(np.clip(models[0].inverse_transform(z), 0, 1))
    off = np.sqrt(((again - z) ** 2).mean(axis=1)).mean() / np.sqrt((z**2).mean())
    assert figures["latent_back"]["value"] == pytest.approx(off, rel=1e-4)
    held = {p.tobytes() for p in prepared(digits).held.images}
    assert {p.tobytes() for p in X} <= held


def test_everything_is_written_and_kept(found, digits, reader, models) -> None:
    folder = found.output
    assert json.loads((folder / "results.json").read_text()) == found.to_dict()
    lines = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    assert [line["class"] for line in lines] == ["PCA", "PCA"]
    page = (folder / "index.html").read_text()
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert f"{found.facts['judge']['accuracy']['value']:.1%}" in page
    assert len(list((folder / "sheets").iterdir())) == 2
    assert found.models[1].name in (folder / "results.md").read_text()
    kept = {f: f.stat().st_mtime_ns for f in (folder / "work").rglob("inversion-*")}
    assert len(kept) == 2
    again = invert(digits, folder, models=models, judge=reader, n=120)
    assert [m.to_dict() for m in again.models] == [m.to_dict() for m in found.models]
    assert {f: f.stat().st_mtime_ns for f in kept} == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": 1}, "`n` must be at least 2"),
        ({"models": []}, "`models` name one"),
        ({"models": ["pca", "pca"]}, "`models` must be different ones, got pca, pca"),
        ({"models": ["magic"]}, "a model is one of vae, "),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, digits, reader, given, words) -> None:
    with pytest.raises(BadInput, match=re.escape(words)):
        invert(digits, tmp_path / "a", judge=reader, **{"models": ["pca"], **given})


def test_the_command(zalgebra, tmp_path, models) -> None:
    place = models[1].save(tmp_path / "mine")
    words = ("bench", "invert", "digits", "--pictures", "300", "--model", f"pca,{place}", "-n", 40)
    facts = zalgebra(*words, "-o", "out", "--json").json()
    assert [m["model"] for m in facts["models"]] == ["pca", "mine"]
    assert facts["models"][1]["fingerprint"] == models[1].spec_.fingerprint
    assert za.load("out/work/pca/model").spec_.fingerprint == facts["models"][0]["fingerprint"]
    said = zalgebra(*words, "-o", "out")
    assert said.code == 0
    assert "mine: error of the picture 0." in said.out
    assert str(Path("out/index.html")) in said.out
    assert "other n" in zalgebra(*words[:-1], 50, "-o", "out").sentence()
