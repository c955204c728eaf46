"""Recipes as plain JSON values, ``mix.json``: what a latent is made of, and how to make it again.

It holds no array: a seed is a number, or a name with the SHA-256 of what it stands for, so that
replaying it gives the same latent to the bit or is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from zalgebra.algebra._arrays import to_numpy
from zalgebra.algebra.expressions import evaluate
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.noise import as_shape
from zalgebra.algebra.terms import Coefficient, Given, Term, content_name
from zalgebra.algebra.words import shortened
from zalgebra.types import Array, BadInput, Names, Prior

__all__ = ["from_dict", "options", "to_dict"]

FORMAT = "zalgebra mix 1"


def to_dict(
    latent: Latent,
    *,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str | Array = "independent",
    shape: int | Sequence[int] | None = None,
) -> dict[str, Any]:
    """The recipe and how it is realised, as plain JSON values; see `Latent.to_dict`."""
    if latent.batch_shape:
        raise BadInput("a batch of recipes is no single mix; pick one, such as latent[0]")
    terms = [_written(c, term) for c, term in latent._nonzero().values()]
    if not terms:
        raise BadInput("the recipe 0 holds nothing to save; add an item or a seed")
    if not isinstance(correlation, str):
        correlation = to_numpy(correlation).astype(float).tolist()
    return {
        "format": FORMAT,
        "expression": repr(latent),
        "terms": terms,
        "method": method,
        "correlation": correlation,
        "shape": None if shape is None else list(as_shape(shape)),
        "prior": None if prior is None else repr(prior),
    }


def from_dict(mix: Mapping[str, Any], names: Names | Mapping[str, Any], /) -> Latent:
    """The recipe of a mix, its names looked up and their content checked."""
    options(mix)
    terms = [_read(term, names) for term in mix["terms"]]
    latent = sum(terms[1:], start=terms[0])
    if repr(latent) != mix["expression"]:
        raise BadInput(
            f"the mix's expression {shortened(mix['expression'])} is not the sum of its terms, "
            f"{shortened(repr(latent))}; it was changed by hand, so make it anew"
        )
    return latent


def options(mix: Mapping[str, Any]) -> dict[str, Any]:
    """How a mix is realised: ``method``, ``correlation`` and ``shape`` for `Latent.array`."""
    found = mix.get("format") if isinstance(mix, Mapping) else None
    if found != FORMAT:
        raise BadInput(f"this is no mix of the format {FORMAT!r}, got {shortened(str(found))}")
    wanted = {"expression": str, "terms": list, "method": str, "correlation": str | list}
    for key, kind in wanted.items():
        if not isinstance(mix.get(key), kind) or not mix[key]:
            raise BadInput(f"the mix's {key!r} is missing or broken; make the mix anew")
    shape = None if mix.get("shape") is None else as_shape(mix["shape"])
    return {"method": mix["method"], "correlation": mix["correlation"], "shape": shape}


def _written(c: Coefficient, term: Term) -> dict[str, Any]:
    if isinstance(term, Given) and term.kind == "array" and term.name == content_name(term.array):
        raise BadInput(
            f"the seed {term.name} has no name to look it up by; save it as an .npy file and "
            'write "FILE.npy" in the expression, or name it: za.Latent(z, "name")'
        )
    entry = {"weight": float(c), "term": _unit_words(term), "kind": term.kind}
    return {**entry, "sha256": term.sha256} if term.sha256 else entry


def _unit_words(term: Term) -> str:
    """The expression of a term at strength one."""
    return f"1{term.unit} {term.words}" if term.unit else term.words


def _read(entry: Any, names: Any) -> Latent:
    known: dict[str, Any] = entry if isinstance(entry, dict) else {}
    weight, words = known.get("weight", ""), known.get("term")
    if not (_is_weight(weight) and isinstance(words, str)):
        raise BadInput(f"the mix's term {shortened(str(entry))} is broken; make the mix anew")
    latent = evaluate(words, names)
    (c, term), *others = latent._terms.values()
    if others or c != 1 or _unit_words(term) != words:
        raise BadInput(f"{shortened(words)} is not one term but {latent!r}; make the mix anew")
    if term.sha256 != known.get("sha256", ""):
        raise BadInput(
            f"{words} is another {known.get('kind', 'thing')} here than the one that the mix was "
            "made of; restore that one, or make the mix anew"
        )
    return latent * weight


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and value is not True and abs(value) < math.inf
