"""Run every check that needs no test: lint, formatting, types, texts. All run, then one verdict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS = {
    "ruff check": [BIN / "ruff", "check", "--output-format", "concise", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "--output-format", "concise", "."],
    "ty": [
        BIN / "ty",
        "check",
        "--python",
        BIN.parent,
        "--output-format",
        "concise",
        "src/zalgebra",
    ],
    "texts": [sys.executable, "scripts/texts.py"],
}


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    print(f"== failed: {', '.join(failed)}" if failed else "== all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
