"""Make a virtual environment that holds zalgebra with some extras, unless it does already.

Usage: python scripts/environment.py VENV EXTRAS (for example `.venv all,test`). A stamp inside the
environment remembers what was installed, so the second time costs one read of three small files.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def fail(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(2)


def stamp_of(extras: str) -> str:
    """What an installation depends on: where the checkout is, and what it asks for."""
    digest = hashlib.sha256(f"{ROOT}\n{extras}\n".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def works(python: Path) -> bool:
    """Whether an environment's Python starts; it does not after its folder or Python moved."""
    if not python.exists():
        return False
    command = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def create(venv: Path) -> None:
    if any(importlib.util.find_spec(module) is None for module in ("venv", "ensurepip")):
        fail(
            f"{sys.executable} lacks the venv module: install it "
            "(on Debian and Ubuntu, the package python3-venv), or name another Python in PYTHON"
        )
    # Never empty a folder that is no environment: ZALGEBRA_VENV may be a slip of the hand.
    if venv.exists() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").exists():
        fail(f"{venv} is a folder but no virtual environment: name another one in ZALGEBRA_VENV")
    subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)


def install(python: Path, extras: str) -> None:
    command = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    command += ["-c", "constraints.txt", "-e", f".[{extras}]"]
    # A pip that is asked to be quiet still prints its errors.
    outcome = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if outcome.returncode:
        print(f"installing zalgebra[{extras}] failed; pip's reason is above", file=sys.stderr)
        sys.exit(1)


def main(venv: Path, extras: str) -> None:
    python = venv / "bin" / "python"
    stamp, wanted = venv / f".zalgebra-{extras.replace(',', '-')}", stamp_of(extras)
    if works(python) and stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"installing zalgebra[{extras}] into {venv}; the first time takes some minutes")
    sys.stdout.flush()
    if not works(python):
        create(venv)
    install(python, extras)
    stamp.write_text(wanted)


if __name__ == "__main__":
    os.environ.pop("PYTHONHOME", None)
    main(Path(sys.argv[1]), sys.argv[2])
