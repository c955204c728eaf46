"""How an audit is shown: a table for the terminal, one page with its pictures for a browser."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table as RichTable

from zalgebra.studio import report
from zalgebra.studio.audit_verdict import CARE, FEW, PARTS, TRUSTED, Judged
from zalgebra.studio.report import Row, Section, Table
from zalgebra.types import MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zalgebra.studio.audit import Audit

__all__ = ["as_table", "figure", "page"]

STYLES = {"trusted": "green", "with care": "yellow", "not": "red"}
SHOWN = 8  # items in a row of pictures
WORST = 12  # pairs in the table


def as_table(audit: Audit) -> RichTable:
    """One row a factor: its verdict, its parts, its score."""
    table = RichTable(
        title=f"score {audit.score:.2f}", title_justify="left", padding=(0, 1, 0, 0), box=None
    )
    for column in ("factor", "verdict", *PARTS, "score"):
        side = "left" if column in ("factor", "verdict") else "right"
        table.add_column(column, justify=side, no_wrap=True)
    for f in audit.factors:
        cells = [_share(v) for v in f.parts.values()]
        verdict = f"[{STYLES[f.verdict]}]{f.verdict}[/]"
        table.add_row(f.name, verdict, *cells, f"{f.score:.2f}")
    return table


def figure(audit: Audit) -> Figure:
    """Factors by parts, each from 0 (no arithmetic) to 1 (exact)."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "studio") from error
    values = np.array([list(f.parts.values()) for f in audit.factors])
    fig = Figure(figsize=(6.6, 0.9 + 0.33 * len(values)), dpi=140, layout="constrained")
    ax = fig.add_subplot()
    ax.imshow(values, cmap="RdYlBu", vmin=0, vmax=1, aspect="auto")  # told apart without green
    for (row, column), v in np.ndenumerate(values):
        ink = "white" if abs(v - 0.5) > 0.35 else "#1d1f24"
        ax.text(column, row, _share(v), ha="center", va="center", fontsize=10, color=ink)
    names = [f"{f.name}: {f.verdict}" for f in audit.factors]
    ax.set_yticks(range(len(names)), names, fontsize=10, parse_math=False)
    ax.set_xticks(range(len(PARTS)), list(PARTS), fontsize=10)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return fig


def page(audit: Audit, /, facts: dict[str, Any] | None = None) -> str:
    """The audit as one self-contained HTML page."""
    sections = [_verdicts(audit), _parts(audit)]
    if audit.trial is not None and _is_pictures(audit.trial.X):
        sections.append(_pictures(audit))
    sections += [_whole(audit), _pairs(audit)]
    model = audit.model.get("model", "model")
    shape = "×".join(map(str, audit.model.get("latent_shape", ()))) or "?"
    kept = {
        "model": f"{model} {str(audit.model.get('fingerprint', ''))[:12]}".strip(),
        "seed": audit.seed,
        "left out": "; ".join(f"{k} ({why})" for k, why in audit.skipped.items()) or "nothing",
    }
    return report.render(
        f"Does this latent space support arithmetic? {model}, latents of {shape}",
        f"{_lead(audit)} Learned from {audit.n[0]} items, tried on {audit.n[1]} others.",
        sections,
        {**kept, **(facts or {})},
    )


def _lead(audit: Audit) -> str:
    counts = {word: sum(f.verdict == word for f in audit.factors) for word in STYLES}
    said = ", ".join(f"{n} {word}" for word, n in counts.items())
    return f"Of {len(audit.factors)} factors: {said}. Score {audit.score:.2f} of 1."


def _verdicts(audit: Audit) -> Section:
    order = {word: i for i, word in enumerate(STYLES)}
    factors = sorted(audit.factors, key=lambda f: (order[f.verdict], -f.score))
    lines = [[f.name, f.verdict, f"{f.score:.2f}", "; ".join(f.reasons)] for f in factors]
    return Section(
        "Where arithmetic can be trusted",
        f"Trusted: every part below is at least {TRUSTED} and both groups have {FEW} items. Not: "
        f"some part is below {CARE}. These limits are conventions: on the scale of every part 1 is "
        "exact arithmetic and 0 none. Reasons begin with the worst part.",
        tables=[Table(["factor", "verdict", "score", "why"], lines)],
        after=" ".join(audit.notes),
    )


