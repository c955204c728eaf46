"""Run one benchmark by name, or list them all with the first line of their docstrings."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def benchmarks() -> dict[str, Path]:
    files = sorted((ROOT / "benchmarks").glob("*.py"))
    return {path.stem: path for path in files if not path.stem.startswith("_")}


def listing() -> str:
    if not benchmarks():
        return "there are no benchmarks yet: a file benchmarks/NAME.py becomes ./dev bench NAME"
    lines = ["usage: ./dev bench NAME [its arguments]", ""]
    for name, path in benchmarks().items():
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        lines.append(f"  {name:<20} {words.partition(chr(10))[0]}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    if not arguments:
        print(listing())
        return 0
    name, *rest = arguments
    if name not in benchmarks():
        print(f"there is no benchmark {name!r}\n\n{listing()}", file=sys.stderr)
        return 2
    command = [sys.executable, benchmarks()[name], *rest]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
