"""Expressions: ``"img:12 + 20° smile - glasses"`` to a `Latent`, by a grammar, never by eval.

expression = [sign] term { ("+" | "-") term }
term       = factor { ("*" | "/") factor }
factor     = number | number ("°" | "deg" | "sd") name | number (name | function)
           | name | function | "(" expression ")" | sign factor
function   = "mean" "(" (condition | expression) { "," ... } ")"
           | "lerp" "(" expression "," expression "," number ")"
           | "seed" "(" digits ")"
condition  = name ("=" | "<" | ">" | "<=" | ">=" | "!=") ([sign] number | name)
name       = word [":" rest] | quoted
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any

from zalgebra.algebra.items import COMPARE
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.noise import LARGEST
from zalgebra.algebra.words import (
    Token,
    error_at,
    name_words,
    number_words,
    shortened,
    tokens,
)
from zalgebra.types import BadInput, Names

__all__ = ["evaluate"]

LONGEST = 10_000  # characters
CALLS = ("mean", "lerp", "seed")  # words for functions only before a bracket
DEEPEST = 60  # nested brackets; far below Python's recursion limit


def evaluate(expression: str, names: Names | Mapping[str, Any] = MappingProxyType({}), /) -> Latent:
    """A `Latent` from words: ``evaluate("man + smile - neutral", names)``.

    Parameters
    ----------
    expression
        Sums of named latents and directions with weights. ``mean(smile=1, glasses=0)`` averages
        all items with those labels, ``mean(a, b)`` the latents named, ``lerp(a, b, 0.3)`` blends
        two, ``seed(3)`` is the latent numbered 3, the same everywhere. A direction's strength is
        one group difference (``smile``), a multiple (``1.5 smile``), an angle (``20° smile``) or
        standard deviations of the data along it (``2sd smile``).
    names
        A mapping from word to array, `Latent` or `zalgebra.Direction`; an `Items` or a
        `zalgebra.Workspace` also knows ``img:12`` and label conditions.

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
    """
    if not isinstance(expression, str):
        raise BadInput(f"an expression is text, got {type(expression).__name__}")
    if len(expression) > LONGEST:
        raise BadInput(f"an expression has at most {LONGEST} characters, got {len(expression)}")
    value = _Parser(expression, names).whole()
    if not isinstance(value, Latent):
        raise BadInput(
            f"{shortened(expression)} gives the number {value:g}, not a latent; name one"
        )
    return value


@dataclass(frozen=True)
class _Strength:
    """A number that waits for the direction that it measures: ``20°`` or ``2sd``."""

    number: float
    unit: str


class _Parser:
    """Recursive descent over the tokens; each method is one rule of the grammar."""

    def __init__(self, text: str, names: Any) -> None:
        self.text, self.names = text, names
        self.tokens, self.i, self.depth = tokens(text), 0, 0

    def whole(self) -> Latent | float:
        value = self.expression()
        if self.next.kind != "end":
            raise self.error(f"did not expect {shortened(self.next.text)}")
        return value

    def expression(self) -> Latent | float:
        value = self.term()
        while self.next.text in ("+", "-") and self.next.kind == "op":
            sign = self.take()
            value = self.apply(sign, value, self.term())
        return value

    def term(self) -> Latent | float:
        value = self.factor()
        while self.next.text in ("*", "/") and self.next.kind == "op":
            sign = self.take()
            value = self.apply(sign, value, self.factor())
        return value

    def factor(self) -> Latent | float:
        token = self.take()
        if token.kind == "number":
            return self.strength(token)
        if token.kind in ("name", "quoted"):
            if token.kind == "name" and self.next.text == "(" and token.text in CALLS:
                return self.number(token) if token.text == "seed" else self.call(token)
            return self.latent(token)
        if token.text in ("+", "-"):
            value = self.deeper(self.factor)
            return value if token.text == "+" else self.apply(token, -1.0, value, "*")
        if token.text == "(":
            value = self.deeper(self.expression)
            self.expect(")")
            return value
        raise self.error("expected a latent, a direction or a number", token)

    def strength(self, token: Token) -> Latent | float:
        number = float(token.text)
        if not math.isfinite(number):
            raise self.error("the number is too large", token)
        if self.next.kind == "unit":
            unit = "°" if self.take().text in ("°", "deg") else "sd"
            name = self.take()
            if name.kind not in ("name", "quoted"):
                raise self.error(f"expected a direction after {number:g}{unit}", name)
            return self.direction(name, _Strength(number, unit))
        if self.next.kind in ("name", "quoted"):
            return self.apply(token, number, self.factor(), "*")
        return number

    def latent(self, token: Token) -> Latent:
        found = self.look_up(token)
        if isinstance(found, Latent):
            return found
        if hasattr(found, "latent"):
            return found.latent(name=_name(token))
        return Latent(found, _name(token), origin=self.origin(_name(token)))

    def origin(self, name: str) -> tuple[str, str]:
        known = getattr(self.names, "origin", None)
        return ("array", "") if known is None else known(name)

    def direction(self, token: Token, strength: _Strength) -> Latent:
        found = self.look_up(token)
        if not hasattr(found, "latent"):
            unit = strength.unit
            what = f"{_name(token)!r} is no direction, so it has no {unit}; a za.Direction is one"
            raise self.error(what, token)
        return found.latent(strength.number, unit=strength.unit, name=_name(token))

    def look_up(self, token: Token) -> Any:
        name = _name(token)
        try:
            return self.names[name]
        except KeyError:
            raise self.error(f"unknown name {shortened(name)}{self.known()}", token) from None

    def known(self) -> str:
        words = [str(w) for w in self.names] if hasattr(self.names, "__iter__") else []
        return f" (known: {', '.join(words[:40])}{' …' * (len(words) > 40)})" if words else ""

    def number(self, function: Token) -> Latent:
        self.expect("(")
        token = self.take()
        if not re.fullmatch(r"0|[1-9][0-9]{0,19}", token.text) or int(token.text) > LARGEST:
            raise self.error(f"`seed` takes a whole number from 0 to {LARGEST}: seed(3)", function)
        self.expect(")")
        return Latent.seed(int(token.text))

    def call(self, function: Token) -> Latent:
        self.expect("(")
        if function.text == "mean" and self.tokens[self.i + 1].text in COMPARE:
            return self.group()
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

    def group(self) -> Latent:
        conditions = [self.condition()]
        while self.next.text == ",":
            self.take()
            conditions.append(self.condition())
        self.expect(")")
        if not hasattr(self.names, "where"):
            raise self.error("label conditions need items with labels: za.Items or a workspace")
        word = f"mean({', '.join(_condition_words(*c) for c in conditions)})"
        return Latent.group(self.names.where(conditions), word, origin=self.origin)

    def condition(self) -> tuple[str, str, float | str]:
        label, compare, value = self.take(), self.take(), self.take()
        negative = value.text == "-" and value.kind == "op"
        if negative:
            value = self.take()
        if label.kind not in ("name", "quoted") or compare.text not in COMPARE:
            raise self.error("expected a condition such as smile=1", label)
        if value.kind == "number":
            number = -float(value.text) if negative else float(value.text)
            if not math.isfinite(number):
                raise self.error("the number is too large", value)
            return _name(label), compare.text, number
        if value.kind not in ("name", "quoted") or negative:
            raise self.error("expected a number or a word to compare with", value)
        return _name(label), compare.text, _name(value)

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

    def deeper(self, rule: Callable[[], Any]) -> Any:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"an expression nests at most {DEEPEST} deep")
        value = rule()
        self.depth -= 1
        return value

    @property
    def next(self) -> Token:
        return self.tokens[self.i]

    def take(self) -> Token:
        token = self.tokens[self.i]
        self.i = min(self.i + 1, len(self.tokens) - 1)
        return token

    def expect(self, text: str) -> None:
        if self.next.text != text:
            raise self.error(f"expected {text!r}")
        self.take()

    def error(self, what: str, token: Token | None = None) -> BadInput:
        """The error at a token, by default the next one."""
        return error_at(what, self.text, (self.next if token is None else token).at)


def _name(token: Token) -> str:
    return token.text[1:-1] if token.kind == "quoted" else token.text


def _condition_words(label: str, compare: str, value: float | str) -> str:
    shown = name_words(value) if isinstance(value, str) else number_words(value)
    return f"{name_words(label)}{compare}{shown}"
