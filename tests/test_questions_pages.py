"""The tables of docs/questions: every number is that of a result, and all other words are kept."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    file = ROOT / "scripts" / "questions_pages.py"
    spec = importlib.util.spec_from_file_location("questions_pages", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(value: float, low: float = 0.0, high: float = 0.0) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": 9, "question": "?"}


SPEED = {
    "One combination in a call": [
        {"k": 2, "shape": shape, "method": "NAO", "µs": score(64123.4, 9.999, 1e6), "of LOL's": of}
        for shape, of in (("1 × 28 × 28", 1.0), ("4 × 64 × 64", 0.65249))
    ]
}  # fmt: skip
TESTS = {
    "Power and relevance": [
        {"model": "vae", "test": test, "rejected of them": 0.595, "rejected of these": 0.004,
         "relevance, ρ": -0.068}
        for test in ("CVM", "tailored")
    ]
}  # fmt: skip
DRAWS = {
    "Averages of k draws from the prior": [
        {"model": model, "k": 2, "method": method, "outside the support": score(out),
         "Fréchet to own draws": score(far, far - 30, far + 4)}
        for method in ("the seeds", "LERP", "LOL, its prior")
        for model, out, far in (("gan", 0.0, 19.96), ("sphere", 0.996, -0.04))
    ]
}  # fmt: skip
LAWS = {
    "Does LOL hold for Laplace and for multimodal latents?": [
        {"model": model, "law": "Cauchy", "k": k, "method": method,
         "Fréchet to own draws": score(far * k)}
        for model, far in (("flow", 10.0), ("diffusion", -0.05), ("vae", 9.0))
        for k in (2, 5)
        for method in ("the seeds", "LERP", "LOL, as if normal", "LOL, its prior")
    ]
}  # fmt: skip
BROKEN = {
    "Which statistics beyond the norm does a network need?": [
        {"model": model, "broken": broken, "strength": strength, "off by, sd": off, "harm": harm}
        for model in ("flow", "diffusion", "vae")
        for broken, strength, off, harm in (
            ("nothing", "", 0.0, 0.0), ("mean", "0.1", 2.918, -0.4), ("mean", "0.2", 11.72, -7.6),
            ("spectrum", "1", 7.5, 70.0),
        )
        if (model, broken) != ("vae", "spectrum")
    ]
}  # fmt: skip
GIVEN = {"statistics": BROKEN, "priors": DRAWS, "tests": TESTS, "laplace": LAWS, "speed": SPEED}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "results" / "fashion").mkdir(parents=True)
    for name, tables in GIVEN.items():
        file = tmp_path / "results" / "fashion" / f"{name}.json"
        file.write_text(json.dumps({"tables": tables}), encoding="utf-8")
    return tmp_path / "results"


@pytest.fixture
def copies(tmp_path: Path, pages) -> Path:
    (tmp_path / "pages").mkdir()
    for name in {page for page, _ in pages.TABLES.values()}:
        text = (pages.PAGES / name).read_text(encoding="utf-8")
        (tmp_path / "pages" / name).write_text(text, encoding="utf-8")
    return tmp_path / "pages"


def test_numbers_are_those_of_the_results_as_a_reader_expects_them(pages, results) -> None:
    rows = {name: table.split("\n")[2:] for name, table in pages.made(results).items()}
    assert rows == {
        "statistics": ["| `mean` | 0.1, 0.2 | 2.92, 11.7 | 0, −8 | 0, −8 | 0, −8 |",
                       "| `spectrum` | 1 | 7.5 | 70 | 70 | – |"],
        "priors": ["| 2 | LERP | 0 | 20.0 [−10.0, 24.0] | 1.00 | 0.0 [−30.0, 4.0] |",
                   "| 2 | **LOL, its prior** | 0 | 20.0 [−10.0, 24.0] | 1.00 | 0.0 [−30.0, 4.0] |"],
        "tests": ["| VAE | CvM | 0.59 | 0.00 | −0.07 |",
                  "| VAE | **tailored** | 0.59 | **0.00** | **−0.07** |"],
        "laplace": ["| Cauchy | 50 / −0.2 | 50 / −0.2 | 50 / −0.2 |"],
        "speed": ["| 2 | 4 × 64 × 64 | NAO | 64,100 [10, 1,000,000] | 0.652 |"],
    }  # fmt: skip


def test_the_pages_keep_their_words_and_their_columns(pages, results, copies, capsys) -> None:
    before = {file.name: file.read_text(encoding="utf-8") for file in copies.iterdir()}
    given = [str(results), "--pages", str(copies)]
    assert pages.main([*given, "--check"]) == 1
    assert {f.name: f.read_text(encoding="utf-8") for f in copies.iterdir()} == before
    assert pages.main(given) == 0
    assert pages.main([*given, "--check"]) == 0
    assert "all tables are those of the results" in capsys.readouterr().out
    for name, (page, _) in pages.TABLES.items():
        new = (copies / page).read_text(encoding="utf-8")
        here = f"<!-- table: {name} -->\n"
        parts = [text.partition(here) for text in (before[page], new)]
        old, made = (after.partition("<!-- end -->") for _, _, after in parts)
        assert old[0].split("\n")[1:3] == made[0].split("\n")[1:3]  # the head, and its sides
        assert pages.made(results)[name] == made[0].strip()
    place = pages.re.compile(r"<!-- table: \w+ -->.*?<!-- end -->", pages.re.DOTALL)
    new = (copies / "checks.md").read_text(encoding="utf-8")
    assert place.split(new) == place.split(before["checks.md"])


def test_what_is_wrong_is_told_and_nothing_is_written(pages, results, copies, capsys) -> None:
    given = [str(results), "--pages", str(copies)]
    assert pages.main([str(copies), "--pages", str(copies)]) == 2
    assert "has no results: ./dev bench questions" in capsys.readouterr().err
    page = copies / "checks.md"
    page.write_text(page.read_text("utf-8").replace("<!-- table: speed -->", ""), encoding="utf-8")
    before = {file: file.read_bytes() for file in copies.iterdir()}
    assert pages.main(given) == 2
    assert "must have one place of <!-- table: speed -->" in capsys.readouterr().err
    (results / "fashion" / "tests.json").write_text("{}", encoding="utf-8")
    assert pages.main(given) == 2
    assert "is no result of ./dev bench questions tests" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in copies.iterdir()} == before
