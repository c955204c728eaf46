"""One Markdown page from the folders that `zalgebra bench` has written.

    .venv/bin/python scripts/leaderboard.py bench bench-edit bench-map

Every folder's results.json gives one table: model, data, method, n, seeds and scores with their
95 % intervals, under a line with machine, date, commit, versions and configuration. Folders of
several versions, of zalgebra or what it stands on, are refused: their rows would not compare. The
tables go to docs/leaderboard.md, below the line of `MARK`; what stands above it is kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zalgebra.studio.bench.tables import interval_words

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "leaderboard.md"
MARK = "<!-- tables of: scripts/leaderboard.py -->"
NONE = "–"

Result = dict[str, Any]
Columns = dict[str, tuple[str, str]]  # name in results.json to title and form

COMBINE: Columns = {
    "accuracy": ("class accuracy", "{:.1%}"), "frechet": ("Fréchet distance", "{:.1f}"),
    "plausible": ("plausible", "{:.0%}"), "diversity": ("diversity", "{:.1f}"),
}  # fmt: skip
INVERT: Columns = {
    "rmse": ("error of the picture", "{:.4f}"), "class_kept": ("read as before", "{:.1%}"),
    "latent_back": ("error of the latent", "{:.1%}"), "plausible": ("plausible", "{:.0%}"),
}  # fmt: skip
EDIT: Columns = {
    "success": ("success", "{:.0%}"), "leakage": ("others move, sd", "{:.3f}"),
    "recognised": ("recognised", "{:.0%}"), "angle": ("to the best", "{:.0f}°"),
    "plausible": ("plausible", "{:.0%}"),
}  # fmt: skip
MAP: Columns = {
    "trust": ("trustworthiness", "{:.3f}"), "continuity": ("continuity", "{:.3f}"),
    "latent": ("error of latents", "{:.3f}"), "image": ("error of pictures", "{:.4f}"),
    "off": ("off the hull", "{:.0%}"),
}  # fmt: skip


class Refused(Exception):
    """What is wrong with the folders, in one sentence."""


def read(folders: Sequence[Path]) -> list[Result]:
    """The results of all folders, which must be of the same versions."""
    found, versions = [], {}
    for folder in folders:
        file = folder / "results.json"
        try:
            result = json.loads(file.read_text(encoding="utf-8"))
            made = dict(result["run"]["versions"])
            result["configuration"]["command"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused(f"{folder} holds no results of zalgebra bench: run it anew") from error
        found.append(result)
        for name, version in made.items():
            if (first := versions.setdefault(name, (version, folder)))[0] != version:
                raise Refused(f"the results are of several versions of {name} ({first[0]} in "
                              f"{first[1]}, {version} in {folder}): run all with one")  # fmt: skip
    return found


def page(results: Sequence[Result], commit: str) -> str:
    """The tables of all results, one after another."""
    return "\n".join(table(result, commit) for result in results)


def table(result: Result, commit: str) -> str:
    """One result: what it is, the line of its origin, and its rows."""
    command = result["configuration"]["command"]
    if command not in KINDS:
        raise Refused(f"there is no table of `bench {command}`; there are: {', '.join(KINDS)}")
    title, first, columns, groups = KINDS[command]
    head = [*first, "n", "seeds", *(title for title, _ in columns.values())]
    lines = [head, ["---"] * len(first) + ["---:"] * (len(head) - len(first))]
    lines += [row(keys, cells, columns) for keys, cells in groups(result).items()]
    run = result["run"]
    versions = ", ".join(f"{name} {v}" for name, v in run["versions"].items())
    origin = (f"{run['date']}, {run['machine']}, commit {commit}; {versions}; configuration "
              f"{result['configuration']['hash']}.")  # fmt: skip
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"## {title}: {result['data']['name']}\n\n{origin}\n\n{text}\n"


def row(keys: Sequence[str], cells: Sequence[Mapping[str, Any]], columns: Columns) -> list[str]:
    """Repeats as one row: see `zalgebra.studio.bench.tables.interval_words`."""
    seeds = sorted({cell["seed"] for cell in cells if "seed" in cell})
    n = sum(_n(cell, columns) for cell in cells)
    scores = [
        words([cell.get(name) for cell in cells], form) for name, (_, form) in columns.items()
    ]
    said = ", ".join(map(str, seeds)) if seeds else NONE
    return [*(k.replace("|", "\\|") for k in keys), str(n), said, *scores]


def words(given: Sequence[Mapping[str, Any] | None], form: str) -> str:
    """The mean over repeats with its interval; a dash where one is none."""
    known = [dict(g) for g in given if g is not None and g.get("value") is not None]
    return interval_words(known, form) if known and len(known) == len(given) else NONE


def _n(cell: Mapping[str, Any], columns: Columns) -> int:
    """How many items a cell stands on."""
    if "n" in cell:
        return int(cell["n"])
    return next(int(cell[name]["n"]) for name in columns if cell.get(name))


Groups = dict[tuple[str, ...], list[Mapping[str, Any]]]


def grouped(cells: Iterable[Mapping[str, Any]], key: Callable[..., tuple[str, ...]]) -> Groups:
    """The cells of each row, in the order of the results."""
    groups: Groups = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return groups


def combined(result: Result) -> Groups:
    model = result["model"]["model"]
    made = [c for c in result["cells"] if c["what"] != "seeds"]
    return grouped(made, lambda c: (model, f"{c['what']} of {c['k']}, {c['source']}", c["method"]))


def inverted(result: Result) -> Groups:
    return grouped(result["models"], lambda c: (c["model"], c["class"]))


def edited(result: Result) -> Groups:
    return grouped(result["cells"], lambda c: (c["model"], c["attribute"], c["method"]))


def mapped(result: Result) -> Groups:
    model = result["model"]["model"]
    return grouped(result["cells"], lambda c: (model, c["map"]))


KINDS: dict[str, tuple[str, list[str], Columns, Callable[[Result], Groups]]] = {
    "combine": ("Ways of combining", ["model", "what", "method"], COMBINE, combined),
    "invert": ("Inversions", ["model", "class"], INVERT, inverted),
    "edit": ("Edits", ["model", "attribute", "method"], EDIT, edited),
    "map": ("Maps", ["model", "map"], MAP, mapped),
}


def commit() -> str:
    """The commit that is checked out, with a plus where files differ from it."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return told.stdout.strip() or "unknown"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="folders of zalgebra bench")
    parser.add_argument("--commit", help="that the results were made at; default: the present one")
    parser.add_argument("-o", "--output", type=Path, default=PAGE, help="the page")
    asked = parser.parse_args(arguments)
    try:
        tables = page(read(asked.folders), asked.commit or commit())
    except Refused as refusal:
        print(f"leaderboard: {refusal}", file=sys.stderr)
        return 2
    page_ = asked.output
    prose = page_.read_text(encoding="utf-8").partition(MARK)[0] if page_.is_file() else ""
    page_.write_text(f"{prose}{MARK}\n\n{tables}", encoding="utf-8")
    print(f"{page_}: {tables.count(chr(10) + '## ') + 1} tables")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
