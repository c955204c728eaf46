"""The words of expressions: how names and numbers are written, how a text is cut and read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from zalgebra.types import BadInput

__all__ = [
    "Cursor", "Token", "error_at", "name_words", "number_words", "ranged", "shortened", "tokens",
]  # fmt: skip

# How expressions write names; a name of another form is quoted.
UNIT = r"°|σ|(?:deg|sd)\b"
NAME = r"[^\W\d]\w*(?::\w+)?"
RANGE = r"img:(?:0|[1-9]\d{0,15})\.\.(?:0|[1-9]\d{0,15})(?!\w)"

TOKEN = re.compile(
    rf"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<unit>{UNIT})
    | (?P<range>{RANGE})
    | (?P<name>{NAME})
    | (?P<quoted>"[^"]*"|'[^']*')
    | (?P<op><=|>=|!=|::|[-+*/()=<>,:?−·×])
    )""",
    re.VERBOSE,
)
MOST = 10_000  # items that one range names
DEEPEST = 60  # nested brackets; far below Python's recursion limit
SAME = {"−": "-", "·": "*", "×": "*"}  # what a keyboard or a typesetter may put for - and *


class Token(NamedTuple):
    """One word of an expression, with its kind and its place."""

    kind: str
    text: str
    at: int

    @property
    def name(self) -> str:
        """The name that it is, without its quotation marks."""
        return self.text[1:-1] if self.kind == "quoted" else self.text

    @property
    def is_name(self) -> bool:
        """Whether it is a name, in quotation marks or without."""
        return self.kind in ("name", "quoted")


class Cursor:
    """A place in the tokens of a text, and errors that tell it."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens = text, tokens(text)
        self.i = self.depth = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.i]

    def take(self) -> Token:
        """The next token, which is passed; the end is never passed."""
        token = self.tokens[self.i]
        self.i = min(self.i + 1, len(self.tokens) - 1)
        return token

    def expect(self, text: str) -> None:
        """Pass this token, or refuse what comes instead."""
        if self.next.text != text:
            raise self.error(f"expected {text!r}")
        self.take()

    def deeper(self, rule: Callable[[], Any]) -> Any:
        """A rule within another, unless that nests too deep."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"an expression nests at most {DEEPEST} deep")
        value = rule()
        self.depth -= 1
        return value

    def error(self, what: str, token: Token | None = None) -> BadInput:
        """The error at a token, by default the next one."""
        return error_at(what, self.text, (self.next if token is None else token).at)


def number_words(c: float) -> str:
    """A coefficient as it is written in an expression, so that it reads back exactly."""
    return str(int(c)) if c == int(c) and abs(c) < 1e15 else repr(float(c))


def name_words(name: str) -> str:
    """A name as it is written in an expression: quoted unless it is one plain word."""
    if re.fullmatch(NAME, name) and not re.match(UNIT, name):
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


def ranged(text: str) -> list[str]:
    """The names of a range: ``img:3..5`` is img:3, img:4 and img:5."""
    first, last = map(int, text.removeprefix("img:").split(".."))
    if not 0 <= last - first < MOST:
        raise BadInput(f"a range goes up, over at most {MOST} items, got {text}")
    return [f"img:{i}" for i in range(first, last + 1)]


def shortened(text: str) -> str:
    """A text in quotation marks for a message, at most 80 characters of it."""
    return repr(text if len(text) <= 80 else text[:77] + "...")


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, with two ends after them."""
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None:
            at = end - len(text[at:end].lstrip())
            raise error_at(f"did not expect {text[at]!r}", text, at)
        kind = match.lastgroup or ""
        word = match.group(kind)
        found.append(Token(kind, SAME.get(word, word), match.start(kind)))
        at = match.end()
    return [*found, Token("end", "", len(text)), Token("end", "", len(text))]


def error_at(what: str, text: str, at: int) -> BadInput:
    """An error that names its place in the expression."""
    place = f"at {text[at : at + 12]!r}" if at < len(text) else "at its end"
    return BadInput(f"{what}, {place} of the expression {shortened(text)}")
