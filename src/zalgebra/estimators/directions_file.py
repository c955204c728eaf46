"""Directions on disk: one safetensors file, the card in its header."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zalgebra.estimators.directions_card import Card
from zalgebra.files import read_tensors, write_tensors
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.estimators.directions_term import Term

__all__ = ["read", "to_dict", "write"]

FORMAT = 2  # of the file; the first had no card


def write(direction: Term, path: str | Path, /) -> Path:
    """The vector, with everything else as plain JSON in the header."""
    write_tensors(path, {"vector": direction.vector}, {"format": FORMAT, **to_dict(direction)})
    return Path(path)


def read(path: str | Path, /) -> dict[str, Any]:
    """The fields of the direction that `write` wrote."""
    tensors, header = read_tensors(path)
    try:
        effect, n, angles = header["effect_size"], header["n"], header["angle_interval"]
        card = header["card"] if header.get("format", 1) > 1 else None
        return {
            "name": header["name"],
            "vector": tensors["vector"],
            "sd": _number(header["sd"]),
            "n": (n[0], n[1]),
            "effect_size": _number(effect, math.inf if any(n) else math.nan),
            "angle_interval": (_number(angles[0]), _number(angles[1])),
            "leakage": header["leakage"],
            "fingerprint": header["fingerprint"],
            "card": None if card is None else Card.from_dict(card),
        }
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{path} holds no direction") from error


def to_dict(direction: Term, /) -> dict[str, Any]:
    """All but the vector as plain JSON values; what is not finite is None."""
    card = direction.card
    return {
        "name": direction.name,
        "sd": _plain(direction.sd),
        "n": list(direction.n),
        "effect_size": _plain(direction.effect_size),
        "angle_interval": [_plain(a) for a in direction.angle_interval],
        "leakage": dict(direction.leakage),
        "fingerprint": direction.fingerprint,
        "card": None if card is None else card.to_dict(),
    }


def _plain(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _number(x: float | None, absent: float = math.nan) -> float:
    return absent if x is None else float(x)
