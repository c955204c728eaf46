"""What a recipe is made of: seeds, groups of seeds, shifts and turns, each with its words.

A term is told from another by its ``key``, never by how it prints: a seed that is named
``20° smile`` or ``seed(3)`` is no turn and no number, and prints in quotation marks.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from array_api_compat import is_dask_array

from zalgebra.algebra._arrays import is_concrete, to_numpy
from zalgebra.algebra.words import name_words, number_words
from zalgebra.types import Array, BadInput

__all__ = [
    "Coefficient", "Given", "Group", "Key", "Numbered", "Origin", "Seed", "Shift", "Term", "Turn",
    "check_same", "checked_name", "content_hash", "content_name", "members", "written",
]  # fmt: skip

Coefficient = float | np.ndarray
Key = tuple[str, str, str]


class _Term:
    """What every term has: its family and unit, its name and how expressions write it."""

    @property
    def key(self: Any) -> Key:
        """Tells the term from all others."""
        return (self.family, self.unit, self.name)

    @property
    def kind(self: Any) -> str:
        """What it is to a person; see `Origin`."""
        return self.family

    @property
    def rivals(self) -> tuple[Key, ...]:
        """What the same word would mean besides, so that it could not be read back."""
        return ()


@dataclass(frozen=True)
class Numbered(_Term):
    """The latent of a number, of any shape: see `zalgebra.noise`."""

    number: int
    family, unit = "number", ""
    sha256 = ""  # the number says it all

    @property
    def name(self) -> str:
        """Its name, which is its words too: ``seed(3)``."""
        return f"seed({self.number})"

    words = label = name


@dataclass(frozen=True, eq=False)
class _Named(_Term):
    """An array under a name."""

    name: str
    array: Array

    @property
    def words(self) -> str:
        """The name, quoted if expressions need that."""
        return name_words(self.name)

    @cached_property
    def sha256(self) -> str:
        """What the content is known by."""
        return content_hash(self.array)


@dataclass(frozen=True, eq=False)
class Given(_Named):
    """A latent given as an array; ``origin`` is its kind, and what it is known by if not itself."""

    origin: tuple[str, str] = ("array", "")
    family, unit = "seed", ""

    @property
    def kind(self) -> str:
        """``"item"``, ``"file"`` or ``"array"``."""
        return self.origin[0]

    @property
    def label(self) -> str:
        """The name, quoted where it could be taken for a number's."""
        return f'"{self.name}"' if re.fullmatch(r"seed\(\d+\)", self.name) else self.name

    @cached_property
    def sha256(self) -> str:
        """What the content is known by."""
        return self.origin[1] or content_hash(self.array)

    @property
    def rivals(self) -> tuple[Key, ...]:
        """The directions of its name."""
        return ("shift", "", self.name), ("shift", "sd", self.name), ("turn", "°", self.name)


Seed = Given | Numbered


@dataclass(frozen=True, eq=False)
class Group(_Term):
    """Seeds that are averaged; its name is an expression, ``mean(smile=1)``."""

    name: str
    members: tuple[Seed, ...]
    family, unit = "group", ""

    @property
    def words(self) -> str:
        """The name as it is."""
        return self.name

    @cached_property
    def sha256(self) -> str:
        """What the members' names and contents are known by, in their order."""
        listed = "\n".join(f"{seed.name} {seed.sha256}" for seed in self.members)
        return hashlib.sha256(listed.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class _Directed(_Named):
    @property
    def label(self) -> str:
        """The name."""
        return self.name

    @property
    def rivals(self) -> tuple[Key, ...]:
        """The seed of its name."""
        return (("seed", "", self.name),)


@dataclass(frozen=True, eq=False)
class Shift(_Directed):
    """A vector added after the prior was applied: a deliberate departure."""

    unit: Literal["", "sd"] = ""
    family = "shift"


@dataclass(frozen=True, eq=False)
class Turn(_Directed):
    """A vector towards which the latent is turned by an angle in degrees."""

    family, unit = "turn", "°"


Term = Given | Numbered | Group | Shift | Turn


@dataclass(frozen=True)
class Origin:
    """What one part of a recipe is: its name, its weight and what its content is known by.

    Parameters
    ----------
    name
        Its word: ``img:12``, ``seed(3)``, ``smile``.
    kind
        ``"number"``, ``"item"``, ``"file"`` or ``"array"`` for a seed; ``"shift"`` or ``"turn"``
        for a direction.
    weight
        Of the seed, shares in groups included; of a direction its strength, in degrees for turns.
    sha256
        Of the content (hexadecimal); empty for a number, which says it all.
    """

    name: str
    kind: str
    weight: Coefficient
    sha256: str


def members(term: Term) -> tuple[Seed, ...]:
    """The seeds that share a term's weight; a direction has none."""
    if isinstance(term, Group):
        return term.members
    return (term,) if isinstance(term, Given | Numbered) else ()


def written(c: Coefficient, term: Term) -> str:
    """A signed term, for example `` - 0.5*img:12``, `` + 20° smile`` or `` + 2sd smile``."""
    if isinstance(c, np.ndarray):
        range_ = f"[{np.min(c):.3g} … {np.max(c):.3g}]" if c.size else "[]"
        return f" + {range_}{term.unit + ' ' if term.unit else '*'}{term.words}"
    sign, size = (" - ", -c) if c < 0 else (" + ", c)
    if term.unit:
        return f"{sign}{number_words(size)}{term.unit} {term.words}"
    return f"{sign}{term.words}" if size == 1 else f"{sign}{number_words(size)}*{term.words}"


def check_same(a: Term, b: Term) -> None:
    """Refuse two different things under one name."""
    if a is b or isinstance(a, Numbered) or isinstance(b, Numbered):
        return
    if isinstance(a, Group) and isinstance(b, Group):
        if [s.key for s in a.members] != [s.key for s in b.members]:
            raise BadInput(f"{a.name!r} names two different groups; rename one")
        for mine, theirs in zip(a.members, b.members, strict=True):
            check_same(mine, theirs)
    elif isinstance(a, _Named) and isinstance(b, _Named) and not _equal(a.array, b.array):
        kind = "latents" if isinstance(a, Given) else "directions"
        raise BadInput(f"two different {kind} are both named {a.name!r}; rename one")


def _equal(a: Array, b: Array) -> bool:
    return a is b or np.array_equal(to_numpy(a), to_numpy(b))


def checked_name(name: Any) -> str:
    """The name of a seed or direction, if expressions can write it."""
    if not isinstance(name, str):
        raise BadInput(f"a name is text, got {type(name).__name__}")
    if '"' in name and "'" in name:
        raise BadInput(f"a name holds one kind of quotation marks at most, got {name!r}")
    return name


def content_hash(x: Array) -> str:
    """SHA-256 (hexadecimal) over type, shape and entries, the same from every array library."""
    if not (is_concrete(x) or is_dask_array(x)):
        raise BadInput("a traced array has no content yet; name it: za.Latent(z, 'name')")
    flat = np.ascontiguousarray(to_numpy(x)).reshape(x.shape)
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    return hashlib.sha256(f"{flat.dtype.str}|{flat.shape}|".encode() + flat.tobytes()).hexdigest()


def content_name(x: Array) -> str:
    """The name of a latent that was given none."""
    return f"z{content_hash(x)[:8]}"
