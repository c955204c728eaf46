"""Latents that remember their seeds: symbolic until `array`, so that the prior is applied once.

LOL of two LOL results that share seeds has variance 1.94, not 1: the guarantee does not compose
if a result is treated as a new seed. A `Latent` is the recipe instead.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import as_latents, as_like, is_concrete, namespace, to_numpy
from zalgebra.algebra.certificate import Certificate, check
from zalgebra.algebra.combine import combine
from zalgebra.algebra.words import name_words, number_words
from zalgebra.types import Array, BadInput, DegenerateWeights, Prior

__all__ = ["Latent"]

Coefficient = float | np.ndarray


@dataclass(frozen=True)
class _Seeds:
    """Seeds under one word: one latent, or a group that is averaged."""

    arrays: Mapping[str, Array]


@dataclass(frozen=True)
class _Shift:
    """A vector added after the prior was applied: a deliberate departure."""

    vector: Array


@dataclass(frozen=True)
class _Turn:
    """A vector towards which the latent is turned by an angle in degrees."""

    vector: Array


class Latent:
    """A latent as a recipe: weights over named seeds, shifts along directions, turns by an angle.

    ``+ - * /`` act on the recipe; `array` realises it. The same seed twice adds up. It is not an
    array and hides none: ``.array()`` is the border.

    Parameters
    ----------
    seed
        One latent, an array of any shape.
    name
        Its word in expressions; by default a short hash of its content, so that the same array
        has the same name.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> rng = np.random.default_rng(0)
    >>> a = za.Latent(rng.standard_normal(10_000), "a")
    >>> b = za.Latent(rng.standard_normal(10_000), "b")
    >>> mix = (a + b) / 2
    >>> mix
    0.5*a + 0.5*b
    >>> float(round((mix + a - b / 2).array().std(), 2))
    1.0
    """

    __hash__ = None  # equality compares recipes; a recipe is no dictionary key
    __array_ufunc__ = None  # so that NumPy scalars leave ``2 * latent`` to us

    def __init__(self, seed: Array, name: str | None = None) -> None:
        x = as_latents(seed, "seed" if name is None else _checked(name))
        word = name if name is not None else _content_name(x)
        self._terms: dict[str, tuple[Coefficient, Any]] = {word: (1.0, _Seeds({word: x}))}

    # How the other kinds of terms come to be; expressions and directions call these.

    @classmethod
    def mean(cls, seeds: Mapping[str, Array], word: str) -> Latent:
        """The average of named seeds, printed as ``word``."""
        if not seeds:
            raise BadInput(f"{word} is empty: no item meets its conditions")
        return cls._of({word: (1.0, _Seeds(dict(seeds)))})

    @classmethod
    def shift(cls, vector: Array, word: str) -> Latent:
        """A vector to add after the prior was applied, printed as ``word``."""
        return cls._of({_checked(word): (1.0, _Shift(as_latents(vector, word)))})

    @classmethod
    def turn(cls, vector: Array, word: str, degrees: float) -> Latent:
        """A turn by ``degrees`` towards ``vector``, printed as ``20° word``."""
        term = _Turn(as_latents(vector, _checked(word)))
        return cls._of({f"° {word}": (1.0, term)}) * degrees

    @classmethod
    def _of(cls, terms: dict[str, tuple[Coefficient, Any]]) -> Latent:
        for word, (c, _) in terms.items():
            if not np.all(np.isfinite(c)):
                raise BadInput(f"the weight of {word!r} must be finite, got {c}")
        latent = cls.__new__(cls)
        latent._terms = terms
        return latent

    # Arithmetic on the recipe.

    def __add__(self, other: Any) -> Latent:
        other = _as_latent(other)
        if other is None:
            return NotImplemented
        _batch(self, other)
        terms = dict(self._terms)
        for word, (c, term) in other._terms.items():
            if word in terms:
                _same_term(word, terms[word][1], term)
                terms[word] = (_plus(terms[word][0], c), term)
            else:
                terms[word] = (c, term)
        return self._of(terms)

    __radd__ = __add__

    def __neg__(self) -> Latent:
        return -1.0 * self

    def __sub__(self, other: Any) -> Latent:
        other = _as_latent(other)
        return NotImplemented if other is None else self + -other

    def __rsub__(self, other: Any) -> Latent:
        return -self + other

    def __mul__(self, number: Coefficient) -> Latent:
        factor = _coefficient(number)
        if factor is None:
            return NotImplemented
        _batch(self, factor)
        with np.errstate(over="ignore"):  # an overflow is refused by its sentence
            return self._of({word: (c * factor, t) for word, (c, t) in self._terms.items()})

    __rmul__ = __mul__

    def __truediv__(self, number: Coefficient) -> Latent:
        divisor = _coefficient(number)
        if divisor is None:
            return NotImplemented
        if np.any(np.asarray(divisor) == 0):
            raise BadInput(f"cannot divide {self!r} by 0")
        with np.errstate(over="ignore"):
            return self * (1.0 / divisor)

    def __getitem__(self, index: Any) -> Latent:
        """Pick from a batch of recipes (weights made from an array of positions)."""
        picked = {
            word: (np.broadcast_to(np.asarray(c), self.batch_shape)[index], t)
            for word, (c, t) in self._terms.items()
        }
        return self._of({w: (float(c) if c.ndim == 0 else c, t) for w, (c, t) in picked.items()})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Latent):
            return NotImplemented
        mine, theirs = self._nonzero(), other._nonzero()
        return (
            self.batch_shape == other.batch_shape
            and mine.keys() == theirs.keys()
            and all(
                bool(np.all(np.equal(c, theirs[word][0]))) and _equal_terms(term, theirs[word][1])
                for word, (c, term) in mine.items()
            )
        )

    def __repr__(self) -> str:
        words = [_words(c, word, term) for word, (c, term) in self._nonzero().items()]
        if not words:
            return "0"
        text = "".join(words)
        return text[3:] if text.startswith(" + ") else "-" + text[3:]

    def _nonzero(self) -> dict[str, tuple[Coefficient, Any]]:
        return {word: (c, t) for word, (c, t) in self._terms.items() if np.any(np.asarray(c) != 0)}

    # What it is made of.

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch that the weights span; () for one latent."""
        return np.broadcast_shapes(*(np.shape(c) for c, _ in self._terms.values()))

    @property
    def seeds(self) -> dict[str, Array]:
        """The named seed latents, those with a weight, in the order of `weights`."""
        weights = self.weights
        found: dict[str, Array] = {}
        for _, term in self._terms.values():
            if isinstance(term, _Seeds):
                for name, x in term.arrays.items():
                    if name in found:
                        _same_seed(name, found[name], x)
                    found[name] = x
        return {name: found[name] for name in weights}

    @property
    def weights(self) -> dict[str, Coefficient]:
        """The weight of each seed that has one; a group's weight is shared among its seeds."""
        total: dict[str, Coefficient] = {}
        for c, term in self._terms.values():
            if isinstance(term, _Seeds):
                for name in term.arrays:
                    total[name] = _plus(total.get(name, 0.0), c / len(term.arrays))
        return {name: c for name, c in total.items() if np.any(c)}

    # The border.

    def array(
        self,
        *,
        prior: Prior | None = None,
        method: str = "lol",
        correlation: str | Array = "independent",
    ) -> Array:
        """Realise the recipe: combine the seeds under the prior, add the shifts, make the turns.

        A turn by θ is the weight tan θ on a unit latent along the direction, relative to the rest:
        in standard normal coordinates u ← (u + Σ tan θ_i b_i) / √(1 + Σ tan² θ_i), |b_i| = √D;
        for one direction that is cos θ u + sin θ b. ``"linear"`` leaves out the division.

        Parameters
        ----------
        prior, method, correlation
            As in `zalgebra.combine`.

        Returns
        -------
        array
            Shape ``(*batch_shape, *shape)``.

        Raises
        ------
        DegenerateWeights
            If no seed is left to start from, or the seeds cancel.
        """
        seeds, weights = self.seeds, self.weights
        if not seeds:
            raise DegenerateWeights(
                f"{self!r} holds no latent to start from; add an item or a seed"
            )
        batch = self.batch_shape
        W = np.stack([np.broadcast_to(np.asarray(weights[n]), batch) for n in seeds], axis=-1)
        z = combine(W, list(seeds.values()), prior=prior, method=method, correlation=correlation)
        shape = tuple(z.shape[len(batch) :])
        for word, (_, term) in self._terms.items():
            if not isinstance(term, _Seeds) and tuple(term.vector.shape) != shape:
                name = word.removeprefix("° ").removeprefix("sd ")
                raise BadInput(
                    f"the direction {name!r} must have the latents' shape {shape}, "
                    f"got {tuple(term.vector.shape)}"
                )
        for c, term in self._terms.values():
            if isinstance(term, _Shift):
                z = z + _spread(c, batch, z) * as_like(term.vector, z)
        turns = [(c, t.vector) for c, t in self._nonzero().values() if isinstance(t, _Turn)]
        return _turned(z, turns, batch, prior, method) if turns else z

    def certificate(self, *, prior: Prior | None = None, **options: Any) -> Certificate:
        """`zalgebra.check` of the realised latents; ``options`` as in `array`."""
        z = self.array(prior=prior, **options)
        shape = z.shape[len(self.batch_shape) :]
        return check(namespace(z).reshape(z, (-1, *shape)), prior)