def _parts(audit: Audit) -> Section:
    said = "; ".join(f"{name}: {what}" for name, what in PARTS.items())
    return Section(
        "What was found of each factor",
        f"{said[0].upper()}{said[1:]}. A factor's score is the geometric mean of its parts.",
        figure=figure(audit),
        alt="Table of factors by parts in colours from red, 0, to green, 1",
    )


def _pictures(audit: Audit) -> Section:
    assert audit.trial is not None
    known = sorted(audit.factors, key=lambda f: -f.score)
    chosen = [known[0], known[-1]] if len(known) > 1 else known
    rows: list[Row] = []
    for judged in chosen:
        rows += _edit_rows(audit, judged)
    return Section(
        "The best and the worst edit",
        "Above: items that the edit was tried on, decoded from their latents. Below: decoded from "
        "the same latents with the difference of the two groups' means added.",
        rows,
    )


def _edit_rows(audit: Audit, judged: Judged) -> list[Row]:
    trial = audit.trial
    assert trial is not None
    index = [f.name for f in trial.factors].index(judged.name)
    rows = trial.rest[trial.factors[index].low[trial.rest]][:SHOWN]
    z = trial.Z[rows]
    moved = z + trial.directions[index].reshape(z.shape[1:])
    return [
        Row(trial.decode(z), label=f"{judged.name}: {judged.verdict}"),
        Row(trial.decode(moved), note="; ".join(judged.reasons), bad=judged.verdict == "not"),
    ]


def _whole(audit: Audit) -> Section:
    trip, back = audit.round_trip.explained, audit.latents_back
    lines = [
        ["data come back", f"{trip.value:.1%}", f"of their variance [{trip.low:.1%}, "
         f"{trip.high:.1%}]"],
        ["latents come back", f"{back.value:.1%}", f"of their variance [{back.low:.1%}, "
         f"{back.high:.1%}]"],
    ]  # fmt: skip
    entries = audit.disentanglement
    if entries is not None:
        figures = {"MIG": entries.mig, "SAP": entries.sap, "modularity": entries.modularity,
                   "FactorVAE score": entries.factor_vae,
                   "DCI disentanglement": entries.dci.disentanglement}  # fmt: skip
        lines += [
            [k, f"{s.value:.2f}", f"[{s.low:.2f}, {s.high:.2f}]"] for k, s in figures.items() if s
        ]
        said = "MIG to DCI ask whether an entry holds one factor, of the columns of classes alone; "
    else:
        said = "How entries hold factors was not measured: that takes two columns of classes; "
    return Section(
        "The model as a whole",
        f"The latents under the model's prior: {audit.certificate.verdict}.",
        tables=[Table(["", "", "95 % interval"], lines)],
        after=f"{said}arithmetic along directions does not need it.",
    )


def _pairs(audit: Audit) -> Section:
    of = "items drawn again with one factor changed" if audit.redrawn else "group means"

    def error(pair: Any) -> float:
        return pair.parallelogram.error.value if pair.parallelogram else -1.0

    lines = []
    for pair in sorted(audit.pairs, key=lambda p: -error(p))[:WORST]:
        p = pair.parallelogram
        cells = ["too few items", "", ""]
        if p is not None:
            cells = [f"{p.error.value:.2f} [{max(0.0, p.error.low):.2f}, {p.error.high:.2f}]",
                     f"{p.plain:.2f} ({p.by_chance:.2f})", f"{p.p_value:.2g}"]  # fmt: skip
        lines.append([f"{pair.one}, {pair.other}", *cells, f"{pair.order.value:.2f}"])
    head = ["factors", "error, in edges", "as it is (by chance)", "p", "order of edits"]
    return Section(
        "Two factors at once",
        f"Parallelograms of {of}: |z(ab) - z(a) - z(b) + z(0)| over the length of an edge, with "
        "sampling noise taken off; beside it as it is, and what sampling noise alone gives in 95 "
        "of 100 cases. Order of edits: how far both orders end apart, decoded and encoded after "
        f"each edit, over the length of the way. The {len(lines)} pairs with the largest error.",
        tables=[Table(head, lines)] if lines else [],
    )


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _is_pictures(X: np.ndarray) -> bool:
    return X.ndim == 4 and X.shape[1] in (1, 3)
