"""The words of expressions: how names and numbers are written, and how a text is cut."""

from __future__ import annotations

import re
from typing import NamedTuple

from zalgebra.types import BadInput

__all__ = ["Token", "error_at", "name_words", "number_words", "shortened", "tokens"]

# How expressions write names; a name of another form is quoted.
UNIT = r"°|σ|(?:deg|sd)\b"
NAME = r"[^\W\d]\w*(?::\w+)?"

TOKEN = re.compile(
    rf"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<unit>{UNIT})
    | (?P<name>{NAME})
    | (?P<quoted>"[^"]*"|'[^']*')
    | (?P<op><=|>=|!=|[-+*/()=<>,−·×])
    )""",
    re.VERBOSE,
)
SAME = {"−": "-", "·": "*", "×": "*"}  # what a keyboard or a typesetter may put for - and *


class Token(NamedTuple):
    """One word of an expression, with its kind and its place."""

    kind: str
    text: str
    at: int


def number_words(c: float) -> str:
    """A coefficient as it is written in an expression, so that it reads back exactly."""
    return str(int(c)) if c == int(c) and abs(c) < 1e15 else repr(float(c))


def name_words(name: str) -> str:
    """A name as it is written in an expression: quoted unless it is one plain word."""
    if re.fullmatch(NAME, name) and not re.match(UNIT, name):
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


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
