"""One self-contained HTML page of pictures with captions, strips, tables and figures."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.data.pictures import encode_picture
from zalgebra.files import aside
from zalgebra.types import MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Row", "Section", "Table", "render", "write"]


@dataclass(frozen=True)
class Row:
    """Pictures ``(n, C, H, W)`` side by side, with a caption under each and signs between.

    ``note`` stands under the row (a certificate's verdict); ``bad`` marks it as a warning.
    """

    pictures: np.ndarray
    captions: Sequence[str] = ()
    label: str = ""
    note: str = ""
    bad: bool = False
    signs: Sequence[str] = ()

    def tiles(self) -> list[dict[str, str]]:
        """What the page shows, one entry a picture."""
        n = len(self.pictures)
        captions = [*self.captions, *[""] * (n - len(self.captions))]
        signs = ["", *self.signs, *[""] * n]
        return [
            {"src": _data_uri(p), "caption": captions[i], "sign": signs[i]}
            for i, p in enumerate(self.pictures)
        ]


@dataclass(frozen=True)
class Table:
    """A table with a head; the first column is a heading, the others are figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph, then rows, tables and a figure."""

    title: str
    text: str
    rows: Sequence[Row] = ()
    tables: Sequence[Table] = ()
    figure: Figure | None = None
    alt: str = ""
    after: str = ""

    def image(self) -> str:
        """The figure as a data address, or nothing."""
        if self.figure is None:
            return ""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=130)
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def render(
    title: str, lead: str, sections: Sequence[Section], facts: dict[str, Any] | None = None
) -> str:
    """The page as text."""
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtra("jinja2", "studio") from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.jinja")
    return template.render(title=title, lead=lead, sections=sections, facts=facts or {})


def write(path: str | Path, page: str) -> Path:
    """Write the page, whole or not at all."""
    with aside(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return Path(path)


def _data_uri(picture: np.ndarray) -> str:
    encoded = encode_picture(np.clip(picture, 0, 1), ".png")
    return "data:image/png;base64," + base64.b64encode(encoded).decode()
