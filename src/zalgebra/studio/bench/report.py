"""Everything that a comparison leaves in its folder: tables, figures, sheets and one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zalgebra.files import aside, write_json
from zalgebra.studio import report
from zalgebra.studio.bench import charts, tables
from zalgebra.studio.bench.cells import TITLES, Kept
from zalgebra.studio.bench.comparison import Comparison
from zalgebra.studio.bench.expectations import ORIGINS, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["by_verdict", "lead", "write", "write_text"]

HOW = (
    "Every method is given the same seeds and the same weights. Its results are decoded, and read "
    "by a classifier that learned from other pictures. Square brackets are 95 % intervals over the "
    "drawing of combinations from these seeds and, of a Fréchet distance, of its reference: real "
    "pictures that are neither seeds nor learned from. The distance is freed of its bias, so that "
    "sets of different sizes compare, and a value below 0 means that no difference is found. Gaps "
    "between two methods are taken over pairs of the same seeds, and are surer than the intervals "
    "of both. Three repeats and more widen an interval to what other seeds may give. A dash is a "
    "figure that has no meaning there, or too few items. "
    "Plausible is the share of latents that pass their certificate, each by itself; the variance "
    "ratio is that of their entries to the prior's; diversity is the mean distance of two results "
    "of one class. No diversity is right by itself: the seeds show what real items have, and an "
    "average of many is less varied by nature. The time of one is the processor time of the "
    "algebra in a call by itself, without decoding; in a batch it is a call of all, divided by "
    "their number."
)

GAPS = (
    "A gap is a method's figure less that of the method in the title. In distance, below 0 is "
    "nearer to real pictures; in accuracy, above 0 keeps the class more often. An interval without "
    "0 tells the two apart; each stands by itself, and of twenty between methods that are alike "
    "one leaves 0 by chance."
)


def write(found: Comparison, /) -> None:
    """Write results.json, .csv and .md, figures, sheets and index.html."""
    folder = found.output
    write_json(folder / "results.json", found.to_dict())
    write_text(folder / "results.csv", tables.csv_text(found.cells))
    write_text(folder / "results.md", _markdown(found))
    drawn = _figures(found.cells)
    for name, figure in drawn.items():
        with aside(folder / "figures" / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png")
    sheets = _sheets(found)
    for name, rows in sheets.items():
        figure = charts.sheet([row.pictures for row in rows], rows[0].captions)
        with aside(folder / "sheets" / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png")
    report.write(folder / "index.html", _page(found, drawn, sheets))


def lead(found: Comparison, /) -> str:
    """What was compared on what, in two sentences."""
    data, judge, model = (found.facts[name] for name in ("data", "judge", "model"))
    accuracy = judge["accuracy"]
    return (
        f"{data['name']}, {len(found.configuration['classes'])} classes, "
        f"{data['train']} pictures to learn from and {data['held_out']} held out; the model is a "
        f"{model['model']}, {model['fitted']}. The classifier reads {accuracy['value']:.1%} "
        f"[{accuracy['low']:.1%}, {accuracy['high']:.1%}] of the held-out pictures right "
        f"(n = {accuracy['n']}); distances are measured on {judge['axes']} principal axes of its "
        f"{judge['features']} features, which hold {judge['variance_kept']:.1%} of their variance."
    )


def by_verdict(expected: Sequence[dict[str, str]], /) -> dict[str, str]:
    """Claim to a sentence: where it holds, and where not."""
    claims: dict[str, dict[str, list[str]]] = {}
    for e in expected:
        claims.setdefault(e["claim"], {}).setdefault(e["verdict"], []).append(e["place"])
    return {
        claim: "; ".join(f"{verdict} in {', '.join(where)}" for verdict, where in verdicts.items())
        for claim, verdicts in claims.items()
    }


def _markdown(found: Comparison) -> str:
    of = ", ".join(f"{name}: {s['seeds']}" for name, s in found.facts["seeds"].items())
    every = [*tables.blocks(found.cells), *_gaps(found), tables.expected(found.expectations)]
    seeds = f"Seeds by source and repeat: {of}."
    parts = [lead(found), HOW, *([GAPS] if found.gaps else []), *few(found), seeds]
    return tables.results_text("Ways of combining latents", found, parts, every)


def _gaps(found: Comparison) -> list[tables.Block]:
    """The table of gaps, if there are two methods."""
    return [tables.gaps_block(found.gaps, found.against)] if found.gaps else []


def few(found: Comparison, /) -> list[str]:
    """What the measures say of small samples, and where."""
    places: dict[str, list[str]] = {}
    for kept in found.cells:
        if note := (kept.figures["frechet"] or {}).get("note"):
            places.setdefault(note, []).append(f"{TITLES[kept.cell.method]}, {place(kept.cell)}")
    return [
        f"Fréchet distance, {note} ({'; '.join(dict.fromkeys(where))})."
        for note, where in places.items()
    ]


def _page(found: Comparison, drawn: dict[str, Figure], sheets: dict[str, list[report.Row]]) -> str:
    every = [report.Table(b.head, b.rows) for b in tables.blocks(found.cells)]
    titles = [b.title for b in tables.blocks(found.cells)]
    claims = tables.expected(found.expectations)
    run = found.facts["run"]
    sections = [
        report.Section("How to read it", " ".join([HOW, *few(found)])),
        *(
            report.Section(_heading(name), "", figure=f, alt=name) for name, f in drawn.items()
        ),
        *(
            report.Section(title[:1].upper() + title[1:], "", tables=[table])
            for title, table in zip(titles, every, strict=True)
        ),
        *(
            report.Section(b.title, GAPS, tables=[report.Table(b.head, b.rows)])
            for b in _gaps(found)
        ),
        report.Section(
            claims.title, "The paper's figures are for ImageNet and a diffusion model.",
            tables=[report.Table(claims.head, claims.rows)],
        ),
        *(
            report.Section(f"Same seeds, every method: {name}", "", rows=rows[:3])
            for name, rows in sheets.items()
        ),
    ]  # fmt: skip
    facts = {
        "data": found.facts["data"]["source"],
        "model": found.facts["model"]["fingerprint"][:12],
        "configuration": found.configuration["hash"],
        "date": run["date"],
        "machine": run["machine"],
        **run["versions"],
    }
    title = f"Ways of combining latents: {found.facts['data']['name'].replace('-', ' ')}"
    return report.render(title, lead(found), sections, facts)


def _heading(name: str) -> str:
    """What a figure's name says: which, and of which seeds."""
    which, _, source = name.partition("-")
    return _WORDS[which] + (f" ({ORIGINS[source]})" if source else "")


