"""The tree of an expression: what is added to what, with the latent of every part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from zalgebra.algebra.expressions import Parser
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.words import Token
from zalgebra.types import BadInput, Names

__all__ = ["Node", "mix_tree"]


@dataclass(frozen=True, eq=False)
class Node:
    """A part of an expression.

    Parameters
    ----------
    latent
        What it stands for.
    words
        As it is written in expressions.
    parts
        What it is the sum of, each with its weight; nothing for a name.
    """

    latent: Latent
    words: str
    parts: tuple[tuple[float, Node], ...] = ()

    @property
    def leaves(self) -> int:
        """How many names lie below; 1 for a name."""
        return sum(part.leaves for _, part in self.parts) if self.parts else 1

    @property
    def depth(self) -> int:
        """How many sums lie one within another below; 0 for a name."""
        return 1 + max(part.depth for _, part in self.parts) if self.parts else 0

    @property
    def has_picture(self) -> bool:
        """Whether there is a latent to start from: a direction alone has none."""
        return bool(self.latent.seeds)


def mix_tree(expression: str, names: Names | Mapping[str, Any] = MappingProxyType({}), /) -> Node:
    """The tree of an expression, read by the grammar of `zalgebra.evaluate`.

    A sum is a node and its terms are the parts below it. What is scaled in brackets stays a sum of
    its own: ``(a + b) / 2 - c`` is half of ``a + b``, less c. The mean of several latents is their
    sum with weights 1/k.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> from zalgebra.studio.mix_trees import mix_tree
    >>> names = dict(zip("abc", np.eye(3)))
    >>> tree = mix_tree("(a + b) / 2 - c", names)
    >>> [(weight, part.words) for weight, part in tree.parts]
    [(0.5, 'a + b'), (-1.0, 'c')]
    """
    if not isinstance(expression, str):
        raise BadInput(f"an expression is text, got {type(expression).__name__}")
    parser = _Tracer(expression, names)
    value = parser.whole()
    if not isinstance(value, Latent):
        raise BadInput(f"{expression!r} gives the number {value:g}, not a latent; name one")
    weight, node = parser.term_of(value)
    return node if weight == 1 else Node(value, repr(value), ((weight, node),))


class _Tracer(Parser):
    """The parser, which remembers of each latent how it came about."""

    def __init__(self, text: str, names: Any) -> None:
        super().__init__(text, names)
        self._known: dict[int, tuple[Latent, float, Node]] = {}  # by identity, and so kept alive

    def apply(self, at: Token, a: Any, b: Any, sign: str | None = None) -> Any:
        """The operation, and how its result came about."""
        value = super().apply(at, a, b, sign)
        sign = at.text if sign is None else sign
        if not isinstance(value, Latent):
            return value
        if sign in "+-":
            minus = -1.0 if sign == "-" else 1.0
            parts = (*self._terms(a), *((minus * c, node) for c, node in self._terms(b)))
            self._keep(value, 1.0, Node(value, repr(value), parts))
        else:
            latent, number = (a, b) if isinstance(a, Latent) else (b, a)
            weight, node = self.term_of(latent)
            self._keep(value, weight * number if sign == "*" else weight / number, node)
        return value

    def _keep(self, value: Latent, weight: float, node: Node) -> None:
        self._known[id(value)] = value, weight, node

    def term_of(self, latent: Latent) -> tuple[float, Node]:
        """The weight and the node of a latent; a name's own if it was not computed."""
        if id(latent) not in self._known:
            self._keep(latent, 1.0, Node(latent, repr(latent)))
        _, weight, node = self._known[id(latent)]
        return weight, node

    def _terms(self, latent: Latent) -> tuple[tuple[float, Node], ...]:
        """What a sum with this latent has as terms: those of a plain sum, or the term itself."""
        weight, node = self.term_of(latent)
        return node.parts if weight == 1 and node.parts else ((weight, node),)
