"""The imports keep to the table of rooms, and no module has what the house forbids."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "zalgebra"

MIDDLE = frozenset({"models", "estimators", "measures", "data"})
GROUND = frozenset({"algebra", "types", "files"})
DOORS = frozenset({"priors", "testing"})
# "zalgebra" is the package's front door
EVERYTHING = MIDDLE | GROUND | DOORS | {"studio", "zalgebra"}
MAY_IMPORT = {
    "types": frozenset(),
    "files": frozenset({"types"}),
    "algebra": frozenset({"types"}),
    "priors": frozenset({"algebra", "models", "types"}),  # the door to all priors
    "testing": frozenset({"algebra", "types"}),  # the laws, for anyone's prior or method
    **dict.fromkeys(MIDDLE, GROUND),
    "studio": EVERYTHING,
    "zalgebra": EVERYTHING,
    "__main__": EVERYTHING,
}
FRAMEWORKS = {"torch", "jax", "sklearn", "tensorflow", "keras", "lightning", "lightning_fabric"}
PICKLERS = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
DRAWERS = {"utils", "util", "_utils", "_util", "helpers", "misc"}


class Import(NamedTuple):
    line: int
    name: str  # the whole dotted name, absolute


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def module_name(package: Path, path: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def absolute(name: str, level: int, inside: str) -> str:
    """The name that a relative import of ``level`` dots inside the package ``inside`` means."""
    if level == 0:
        return name
    parts = inside.split(".")
    kept = parts[: len(parts) - level + 1]
    return ".".join([*kept, *([name] if name else [])])


def imports(tree: ast.Module, inside: str) -> Iterator[Import]:
    """Every import at any depth, `TYPE_CHECKING` ones and `import_module("...")` included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = absolute(node.module or "", node.level, inside)
            yield from (Import(node.lineno, f"{source}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
            match node.args:
                case [ast.Constant(value=str(name)), *_]:
                    level = len(name) - len(name.lstrip("."))
                    yield Import(node.lineno, absolute(name.lstrip("."), level, inside))


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def room_of(name: str) -> str:
    """The room of a dotted name; what is no room is a name behind the front door."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in MAY_IMPORT else "zalgebra"


def arrows(room: str, found: list[Import]) -> Iterator[tuple[int, str]]:
    if room not in MAY_IMPORT:
        yield 1, f"{room} is no room: add it to the table, or move the file into a room"
        return
    for line, name in found:
        target = room_of(name)
        if name.split(".")[0] == "zalgebra" and target not in {room, *MAY_IMPORT[room]}:
            allowed = ", ".join(sorted(MAY_IMPORT[room])) or "nothing of zalgebra"
            yield line, f"{room} may import {allowed}; this imports {target} ({name})"


def frameworks(room: str, found: list[Import]) -> Iterator[tuple[int, str]]:
    if room not in {"algebra", "types", "files"}:
        return
    for line, name in found:
        if not name.startswith("zalgebra.") and FRAMEWORKS & set(name.split(".")):
            yield line, f"{room} imports no machine-learning framework; this imports {name}"


def front_door(tree: ast.Module, inside: str) -> Iterator[tuple[int, str]]:
    """`zalgebra/__init__.py` opens the rooms above the ground floor only when asked."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for line, name in imports(ast.Module([node], []), inside):
                if name.startswith("zalgebra.") and room_of(name) in MIDDLE | {"studio"}:
                    yield line, f"the package imports {room_of(name)} lazily, not at its top"


def forbidden(tree: ast.Module, found: list[Import]) -> Iterator[tuple[int, str]]:
    """What may load code from data: picklers, eval and exec, torch.load, allow_pickle."""
    for line, name in found:
        if PICKLERS & set(name.split(".")):
            yield line, f"nothing is pickled; this imports {name}"
        if name == "torch.load":
            yield line, "torch.load runs code from a file: use safetensors"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in {"eval", "exec", "builtins.eval", "builtins.exec"}:
            yield node.lineno, f"no text is evaluated; this calls {name}"
        if name == "torch.load":
            yield node.lineno, "torch.load runs code from a file: use safetensors"
        for keyword in node.keywords:
            if keyword.arg == "allow_pickle" and getattr(keyword.value, "value", True) is not False:
                yield node.lineno, "allow_pickle runs code from a file: leave it out"


def manners(tree: ast.Module, path: Path) -> Iterator[tuple[int, str]]:
    if not ast.get_docstring(tree):
        yield 1, "a module begins with a docstring that says what it gives"
    if DRAWERS & {path.stem, path.parent.name}:
        yield 1, "no drawers such as `utils`: name the file after its concept"


def problems(package: Path) -> list[str]:
    """All breaches of the house rules below ``package``, as ``file:line: rule``."""
    found = []
    for path in sorted(package.rglob("*.py")):
        tree, name = parse(path), module_name(package, path)
        inside = name if path.stem == "__init__" else name.rpartition(".")[0]
        room, names = [*name.split("."), "zalgebra"][1], list(imports(tree, inside))
        breaches = [*arrows(room, names), *frameworks(room, names)]
        breaches += [*forbidden(tree, names), *manners(tree, path)]
        if name == "zalgebra":
            breaches += front_door(tree, inside)
        where = path.relative_to(package.parent)
        found += [f"{where}:{line}: {rule}" for line, rule in sorted(set(breaches))]
    return found


def test_the_package_keeps_to_the_rooms() -> None:
    found = problems(PACKAGE)
    assert not found, "the house rules are broken:\n" + "\n".join(found)


def fake(tmp_path: Path, files: dict[str, str]) -> list[str]:
    package = tmp_path / "zalgebra"
    for name, code in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""Doc."""\n{code}\n', encoding="utf-8")
    return problems(package)


BREACHES = [
    # file, code on its second line, words of the rule
    ("algebra/combine.py", "from zalgebra.models import VAE", "algebra may import types"),
    ("algebra/combine.py", "from ..models.vae import VAE", "algebra may import types"),
    ("algebra/combine.py", "from zalgebra import files", "algebra may import types"),
    ("algebra/combine.py", "import zalgebra as za", "this imports zalgebra"),
    ("algebra/__init__.py", "from .. import studio", "this imports studio"),
    ("types.py", "from zalgebra.algebra import combine", "nothing of zalgebra"),
    ("files.py", "from .algebra.combine import combine", "files may import types"),
    ("models/vae.py", "def f():\n    from zalgebra.data import faces", "this imports data"),
    ("models/vae.py", "from ..estimators.directions import Direction", "this imports estimators"),
    ("measures/accuracy.py", "import zalgebra.studio.figures", "this imports studio"),
    ("measures/accuracy.py", "from zalgebra import combine", "this imports zalgebra"),
    ("data/faces.py", "import importlib\nimportlib.import_module('zalgebra.models')", "models"),
    ("data/faces.py", "from importlib import import_module as m, import_module\n"
     "import_module('..models.vae', __package__)", "this imports models"),
    ("data/faces.py", "import typing\nif TYPE_CHECKING:\n    from .. import models", "models"),
    ("algebra/priors.py", "import torch.nn", "no machine-learning framework"),
    ("algebra/priors.py", "def f():\n    from array_api_compat import torch", "no machine"),
    ("algebra/priors.py", "__import__('jax.numpy')", "no machine-learning framework"),
    ("cellar/wine.py", "", "cellar is no room"),
    ("__init__.py", "from zalgebra.models import vae", "lazily"),
    ("__init__.py", "from .studio import workspace", "lazily"),
    ("data/faces.py", "import pickle", "nothing is pickled"),
    ("data/faces.py", "from joblib import load", "nothing is pickled"),
    ("data/faces.py", "from sklearn.externals import joblib", "nothing is pickled"),
    ("data/faces.py", "eval('1')", "no text is evaluated"),
    ("data/faces.py", "np.load(f, allow_pickle=True)", "allow_pickle"),
    ("data/faces.py", "np.load(f, allow_pickle=flag)", "allow_pickle"),
    ("models/base.py", "torch.load(f)", "safetensors"),
    ("models/base.py", "from torch import load", "safetensors"),
    ("data/utils.py", "", "no drawers"),
    ("data/utils/rows.py", "", "no drawers"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "code", "rule"), BREACHES)
def test_a_breach_is_found(tmp_path: Path, file: str, code: str, rule: str) -> None:
    found = fake(tmp_path, {file: code})
    line = 1 if "room" in rule or "drawers" in rule else 1 + len(code.splitlines())
    assert len(found) == 1, found
    assert found[0].startswith(f"zalgebra/{file}:{line}: ")
    assert rule in found[0]


def test_a_missing_docstring_is_found(tmp_path: Path) -> None:
    (tmp_path / "zalgebra").mkdir()
    (tmp_path / "zalgebra" / "types.py").write_text("x = 1\n")
    assert problems(tmp_path / "zalgebra") == [
        "zalgebra/types.py:1: a module begins with a docstring that says what it gives"
    ]


def test_an_orderly_house_has_no_problems(tmp_path: Path) -> None:
    files = {
        "__init__.py": "from zalgebra.types import BadInput\nfrom .algebra.combine import combine\n"
        "_LAZY = {'VAE': 'zalgebra.models.vae'}\n"
        "def __getattr__(name):\n    import importlib\n"
        "    return importlib.import_module(_LAZY[name])",
        "types.py": "from typing import Any",
        "files.py": "from zalgebra.types import BadInput",
        "algebra/combine.py": "from . import weights\nfrom ..types import Prior\nimport numpy",
        "models/vae.py": "import torch\nfrom zalgebra.algebra.priors import Normal\n"
        "from zalgebra import files, types\nfrom .base import Model\nmodel.eval()",
        "estimators/directions.py": "import sklearn\nfrom zalgebra.algebra import combine",
        "studio/cli.py": "import zalgebra as za\nfrom zalgebra.models.vae import VAE",
        "__main__.py": "from zalgebra.studio.cli import main",
    }
    assert fake(tmp_path, files) == []
