"""What a comparison of maps leaves in its folder: tables, figures, a sheet and one page."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.files import aside, write_json
from zalgebra.studio import report
from zalgebra.studio.bench import charts, tables
from zalgebra.studio.bench.mapping import OWN, Mapped, Maps
from zalgebra.studio.bench.panels import COLOURS, panels
from zalgebra.studio.bench.report import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["blocks", "lead", "write"]

TITLES = {
    "pca": "PCA", "kernel-pca": "kernel PCA", "tsne": "t-SNE", "umap": "UMAP", "pacmap": "PaCMAP",
    "parametric": "parametric", OWN: "umap-learn",
}  # fmt: skip
KEPT = {"trust": "trustworthiness", "continuity": "continuity"}
SERIES = {
    "": "inverse, with the prior", "plain_": "inverse, without the prior",
    "nearest_": "nearest item", "own_": "umap-learn's own inverse",
}  # fmt: skip
SCORES = (*KEPT, *(f"{way}{what}" for way in ("", "plain_", "nearest_", "ours_")
                   for what in ("latent", "image")), "off", "false_alarms", "ours_off")  # fmt: skip
PLAIN = ("seconds", "placing", "peak", "memory", "inverse", "plain_inverse", "told", "agree",
         "ours_seconds", "ours_inverse", "beyond_norm", "item_norm")  # fmt: skip
HOW = (
    "Trustworthiness asks whether neighbours on the map are neighbours among the latents, "
    "continuity the converse; 1 is best, and a random map has about 0.5. Fit and placing are "
    "processor seconds, importing, compiling and learning the inverse included; peak is the memory "
    "of the process while it fits, of which 'added' was not there before. Held-out pictures are "
    "placed on the map and taken back: errors are root mean squares over items and entries, of "
    "latents and of decoded pictures, with the model's prior and without it, and by the nearest "
    "item alone. Told is the error that the inverse expects of itself. Of points on a circle off "
    "the hull of the items, and of the held-out items, the shares that the map says lie outside: "
    "right is 100 % of the first and few of the second. Square brackets are 95 % intervals over "
    "items, or points."
)


def write(found: Maps, /) -> None:
    """Write results.json, .csv and .md, figures, a sheet and index.html."""
    folder = found.output
    write_json(folder / "results.json", found.to_dict())
    write_text(folder / "results.csv", _csv(found.cells))
    every = blocks(found.cells)
    run, hash_ = found.facts["run"], found.configuration["hash"]
    text = tables.results_text("Maps", found, [lead(found), HOW], every)
    write_text(folder / "results.md", text)
    first = [c for c in found.cells if c.seed == found.cells[0].seed]
    drawn = {"scores": _figure(first), "maps": _maps(first, found.y)}
    for name, figure in drawn.items():
        with aside(folder / "figures" / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png")
    rows = _rows(first, found)
    columns = np.stack([row.pictures for row in rows], axis=1)
    figure = charts.sheet(list(columns), ["held-out picture", "decoded from its own latent",
                                          *(TITLES[c.method] for c in first)])  # fmt: skip
    with aside(folder / "sheets" / "back.png") as temporary:
        figure.savefig(temporary, format="png")
    sections = [
        report.Section("How to read it", HOW),
        report.Section("What is kept, and the way back", "", figure=drawn["scores"], alt="scores"),
        *(report.Section(b.title[:1].upper() + b.title[1:], "",
                         tables=[report.Table(b.head, b.rows)]) for b in every),
        report.Section("The maps", "Colours are classes.", figure=drawn["maps"], alt="maps"),
        report.Section("Held-out pictures, placed and taken back", "", rows=rows),
    ]  # fmt: skip
    facts = {"data": found.facts["data"]["source"],
             "model": found.facts["model"]["fingerprint"][:12], "configuration": hash_,
             "date": run["date"], "machine": run["machine"], **run["versions"]}  # fmt: skip
    title = f"Maps: {found.facts['data']['name'].replace('-', ' ')}"
    report.write(folder / "index.html", report.render(title, lead(found), sections, facts))


def lead(found: Maps, /) -> str:
    """What was mapped, and the errors to compare with."""
    data, model, floor = (found.facts[name] for name in ("data", "model", "floor"))
    of = {name: f"{given['value']:.4f}" for name, given in floor.items()}
    return (
        f"Maps of {data['train']} latents of {data['name']}, and {data['held_out']} held-out "
        f"pictures placed on each; the model is a {model['model']}, {model['fitted']}. An item "
        f"drawn at random has an error of {of['any_latent']} in latents and {of['any_image']} in "
        f"pictures; the model's own reconstruction has {of['reconstruction']} in pictures."
    )


def blocks(cells: Sequence[Mapped], /) -> list[tables.Block]:
    """What is kept and what it costs, the way back, and umap-learn's own inverse."""
    ours = [of for method, of in _groups(cells).items() if method != OWN]
    own = _groups(cells).get(OWN)
    head = ("map", *KEPT.values(), "fit (CPU s)", "placing (CPU s)", "peak (MB)", "added (MB)")
    kept = tables.Block("what is kept, and what it costs", head, tuple(map(_kept, ours)))
    head = ("map", "inverse", "latent", "told", "picture", "without prior: latent", "picture",
            "nearest item: latent", "picture", "off the hull", "held out")  # fmt: skip
    back = tables.Block("the way back", head, tuple(map(_back, ours)))
    return [kept, back, *([] if own is None else [_own(own)])]


