"""Latents that remember their seeds: symbolic until `array`, so that the prior is applied once.

LOL of two LOL results that share seeds has variance 1.94, not 1: the guarantee does not compose
if a result is treated as a new seed. A `Latent` is the recipe instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from zalgebra.algebra._arrays import as_latents, namespace
from zalgebra.algebra.arithmetic import Recipe, coefficient, plus
from zalgebra.algebra.certificate import Certificate, check
from zalgebra.algebra.combine import combine
from zalgebra.algebra.noise import whole_number
from zalgebra.algebra.realise import arrays, shifted, turned
from zalgebra.algebra.terms import (
    Coefficient,
    Given,
    Group,
    Key,
    Numbered,
    Origin,
    Seed,
    Shift,
    Turn,
    check_same,
    checked_name,
    content_name,
    members,
)
from zalgebra.types import Array, BadInput, DegenerateWeights, Names, Prior

__all__ = ["Latent"]


class Latent(Recipe):
    """A latent as a recipe: weights over named seeds, shifts along directions, turns by an angle.

    ``+ - * /``, `mean`, `lerp` and indexing act on the weights; `array` realises them. The same
    seed twice adds up. It is not an array and hides none: ``.array()`` is the border.

    Parameters
    ----------
    seed
        One latent, an array of any shape.
    name
        Its word in expressions; by default a short hash of its content, so that the same array
        has the same name.
    origin
        Its kind for `provenance`, and the SHA-256 that it is known by if that is not its own; by
        default ``("array", "")``.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> a, b = za.Latent.seed(1), za.Latent(np.ones(10_000), "b")
    >>> mix = (a + b) / 2
    >>> mix
    0.5*seed(1) + 0.5*b
    >>> mix + a - b / 2
    1.5*seed(1)
    """

    def __init__(
        self, seed: Array, name: str | None = None, *, origin: tuple[str, str] | None = None
    ) -> None:
        if isinstance(seed, Latent):
            raise BadInput(f"`seed` must hold real numbers, got the recipe {seed!r}; use it as is")
        x = as_latents(seed, "seed" if name is None else checked_name(name))
        term = Given(content_name(x) if name is None else name, x, origin or ("array", ""))
        self._set({term.key: (1.0, term)}, ())

    # The other ways in.

    @classmethod
    def seed(cls, number: int, /) -> Latent:
        """The latent of a number, the same everywhere: `zalgebra.noise`, in the words ``seed(3)``.

        It has no shape until it is realised, and follows the prior: it is the noise, carried there
        by the prior's ``from_normal``.
        """
        return cls._of(Numbered(whole_number(number)))

    @classmethod
    def group(
        cls,
        seeds: Mapping[str, Array],
        word: str,
        /,
        *,
        origin: Callable[[str], tuple[str, str]] = lambda name: ("array", ""),
    ) -> Latent:
        """The average of named arrays, printed as ``word``, an expression: ``mean(smile=1)``."""
        if not seeds:
            raise BadInput(f"{word} is empty: no item meets its conditions")
        return cls._of(Group(word, tuple(Given(n, x, origin(n)) for n, x in seeds.items())))

    @classmethod
    def mean(cls, latents: Iterable[Latent], /) -> Latent:
        """The average of latents."""
        parts = [_wanted(latent) for latent in latents]
        if not parts:
            raise BadInput("a mean needs at least one latent, got none")
        return sum(parts[1:], start=parts[0]) / len(parts)

    def lerp(self, other: Latent, t: float | np.ndarray, /) -> Latent:
        """The recipe ``(1 - t)`` of this and ``t`` of the other; an array ``t`` makes a batch."""
        position = coefficient(t)
        if position is None:
            raise BadInput(f"`t` must be a number or an array of numbers, got {t!r}")
        return self * (1 - position) + _wanted(other) * position

    @classmethod
    def shift(cls, vector: Array, name: str, *, unit: Literal["", "sd"] = "") -> Latent:
        """A vector to add after the prior was applied, printed as ``name`` or ``1sd name``."""
        return cls._of(Shift(checked_name(name), as_latents(vector, name), unit))

    @classmethod
    def turn(cls, vector: Array, name: str, degrees: float) -> Latent:
        """A turn by ``degrees`` towards ``vector``, printed as ``20° name``."""
        return cls._of(Turn(checked_name(name), as_latents(vector, name))) * degrees

    @classmethod
    def from_dict(cls, mix: Mapping[str, Any], names: Names | Mapping[str, Any], /) -> Latent:
        """The recipe that `to_dict` gave, its names looked up and their content checked.

        Raises
        ------
        BadInput
            If it is no such dictionary, a name is unknown, or its content is another than it was.
        """
        from zalgebra.algebra.mixes import from_dict

        return from_dict(mix, names)

    def to_dict(self, **how: Any) -> dict[str, Any]:
        """Plain JSON values from which `from_dict` makes this recipe again, to the bit.

        ``how`` says how it is to be realised: ``prior``, ``method``, ``correlation`` and ``shape``
        as in `array`. A seed is written by number, or by its name and the SHA-256 of its content.

        Raises
        ------
        BadInput
            If a seed has no name that could be looked up, or this is a batch.
        """
        from zalgebra.algebra.mixes import to_dict

        return to_dict(self, **how)

    # What it is made of.

    def _flat(self) -> list[tuple[Coefficient, Seed]]:
        """Each seed once, with its weight: a group's is shared among its members."""
        total: dict[Key, tuple[Coefficient, Seed]] = {}
        for c, term in self._nonzero().values():
            for seed in members(term):
                before, first = total.get(seed.key, (0.0, seed))
                check_same(first, seed)
                total[seed.key] = plus(before, c / len(members(term))), first
        return [(c, seed) for c, seed in total.values() if np.any(np.asarray(c) != 0)]

    def _strengths(self, kind: type) -> list[tuple[Coefficient, Any]]:
        return [(c, term) for c, term in self._nonzero().values() if isinstance(term, kind)]

    @property
    def seeds(self) -> dict[str, Array | Numbered]:
        """The named seed latents in the order of `weights`; a numbered one stands for itself."""
        return {s.label: s.array if isinstance(s, Given) else s for _, s in self._flat()}

    @property
    def weights(self) -> dict[str, Coefficient]:
        """The weight of each seed that has one; a group's weight is shared among its seeds."""
        return {seed.label: c for c, seed in self._flat()}

    def provenance(self) -> tuple[Origin, ...]:
        """What the latent is made of, exactly: every seed with its weight, then the directions."""
        parts = [*self._flat(), *self._strengths(Shift), *self._strengths(Turn)]
        return tuple(Origin(part.label, part.kind, c, part.sha256) for c, part in parts)

    # The border.

    def array(
        self,
        *,
        prior: Prior | None = None,
        method: str = "lol",
        correlation: str | Array = "independent",
        shape: int | Sequence[int] | None = None,
        like: Array | None = None,
    ) -> Array:
        """Realise the recipe: combine the seeds under the prior, add the shifts, make the turns.

        A turn by θ is the weight tan θ on a unit latent along the direction, relative to the rest:
        in standard normal coordinates u ← (u + Σ tan θ_i b_i) / √(1 + Σ tan² θ_i), |b_i| = √D;
        for one direction that is cos θ u + sin θ b. ``"linear"`` leaves out the division.

        Parameters
        ----------
        prior, method, correlation
            As in `zalgebra.combine`.
        shape
            Of one latent; only numbered seeds need it, where neither an array nor the prior has it.
        like
            An array of the library, dtype and device to be given, for recipes of numbers alone; by
            default NumPy's float32. Otherwise the result lives where the array seeds live.

        Returns
        -------
        array
            Shape ``(*batch_shape, *shape)``.

        Raises
        ------
        DegenerateWeights
            If no seed is left to start from, or the seeds cancel.
        BadInput
            If shapes do not fit, or none is known.
        """
        flat, batch = self._flat(), self.batch_shape
        if not flat:
            raise DegenerateWeights(
                f"{self!r} holds no latent to start from; add an item or a seed"
            )
        seeds = [seed for _, seed in flat]
        shifts, turns = self._strengths(Shift), self._strengths(Turn)
        directions = [direction for _, direction in shifts + turns]
        z = combine(
            np.stack([np.broadcast_to(np.asarray(c), batch) for c, _ in flat], axis=-1),
            arrays(seeds, directions, prior=prior, shape=shape, like=like),
            prior=prior,
            method=method,
            correlation=correlation,
        )
        return turned(shifted(z, shifts, batch, prior), turns, batch, prior, method)

    def certificate(self, *, prior: Prior | None = None, **options: Any) -> Certificate:
        """`zalgebra.check` of the realised latents; ``options`` as in `array`."""
        z = self.array(prior=prior, **options)
        shape = z.shape[len(self.batch_shape) :]
        return check(namespace(z).reshape(z, (-1, *shape)), prior)


def _wanted(latent: Any) -> Latent:
    """A latent, or a direction as one."""
    found = latent.latent() if hasattr(latent, "latent") else latent
    if not isinstance(found, Latent):
        raise BadInput(f"expected a latent, got {type(latent).__name__}: za.Latent(array) is one")
    return found
