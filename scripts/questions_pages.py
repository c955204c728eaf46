"""The tables of docs/questions from what `./dev bench questions` has written.

    ./dev bench questions --out build/questions
    .venv/bin/python scripts/questions_pages.py build/questions

A page has a place for each of its tables, between a line `<!-- table: NAME -->` and the next line
`<!-- end -->`, where NAME is the experiment: what lies between is written anew from NAME.json of
Fashion-MNIST, and everything else is kept. `--check` writes nothing and tells which tables differ.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PAGES = Path(__file__).resolve().parent.parent / "docs" / "questions"
DATA = "fashion"  # what the pages are about; digits are told in words
NONE = "–"
MODELS = {"flow": "flow", "diffusion": "diffusion", "vae": "VAE"}

Row = dict[str, Any]
Line = tuple[str, ...]


class Refused(Exception):
    """What is wrong with the results or a page, in one sentence."""


def statistics(tables: dict[str, list[Row]]) -> list[Line]:
    """Harm by what is broken and by model, at the three strengths."""
    rows = tables["Which statistics beyond the norm does a network need?"]
    lines = [("broken", "strengths", "off by, sd (flow)", *MODELS.values())]
    for broken in dict.fromkeys(r["broken"] for r in rows if r["strength"] != ""):
        of = {m: [r for r in rows if (r["model"], r["broken"]) == (m, broken)] for m in MODELS}
        strengths = ", ".join(r["strength"] for r in of["flow"])
        off = ", ".join(figure(r["off by, sd"], ".3g") for r in of["flow"])
        harms = [", ".join(figure(r["harm"], ".0f") for r in some) or NONE for some in of.values()]
        lines.append((f"`{broken}`", strengths, off, *harms))
    return lines


def priors(tables: dict[str, list[Row]]) -> list[Line]:
    """Averages of draws by method: outside the support, and the distance to own draws."""
    rows = [r for r in tables["Averages of k draws from the prior"] if r["method"] != "the seeds"]
    lines = [("averages of", "method", "GAN: outside", "GAN: distance to own draws",
              "sphere: outside", "sphere: distance")]  # fmt: skip
    for k, method in dict.fromkeys((r["k"], r["method"]) for r in rows):
        cells = []
        for model in ("gan", "sphere"):
            (r,) = [r for r in rows if (r["model"], r["k"], r["method"]) == (model, k, method)]
            out = r["outside the support"]["value"]
            cells += [figure(out, ".2f") if out else "0", distance(r["Fréchet to own draws"])]
        lines.append((str(k), strong(method, method == "LOL, its prior"), *cells))
    return lines


def tests(tables: dict[str, list[Row]]) -> list[Line]:
    """Power and relevance of each test."""
    lines = [("model", "test", "rejected of the harmful", "rejected of the harmless", "relevance")]
    for r in tables["Power and relevance"]:
        of = (r[name] for name in ("rejected of them", "rejected of these", "relevance, ρ"))
        power, nuisance, relevance = (figure(x, ".2f") for x in of)
        ours, test = r["test"] == "tailored", r["test"].replace("CVM", "CvM")
        lines.append((MODELS[r["model"]], strong(test, ours), power,
                      strong(nuisance, ours), strong(relevance, ours)))  # fmt: skip
    return lines


def laplace(tables: dict[str, list[Row]]) -> list[Line]:
    """Distance of averages of five to own draws, flow / diffusion, by law."""
    rows = [r for r in tables["Does LOL hold for Laplace and for multimodal latents?"]
            if r["k"] == 5]  # fmt: skip
    methods = {"LERP": "LERP", "LOL, as if normal": "LOL, as if normal",
               "LOL, its prior": "LOL with the law"}  # fmt: skip
    at = {(r["model"], r["law"], r["method"]): r["Fréchet to own draws"]["value"] for r in rows}
    lines = [("law", *methods.values())]
    for law in dict.fromkeys(r["law"] for r in rows):
        cells = [" / ".join(rough(at[model, law, method]) for model in ("flow", "diffusion"))
                 for method in methods]  # fmt: skip
        lines.append((law, *cells))
    return lines


def speed(tables: dict[str, list[Row]]) -> list[Line]:
    """One combination of latents of Stable Diffusion's shape."""
    lines = [("k", "shape", "method", "µs", "of LOL's")]
    for r in tables["One combination in a call"]:
        if r["shape"] == "4 × 64 × 64":
            parts = (three(r["µs"][part]) for part in ("value", "low", "high"))
            lines.append((str(r["k"]), r["shape"], r["method"], "{} [{}, {}]".format(*parts),
                          three(r["of LOL's"])))  # fmt: skip
    return lines