def _own(of: Sequence[Mapped]) -> tables.Block:
    """All inverses on umap-learn's map, asked the same places."""
    head = (f"on umap-learn's map, {of[0].figures['n']} items", "latent", "picture", "CPU s",
            "said outside, off the hull")  # fmt: skip
    rows = [
        ("umap-learn's own inverse", *_errors(of, ""), f"{_mean(of, 'seconds'):.2f}", tables.NONE),
        (f"ours ({of[0].figures['ours_inverse']})", *_errors(of, "ours_"),
         f"{_mean(of, 'ours_seconds'):.2f}", _words(of, "ours_off", "{:.0%}")),
        ("nearest item", *_errors(of, "nearest_"), tables.NONE, tables.NONE),
    ]  # fmt: skip
    return tables.Block("umap-learn's own inverse", head, tuple(rows))


def _kept(of: Sequence[Mapped]) -> tuple[str, ...]:
    sizes = (_mean(of, name) for name in ("peak", "memory"))
    return (
        TITLES[of[0].method], *(_words(of, name, "{:.3f}") for name in KEPT),
        f"{_mean(of, 'seconds'):.1f}", f"{_mean(of, 'placing'):.2f}",
        *(tables.NONE if np.isnan(size) else f"{size:.0f}" for size in sizes),
    )  # fmt: skip


def _back(of: Sequence[Mapped]) -> tuple[str, ...]:
    inverses = " / ".join(dict.fromkeys(m.figures["inverse"] for m in of))
    latent, picture = _errors(of, "")
    return (
        TITLES[of[0].method], inverses, latent, f"{_mean(of, 'told'):.3f}", picture,
        *_errors(of, "plain_"), *_errors(of, "nearest_"),
        _words(of, "off", "{:.0%}"), _words(of, "false_alarms", "{:.1%}"),
    )  # fmt: skip


def _errors(of: Sequence[Mapped], way: str) -> tuple[str, str]:
    return _words(of, f"{way}latent", "{:.3f}"), _words(of, f"{way}image", "{:.4f}")


def _words(of: Sequence[Mapped], name: str, form: str) -> str:
    return tables.interval_words([m.figures[name] for m in of], form)


def _mean(of: Sequence[Mapped], name: str) -> float:
    values = [np.nan if m.figures[name] is None else m.figures[name] for m in of]
    return float(np.mean(values))


def _groups(cells: Sequence[Mapped]) -> dict[str, list[Mapped]]:
    groups: dict[str, list[Mapped]] = {}
    for one in cells:
        groups.setdefault(one.method, []).append(one)
    return groups


def _figure(cells: Sequence[Mapped]) -> Figure:
    """Neighbours kept, and errors of each way back, map by map."""
    of = {TITLES[c.method]: c for c in cells}

    def score(panel: str, group: str, series: str) -> tuple[Any, bool]:
        cell = of[group]
        if panel in KEPT:
            return (cell.figures.get(panel) if not series else None), True
        own = cell.method == OWN
        name = {"own_": "" if own else "none_", "": "none_" if own else "",
                "plain_": "ours_" if own else "plain_"}.get(series, series)  # fmt: skip
        return cell.figures.get(f"{name}{panel}"), True

    titles = {**KEPT, "latent": "error of latents", "image": "error of pictures"}
    return panels(titles, list(of), SERIES, score)


def _maps(cells: Sequence[Mapped], y: np.ndarray) -> Figure:
    """The places of the items on every map."""
    from matplotlib import colormaps

    columns = min(3, len(cells))
    rows = -(-len(cells) // columns)
    figure = charts.blank(3.2 * columns, 3.2 * rows)
    of = np.ravel(figure.subplots(rows, columns, squeeze=False))
    shades = colormaps["tab10"](y % 10) if y.any() else COLOURS[2]
    for ax, cell in zip(of, cells, strict=False):
        ax.scatter(*cell.embedding.T[:2], s=3, c=shades, lw=0, alpha=0.7)
        ax.set_title(TITLES[cell.method], fontsize=10)
    for ax in of:
        ax.set_axis_off()
    return figure


def _rows(cells: Sequence[Mapped], found: Maps) -> list[report.Row]:
    rows = [report.Row(found.images, label="held-out pictures"),
            report.Row(found.back, label="decoded from their own latents")]  # fmt: skip
    return rows + [report.Row(c.pictures, label=f"from their places: {TITLES[c.method]}")
                   for c in cells]  # fmt: skip


def _csv(cells: Sequence[Mapped]) -> str:
    """Every cell as a line, with all ends of intervals, in full precision."""
    parts = ("value", "low", "high")
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["map", "seed", *PLAIN, *(name if part == "value" else f"{name}_{part}"
                                              for name in SCORES for part in parts)])  # fmt: skip
    for one in cells:
        scores = [(one.figures.get(name) or {}).get(part) for name in SCORES for part in parts]
        writer.writerow([one.method, one.seed, *(one.figures.get(k) for k in PLAIN), *scores])
    return stream.getvalue()
