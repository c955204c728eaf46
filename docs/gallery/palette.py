"""Pictures of many colours, saved with a palette of 256: a third of the size, to no eye's harm.

They go to ``docs/assets``, or to the folder that ``ZALGEBRA_ASSETS`` names.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

ASSETS = Path(os.environ.get("ZALGEBRA_ASSETS", Path(__file__).parents[1] / "assets"))


def save(figure: Figure, path: Path, **options: float) -> None:
    """Write the figure as a PNG."""
    whole = io.BytesIO()
    figure.savefig(whole, format="png", **options)
    picture = Image.open(whole).convert("RGB")
    picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1000} kB")
