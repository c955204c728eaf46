"""Build the site into ./site: zensical in strict mode, then formulas as MathML.

MathML is drawn by every browser, so the built pages fetch nothing from elsewhere and read offline.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORMULA = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.DOTALL)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Through the builder's own code: the sentence that follows it is what helps.
TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?: .*\n|\n)+", re.MULTILINE)
# What a complaint looks like, for the parts (griffe, mkdocstrings) that strict mode does not count.
COMPLAINT = re.compile(
    r"^\W*(warning|error|griffe:|mkdocstrings:)|could not (be found|find|collect)", re.I | re.M
)
# reStructuredText that a Markdown page would show as it stands.
LEFT_OVER = re.compile(r":(?:math|func|class|meth|mod|attr|ref):`|:math:<code>|\.\. math::")


def build(arguments: list[str]) -> bool:
    """Build the pages; whether that went without a warning."""
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", *arguments]
    outcome = subprocess.run(
        command, cwd=ROOT, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = TRACEBACK.sub("", COLOUR.sub("", outcome.stdout))
    print(output, end="")
    return outcome.returncode == 0 and COMPLAINT.search(output) is None


def mathml(match: re.Match[str]) -> str:
    from latex2mathml.converter import convert

    tex = html.unescape(match[2]).strip()
    display = "block" if match[1] == "div" else "inline"
    return f"<{match[1]}>{convert(tex[2:-2], display=display)}</{match[1]}>"


def set_formulas(site: Path) -> bool:
    """Set the formulas of all pages; whether none was left in another notation."""
    count, clean = 0, True
    for page in sorted(site.rglob("*.html")):
        text, here = FORMULA.subn(mathml, page.read_text(encoding="utf-8"))
        if here:
            page.write_text(text, encoding="utf-8")
        count += here
        if found := LEFT_OVER.search(text):
            print(f"{page.relative_to(site.parent)}: {found[0]!r} is no Markdown, write $...$")
            clean = False
    print(f"{count} formulas set")
    return clean


def main(arguments: list[str]) -> int:
    if not build(arguments) or not set_formulas(ROOT / "site"):
        print("the site was not built cleanly; what is to mend stands above", file=sys.stderr)
        return 1
    print("site/index.html is ready")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
