"""Check the texts that people read: links lead somewhere, Python parses, `./dev` words exist."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>#]+)[^)]*\)|(?:src|href)=\"([^\"#]+)[^\"]*\"")
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
DEV = re.compile(r"\./dev +([a-z]+)")
WORDS = {"install", "test", "check", "docs", "bench"}


def texts() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def broken_links(path: Path, text: str) -> Iterator[tuple[int, str]]:
    prose = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    for match in LINK.finditer(prose):
        target = match[1] or match[2]
        if re.match(r"[a-z]+:", target) is None and not (path.parent / target).exists():
            yield prose[: match.start()].count("\n") + 1, f"no such file: {target}"


def broken_code(text: str) -> Iterator[tuple[int, str]]:
    for match in FENCE.finditer(text):
        if match[2] not in {"python", "py"} or ">>>" in match[3]:
            continue
        line = text[: match.start()].count("\n") + 1
        try:
            ast.parse(textwrap.dedent(match[3]))
        except SyntaxError as error:
            yield line + (error.lineno or 0), f"this Python does not parse: {error.msg}"


def unknown_words(text: str) -> Iterator[tuple[int, str]]:
    for match in DEV.finditer(text):
        if match[1] not in WORDS:
            yield text[: match.start()].count("\n") + 1, f"./dev has no word {match[1]!r}"


def main() -> int:
    found = 0
    for path in texts():
        text = path.read_text(encoding="utf-8")
        problems = [*broken_links(path, text), *broken_code(text), *unknown_words(text)]
        for line, problem in sorted(problems):
            print(f"{path.relative_to(ROOT)}:{line}: {problem}")
        found += len(problems)
    print(f"{len(texts())} texts read, {found} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
