"""Pictures for the docs: words that a telephone shows legibly, and a palette of 256 colours.

They go to ``docs/assets``, or to the folder that ``ZALGEBRA_ASSETS`` names.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

ASSETS = Path(os.environ.get("ZALGEBRA_ASSETS", Path(__file__).parents[1] / "assets"))
TELEPHONE = 390  # pixels of CSS: the width at which a picture is still to be read
SMALLEST = 9  # of them, for the size of a letter


def save(figure: Figure, path: Path, *, dpi: float | str = "figure") -> None:
    """Write the figure as a PNG, no word of it too small for a telephone."""
    legible(figure)
    whole = io.BytesIO()
    figure.savefig(whole, format="png", dpi=dpi)
    picture = Image.open(whole).convert("RGB")
    picture.quantize(256, kmeans=3).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1000} kB")


def legible(figure: Figure) -> None:
    """Enlarge each word that would be smaller than it may be once the figure fills a telephone."""
    points = 72 * figure.get_figwidth() * SMALLEST / TELEPHONE
    for text in figure.findobj(Text):
        text.set_fontsize(max(points, text.get_fontsize()))
