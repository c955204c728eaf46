"""The page of results: every number is that of a folder, and other versions are refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from zalgebra.studio.bench import edit_cells, inverting, mapping_report, scores

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def board() -> ModuleType:
    spec = importlib.util.spec_from_file_location("board", ROOT / "scripts" / "leaderboard.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(value: float, low: float | None = None, high: float | None = None, n: int = 50) -> Any:
    return {"value": value, "low": low, "high": high, "n": n, "question": "?"}


def result(command: str, more: dict[str, Any], version: str = "1.0") -> dict[str, Any]:
    return {
        "configuration": {"command": command, "zalgebra": version, "hash": "abc"},
        "data": {"name": "digits"},
        "model": {"model": "VAE"},
        "run": {"date": "2026-11-21", "machine": "a desk",
                "versions": {"zalgebra": version, "numpy": "2.0"}},
        **more,
    }  # fmt: skip


EDIT = {"model": "vae", "attribute": "3|8", "method": "svm", "n": 20, "angle": None,
        "leakage": None, "recognised": score(1, 0.9, 1),
        "plausible": score(0.5, 0.4, 0.6)}  # fmt: skip
EDITS = [{**EDIT, "seed": 0, "success": score(0.8, 0.7, 0.9)},
         {**EDIT, "seed": 3, "success": score(0.6, 0.5, 0.75)}]  # fmt: skip
COMBINED = [
    {"source": "real", "what": what, "k": 2, "method": "lol", "seed": 0, "n": 100,
     "accuracy": score(0.9, 0.85, 0.95), "frechet": score(3, -1, 7), "plausible": score(1, 0.9, 1),
     "diversity": score(2)}
    for what in ("seeds", "centroid")
]  # fmt: skip
MAPPED = [{"map": "tsne", "seed": 0, "trust": score(0.97, 0.96, 0.98), "latent": score(0.3)}]
INVERTED = [{"model": "pca", "class": "PCA", "rmse": score(0.1, 0.09, 0.11, 200)}]
ALL = {
    "combine": {"cells": COMBINED}, "edit": {"cells": EDITS}, "map": {"cells": MAPPED},
    "invert": {"models": INVERTED},
}  # fmt: skip


def folder(place: Path, command: str, version: str = "1.0") -> Path:
    place.mkdir()
    (place / "results.json").write_text(json.dumps(result(command, ALL[command], version)))
    return place


def test_every_row_is_that_of_a_folder(tmp_path, board, capsys) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Prose\n\n{board.MARK}\n\nold tables")
    folders = [str(folder(tmp_path / command, command)) for command in ALL]
    for _ in range(2):  # the second time is the first
        assert board.main([*folders, "--commit", "c0ffee", "-o", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("# Prose\n")
    assert "old tables" not in text
    assert text.count("## ") == 4
    assert "2026-11-21, a desk, commit c0ffee; zalgebra 1.0, numpy 2.0; configuration abc." in text
    line = "| vae | 3\\|8 | svm | 40 | 0, 3 | 70% [60%, 82%] | – | 100% [90%, 100%] | – | 50%"
    assert line in text
    assert "| VAE | centroid of 2, real | lol | 100 | 0 | 90.0% [85.0%, 95.0%] | 3.0 [" in text
    assert "seeds of" not in text
    assert "| VAE | tsne | 50 | 0 | 0.970 [0.960, 0.980] | – | 0.300 | – | – |" in text
    assert "| pca | PCA | 200 | – | 0.1000 [0.0900, 0.1100] | – |" in text
    assert "4 tables" in capsys.readouterr().out


def test_other_versions_and_other_folders_are_refused(tmp_path, board, capsys) -> None:
    page = tmp_path / "page.md"
    one, two = folder(tmp_path / "a", "edit"), folder(tmp_path / "b", "map", "1.1")
    (tmp_path / "empty").mkdir()
    for folders, words in (
        (
            [one, two],
            f"several versions of zalgebra (1.0 in {one}, 1.1 in {two}): run all with one",
        ),
        ([one, tmp_path / "empty"], "empty holds no results of zalgebra bench"),
    ):
        assert board.main([*map(str, folders), "-o", str(page)]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1
        assert not page.exists()


def test_every_column_is_one_that_is_measured(board) -> None:
    assert set(board.EDIT) <= set(edit_cells.SCORES)
    assert set(board.MAP) <= set(mapping_report.SCORES)
    assert set(board.INVERT) <= set(inverting.INVERSION)
    assert set(board.COMBINE) <= set(scores.SCORES)
