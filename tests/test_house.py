"""What the whole house promises: it loads little, it is documented, it works without extras."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

import zalgebra as za

ROOT = Path(__file__).resolve().parent.parent
HEAVY = [
    "torch", "sklearn", "matplotlib", "scipy.stats", "scipy.optimize", "PIL", "lightning_fabric",
    "lightning", "jax", "tensorflow", "dask", "pandas", "typer", "click", "jinja2", "pooch",
    "pydantic",
]  # fmt: skip

# What makes a package look as if it were not installed.
WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def python(code: str) -> str:
    """What a fresh interpreter prints; its warnings are errors."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.strip()


def python_without(*names: str, code: str) -> str:
    return python(WITHOUT.format(names=set(names)) + textwrap.dedent(code))


def test_import_loads_nothing_heavy() -> None:
    loaded = python("import sys, zalgebra; print(*sys.modules)").split()
    assert not sorted(set(HEAVY) & set(loaded))


def test_combining_arrays_loads_no_framework() -> None:
    code = """
    import sys
    import numpy as np
    import zalgebra as za
    za.combine([0.5, 0.5], np.ones((2, 3)) * [[1], [2]])
    print(*sys.modules)
    """
    frameworks = {"torch", "sklearn", "jax", "tensorflow", "dask", "matplotlib"}
    assert not sorted(frameworks & set(python(code).split()))


def test_every_public_name_exists() -> None:
    assert sorted(set(za.__all__)) == sorted(za.__all__)
    assert [name for name in za.__all__ if not hasattr(za, name)] == []
    assert set(za.__all__) <= set(dir(za))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = za.no_such_name


def test_every_public_name_is_documented() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    public = [name for name in za.__all__ if not name.startswith("__")]
    said = {name for name in public if re.search(rf"\bza\.{name}\b|`{name}`", texts)}
    assert sorted(set(public) - said) == [], "add them to docs/api/index.md"


def test_every_documented_name_is_public() -> None:
    text = (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8")
    said = set(re.findall(r"`za\.(\w+)", text))
    assert sorted(said - set(za.__all__)) == [], "docs/api/index.md promises what is not there"


def test_every_documented_module_exists() -> None:
    names = [
        name
        for path in sorted((ROOT / "docs").rglob("*.md"))
        for name in re.findall(r"^::: ([\w.]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert names
    package = ROOT / "src"
    paths = {name: package.joinpath(*name.split(".")) for name in names}
    missing = [
        name
        for name, path in paths.items()
        if not (path.with_suffix(".py").exists() or (path / "__init__.py").exists())
    ]
    assert missing == []


def test_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert za.__version__ == project["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {project['version']}\n" in citation
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {project['version']}" in changelog


def test_the_algebra_works_without_torch() -> None:
    code = """
    import numpy as np
    import zalgebra as za
    x = np.random.default_rng(0).standard_normal((2, 10_000))
    print(round(float(za.combine([1, 1], x).std()), 1))
    """
    extras = ["torch", "lightning_fabric", "sklearn", "PIL", "matplotlib", "pooch", "jinja2"]
    assert python_without(*extras, "safetensors", "filelock", code=code) == "1.0"


def test_a_model_without_torch_names_the_install_line() -> None:
    code = """
    import zalgebra as za
    try:
        za.models.VAE
    except za.types.MissingExtra as error:
        print(error)
    """
    said = python_without("torch", code=code)
    assert "torch" in said
    assert "pip install 'zalgebra[torch]'" in said


@pytest.mark.parametrize("word", [[], ["frobnicate"]])
def test_dev_without_a_known_word_tells_its_words(word: list[str]) -> None:
    outcome = subprocess.run([ROOT / "dev", *word], capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    for known in ("install", "test", "check", "docs", "bench"):
        assert f"  {known} " in outcome.stderr


def test_dev_names_the_python_it_needs(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    outcome = subprocess.run(
        [ROOT / "dev", "install"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(old), "ZALGEBRA_VENV": str(tmp_path / "venv")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert "needs Python 3.11 or newer" in outcome.stderr
    assert not (tmp_path / "venv").exists()


def test_an_environment_never_replaces_a_folder_of_other_things(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    script = ROOT / "scripts" / "environment.py"
    outcome = subprocess.run(
        [sys.executable, script, tmp_path, "all"], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 2
    assert "no virtual environment" in outcome.stderr
    assert (tmp_path / "diary.txt").read_text() == "mine"


def texts_module():
    spec = importlib.util.spec_from_file_location("texts", ROOT / "scripts" / "texts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_check_of_texts_finds_what_is_broken(tmp_path: Path) -> None:
    texts = texts_module()
    page = tmp_path / "page.md"
    text = "see [a](nope.md) and [b](page.md#x)\n\n```python\nx = = 1\n```\n\n`./dev frob`\n"
    page.write_text(text)
    assert list(texts.broken_links(page, text)) == [(1, "no such file: nope.md")]
    assert [line for line, _ in texts.broken_code(text)] == [4]
    assert [line for line, _ in texts.unknown_words(text)] == [7]
