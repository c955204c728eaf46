"""Other authors' libraries: imported when they are needed, and quiet."""

from __future__ import annotations

import contextlib
import importlib
import logging
import warnings
from collections.abc import Generator
from typing import Any

import numpy as np

from zalgebra.types import MissingExtra

__all__ = ["library", "quiet"]


def library(name: str) -> Any:
    """The module, or the line that installs it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtra(name, "maps") from error


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """The libraries warn of what is meant, log it, and seed NumPy's global state."""
    state, log = np.random.get_state(), logging.getLogger("pacmap")  # noqa: NPY002
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
        np.random.set_state(state)  # noqa: NPY002
