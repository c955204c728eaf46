"""One tiny model and its workspace for all of the studio's tests, and the command line at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")
pytest.importorskip("filelock")

from typer.testing import CliRunner

from zalgebra.data import datasets
from zalgebra.models.vae import VAE
from zalgebra.studio.cli import app
from zalgebra.studio.workspace import Workspace

SIZE = 16


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output, which must be one strict JSON value and nothing else."""
        assert self.code == 0, self.err

        def refuse(word: str) -> None:
            raise AssertionError(f"{word} is no JSON")

        return json.loads(self.out, parse_constant=refuse)

    def sentence(self) -> str:
        """The one line that says what was wrong; lines that end in … only say what goes on."""
        lines = [line for line in self.err.splitlines() if line.strip() and line[-1] != "…"]
        assert self.code == 2, (self.code, self.err, self.out)
        assert len(lines) == 1, self.err
        assert lines[0].startswith("zalgebra: ")
        assert "Traceback" not in self.err
        assert self.out == ""
        return lines[0]


@pytest.fixture(scope="session")
def faces() -> datasets.Dataset:
    return datasets.faces(300, size=SIZE, seed=3)


@pytest.fixture(scope="session")
def model(faces: datasets.Dataset) -> VAE:
    network = VAE(8, width=8, max_epochs=12, batch_size=25, patience=None, verbose=False)
    return network.fit(faces.images)


@pytest.fixture(scope="session")
def other_model(faces: datasets.Dataset) -> VAE:
    network = VAE(8, width=8, max_epochs=1, batch_size=50, random_state=1, verbose=False)
    return network.fit(faces.images[:100])


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory, model: VAE, faces: datasets.Dataset) -> Path:
    """A workspace with items; tests that change it take a copy."""
    path = tmp_path_factory.mktemp("studio") / "faces.zal"
    Workspace.create(path, model).encode(faces)
    return path


@pytest.fixture
def place(tmp_path: Path, encoded: Path) -> Path:
    """A copy of the workspace."""
    return shutil.copytree(encoded, tmp_path / "faces.zal")


@pytest.fixture(scope="session")
def space(encoded: Path) -> Workspace:
    return Workspace(encoded)


@pytest.fixture
def zalgebra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command line inside this process, in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def call(*words: Any) -> Said:
        result = CliRunner().invoke(app, [str(w) for w in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    return call


# A process in the background inherits that it ignores Ctrl-C; this one is sent one. (Not by
# `preexec_fn`: that forks, of which JAX warns where it is loaded.)
HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.Popen]:
    """Start Python or the command line as a process of its own."""
    started: list[subprocess.Popen] = []

    def start(*words: Any, code: str | None = None) -> subprocess.Popen:
        run = code or "from zalgebra.studio.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", HEED + run, *map(str, words)],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "80", "NO_COLOR": "1"},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def colours() -> np.ndarray:
    """Four plain pictures: red, green, blue and grey."""
    plain = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5]])
    return np.broadcast_to(plain[:, :, None, None], (4, 3, 6, 6)).copy()