TABLES: dict[str, tuple[str, Callable[[dict[str, list[Row]]], list[Line]]]] = {
    "statistics": ("statistics.md", statistics),
    "priors": ("priors.md", priors),
    "tests": ("tests.md", tests),
    "laplace": ("checks.md", laplace),
    "speed": ("checks.md", speed),
}


def figure(x: float, form: str) -> str:
    """A number with a true minus sign, and zero without any."""
    return f"{x:z{form}}".replace("-", "−")


def rough(x: float, of: float | None = None) -> str:
    """A distance: tenths below 20, or where the value ``of`` its interval is."""
    return figure(x, ".1f" if abs(x if of is None else of) < 20 else ".0f")


def distance(score: Row) -> str:
    """A distance with its interval."""
    value, low, high = (rough(score[part], score["value"]) for part in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def three(x: float) -> str:
    """Three figures, written out."""
    return f"{float(f'{x:.3g}'):,.0f}" if x >= 1000 else f"{x:.3g}"


def strong(words: str, yes: bool) -> str:
    """In bold, if so."""
    return f"**{words}**" if yes else words


def table(lines: Sequence[Line]) -> str:
    """Markdown; columns of words to the left, of figures to the right."""
    head, *rows = lines
    sides = tuple("---" if re.match(r"[\W_]*[^\W\d]", first) else "---:" for first in rows[0])
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, sides, *rows))


def made(folder: Path) -> dict[str, str]:
    """The table of every experiment that the folder has."""
    found = {}
    for name, (_, lines) in TABLES.items():
        file = folder / DATA / f"{name}.json"
        if file.is_file():
            try:
                found[name] = table(lines(json.loads(file.read_text(encoding="utf-8"))["tables"]))
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise Refused(f"{file} is no result of ./dev bench questions {name}") from error
    if not found:
        raise Refused(f"{folder / DATA} has no results: ./dev bench questions --out {folder}")
    return found


def placed(text: str, name: str, new: str, page: Path) -> str:
    """The page with this table in its place."""
    place = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if len(place.findall(text)) != 1:
        raise Refused(
            f"{page} must have one place of <!-- table: {name} --> and, after it, <!-- end -->"
        )
    return place.sub(lambda found: f"{found[1]}\n{new}\n\n{found[2]}", text)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="--out of ./dev bench questions")
    parser.add_argument("--pages", type=Path, default=PAGES, help="the folder of the pages")
    parser.add_argument("--check", action="store_true", help="write nothing; tell what differs")
    asked = parser.parse_args(arguments)
    differ, texts = [], {}
    try:
        for name, new in made(asked.folder).items():
            page = asked.pages / TABLES[name][0]
            before = texts[page] if page in texts else page.read_text(encoding="utf-8")
            texts[page] = placed(before, name, new, page)
            differ += [f"{page}: {name}"] if texts[page] != before else []
    except (Refused, OSError) as refusal:
        print(f"questions_pages: {refusal}", file=sys.stderr)
        return 2
    if not asked.check:
        for page, text in texts.items():
            page.write_text(text, encoding="utf-8")
    print("\n".join(differ) or "all tables are those of the results")
    return int(asked.check and bool(differ))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
