"""``mix.json``: one mix of one model, as a file that can be sent, kept and replayed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zalgebra import __version__
from zalgebra.algebra.mixes import options
from zalgebra.files import read_json
from zalgebra.studio.names import is_file
from zalgebra.types import BadInput, LatentSpec, WrongModel

__all__ = ["as_mix", "checked_options", "described"]


def described(mix: dict[str, Any], spec: LatentSpec) -> dict[str, Any]:
    """A recipe's dictionary with the model that it belongs to and the version that wrote it."""
    model = {"model": spec.model, "fingerprint": spec.fingerprint}
    return {**mix, **model, "zalgebra": __version__}


def as_mix(given: str | Path | Mapping[str, Any]) -> Any:
    """What a mix's file or dictionary holds; None for an expression."""
    if isinstance(given, Mapping):
        return given
    if not isinstance(given, str | Path):
        raise BadInput(
            f"a mix is given in words or as a mix.json, got {type(given).__name__}; "
            "a Latent may be of another model: realise it by .array(prior=space.prior)"
        )
    if isinstance(given, Path) or (str(given).lower().endswith(".json") and is_file(given)):
        return read_json(given)
    return None


def checked_options(mix: Any, spec: LatentSpec, method: str | None = None) -> dict[str, Any]:
    """How a mix is realised, if it is one of this model."""
    how = options(mix)
    made = str(mix.get("fingerprint", ""))
    if made != spec.fingerprint:
        raise WrongModel(
            f"this mix was made with another model ({made[:12] or 'not known'}, this one is "
            f"{spec.fingerprint[:12]}); open the workspace that it was made in"
        )
    if method not in (None, how["method"]):
        raise BadInput(
            f"this mix was made by the method {how['method']!r}, got {method!r}; "
            "leave the method out, or mix its expression anew"
        )
    return how
