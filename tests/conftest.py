"""What several rooms' tests share: the array libraries that every law runs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from array_api_compat import (
    is_array_api_strict_namespace,
    is_dask_array,
    is_jax_array,
    is_numpy_array,
    is_torch_array,
)


@dataclass(frozen=True)
class Library:
    """One array library: how an array gets into it, and whether an array is one of its own."""

    name: str
    make: Callable[[np.ndarray], Any]
    owns: Callable[[Any], bool]

    def asarray(self, x: Any, dtype: str = "float64") -> Any:
        """A fresh array with the numbers of ``x``."""
        return self.make(np.array(x, dtype=dtype))

    @staticmethod
    def numpy(x: Any) -> np.ndarray:
        """The numbers of an array of any of these libraries."""
        return np.from_dlpack(x) if hasattr(x, "__dlpack__") else np.asarray(x)

    @staticmethod
    def dtype(x: Any) -> str:
        return str(x.dtype).rpartition(".")[2]


def _read_only(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


def _library(name: str) -> Library:
    if name == "torch":
        torch = pytest.importorskip("torch")
        return Library(name, torch.tensor, is_torch_array)
    if name == "jax":
        jax = pytest.importorskip("jax")
        jax.config.update("jax_enable_x64", True)
        return Library(name, jax.numpy.asarray, is_jax_array)
    if name == "dask":
        dask = pytest.importorskip("dask.array")
        return Library(name, dask.from_array, is_dask_array)
    if name == "array_api_strict":
        strict = pytest.importorskip("array_api_strict")
        return Library(name, strict.asarray, _is_strict)
    return Library(name, _read_only if "read-only" in name else np.array, is_numpy_array)


def _is_strict(x: Any) -> bool:
    return hasattr(x, "__array_namespace__") and is_array_api_strict_namespace(
        x.__array_namespace__()
    )


LIBRARIES = ["numpy", "read-only numpy", "torch", "jax", "dask", "array_api_strict"]


@pytest.fixture(params=LIBRARIES)
def xp(request: pytest.FixtureRequest) -> Library:
    """Each array library in turn."""
    return _library(request.param)
