"""Every script of the gallery runs by itself and makes the pictures that it names."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

GALLERY = Path(__file__).parents[1] / "docs" / "gallery"
SCRIPTS = sorted(p.stem for p in GALLERY.glob("*.py") if "def main" in p.read_text())
REAL = {
    "boots": "fashion_mnist", "figures": "fashion_mnist", "garments": "fashion_mnist",
    "king": "word_vectors", "off_prior": "fashion_mnist", "paths": "fashion_mnist",
}  # fmt: skip
SHORT = dict.fromkeys(("garments", "off_prior"), ("--n", "512", "--epochs", "1"))
HEAVIEST = 300_000  # bytes


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_makes_its_pictures(name: str, tmp_path: Path) -> None:
    data = Path(os.environ.get("ZALGEBRA_DATA", "data"))
    if name in REAL and not (data / REAL[name]).is_dir():
        pytest.skip(f"{REAL[name]} is not in $ZALGEBRA_DATA")
    command = [sys.executable, str(GALLERY / f"{name}.py"), *SHORT.get(name, ())]
    where = {**os.environ, "ZALGEBRA_ASSETS": str(tmp_path)}
    ran = subprocess.run(command, env=where, capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    made = {p.name for p in tmp_path.glob("*.png")}
    assert made
    kept = {p.name for p in (GALLERY.parent / "assets").iterdir()}
    assert made <= kept, "a picture that the docs do not hold"


def test_every_picture_of_the_docs_is_shown_somewhere() -> None:
    docs = GALLERY.parent
    pages = "".join(p.read_text() for p in docs.rglob("*.md"))
    pages += (docs.parent / "README.md").read_text()
    assert [p.name for p in (docs / "assets").iterdir() if f"assets/{p.name}" not in pages] == []


def test_every_picture_has_words_for_those_who_do_not_see_it() -> None:
    docs = GALLERY.parent
    pages = [*docs.rglob("*.md"), docs.parent / "README.md"]
    shown = [
        (p, *m) for p in pages for m in re.findall(r"!\[(.*?)\]\(([^)]*)\)", p.read_text(), re.S)
    ]
    assert len(shown) > 40
    assert [(p.name, file) for p, words, file in shown if len(words.split()) < 3] == []


def test_no_picture_of_the_docs_is_heavy() -> None:
    sizes = {p.name: p.stat().st_size for p in (GALLERY.parent / "assets").glob("*.png")}
    assert {name: size for name, size in sizes.items() if size > HEAVIEST} == {}


def test_words_too_small_for_a_telephone_are_enlarged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(GALLERY))
    palette = importlib.import_module("palette")
    figure = Figure(figsize=(7.8, 4))
    for ax in figure.subplots(2, 1):
        ax.plot([1, 2], label="a")
        ax.set_title("title", fontsize=20)
        ax.legend(fontsize=3)
    palette.legible(figure)
    sizes = {text.get_text(): text.get_fontsize() for text in figure.findobj(Text)}
    least = palette.SMALLEST / palette.TELEPHONE * 7.8 * 72  # of 390 pixels, 9
    assert min(sizes.values()) == pytest.approx(least)
    assert sizes["title"] == 20
    assert sizes["a"] == pytest.approx(least)
