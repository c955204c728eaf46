"""Directions in words: the verdict in a sentence, the direction in a line, the card as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from zalgebra.estimators.directions_term import Term

__all__ = ["line", "table", "verdict"]


def verdict(direction: Term, /) -> str:
    """One sentence: is there a direction, and how well is it known?"""
    name, card = direction.name, direction.card
    if card is None and any(direction.n):
        return f"{name}: was saved without a card; learn it anew to have one."
    if card is None:
        return f"{name}: came without labels, so nothing is known about it."
    p = f"(p = {card.p_value:.2g})"
    if not card.found:
        return f"{name}: no direction; labels in random order align as well {p}."
    low, high = direction.angle_interval
    if math.isnan(low):
        known = "its angle to the true one is not known, since the classifier came fitted"
    elif high >= 90:
        known = "but these data do not fix where it points"
    else:
        about = "about " if card.note else ""
        known = f"within {about}{high:.0f}° of what endless data would give"
    return f"{name}: a direction {p}, {known}."


def line(direction: Term, /) -> str:
    """Its ``repr``: the name, how large, how well known, from how many."""
    if not any(direction.n):
        return f"Direction({direction.name!r}, without labels)"
    high = direction.angle_interval[1]
    angle = f"± {high:.1f}°" if high < 90 else "unknown"
    size = f"d = {direction.effect_size:.1f}"
    return f"Direction({direction.name!r}, {size}, angle {angle}, n = {_items(direction)})"


def table(direction: Term, /) -> Table:
    """The whole card, a row for each thing that it says."""
    found = Table(title=f"direction {direction.name}", title_justify="left", show_header=False)
    if not any(direction.n):
        found.add_row("learned", "without labels")
        return found
    card, (low, high) = direction.card, direction.angle_interval
    groups = _kind(direction) == "groups"
    with_out = "{} with, {} without".format(*direction.n)
    found.add_row("items", with_out if groups else _items(direction))
    if card is not None:
        found.add_row("verdict", verdict(direction).partition(": ")[2])
        found.add_row("learned by", card.how)
    found.add_row("effect size (Cohen's d)", f"{direction.effect_size:.2f}")
    found.add_row("angle to the true one, 95 %", f"{low:.1f}° to {high:.1f}°")
    for row in () if card is None else card.rows():
        found.add_row(*row)
    for other, moved in direction.leakage.items():
        found.add_row(f"leaks onto {other}", f"{moved:+.2f} sd")
    return found


def _kind(direction: Term) -> str:
    return "groups" if direction.card is None else direction.card.kind


def _items(direction: Term) -> str:
    texts = {"continuous": "{0}", "pairs": "{0} pairs", "groups": "{0} + {1}"}
    return texts[_kind(direction)].format(*direction.n)