_WORDS = {
    "scores": "Scores by method and number of seeds",
    "along": "Along an interpolation",
    "times": "Time of one combination",
}


def _figures(cells: Sequence[Kept]) -> dict[str, Figure]:
    combined = [c for c in cells if c.cell.what != "seeds"]
    sources = list(dict.fromkeys(c.cell.source for c in combined))
    drawn = {f"scores-{source}": charts.scores_chart(cells, source) for source in sources}
    if any(c.cell.what == "interpolation" for c in combined):
        for source in sources:
            drawn[f"along-{source}"] = charts.along(
                [c for c in combined if c.cell.source == source]
            )
    drawn["times"] = charts.times(combined)
    return drawn


def _sheets(found: Comparison) -> dict[str, list[report.Row]]:
    """For each kind of cell of the first repeat: the seeds, then each method's result."""
    groups: dict[str, list[Kept]] = {}
    first = min(c.cell.seed for c in found.cells)
    for kept in found.cells:
        if kept.cell.what != "seeds" and kept.cell.seed == first:
            name = f"{kept.cell.source}-{kept.cell.what}-{kept.cell.k}"
            groups.setdefault(name, []).append(kept)
    return {name: _rows(group, found) for name, group in groups.items()}


def _rows(group: Sequence[Kept], found: Comparison) -> list[report.Row]:
    first, cell = group[0], group[0].cell
    seeds = found.pools[cell.source, cell.seed].pictures
    captions = [f"seed {i + 1}" for i in range(cell.k)] + [TITLES[k.cell.method] for k in group]
    rows = []
    for i in range(len(first.pictures)):
        label = f"class {found.names[first.wanted[i]]}"
        if cell.what == "interpolation":
            label += f", t = {first.weights[i, 1]:g}"
        results = [_picture(kept, first.at[i]) for kept in group]
        pictures = np.concatenate([seeds[first.rows[i]], np.stack(results)])
        rows.append(report.Row(pictures, captions, label=label))
    return rows


def _picture(kept: Kept, at: int) -> np.ndarray:
    """The result of one of the draws; plain grey if the method has none."""
    (row,) = np.nonzero(kept.at[: len(kept.pictures)] == at)
    return kept.pictures[row[0]] if len(row) else np.full_like(kept.pictures[0], 0.5)


def write_text(path: Path, text: str, /) -> None:
    """Write a text, whole or not at all."""
    with aside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
