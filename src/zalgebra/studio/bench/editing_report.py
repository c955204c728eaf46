"""What a comparison of edits leaves in its folder: tables, a figure, sheets and one page."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.files import aside, write_json
from zalgebra.measures import Score
from zalgebra.measures.intervals import mean_score
from zalgebra.studio import report
from zalgebra.studio.bench import charts, tables
from zalgebra.studio.bench.edit_cells import SCORES, Done
from zalgebra.studio.bench.editing import Edits
from zalgebra.studio.bench.learning import METHODS, TITLES
from zalgebra.studio.bench.panels import panels
from zalgebra.studio.bench.report import write_text
from zalgebra.studio.bench.strengths import words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["blocks", "lead", "summary", "write"]

Groups = dict[tuple[str, str], dict[str, list[Done]]]

HOW = (
    "Each direction is learned from the same items, none of which model or reader have seen. It is "
    "made as strong as it has to be for the target share of some items to be read as wanted, and "
    "is then tried on others: so methods are compared at like success, and 'the most' marks those "
    "that do not get there. Before is the share read as wanted before the edit. Others move is the "
    "mean over the other columns of numbers of their median movement, in standard deviations; "
    "another class is the share read as neither of the two classes. Identity kept is the median "
    "cosine of the other columns, read before and after; recognised is the share of edited items "
    "that are nearer to their own start than to any other, the change that all share taken off. To "
    "the best is the angle to the direction of least squares on all factors, from four times as "
    "many items: the mean over five sets of items learned from. Plausible and the variance ratio "
    "are of the edited latents, under the model's prior. Square brackets are 95 % intervals over "
    "items (of the angle, over sets of items)."
)


def write(found: Edits, /) -> None:
    """Write results.json, .csv and .md, a figure and a sheet for each model, and index.html."""
    folder = found.output
    write_json(folder / "results.json", found.to_dict())
    write_text(folder / "results.csv", _csv(found.cells))
    every = [summary(found.cells), *blocks(found.cells)]
    run, hash_ = found.facts["run"], found.configuration["hash"]
    text = tables.results_text("Edits", found, [lead(found), HOW], every)
    write_text(folder / "results.md", text)
    sections = [report.Section("How to read it", HOW)]
    for model in dict.fromkeys(d.cell.model for d in found.cells):
        figure = _figure([d for d in found.cells if d.cell.model == model])
        with aside(folder / "figures" / f"{model}.png") as temporary:
            figure.savefig(temporary, format="png")
        sections.append(report.Section(f"Edits in {model}", "Hollow marks do not reach the target.",
                                       figure=figure, alt=f"edits in {model}"))  # fmt: skip
    sections += [report.Section(_head(b.title), "", tables=[report.Table(b.head, b.rows)])
                 for b in every]  # fmt: skip
    for (model, attribute), group in _groups(found.cells).items():
        rows = _rows(group)
        name = group[next(iter(group))][0].cell.place
        columns = np.stack([row.pictures for row in rows], axis=1)
        figure = charts.sheet(list(columns), [row.label for row in rows])
        with aside(folder / "sheets" / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png")
        sections.append(report.Section(f"{_head(attribute)} in {model}", "", rows=rows))
    facts = {"data": found.facts["data"]["source"], "configuration": hash_, "date": run["date"],
             "machine": run["machine"], **run["versions"]}  # fmt: skip
    title = f"Edits: {found.facts['data']['name'].replace('-', ' ')}"
    report.write(folder / "index.html", report.render(title, lead(found), sections, facts))


def lead(found: Edits, /) -> str:
    """What was edited, and how well the reader reads."""
    c, data = found.configuration, found.facts["data"]
    skill = ", ".join(f"{name} {value:.2f}" for name, value in found.facts["judge"].items())
    return (
        f"{data['name']}: {len({d.cell.attribute for d in found.cells})} attributes in "
        f"{len(found.facts['models'])} models, directions learned from {c['learn']} items and "
        f"tried on up to {c['n']} others at the strength at which {c['target']:.0%} of further "
        f"ones are read as wanted. The reader, on {data['held_out']} pictures that it has not seen "
        f"(R², of classes and two values accuracy): {skill}."
    )


def blocks(cells: Sequence[Done], /) -> list[tables.Block]:
    """A table for each attribute of each model, a row a method; repeats are one row."""
    head = ("method", "n", "before", "strength", *(title for title, *_ in SCORES.values()),
            "most moved")  # fmt: skip
    return [
        tables.Block(f"{attribute} in {model}", head, tuple(_row(of) for of in group.values()))
        for (model, attribute), group in _groups(cells).items()
    ]


def summary(cells: Sequence[Done], /) -> tables.Block:
    """Each method in each model, over attributes: means, with intervals over attributes."""
    head = ("method", "attributes", "reach the target", *(title for title, *_ in SCORES.values()))
    groups: dict[tuple[str, str], list[Done]] = {}
    for one in cells:
        groups.setdefault((one.cell.model, one.cell.method), []).append(one)
    rows = [_over(model, TITLES[method], of) for (model, method), of in groups.items()]
    return tables.Block("all attributes", head, tuple(rows))


def _over(model: str, title: str, of: Sequence[Done]) -> tuple[str, ...]:
    attributes = list(dict.fromkeys(d.cell.attribute for d in of))
    reached = sum(d.figures["reached"] for d in of)
    told = []
    for name, (_, form, limits) in SCORES.items():
        values = [[d.figures[name]["value"] for d in of
                   if d.cell.attribute == a and d.figures[name] is not None]
                  for a in attributes]  # fmt: skip
        means = np.array([np.mean(v) for v in values if v])
        score = _within(mean_score(means, "over attributes"), limits) if len(means) else None
        told.append(tables.interval_words([score], form))
    return (f"{title} ({model})", str(len(attributes)), f"{reached} of {len(of)}", *told)


def _within(score: Score, limits: tuple[float, float]) -> dict[str, Any]:
    """Plain values of a score whose interval ends where its values do."""
    low, high = (float(np.clip(end, *limits)) for end in (score.low, score.high))
    return replace(score, low=low, high=high).to_dict()


def _groups(cells: Sequence[Done]) -> Groups:
    """Model and attribute to method to its repeats."""
    groups: Groups = {}
    for one in cells:
        group = groups.setdefault((one.cell.model, one.cell.attribute), {})
        group.setdefault(one.cell.method, []).append(one)
    return groups


def _row(repeats: Sequence[Done]) -> tuple[str, ...]:
    scores = tuple(
        tables.interval_words([r.figures[name] for r in repeats], form)
        for name, (_, form, _) in SCORES.items()
    )
    strengths = (words(r.figures["strength"], r.figures["turn"], r.figures["reached"])
                 for r in repeats)  # fmt: skip
    before = float(np.mean([r.figures["before"]["value"] for r in repeats]))
    n = sum(r.figures["n"] for r in repeats)
    return (TITLES[repeats[0].cell.method], str(n), f"{before:.0%}",
            " / ".join(strengths), *scores, _worst(repeats))  # fmt: skip


def _worst(repeats: Sequence[Done]) -> str:
    """The other column that moves most, by its mean over repeats."""
    moved = {k: float(np.mean([r.figures["moved"][k]["value"] for r in repeats]))
             for k in repeats[0].figures["moved"]}  # fmt: skip
    worst = max(moved, key=lambda k: moved[k], default=None)
    return tables.NONE if worst is None else f"{worst} {moved[worst]:.2f}"


def _figure(cells: Sequence[Done]) -> Figure:
    """What moved beside it, what was kept, and success, by attribute; the first repeat."""
    first = min(d.cell.seed for d in cells)
    of = {(d.cell.attribute, d.cell.method): d.figures for d in cells if d.cell.seed == first}
    groups = list(dict.fromkeys(a for a, _ in of))
    series = {m: TITLES[m] for m in METHODS if any(m == method for _, method in of)}
    shown = [k for k in ("success", "leakage", "strayed", "recognised", "angle")
             if any(f[k] is not None for f in of.values())]  # fmt: skip

    def score(panel: str, group: str, method: str) -> tuple[Any, bool]:
        figures = of.get((group, method))
        return (None, True) if figures is None else (figures[panel], figures["reached"])

    titles = {name: SCORES[name][0] for name in shown}
    return panels(titles, groups, series, score, shares=("success", "strayed", "recognised"))


def _rows(group: dict[str, list[Done]]) -> list[report.Row]:
    """The same items before the edit and after it, a row a method."""
    first = {method: repeats[0] for method, repeats in group.items()}
    rows = [report.Row(next(iter(first.values())).before, label="before")]
    return rows + [report.Row(d.after, label=TITLES[method]) for method, d in first.items()]


def _head(title: str) -> str:
    return title[:1].upper() + title[1:]


def _csv(cells: Sequence[Done]) -> str:
    """Every cell as a line, with all ends of intervals, in full precision."""
    parts, names = ("value", "low", "high"), ("before", *SCORES, "plausible_before")
    head = ["model", "fingerprint", "attribute", "method", "seed", "n", "strength", "turn",
            "reached", "length"]  # fmt: skip
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*head, *(name if part == "value" else f"{name}_{part}"
                              for name in names for part in parts)])  # fmt: skip
    for one in cells:
        given = one.to_dict()
        scores = [(one.figures[name] or {}).get(part) for name in names for part in parts]
        writer.writerow([*(given[name] for name in head), *scores])
    return stream.getvalue()
