"""A fitted map on disk: one safetensors file, everything that is no array as JSON in its header."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.estimators.maps.inverse import Inverse
from zalgebra.estimators.maps.outside import Region
from zalgebra.estimators.maps.rules import pack, unpack
from zalgebra.files import read_tensors, write_tensors
from zalgebra.types import BadInput, Prior, WrongModel

if TYPE_CHECKING:
    from zalgebra.estimators.maps.base import LatentMap

__all__ = ["check_name", "read", "restore", "write"]

FORMAT = 1
RULES = ("placing", "rule", "region")


def check_name(path: str | Path, /) -> Path:
    """The path, if its suffix says what a map's file is."""
    path = Path(path)
    if path.suffix.lower() != ".safetensors":
        raise BadInput(f"a map is saved as a safetensors file: {path} must end in .safetensors")
    return path


def write(fitted: LatentMap, path: str | Path, /) -> Path:
    """All that a fitted map knows, its prior excepted."""
    path, inverse = check_name(path), fitted.inverse_
    tensors = {"embedding": fitted.embedding_, "seen": inverse.seen, "missed": inverse.missed}
    facts: dict[str, Any] = {}
    for name, rule in zip(RULES, (fitted.placing_, inverse.rule, inverse.region), strict=True):
        arrays, facts[name] = pack(rule, name)
        tensors |= arrays
    tensors |= _probe(fitted)
    once, same = _once(tensors)
    settings = {k: v for k, v in fitted.get_params(deep=False).items() if k != "prior"}
    write_tensors(path, once, {
        "format": FORMAT, "map": fitted.method, "settings": settings, "same": same, **facts,
        "shape": list(fitted.latent_shape_), "name": inverse.name, "scores": inverse.scores,
        "spread": inverse.spread,
        "prior": None if fitted.prior is None else type(fitted.prior).__name__,
    })  # fmt: skip
    return path


def _probe(fitted: LatentMap) -> dict[str, np.ndarray]:
    """One latent in the prior's normal coordinates, by which the prior is known again."""
    if fitted.prior is None:
        return {}
    z = fitted.inverse_transform(fitted.embedding_[:1])
    return {"probe": np.asarray(z), "probe.normal": np.asarray(fitted.prior.to_normal(z))}


def _once(
    tensors: dict[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, list[int]]]]:
    """Arrays without those that are another one in another shape, and which these are."""
    first: dict[Any, str] = {}
    once, same = {}, {}
    for name, array in tensors.items():
        array = np.ascontiguousarray(array)
        key = array.__array_interface__["data"][0], array.size, array.dtype.str
        if array.size and key in first:
            same[name] = first[key], list(array.shape)
        else:
            first[key], once[name] = name, array
    return once, same


def read(path: str | Path, /) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the header that `write` wrote."""
    tensors, header = read_tensors(path)
    if header.get("format") != FORMAT or "map" not in header:
        raise BadInput(
            f"{path} holds no map of format {FORMAT} (its format is {header.get('format')}); "
            "save the map again by this zalgebra"
        )
    for name, (first, shape) in header["same"].items():
        tensors[name] = tensors[first].reshape(shape)
    return tensors, header


def restore(
    fitted: LatentMap, tensors: dict[str, np.ndarray], header: dict[str, Any], /
) -> LatentMap:
    """Give an unfitted map of these settings what the file holds."""
    _check_prior(fitted.prior, tensors, header)
    fitted.embedding_ = tensors["embedding"]
    fitted.latent_shape_ = shape = tuple(header["shape"])
    placing, rule, area = (unpack(tensors, header[name], name) for name in RULES)
    if not isinstance(area, Region):
        raise TypeError("a map's region is of another kind")
    fitted.placing_ = placing
    fitted.inverse_ = Inverse(
        rule, header["name"], header["scores"], tensors["seen"], tensors["missed"],
        header["spread"], area, shape, fitted.prior,
    )  # fmt: skip
    return fitted


def _check_prior(
    prior: Prior | None, tensors: dict[str, np.ndarray], header: dict[str, Any]
) -> None:
    kind = header["prior"]
    if (prior is None) != (kind is None):
        raise BadInput(
            f"this map brings latents back to a {kind} prior: load(path, prior=model.prior_)"
            if prior is None
            else "this map was fitted without a prior: load it without one, or fit it again"
        )
    if prior is not None:
        z, u = tensors["probe"], tensors["probe.normal"]
        if not np.allclose(np.asarray(prior.to_normal(z)), u, rtol=1e-3, atol=1e-3):
            raise WrongModel(f"this map was fitted with another {kind} prior than the one given")