def _turned(
    z: Array, turns: list, batch: tuple[int, ...], prior: Prior | None, method: str
) -> Array:
    """The latents turned towards directions; see `Latent.array`."""
    xp, shape = namespace(z), z.shape[len(batch) :]
    rows = xp.reshape(z, (-1, *shape))
    u = rows if prior is None else prior.to_normal(rows)
    total, square = u, 1.0
    for degrees, vector in turns:
        if np.any(np.abs(np.asarray(degrees)) >= 90):
            worst = np.max(np.abs(degrees))
            raise BadInput(f"an angle must lie between -90° and 90°, got {worst:g}°")
        tangent = np.tan(np.radians(np.broadcast_to(np.asarray(degrees, dtype=float), batch)))
        b = as_like(vector, z)[None, ...]
        b = b if prior is None else prior.to_normal(rows + b) - u
        axes = tuple(range(1, b.ndim))
        length = xp.sqrt(xp.sum(b * b, axis=axes, keepdims=True))
        if is_concrete(length) and bool(xp.any(length == 0)):
            raise BadInput("a turn needs a direction, got a vector that is all zeros")
        b = b * (math.sqrt(math.prod(shape)) / length)
        t = as_like(tangent.reshape(-1, *(1,) * len(shape)), z)
        total, square = total + t * b, square + t * t
    if method != "linear":
        total = total / xp.sqrt(square)
    z = total if prior is None else prior.from_normal(total)
    return xp.reshape(z, (*batch, *shape))


