"""The border of the algebra: any array in, a checked floating array of the same library out."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from array_api_compat import (
    array_namespace,
    device,
    is_array_api_obj,
    is_dask_array,
    is_jax_array,
    is_torch_array,
    to_device,
)

from zalgebra.types import Array, BadInput

__all__ = [
    "as_latents",
    "as_like",
    "flatten",
    "guarded",
    "is_concrete",
    "namespace",
    "to_numpy",
    "working_dtype",
]


_KNOWN: dict[tuple[type, ...], Any] = {}  # by the arrays' types: asking anew costs microseconds


def namespace(*arrays: Array) -> Any:
    """The Array API namespace that the arrays share."""
    kinds = tuple(map(type, arrays))
    if kinds not in _KNOWN:
        try:
            _KNOWN[kinds] = array_namespace(*arrays)
        except TypeError as error:
            names = ", ".join(sorted({kind.__module__.split(".")[0] for kind in kinds}))
            msg = f"arrays must come from one library, got {names}; convert them to one first"
            raise BadInput(msg) from error
    return _KNOWN[kinds]


def as_latents(x: Array | Sequence[Array], /, name: str) -> Array:
    """A floating array of one library, finite, from an array or a sequence of arrays.

    Integers become the library's default real type. Dask's entries are checked when they are
    computed; what JAX traces is not.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise BadInput(f"`{name}` must not be masked; fill the masked entries, or leave them out")
    array = _real(x if is_array_api_obj(x) else _stack(x, name), name)
    xp = namespace(array)
    if not is_concrete(array):
        sentence = f"`{name}` must be finite, got NaN or infinite entries"
        return (
            guarded(array, ~xp.isfinite(array), BadInput(sentence))
            if is_dask_array(array)
            else array
        )
    if not _is_finite(xp, array):
        bad = math.prod(array.shape) - int(xp.sum(xp.astype(xp.isfinite(array), xp.int64)))
        raise BadInput(
            f"`{name}` must be finite, got {bad} NaN or infinite entries "
            f"in shape {tuple(array.shape)}"
        )
    return array


def guarded(value: Array, bad: Array, error: Exception) -> Array:
    """The value, unless ``bad`` is true anywhere.

    That raises ``error`` at once; for Dask, when it is computed; and where JAX traces, which can
    raise nothing, the bad entries become NaN.
    """
    if is_concrete(value, bad):
        if bool(namespace(bad).any(bad)):
            raise error
        return value
    if is_dask_array(value):
        return value.map_blocks(_raise_if, bad, error, dtype=value.dtype, meta=value._meta)
    xp = namespace(value)
    return xp.where(bad, xp.full_like(value, float("nan")), value)


def _raise_if(value: np.ndarray, bad: np.ndarray, error: Exception) -> np.ndarray:
    if np.any(bad):
        raise error
    return value


def is_concrete(*arrays: Array) -> bool:
    """Whether the entries can be read now: not those of Dask, nor of JAX or torch.func traces."""
    return not any(is_dask_array(x) or _is_traced(x) for x in arrays)


def _is_traced(x: Array) -> bool:
    """Whether JAX or torch.func is tracing (jit, vmap, grad); neither is imported here."""
    if is_jax_array(x):
        return any(c.__name__ == "Tracer" for c in type(x).__mro__)
    return is_torch_array(x) and sys.modules["torch"]._C._functorch.is_functorch_wrapped_tensor(x)


def _real(x: Array, name: str) -> Array:
    """The array with a real floating dtype; integers become the library's default one."""
    xp = namespace(x)
    if xp.isdtype(x.dtype, "real floating"):
        return x
    if xp.isdtype(x.dtype, "integral"):
        return xp.astype(x, xp.__array_namespace_info__().default_dtypes()["real floating"])
    raise BadInput(f"`{name}` must hold real numbers, got {x.dtype}")


def _stack(x: Any, name: str) -> Array:
    """One array from a sequence of arrays (their library) or of numbers (NumPy)."""
    if hasattr(x, "__array__") or isinstance(x, Mapping):  # a table: what it yields are its columns
        table = np.asarray(x)
        if table.dtype.kind not in "biuf":
            raise BadInput(f"`{name}` must hold real numbers, got a {type(x).__name__}")
        return table
    items = list(x) if isinstance(x, Iterable) else x
    if isinstance(items, list) and items and all(is_array_api_obj(i) for i in items):
        shapes = {tuple(i.shape) for i in items}
        if len(shapes) > 1:
            raise BadInput(f"`{name}` must have one shape, got {sorted(shapes)}")
        return namespace(*items).stack([_real(i, name) for i in items])
    try:
        return np.asarray(items)
    except (TypeError, ValueError) as error:
        raise BadInput(f"`{name}` must be an array or a list of arrays of one shape") from error


def _is_finite(xp: Any, x: Array) -> bool:
    """Whether every entry is finite: one sum first, an exact look only where that overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(to_numpy(xp.sum(x)))
    return math.isfinite(total) or bool(xp.all(xp.isfinite(x)))


def as_like(a: Array, x: Array, /, *, dtype: Any = None) -> Array:
    """Array ``a`` in the library and device of ``x``, in its dtype unless another is given."""
    xp, dtype = namespace(x), x.dtype if dtype is None else dtype
    if type(a) is type(x) is np.ndarray:
        return xp.astype(a, dtype, copy=False)
    if is_array_api_obj(a) and namespace(a) is xp:
        return to_device(xp.astype(a, dtype, copy=False), device(x))
    return xp.asarray(np.array(to_numpy(a), dtype=float), dtype=dtype, device=device(x))


def working_dtype(x: Array, /) -> Any:
    """The dtype for sums over seeds: that of ``x``, or float32 where ``x`` has half precision."""
    xp = namespace(x)
    return x.dtype if xp.finfo(x.dtype).bits >= 32 else xp.float32


def to_numpy(x: Array, /) -> np.ndarray:
    """The array on the CPU as NumPy, without its gradient."""
    if hasattr(x, "detach"):  # a torch tensor that may require a gradient or live on a GPU
        x = x.detach().cpu()
        x = (x.float() if str(x.dtype) == "torch.bfloat16" else x).numpy()  # NumPy has none
    elif type(x).__module__.startswith("cupy"):
        x = x.get()
    elif type(x).__module__.startswith("array_api_strict"):
        x = np.from_dlpack(x)
    return np.asarray(x)


def flatten(x: Array, /) -> Array:
    """Latents ``(n, *shape)`` as rows ``(n, D)``."""
    return namespace(x).reshape(x, (x.shape[0], math.prod(x.shape[1:])))
