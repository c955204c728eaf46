"""What a comparison of inversions leaves in its folder: tables, sheets and one page."""

from __future__ import annotations

import csv
import io

from zalgebra.files import aside, write_json
from zalgebra.studio import report
from zalgebra.studio.bench import charts, tables
from zalgebra.studio.bench.inverting import INVERSION, Inversion, Inversions
from zalgebra.studio.bench.report import write_text

__all__ = ["block", "lead", "write"]

HOW = (
    "The error of a picture is its root mean square on [0, 1]; explained is 1 less squared error "
    "over squared deviation from the mean picture; read as before is the share of pictures that "
    "the classifier reads as the same class after it as before. The error of the latent is that of "
    "draws from the prior, decoded and inverted again, over the size of the draws. Plausible and "
    "the variance ratio are of the latents of the held-out pictures, under the model's prior. "
    "Square brackets are 95 % intervals over pictures, or draws."
)


def write(found: Inversions, /) -> None:
    """Write results.json, .csv and .md, a sheet for each model and index.html."""
    folder = found.output
    write_json(folder / "results.json", found.to_dict())
    table = block(found)
    write_text(folder / "results.csv", _csv(found))
    run, hash_ = found.facts["run"], found.configuration["hash"]
    text = tables.results_text("Inversions", found, [lead(found), HOW], [table])
    write_text(folder / "results.md", text)
    sections = [report.Section("Figures", HOW, tables=[report.Table(table.head, table.rows)])]
    for model in found.models:
        rows = [found.pictures[model.rows], model.back]
        figure = charts.sheet(rows, _titles(len(model.rows)))
        with aside(folder / "sheets" / f"{model.name}.png") as temporary:
            figure.savefig(temporary, format="png")
        of = [report.Row(rows[0], label="held-out pictures"), report.Row(rows[1], label="back")]
        title = f"{model.name}: from the best to the worst"
        sections.append(report.Section(title, f"The model is {model.facts['fitted']}.", rows=of))
    facts = {"data": found.facts["data"]["source"], "configuration": hash_, "date": run["date"],
             "machine": run["machine"], **run["versions"]}  # fmt: skip
    title = f"Inversions: {found.facts['data']['name'].replace('-', ' ')}"
    report.write(folder / "index.html", report.render(title, lead(found), sections, facts))


def lead(found: Inversions, /) -> str:
    """What was inverted, and how good the judge is."""
    accuracy = found.facts["judge"]["accuracy"]
    return (
        f"{found.facts['data']['held_out']} held-out pictures of {found.facts['data']['name']}, "
        f"taken to latents and back by {len(found.models)} models. The classifier reads "
        f"{accuracy['value']:.1%} [{accuracy['low']:.1%}, {accuracy['high']:.1%}] of held-out "
        f"pictures right (n = {accuracy['n']})."
    )


def block(found: Inversions, /) -> tables.Block:
    """A row for each model."""
    head = ("model", "n", *(title for title, _ in INVERSION.values()), "time of one")
    return tables.Block("Inversions", head, tuple(_row(model) for model in found.models))


def _row(model: Inversion) -> tuple[str, ...]:
    f = model.figures
    scores = tuple(tables.interval_words([f[name]], form) for name, (_, form) in INVERSION.items())
    return (model.name, str(f["rmse"]["n"]), *scores, tables.seconds_words(f["seconds"]))


def _titles(n: int) -> list[str]:
    return ["best", *[""] * (n - 2), "worst"][:n]


def _csv(found: Inversions) -> str:
    parts = ("value", "low", "high")
    head = ["model", "class", "fingerprint", "n"]
    head += [f"{k}{'' if part == 'value' else f'_{part}'}" for k in INVERSION for part in parts]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*head, "seconds"])
    for m in found.models:
        scores = [m.figures[name][part] for name in INVERSION for part in parts]
        of = [m.name, m.facts["class"], m.facts["fingerprint"], m.figures["rmse"]["n"]]
        writer.writerow([*of, *scores, m.figures["seconds"]])
    return stream.getvalue()
