"""The command line: one verb an action, the same flags everywhere.

The verbs are the modules of `zalgebra.studio.commands`; how one is added is written there.
"""

from __future__ import annotations

import importlib
import io
import pkgutil
import sys

from zalgebra.studio import commands
from zalgebra.studio.verbs import app

__all__ = ["app", "main"]

for _found in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}."):
    importlib.import_module(_found.name)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a character shows a "?" for it
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
