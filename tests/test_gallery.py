"""Every script of the gallery runs by itself and makes the pictures that it names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[1] / "docs" / "gallery"
SCRIPTS = sorted(p.stem for p in GALLERY.glob("*.py") if "def main" in p.read_text())
REAL = {
    "boots": "fashion_mnist", "figures": "fashion_mnist", "king": "word_vectors",
    "off_prior": "fashion_mnist", "paths": "fashion_mnist",
}  # fmt: skip
SHORT = {"off_prior": ("--n", "512", "--epochs", "1")}


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
