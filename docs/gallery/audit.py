"""The pictures of the page on audits: the bundled model of drawn faces, factor by factor.

    .venv/bin/python docs/gallery/audit.py

They are written to ``docs/assets``; nothing is downloaded. The table of the page is printed, and
the page itself is written to ``audit.html`` in the folder that is named behind it, if one is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.figure import Figure
from palette import ASSETS, save
from rich.console import Console
from strips import strips

import zalgebra as za
from zalgebra.studio import report
from zalgebra.studio.audit import Audit
from zalgebra.studio.audit import audit as examine
from zalgebra.studio.audit_page import figure, page
from zalgebra.studio.audit_sources import source_of

COLUMNS = 8


def edits(audit: Audit, names: tuple[str, ...]) -> Figure:
    """Items that lack a factor, and the same with its direction added; two rows a factor."""
    trial = audit.trial
    assert trial is not None
    by_name = {f.name: f for f in audit.factors}
    rows = {}
    for name in names:
        index = [f.name for f in trial.factors].index(name)
        z = trial.Z[trial.rest[trial.factors[index].low[trial.rest]][:COLUMNS]]
        moved = z + trial.directions[index].reshape(z.shape[1:])
        rows[f"{name}: {by_name[name].verdict}"] = trial.decode(z)
        rows[f"the same with the direction {name} added"] = trial.decode(moved)
    return strips(rows)


def main() -> None:
    source = source_of(za.models.BUNDLED / "faces", "faces", n=2000, labels=None, seed=0)
    found = examine(source.model, source.X, source.labels, redraw=source.redraw)
    Console(width=90).print(found)
    for f in found.factors:
        print(f"{f.name}: {f.verdict}; {'; '.join(f.reasons)}")
    print(f"{found.round_trip.explained}; {found.latents_back}; {found.certificate.verdict}")
    ASSETS.mkdir(exist_ok=True)
    save(figure(found), ASSETS / "audit.png")
    ranked = sorted(found.factors, key=lambda f: -f.score)
    save(edits(found, (ranked[0].name, ranked[-1].name)), ASSETS / "audit-edits.png")
    for folder in sys.argv[1:]:
        report.write(Path(folder) / "audit.html", page(found, {"data": source.words}))


if __name__ == "__main__":
    main()
