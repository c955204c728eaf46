"""The comparison as tables: one a kind of cell, for a page and for Markdown, and rows for CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures import Score
from zalgebra.measures.intervals import averaged
from zalgebra.studio.bench.cells import TITLES, Kept
from zalgebra.studio.bench.expectations import Expectation, place
from zalgebra.studio.bench.gaps import Gap
from zalgebra.studio.bench.scores import SCORES

__all__ = [
    "NONE",
    "Block",
    "blocks",
    "csv_text",
    "expected",
    "gaps_block",
    "interval_words",
    "markdown",
    "results_text",
    "seconds_words",
]

NONE = "–"
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


@dataclass(frozen=True)
class Block:
    """A table with its title: the head, and rows of which the first cell is the method."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def blocks(cells: Sequence[Kept], /) -> list[Block]:
    """One table for each kind of cell; repeats are one row.

    Of several repeats the value is their mean, and the interval is that of
    `zalgebra.measures.intervals.averaged`.
    """
    groups: dict[str, dict[str, list[Kept]]] = {}
    for kept in cells:
        groups.setdefault(place(kept.cell), {}).setdefault(kept.cell.method, []).append(kept)
    titles = tuple(title for title, *_ in SCORES.values())
    head = ("method", "n", *titles, "time of one", "in a batch")
    return [
        Block(title, head, tuple(_row(repeats) for repeats in group.values()))
        for title, group in groups.items()
    ]


def _row(repeats: Sequence[Kept]) -> tuple[str, ...]:
    scores = tuple(_words(repeats, name) for name in SCORES)
    times = tuple(_time(repeats, name) for name in ("seconds", "batched_seconds"))
    n, failed = (sum(counts) for counts in zip(*_counts(repeats), strict=True))
    alike = sum(r.different for r in repeats)
    notes = [f"{failed} did not settle"] if failed else []
    notes += [f"{alike} different"] if alike < n / 2 else []
    made = f"{n} ({', '.join(notes)})" if notes else str(n)
    return (TITLES[repeats[0].cell.method], made, *scores, *times)


def _counts(repeats: Sequence[Kept]) -> list[tuple[int, int]]:
    return [(r.n, r.figures.get("failed", 0)) for r in repeats]


def _words(repeats: Sequence[Kept], name: str) -> str:
    return interval_words([r.figures[name] for r in repeats], SCORES[name][2])


def interval_words(given: Sequence[dict[str, Any] | None], form: str, /) -> str:
    """The mean over repeats with its interval; a dash where one of them has no figure."""
    known = [g for g in given if g is not None and g["value"] is not None]
    if len(known) < len(given):
        return NONE
    if any(g["low"] is None for g in known):
        return form.format(float(np.mean([g["value"] for g in known])))
    whole = averaged([Score(g["value"], g["low"], g["high"], g.get("n", 1), "") for g in known])
    ends = np.array([whole.low, whole.high])
    low, high = np.clip(ends, 0, 1) if form.endswith("%}") else ends
    return f"{form.format(whole.value)} [{form.format(low)}, {form.format(high)}]"


def _time(repeats: Sequence[Kept], name: str) -> str:
    given = [r.figures.get(name) for r in repeats]
    known = [g for g in given if g is not None]
    return seconds_words(float(np.median(known))) if known else NONE


def seconds_words(seconds: float, /) -> str:
    """A time with its unit: ``410 ms``, ``35 µs``."""
    size, unit = next(((s, u) for s, u in UNITS if seconds >= s), UNITS[-1])
    count = seconds / size
    return f"{count:.0f} {unit}" if count >= 10 else f"{count:.2g} {unit}"


def expected(found: Sequence[Expectation], /) -> Block:
    """The paper's claims, as a table."""
    rows = tuple((e.claim, e.place, e.found, e.verdict) for e in found)
    return Block(
        "The paper's findings, held against these", ("claim", "where", "found", "verdict"), rows
    )


def gaps_block(found: Sequence[Gap], against: str, /) -> Block:
    """What lies between each method and one of them, as a table."""
    rows = tuple(
        (
            TITLES[gap.cell.method], place(gap.cell), str(gap.n),
            _signed(gap.frechet, 1), _signed(gap.accuracy, 100),
        )
        for gap in found
    )  # fmt: skip
    head = ("method", "where", "pairs", "Fréchet distance", "class accuracy, points")
    return Block(f"Gaps to {TITLES[against]}, over pairs of the same seeds", head, rows)


def _signed(gap: Score | None, times: float) -> str:
    if gap is None:
        return NONE
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(times * x for x in (gap.value, gap.low, gap.high)))


def markdown(block: Block, /) -> str:
    """A table of GitHub's Markdown under its heading."""
    lines = [block.head, ("---", *["---:"] * (len(block.head) - 1)), *block.rows]
    cells = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return f"### {block.title[:1].upper()}{block.title[1:]}\n\n" + "\n".join(cells) + "\n"


def csv_text(cells: Sequence[Kept], /) -> str:
    """Every cell of every repeat as a line, with all ends of intervals, in full precision."""
    parts = ("value", "low", "high")
    head = ["source", "what", "k", "method", "seed", "n", "classes"]
    head += [f"{name}{'' if part == 'value' else f'_{part}'}" for name in SCORES for part in parts]
    head += ["frechet_plain", "failed", "seconds", "batched_seconds", "decode_seconds"]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    for kept in cells:
        c, f = kept.cell, kept.figures
        scores: list[Any] = [(f[name] or {}).get(part) for name in SCORES for part in parts]
        rest = [(f["frechet"] or {}).get("plain")]
        rest += [f.get(name) for name in head[-4:]]
        writer.writerow(
            [c.source, c.what, c.k, c.method, c.seed, kept.n, f["classes"], *scores, *rest]
        )
    return stream.getvalue()


def results_text(title: str, found: Any, paragraphs: Sequence[str], blocks: Sequence[Block]) -> str:
    """results.md of a comparison: what was compared, what it stands on, and its tables."""
    run = found.facts["run"]
    versions = ", ".join(f"{name} {v}" for name, v in run["versions"].items())
    said = (
        f"Configuration {found.configuration['hash']}; {run['date']}, {run['machine']}; {versions}."
    )
    head = [f"# {title}: {found.facts['data']['name']}", *paragraphs, said]
    return "\n".join([*(f"{part}\n" for part in head), *map(markdown, blocks)])
