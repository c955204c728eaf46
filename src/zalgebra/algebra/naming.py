"""What a word of an expression stands for: a latent, a direction, items, or a saved mix."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Mapping
from typing import Any

from zalgebra.algebra.items import Unmixed
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.words import Cursor, Token, ranged, shortened
from zalgebra.types import BadInput

__all__ = ["ANALOGY", "Naming"]

ANALOGY = "a : b :: c : ?"


class Naming(Cursor):
    """Tokens, and the names that they may hold."""

    def __init__(self, text: str, names: Any) -> None:
        super().__init__(text)
        self.names = names

    def latent(self, token: Token) -> Latent:
        """The latent that a word names; of a direction, one of its length."""
        found = self.look_up(token)
        if isinstance(found, Latent):
            return found
        if hasattr(found, "latent"):
            return found.latent(name=token.name)
        if isinstance(found, Mapping):
            return self.saved(token, found)
        return Latent(found, token.name, origin=self.origin(token.name))

    def saved(self, token: Token, mix: Mapping[str, Any]) -> Latent:
        """The recipe of a saved mix; how it was realised is left behind."""
        names: Any = Unmixed(self.names)
        try:
            return Latent.from_dict(mix, names)
        except BadInput as error:
            raise self.error(f"the mix {token.text}: {error}", token) from error

    def origin(self, name: str) -> tuple[str, str]:
        """Where a named latent comes from, for its recipe."""
        known = getattr(self.names, "origin", None)
        return ("array", "") if known is None else known(name)

    def direction(self, token: Token, number: float, unit: str) -> Latent:
        """A direction by a strength in a unit."""
        found = self.look_up(token)
        if not hasattr(found, "latent"):
            what = f"{token.name!r} is no direction, so it has no {unit}; a za.Direction is one"
            raise self.error(what, token)
        return found.latent(number, unit=unit, name=token.name)

    def look_up(self, token: Token) -> Any:
        """What the word at a token stands for."""
        return self.found(token.name, token)

    def found(self, name: str, token: Token) -> Any:
        """What a name stands for that stands at a token."""
        try:
            return self.names[name]
        except KeyError:
            known = self.known() + self.hint(name)
        if re.fullmatch(r"(?!img:).+:.+", token.text) and token.kind == "name":
            known += f"; in an analogy there are spaces about the marks: {ANALOGY}"
        raise self.error(f"unknown name {shortened(name)}{known}", token)

    def known(self) -> str:
        """The known words, for an error's sentence."""
        words = [str(w) for w in self.names] if hasattr(self.names, "__iter__") else []
        return f" (known: {', '.join(words[:40])}{' …' * (len(words) > 40)})" if words else ""

    def hint(self, name: str) -> str:
        """What may have been meant by a word that nothing has."""
        if name == "img":
            return "; an item is img:0, img:1 and so on, and a minus takes away"
        columns = list(getattr(self.names, "labels", ()))
        for column, words in getattr(self.names, "classes", {}).items():
            if name.casefold() in map(str.casefold, words):
                return f"; {name} is a value of the label {column}: mean({column}={name})"
        if name in columns:
            return f"; {name} is a label: mean({name}=VALUE)"
        words = self.names if hasattr(self.names, "__iter__") else ()
        some = [str(w) for w in itertools.islice(words, 1000)]  # comparing takes its time
        near = difflib.get_close_matches(name[:100].split(":")[-1], [*some, *columns], 1)
        return f"; did you mean {near[0]}?" if near else ""

    def items(self, token: Token) -> dict[str, Any]:
        """The arrays that a range or a name stands for."""
        if token.kind != "range" and not token.is_name:
            raise self.error("expected an item or a range such as img:3..7", token)
        try:
            names = ranged(token.text) if token.kind == "range" else [token.name]
        except BadInput as error:
            raise self.error(str(error), token) from error
        found = {name: self.found(name, token) for name in names}
        if any(isinstance(x, Latent | Mapping) or hasattr(x, "latent") for x in found.values()):
            raise self.error(f"{token.text} is no item; a range is averaged with items", token)
        return found