def _spread(c: Coefficient, batch: tuple[int, ...], z: Array) -> Array:
    """A coefficient per latent of the batch, shaped to scale latents."""
    full = np.broadcast_to(np.asarray(c, dtype=float), batch)
    return as_like(full.reshape(*batch, *(1,) * (z.ndim - len(batch))), z)


def _as_latent(other: Any) -> Latent | None:
    if isinstance(other, Latent):
        return other
    return other.latent() if hasattr(other, "latent") else None  # a Direction


def _coefficient(number: Any) -> Coefficient | None:
    """The factor as a float or a NumPy array of floats; None if it is no number."""
    try:
        c = np.asarray(number)
    except (TypeError, ValueError):
        return None
    if c.dtype.kind not in "iuf":
        return None
    if not np.all(np.isfinite(c)):
        raise BadInput(f"a weight must be finite, got {number}")
    return float(c) if c.ndim == 0 else c.astype(float)


def _plus(a: Coefficient, b: Coefficient) -> Coefficient:
    """The sum, 0 where it is mere rounding, of which LOL would make a whole latent."""
    with np.errstate(over="ignore"):  # an overflow is refused by its sentence
        total = np.asarray(a + b)
    rounding = 8 * np.finfo(float).eps * np.maximum(np.abs(a), np.abs(b))
    total = np.where(np.abs(total) > rounding, total, 0.0)
    return float(total) if total.ndim == 0 else total


def _batch(a: Latent, b: Latent | Coefficient) -> tuple[int, ...]:
    """The batch shape that a recipe and another, or weights, span together."""
    shapes = a.batch_shape, b.batch_shape if isinstance(b, Latent) else np.shape(b)
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise BadInput(f"batches of shape {shapes[0]} and {shapes[1]} do not fit") from error


def _content_name(x: Array) -> str:
    flat = np.ascontiguousarray(to_numpy(x))
    return "z" + hashlib.sha256(flat.tobytes() + str(flat.shape).encode()).hexdigest()[:8]


def _same_seed(name: str, a: Array, b: Array) -> None:
    if a is not b and not np.array_equal(to_numpy(a), to_numpy(b)):
        raise BadInput(f"two different latents are both named {name!r}; rename one")


def _equal_terms(a: Any, b: Any) -> bool:
    try:
        _same_term("", a, b)
    except BadInput:
        return False
    return True


def _same_term(word: str, a: Any, b: Any) -> None:
    if type(a) is not type(b):
        raise BadInput(f"{word!r} names both a latent and a direction; rename one")
    if isinstance(a, _Seeds):
        if a.arrays.keys() != b.arrays.keys():
            raise BadInput(f"{word!r} names two different groups; rename one")
        for name in a.arrays:
            _same_seed(name, a.arrays[name], b.arrays[name])
    else:
        _same_seed(word, a.vector, b.vector)


def _checked(name: str) -> str:
    """The name of a seed or direction, if expressions can write it."""
    if not isinstance(name, str):
        raise BadInput(f"a name is text, got {type(name).__name__}")
    if '"' in name and "'" in name:
        raise BadInput(f"a name holds one kind of quotation marks at most, got {name!r}")
    return name


def _words(c: Coefficient, word: str, term: Any) -> str:
    """A signed term, for example `` - 0.5*img:12``, `` + 20° smile`` or `` + 2sd smile``."""
    unit, space, name = word.partition(" ")
    strong = unit == "°" if isinstance(term, _Turn) else isinstance(term, _Shift) and unit == "sd"
    if strong and space:
        shown = f"{unit} {name_words(name)}"
    else:  # the word of a group is an expression already
        group = isinstance(term, _Seeds) and word not in term.arrays
        shown = word if group else name_words(word)
    if isinstance(c, np.ndarray):
        return f" + [{np.min(c):.3g} … {np.max(c):.3g}]{'' if strong else '*'}{shown}"
    sign, size = (" - ", -c) if c < 0 else (" + ", c)
    if strong:
        return f"{sign}{number_words(size)}{shown}"
    return f"{sign}{shown}" if size == 1 else f"{sign}{number_words(size)}*{shown}"
