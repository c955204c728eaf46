"""A new verb is one file, and the help stays fast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zalgebra.studio import commands, verbs
from zalgebra.types import BadInput

HEAVY = {"torch", "sklearn", "matplotlib", "PIL", "imageio_ffmpeg", "jinja2", "scipy.stats"}


@pytest.fixture
def kept():
    """The verbs as they were, whatever is registered meanwhile."""
    known = list(verbs.app.registered_commands)
    yield
    verbs.app.registered_commands[:] = known


def call(*words: str):
    return CliRunner().invoke(verbs.app, list(words))


@pytest.mark.usefixtures("kept")
def test_a_function_becomes_a_verb_with_its_help_and_sentences() -> None:
    @verbs.verb
    def count(n: int, bad: bool = False) -> None:
        """How many there are."""
        if bad:
            raise BadInput("there are none")
        print(n, verbs.command_line())

    assert "How many there are." in call("count", "-h").stdout
    assert call("count", "3").stdout == "3 zalgebra count 3\n"
    refused = call("count", "3", "--bad")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "zalgebra: there are none\n"
    assert call("count", "-3").exit_code == 2


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("resumes", "rest"), [(True, "goes on where it was"), (False, "nothing")])
def test_an_interrupt_says_what_there_is_to_say(resumes: bool, rest: str) -> None:
    @verbs.verb(resumes=resumes, expressions=True)
    def wait(words: list[str]) -> None:
        """Wait."""
        raise KeyboardInterrupt

    said = call("wait", "- glasses")
    assert said.exit_code == 130
    assert rest in said.stderr


def test_every_file_of_the_folder_is_a_verb() -> None:
    files = [f.stem.partition("_") for f in Path(commands.__path__[0]).glob("[!_]*.py")]
    from zalgebra.studio import cli

    shown = {c.callback.__name__ for c in cli.app.registered_commands}
    groups = {
        g.name: {c.name or c.callback.__name__ for c in g.typer_instance.registered_commands}
        for g in cli.app.registered_groups
    }
    shown |= set(groups)
    assert {verb for verb, _, _ in files} <= shown
    assert all(part in groups[verb] for verb, _, part in files if part)  # bench_map.py: bench map
    assert set(verbs.JOURNEY) <= shown


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from zalgebra.studio.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    )
    code += "print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True
    )
    assert "demo" in done.stdout
    assert not sorted(HEAVY & set(done.stderr.split()))
