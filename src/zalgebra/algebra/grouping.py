"""Means over items in an expression: those with some labels, or those of some numbers."""

from __future__ import annotations

import math
from typing import Any

from zalgebra.algebra.items import COMPARE
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.naming import Naming
from zalgebra.algebra.words import name_words, number_words

__all__ = ["Grouping"]


class Grouping(Naming):
    """The rules of the grammar for what may stand in ``mean(...)`` beside latents."""

    def group(self) -> Latent:
        """``mean(condition {, condition})``."""
        conditions = [self.condition()]
        while self.next.text == ",":
            self.take()
            conditions.append(self.condition())
        self.expect(")")
        if not hasattr(self.names, "where"):
            raise self.error("label conditions need items with labels: za.Items or a workspace")
        word = f"mean({', '.join(_condition_words(*c) for c in conditions)})"
        return Latent.group(self.names.where(conditions), word, origin=self.origin)

    def lists_items(self) -> bool:
        """Whether a range is among the words up to the bracket."""
        for token in self.tokens[self.i :]:
            if not (token.is_name or token.text == "," or token.kind == "range"):
                return False
            if token.kind == "range":
                return True
        return False

    def listed(self) -> Latent:
        """``mean(img:3..7, img:12)``: items by their numbers, each once."""
        items: dict[str, Any] = {}
        words = []
        while not words or self.next.text == ",":
            if words:
                self.take()
            token = self.take()
            words.append(token.text)
            items |= self.items(token)
        self.expect(")")
        return Latent.group(items, f"mean({', '.join(words)})", origin=self.origin)

    def condition(self) -> tuple[str, str, float | str]:
        """``label comparison value``."""
        label, compare, value = self.take(), self.take(), self.take()
        negative = value.text == "-" and value.kind == "op"
        if negative:
            value = self.take()
        if not label.is_name or compare.text not in COMPARE:
            raise self.error("expected a condition such as smile=1", label)
        if value.kind == "number":
            number = -float(value.text) if negative else float(value.text)
            if not math.isfinite(number):
                raise self.error("the number is too large", value)
            return label.name, compare.text, number
        if not value.is_name or negative:
            raise self.error("expected a number or a word to compare with", value)
        return label.name, compare.text, value.name


def _condition_words(label: str, compare: str, value: float | str) -> str:
    shown = name_words(value) if isinstance(value, str) else number_words(value)
    return f"{name_words(label)}{compare}{shown}"
