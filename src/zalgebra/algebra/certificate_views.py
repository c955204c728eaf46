"""How a certificate is shown: one table of its effects, for the terminal and for HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

if TYPE_CHECKING:
    from zalgebra.algebra.certificate import Certificate

__all__ = ["as_html", "as_table"]

COLUMNS = {  # effect to heading and format; narrow enough for 80 characters in all
    "norm": ("norm", ".3f"),
    "mean": ("mean", ".3f"),
    "variance_ratio": ("var.", ".3f"),
    "w1": ("W1", ".3f"),
    "kurtosis": ("kurt.", ".2f"),
    "cosine_rms": ("cos.", ".3f"),
}


def as_table(certificate: Certificate) -> Table:
    """A Rich table, one row a latent."""
    table = Table(title=certificate.verdict, title_justify="left", padding=(0, 1, 0, 0))
    head, rows = _table(certificate)
    for column in head:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def as_html(certificate: Certificate) -> str:
    """An HTML table, one row a latent."""
    head, rows = _table(certificate)
    top = "".join(f"<th>{html.escape(column)}</th>" for column in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<table class='certificate'><caption>{html.escape(certificate.verdict)}</caption>"
        f"<tr>{top}</tr>{body}</table>"
    )


def _table(certificate: Certificate) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: effects first, then the least p-value and its test."""
    effects, p = certificate.effects, certificate.p_values
    shown = {name: column for name, column in COLUMNS.items() if name in effects}
    lags = [effects[name] for name in effects if name.startswith("lag_one")]
    tests, least = list(p), np.argmin(list(p.values()), axis=0)
    head = ["latent", *(heading for heading, _ in shown.values())]
    head += ["lag 1"] * bool(lags) + ["least p", "test", "passes"]
    rows = []
    for i, good in enumerate(certificate.plausible):
        row = [str(i) if certificate.replicate == "entries" else f"all {certificate.latents}"]
        row += [format(effects[name][i], form) for name, (_, form) in shown.items()]
        if lags:
            row.append(f"{max((lag[i] for lag in lags), key=abs):.3f}")
        test = tests[least[i]]
        rows.append([*row, f"{p[test][i]:.2g}", test, "yes" if good else "no"])
    return head, rows
