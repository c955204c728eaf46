"""Recipes: data are split as they should be, and anybody's pictures get a recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zalgebra.data.dataset import Dataset
from zalgebra.data.pictures import save_picture
from zalgebra.studio.recipes import default_model, recipe, split
from zalgebra.types import BadInput


@pytest.fixture
def people() -> Dataset:
    images = np.random.default_rng(0).random((60, 3, 16, 16), dtype=np.float32)
    return Dataset("people", images, {"person": np.arange(60, dtype=np.int64) // 5})


def test_a_split_loses_nothing_and_repeats(people: Dataset) -> None:
    train, held = split(people, 0.25, 0)
    assert (len(train), len(held)) == (45, 15)
    assert sorted([*map(int, train.names), *map(int, held.names)]) == list(range(60))
    assert split(people, 0.25, 0)[1].names == held.names
    assert split(people, 0.25, 1)[1].names != held.names


def test_a_group_stays_together(people: Dataset) -> None:
    train, held = split(people, 0.25, 0, "person")
    assert not set(train.labels["person"]) & set(held.labels["person"])
    assert len(held) == 15
    with pytest.raises(BadInput, match="unknown label 'family' to group by"):
        split(people, 0.25, 0, "family")


@pytest.mark.parametrize("n", [2, 20, 300, 5000])
def test_the_default_model_suits_any_number(n: int) -> None:
    model = default_model(np.zeros((n, 1, 2, 2), np.float32), seed=7, verbose=False)
    assert 6 <= model.max_epochs <= 150
    assert 8 <= model.batch_size <= 256
    assert model.random_state == 7


def folder(path: Path, n: int, kinds: tuple[str, ...]) -> str:
    rng = np.random.default_rng(0)
    for i in range(n):
        save_picture(rng.random((3, 16, 16)), path / kinds[i % len(kinds)] / f"{i}.png")
    return str(path)


def test_a_folder_of_classes_has_edits(tmp_path: Path) -> None:
    made = recipe(folder(tmp_path / "pets", 24, ("cat", "dog/s")), size=16)
    assert made.name == "pets"
    assert (len(made.train), len(made.held)) == (36, 6)  # few, so mirrored
    assert made.reader is not None
    assert len(made.edits) == 1
    for edit in made.edits:
        assert edit.change == f'+ "{next(iter(made.directions))}"'


def test_a_folder_without_classes_has_none(tmp_path: Path) -> None:
    made = recipe(folder(tmp_path / "pets", 24, ("",)), size=16)
    assert (made.edits, made.reader, dict(made.directions)) == ((), None, {})


def test_too_few_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least 20 pictures"):
        recipe(folder(tmp_path / "pets", 4, ("",)), size=16)
