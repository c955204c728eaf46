"""How expressions write names and numbers, so that what is printed reads back."""

from __future__ import annotations

import re

__all__ = ["NAME", "UNIT", "name_words", "number_words", "shortened"]

# How expressions write names; a name of another form is quoted.
UNIT = r"°|σ|(?:deg|sd)\b"
NAME = r"[^\W\d]\w*(?::\w+)?"


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
