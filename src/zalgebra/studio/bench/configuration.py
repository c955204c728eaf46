"""What a folder of results stands on: written once, and held to from then on."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra import __version__
from zalgebra.files import read_json, write_json
from zalgebra.studio.locks import remove
from zalgebra.types import BadInput

__all__ = ["configured", "mark", "named", "run_facts", "sweep"]

FORMAT = 2  # of the files of cells


def configured(folder: Path, given: dict[str, Any], /) -> dict[str, Any]:
    """The configuration with its hash, as it stands in the folder from the first call on.

    Raises
    ------
    BadInput
        If the folder holds results of another one, or something else.
    """
    whole = {"format": FORMAT, "zalgebra": __version__, **given}
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode())
    whole["hash"] = digest.hexdigest()[:16]
    file = folder / "configuration.json"
    if not file.is_file():
        if other := sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")):
            raise BadInput(f"{folder} holds other files ({other[0]}); choose a new folder by -o")
        write_json(file, whole)
    there = read_json(file)
    there = there if isinstance(there, dict) else {}
    if there.get("hash") != whole["hash"]:
        differs = [k for k in [*whole, *there] if there.get(k) != whole.get(k) and k != "hash"]
        raise BadInput(
            f"{folder} holds results of another configuration (other "
            f"{', '.join(dict.fromkeys(differs))}); choose another folder by -o, or remove that one"
        )
    return whole


def mark(model: Any, /) -> str:
    """What tells a model from others before it is fitted or opened."""
    if not isinstance(model, str | Path):
        return str(getattr(getattr(model, "spec_", None), "fingerprint", type(model).__name__))
    cards = [Path(model, part, "model.json") for part in (".", "model")]
    card = next((file for file in cards if file.is_file()), None)
    return str(model) if card is None else str(read_json(card).get("fingerprint"))


def named(given: Any, answers: Callable[[], Any], /) -> str:
    """What tells a function or a judge from others: its name, and its answers on some pictures."""
    if given is None:
        return "default"
    of = given if hasattr(given, "__qualname__") else type(given)
    values = np.asarray(answers(), dtype=float)
    rounded = np.round(values / (np.abs(values).max() or 1.0), 3) + 0.0  # 0 and not -0
    return f"{of.__module__}.{of.__qualname__}-{hashlib.sha256(rounded.tobytes()).hexdigest()[:16]}"


def sweep(folder: Path, /) -> None:
    """Remove what a killed run left half written in a folder of results, and nothing else."""
    ours = ("results", "index.html", "configuration.json")
    remove(file for name in ours for file in folder.glob(f".{name}*.*"))
    for part in ("work", "figures", "sheets"):
        remove(file for file in (folder / part).rglob(".*.*") if file.is_file())


def run_facts(start: float, /) -> dict[str, Any]:
    """Date, machine and versions of this call, and its seconds since ``start``."""
    import torch

    return {
        "date": str(datetime.date.today()),
        "seconds": round(time.perf_counter() - start, 1),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{torch.get_num_threads()} threads",
        "versions": {
            "zalgebra": __version__, "python": platform.python_version(),
            "numpy": np.__version__, "torch": torch.__version__,
        },
    }  # fmt: skip
