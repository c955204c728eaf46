"""Expressions: ``"img:12 + 20° smile - glasses"`` to a `Latent`, by a grammar, never by eval.

sentence   = expression | part ":" part "::" part ":" part      (one of these parts is "?")
part       = expression | "?"
expression = term { ("+" | "-") term }
term       = factor { ("*" | "/") factor }
factor     = number | number ("°" | "deg" | "sd") name | number (name | function)
           | name | function | "(" sentence ")" | ("+" | "-") factor
function   = "mean" "(" (condition { "," condition } | expression { "," expression }
                         | (name | range) { "," (name | range) }) ")"
           | "lerp" "(" expression "," expression "," number ")"
           | "seed" "(" digits ")"
condition  = name ("=" | "<" | ">" | "<=" | ">=" | "!=") (["-"] number | name)
name       = word [":" rest] | quoted
range      = "img:" digits ".." digits
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

from zalgebra.algebra.grouping import Grouping
from zalgebra.algebra.items import COMPARE
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.naming import ANALOGY
from zalgebra.algebra.noise import LARGEST
from zalgebra.algebra.words import Token, shortened
from zalgebra.types import BadInput, Names

__all__ = ["Parser", "evaluate"]

LONGEST = 10_000  # characters
CALLS = ("mean", "lerp", "seed")  # words for functions only before a bracket


def evaluate(expression: str, names: Names | Mapping[str, Any] = MappingProxyType({}), /) -> Latent:
    """A `Latent` from words: ``evaluate("man + smile - neutral", names)``.

    Parameters
    ----------
    expression
        Sums of named latents and directions with weights. ``mean(smile=1, glasses=0)`` averages
        all items with those labels, ``mean(img:3..7, img:12)`` items by their numbers,
        ``mean(a, b)`` the latents named; ``lerp(a, b, 0.3)`` blends two, ``seed(3)`` is the latent
        numbered 3, the same everywhere. A direction's strength is one group difference
        (``smile``), a multiple (``1.5 smile``), an angle (``20° smile``) or standard deviations of
        the data along it (``2sd smile``). ``man : king :: woman : ?`` is ``woman + king - man``.
    names
        A mapping from word to array, `Latent`, `zalgebra.Direction`, or what `Latent.to_dict`
        saved; an `Items` or a `zalgebra.Workspace` also knows ``img:12`` and label conditions.

    Returns
    -------
    Latent
        Symbolic; ``.array(prior=...)`` realises it.

    Raises
    ------
    BadInput
        If a name is unknown, the grammar is broken, or a division is by zero; one sentence with
        the place.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> man, smile, neutral = np.random.default_rng(0).standard_normal((3, 64))
    >>> za.evaluate("man + smile - neutral", {"man": man, "smile": smile, "neutral": neutral})
    man + smile - neutral
    >>> za.evaluate("neutral : smile :: man : ?", dict(man=man, smile=smile, neutral=neutral))
    man + smile - neutral
    """
    if not isinstance(expression, str):
        raise BadInput(f"an expression is text, got {type(expression).__name__}")
    if len(expression) > LONGEST:
        raise BadInput(f"an expression has at most {LONGEST} characters, got {len(expression)}")
    value = Parser(expression, names).whole()
    if not isinstance(value, Latent):
        raise BadInput(
            f"{shortened(expression)} gives the number {value:g}, not a latent; name one"
        )
    return value


class Parser(Grouping):
    """Recursive descent over the tokens; each method is one rule of the grammar."""

    def whole(self) -> Latent | float:
        """``sentence end``: an expression, and nothing after it."""
        value = self.sentence()
        if self.next.kind != "end":
            raise self.error(f"did not expect {shortened(self.next.text)}")
        return value

    def sentence(self) -> Latent | float:
        """``part [: part :: part : ?]``: an expression, or an analogy of three."""
        start, first = self.next, self.part()
        if self.next.text == ":":
            return self.analogy(start, first)
        if first is None:
            raise self.error(f"`?` is what an analogy asks for: {ANALOGY}", start)
        return first

    def part(self) -> Latent | float | None:
        """A part of an analogy, None for the one that is asked for."""
        if self.next.text == "?":
            self.take()
            return None
        return self.expression()

    def analogy(self, start: Token, first: Any) -> Latent:
        """``a : b :: c : ?`` is c + b - a: partner plus counterpart minus the one across."""
        parts = [first]
        for mark in (":", "::", ":"):
            self.expect(mark)
            parts.append(self.part())
        if parts.count(None) != 1 or any(isinstance(part, float) for part in parts):
            raise self.error(f"an analogy has three latents and one `?`: {ANALOGY}", start)
        i = parts.index(None)
        sum_ = self.apply(start, parts[i ^ 1], parts[i ^ 2], "+")
        return self.apply(start, sum_, parts[i ^ 3], "-")

    def expression(self) -> Latent | float:
        """``term {(+ | -) term}``."""
        value = self.term()
        while self.next.text in ("+", "-") and self.next.kind == "op":
            sign = self.take()
            value = self.apply(sign, value, self.term())
        return value

    def term(self) -> Latent | float:
        """``factor {(* | /) factor}``."""
        value = self.factor()
        while self.next.text in ("*", "/") and self.next.kind == "op":
            sign = self.take()
            value = self.apply(sign, value, self.factor())
        return value

    def factor(self) -> Latent | float:
        """``strength | name | call | ( sentence ) | (+ | -) factor``."""
        token = self.take()
        if token.kind == "number":
            return self.strength(token)
        if token.kind == "range":
            raise self.error(f"{token.text} is several items: mean({token.text})", token)
        if token.is_name:
            if token.kind == "name" and self.next.text == "(" and token.text in CALLS:
                return self.number(token) if token.text == "seed" else self.call(token)
            return self.latent(token)
        if token.text in ("+", "-"):
            value = self.deeper(self.factor)
            return value if token.text == "+" else self.apply(token, -1.0, value, "*")
        if token.text == "(":
            value = self.deeper(self.sentence)
            self.expect(")")
            return value
        raise self.error("expected a latent, a direction or a number", token)

    def strength(self, token: Token) -> Latent | float:
        """``number (° | sd) direction | number factor | number``."""
        number = float(token.text)
        if not math.isfinite(number):
            raise self.error("the number is too large", token)
        if self.next.kind == "unit":
            unit = "°" if self.take().text in ("°", "deg") else "sd"
            name = self.take()
            if not name.is_name:
                raise self.error(f"expected a direction after {number:g}{unit}", name)
            return self.direction(name, number, unit)
        if self.next.is_name:
            return self.apply(token, number, self.factor(), "*")
        if self.next.text == "(":
            raise self.error(f"a number before a bracket needs a sign: write {token.text}*(...)")
        return number

    def number(self, function: Token) -> Latent:
        """``seed(number)``."""
        self.expect("(")
        token = self.take()
        if not re.fullmatch(r"0|[1-9][0-9]{0,19}", token.text) or int(token.text) > LARGEST:
            raise self.error(f"`seed` takes a whole number from 0 to {LARGEST}: seed(3)", function)
        self.expect(")")
        return Latent.seed(int(token.text))

    def call(self, function: Token) -> Latent:
        """``function(arguments)``."""
        self.expect("(")
        if function.text == "mean" and self.tokens[self.i + 1].text in COMPARE:
            return self.group()
        if function.text == "mean" and self.lists_items():
            return self.listed()
        values = [self.deeper(self.expression)]
        while self.next.text == ",":
            self.take()
            values.append(self.deeper(self.expression))
        self.expect(")")
        latents = [isinstance(v, Latent) for v in values]
        if function.text == "mean":
            if not all(latents):
                raise self.error("`mean` takes latents or label conditions", function)
            total = reduce(lambda a, b: self.apply(function, a, b, "+"), values)
            return self.apply(function, total, float(len(values)), "/")
        if latents != [True, True, False]:
            raise self.error("`lerp` takes two latents and a position: lerp(a, b, 0.5)", function)
        a, b, t = values
        a, b = self.apply(function, 1 - t, a, "*"), self.apply(function, t, b, "*")
        return self.apply(function, a, b, "+")

    def apply(self, at: Token, a: Any, b: Any, sign: str | None = None) -> Any:
        """The operation of the token ``at``; latents add with latents and scale by numbers."""
        sign = at.text if sign is None else sign
        latents = isinstance(a, Latent), isinstance(b, Latent)
        if sign in "+-" and latents[0] != latents[1]:
            raise self.error("a number cannot be added to a latent", at)
        if (sign == "*" and all(latents)) or (sign == "/" and latents[1]):
            raise self.error("latents can be scaled by numbers, not multiplied or divided", at)
        if sign == "/" and b == 0:
            raise self.error("division by zero", at)
        operate = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
        try:
            value = operate[sign](a, b)
        except BadInput as error:  # two things of one name, or a weight that overflows
            raise self.error(str(error), at) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error("the number is too large", at)
        return value
