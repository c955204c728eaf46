"""All priors: the distribution of a model's latents, as a bijection to the standard normal.

One protocol (`zalgebra.types.Prior`): ``to_normal``, ``from_normal``, ``sample``, ``log_prob``,
``shape``. All work on any array library, except `Flow`, which needs PyTorch and zuko.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from zalgebra.algebra import priors as _priors
from zalgebra.algebra.priors import *  # noqa: F403
from zalgebra.types import MissingExtra

__all__ = [*_priors.__all__, "Flow"]

if TYPE_CHECKING:
    from zalgebra.models.density import Flow


def __getattr__(name: str) -> Any:
    if name != "Flow":
        raise AttributeError(f"module 'zalgebra.priors' has no attribute {name!r}")
    try:
        return importlib.import_module("zalgebra.models.density").Flow
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("zalgebra"):
            raise
        raise MissingExtra(str(error.name), "flows") from error


def __dir__() -> list[str]:
    return sorted(__all__)
