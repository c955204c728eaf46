"""``zalgebra augment``: tables to tables, pictures to pictures, and each new row's parents."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zalgebra.data.pictures import read_picture, save_picture
from zalgebra.studio.augment import augment
from zalgebra.types import BadInput

HEADER = ["size", "legs", "class", "colour"]


def write(path: Path, rows: list[list[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return path


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = [
        [f"{rng.normal(5, 1):.2f}", rng.integers(2, 9), c, rng.choice(["red", "green"])]
        for c in ["ant"] * 12 + ["bee"] * 4
    ]
    return write(tmp_path / "insects.csv", [HEADER, *rows])


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for c, n in (("cats", 9), ("dogs", 3)):
        for i in range(n):
            save_picture(rng.random((3, 8, 8)), tmp_path / "pets" / c / f"{c}{i}.png")
    return tmp_path / "pets"


@pytest.mark.parametrize("method", ["interpolate", "correlated", "gaussian", "mixup"])
def test_a_table_becomes_a_table(zalgebra: Callable, table: Path, method: str) -> None:
    facts = zalgebra("augment", table, "-o", "out/more.csv", "--method", method, "--json").json()
    assert facts["before"] == {"ant": 12, "bee": 4}
    assert facts["after"] == {"ant": 12, "bee": 12}
    old, new = read(table), read(Path(facts["output"]))
    assert new[:17] == old
    for size, legs, c, colour in new[17:]:
        assert len(size.partition(".")[2]) == 2
        assert legs == str(int(legs))
        assert c == "bee"
        assert colour in ("red", "green")


def test_the_provenance_of_a_table_makes_its_numbers_again(zalgebra: Callable, table: Path) -> None:
    facts = zalgebra("augment", table, "-o", "more.csv", "--json").json()
    assert facts["provenance"] == "more.provenance.csv"
    rows = read(Path("more.csv"))[1:]
    header, *origins = read(Path("more.provenance.csv"))
    assert header[:3] == ["row", "class", "method"]
    assert len(origins) == 8
    for line in origins:
        told = dict(zip(header, line, strict=True))
        made = rows[int(told["row"]) - 1]
        share = [float(told[f"weight_{i}"]) for i in (1, 2)]
        size = [float(rows[int(told[f"parent_{i}"]) - 1][0]) for i in (1, 2)]
        assert float(made[0]) == pytest.approx(np.dot(share, size), abs=0.0051)
        assert told["class"] == made[2] == "bee"


def test_pictures_become_a_folder_for_each_class(zalgebra: Callable, pictures: Path) -> None:
    said = zalgebra("augment", pictures, "-o", "more", "--model", "pca")
    assert said.code == 0, said.err
    assert "dogs: 3 and 6 new" in said.out
    assert Counter(p.parent.name for p in Path("more").rglob("*.png")) == {"cats": 9, "dogs": 9}
    assert Path("more/dogs/dogs1.png").read_bytes() == (pictures / "dogs/dogs1.png").read_bytes()
    header, *origins = read(Path("more/provenance.csv"))
    for line in origins:
        told = dict(zip(header, line, strict=True))
        made = read_picture(Path("more") / told["row"])
        parents = [read_picture(Path("more") / told[f"parent_{i}"]) for i in (1, 2)]
        assert made.shape == (3, 8, 8)
        # PCA keeps 95 % of the variance, so a row is near to the mix of its parents.
        mix = sum(float(told[f"weight_{i + 1}"]) * p for i, p in enumerate(parents))
        assert np.sqrt(np.mean((made - mix) ** 2)) < 0.12
    assert sorted(p.name for p in Path().iterdir()) == ["more"]


def test_pictures_can_be_resized_and_the_data_themselves_mixed(
    zalgebra: Callable, pictures: Path
) -> None:
    words = ("augment", pictures, "-o", "more", "--model", "none", "--size", 4, "--json")
    facts = zalgebra(*words, "--classes", "minority").json()
    assert facts["after"] == {"cats": 9, "dogs": 9}
    assert {read_picture(p).shape for p in Path("more").rglob("*.png")} == {(3, 4, 4)}


def test_a_saved_model_is_used(zalgebra: Callable, pictures: Path, tmp_path: Path) -> None:
    import zalgebra as za

    X = np.stack([read_picture(p) for p in sorted(pictures.rglob("*.png"))])
    model = za.models.PCA(4).fit(X).save(tmp_path / "pca")
    facts = zalgebra("augment", pictures, "-o", "more", "--model", model, "--json").json()
    assert facts["model"] == str(model)


def test_the_same_seed_writes_the_same_files(zalgebra: Callable, table: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        zalgebra("augment", table, "-o", f"{name}.csv", "--seed", seed)
    a, b, c = (Path(f"{name}.csv").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_a_table_with_another_column_of_classes(zalgebra: Callable, table: Path) -> None:
    facts = zalgebra("augment", table, "-o", "m.csv", "--label", "colour", "--json").json()
    assert set(facts["after"]) == {"red", "green"}
    assert len(set(facts["after"].values())) == 1


def test_a_table_in_principal_components(zalgebra: Callable, table: Path) -> None:
    facts = zalgebra("augment", table, "-o", "m.csv", "--model", "pca", "--json").json()
    assert facts["model"] == "pca"
    assert len(read(Path("m.csv"))) == 25


def refused(zalgebra: Callable, *words: Any) -> str:
    return zalgebra("augment", *words).sentence()


def test_what_is_wrong_with_a_table_is_one_sentence(zalgebra: Callable, table: Path) -> None:
    assert "must end in .csv or .tsv" in refused(zalgebra, table, "-o", "folder")
    assert "is the table itself" in refused(zalgebra, table, "-o", table)
    there = "there are size, legs, class, colour"
    assert f"no column 'x'; {there}" in refused(zalgebra, table, "-o", "m.csv", "--label", "x")
    wrong = refused(zalgebra, table, "-o", "m.csv", "--model", "vae")
    assert "--model must be one of none, pca, or a saved model's folder, got 'vae'" in wrong
    assert "x.csv" in refused(zalgebra, "x.csv", "-o", "m.csv")
    assert list(Path().iterdir()) == []


BROKEN = [
    ([["a", "class"]], "a header and two rows"),
    ([["a", "class"], [1, "x"], [2]], "must have 2 cells in row 2, got 1"),
    ([["a", "class"], ["", "x"], [2, "y"], [3, "y"]], "column 'a' has empty cells"),
    ([["a", "b"], [1, 2], [2, 1]], "name the column of classes with --label; there are a, b"),
    ([["class"], ["x"], ["y"]], "has no column beside 'class'"),
    ([["a", "class"], [1, "x"], [2, "x"]], "more than one class"),
    ([["a", "a", "class"], [1, 2, "x"], [2, 1, "x"]], "must name its columns differently"),
]


@pytest.mark.parametrize(("rows", "words"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_table_is_one_sentence(
    zalgebra: Callable, tmp_path: Path, rows: list, words: str
) -> None:
    assert words in refused(zalgebra, write(tmp_path / "t.csv", rows), "-o", "m.csv")


def test_a_folder_that_holds_something_is_left_alone(zalgebra: Callable, pictures: Path) -> None:
    Path("more").mkdir()
    Path("more/mine.txt").write_text("mine")
    assert "is there already" in refused(zalgebra, pictures, "-o", "more")
    assert [p.name for p in Path("more").iterdir()] == ["mine.txt"]


def test_pictures_without_classes_are_refused(zalgebra: Callable, pictures: Path) -> None:
    assert "--label" in refused(zalgebra, pictures / "cats", "-o", "more")
    assert list(Path().iterdir()) == []


def test_a_failure_leaves_nothing_behind(pictures: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "more"
    with pytest.raises(BadInput, match="k_neighbors"):
        augment(str(pictures), target, k_neighbors=0)
    assert list(target.parent.iterdir()) == []


def test_help_says_what_it_is_for(zalgebra: Callable) -> None:
    said = zalgebra("augment", "--help")
    assert said.code == 0
    assert "training data only" in said.out


def test_given_pictures_are_copied_byte_for_byte(zalgebra: Callable, pictures: Path) -> None:
    given = pictures / "dogs" / "dogs0.png"
    given.write_bytes(given.read_bytes() + b"what follows the picture")
    zalgebra("augment", pictures, "-o", "out", "--model", "none", "--json")
    assert Path("out/dogs/dogs0.png").read_bytes() == given.read_bytes()
