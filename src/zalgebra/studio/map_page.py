"""A map as one HTML page that a browser opens by itself: it pans, zooms and shows thumbnails.

The page holds its data, its drawing (WebGL, or a plain canvas where there is none) and its
thumbnails; a rule in its head forbids it to load anything else.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.algebra.words import number_words
from zalgebra.files import aside
from zalgebra.studio.map_figures import COLORS, Pictures, opacity
from zalgebra.studio.map_sprites import EDGE, TILES, Sheets, curve, sheets_of
from zalgebra.types import BadInput, MissingExtra

__all__ = ["MapPage", "map_page"]

FEW = 12  # values of a number up to which each is a group
KINDS = 200  # groups that a legend can hold
BUDGET = 24.0  # megabytes of thumbnails
HINT = (
    "Drag to move, wheel or pinch to zoom. Point at a dot to see it, click to pin it. "
    "Box and Lasso select; Shift adds. Keys on the map: arrows, + and -, 0 for all, Enter pins."
)
TOUCH = "Drag to move, pinch to zoom, tap a dot to pin it."
KEYS = (
    "Arrow keys move, + and - zoom, 0 shows all. What is nearest to the middle is told; "
    "Enter pins it. Escape ends the selection."
)
VIRIDIS = (
    "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30",
    "#fde725",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class MapPage:
    """A page, and what is in it.

    Parameters
    ----------
    html
        The page.
    items
        How many dots there are.
    sheets
        Their thumbnails; None without pictures.
    """

    html: str
    items: int
    sheets: Sheets | None

    def write(self, path: str | Path, /) -> Path:
        """Write the page, whole or not at all, into a file that ends in .html or .htm."""
        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise BadInput(f"{path} must end in .html or .htm, which a browser opens as a page")
        with aside(path) as temporary:
            temporary.write_text(self.html, encoding="utf-8")
        return Path(path)

    @property
    def sentence(self) -> str:
        """How many items and thumbnails there are, and how large the page is."""
        said = f"{self.items} items, {len(self.html) / 1e6:.1f} MB"
        if self.sheets is None:
            return said
        w, h = self.sheets.tile
        several = len(self.sheets.order)
        whose = "" if several == self.items else f" of {several} of them"
        return f"{said}, of which {self.sheets.megabytes:.1f} thumbnails{whose} of {w} × {h} pixels"


def map_page(
    points: np.ndarray,
    /,
    pictures: Pictures | None = None,
    *,
    labels: Mapping[str, np.ndarray] | None = None,
    classes: Mapping[str, Sequence[str]] | None = None,
    first: str | None = None,
    numbers: np.ndarray | None = None,
    error: np.ndarray | None = None,
    worst: float | None = None,
    axes: tuple[str, str] | None = None,
    title: str = "Map",
    megabytes: float = BUDGET,
) -> MapPage:
    """A map as a page to pan and zoom, with labels, thumbnails and a selection to copy.

    Parameters
    ----------
    points
        Places ``(n, 2)``.
    pictures
        The items' pictures ``(n, C, H, W)`` in [0, 1]; or a function from rows to their pictures,
        which is called for 256 at a time.
    labels
        Columns ``(n,)``: words, whole numbers with ``classes``, or numbers. Words, classes and
        up to 12 different numbers are groups with a colour and a line in the legend, at most 200;
        other numbers have a scale.
    classes
        For a label of whole numbers, the word of each.
    first
        The label that colours show when the page is opened; by default the first.
    numbers
        The items' own numbers ``(n,)``, as ``img:7``; by default the rows.
    error
        ``(n,)``: how far the inverse is off at each item. Dots are the fainter the larger it is.
    worst
        The error of a dot that is nearly gone; by default the largest there is.
    axes
        What the two coordinates mean, in words; by default they mean nothing and are not drawn.
    title
        Shown above the map.
    megabytes
        What the thumbnails may take in the page; they are shrunk until they do. Default 24.

    Raises
    ------
    BadInput
        If shapes do not fit, places are not finite, or a label has too many kinds.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.studio.map_page import map_page
    >>> digits = za.datasets.digits()[:200]
    >>> places = digits.images.reshape(200, 64)[:, [20, 43]]
    >>> page = map_page(places, digits.images, labels=digits.labels, title="Digits")
    >>> page.sentence
    '200 items, 0.1 MB, of which 0.0 thumbnails of 8 × 8 pixels'
    """
    places = _checked(points, labels=labels or {}, numbers=numbers, error=error, pictures=pictures)
    shown = [_label(k, v, (classes or {}).get(k)) for k, v in (labels or {}).items()]
    if first is not None and first not in (labels or {}):
        raise BadInput(
            f"`first` must be one of {', '.join(labels or {}) or 'no'} labels: {first!r}"
        )
    shown.sort(key=lambda label: label["name"] != first)
    sheets = None if pictures is None else _sheets(places, pictures, megabytes)
    data = {
        "n": len(places),
        "places": _encoded(places, "<f4"),
        "numbers": None if numbers is None else _encoded(numbers, "<i4"),
        "labels": shown,
        "colors": COLORS,
        "ramp": VIRIDIS,
        "axes": axes,
        **_faded(error, worst),
        "sprites": None if sheets is None else _slots(sheets, len(places)),
    }
    html = _rendered(
        title=title, subtitle=f"{len(places):,} items", n=len(places), hint=HINT, touch=TOUCH,
        keys=KEYS, data=data, sheets=() if sheets is None else sheets.sheets,
    )  # fmt: skip
    return MapPage(html, len(places), sheets)


def _rendered(**parts: Any) -> str:
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtra("jinja2", "studio") from error
    folder = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=folder, autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template("map_page.html.jinja").render(**parts)


def _checked(points: np.ndarray, *, labels: Mapping[str, Any], **columns: Any) -> np.ndarray:
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise BadInput(f"`points` must have shape (n, 2), got {points.shape}")
    if not np.all(np.isfinite(points)):
        raise BadInput("`points` must be finite, got NaN or infinite entries")
    named = {f"`{k}`": v for k, v in columns.items()} | {
        f"label {k!r}": v for k, v in labels.items()
    }
    for name, column in named.items():
        if column is not None and not callable(column) and len(column) != len(points):
            raise BadInput(f"{name} must be one a point ({len(points)}), got {len(column)}")
    if (error := columns["error"]) is not None and not np.all(np.isfinite(error)):
        raise BadInput("`error` must be finite, got NaN or infinite entries")
    return points


def _label(name: str, values: Any, classes: Sequence[str] | None) -> dict[str, Any]:
    """A column as groups with names, or as numbers with a scale."""
    values = np.asarray(values)
    if classes is not None:
        if values.dtype.kind not in "biu" or values.min() < 0 or values.max() >= len(classes):
            raise BadInput(f"label {name!r} must hold whole numbers below {len(classes)}")
        return _groups(name, values, [str(c) for c in classes])
    if values.dtype.kind not in "biuf":
        kinds, groups = np.unique(values.astype(str), return_inverse=True)
        return _groups(name, groups, kinds.tolist())
    kinds, groups = np.unique(values, return_inverse=True)
    if len(kinds) <= FEW and np.all(np.isfinite(kinds.astype(float))):
        return _groups(name, groups, [f"{name} {number_words(float(v))}" for v in kinds])
    there = values[np.isfinite(values)]
    low, high = (float(there.min()), float(there.max())) if len(there) else (0.0, 1.0)
    numbers = np.where(np.isfinite(values), values, np.nan)
    return {"name": name, "values": _encoded(numbers, "<f4"), "low": low, "high": high}


def _groups(name: str, groups: np.ndarray, names: list[str]) -> dict[str, Any]:
    if len(names) > KINDS:
        raise BadInput(
            f"label {name!r} has {len(names)} kinds, and a legend holds at most {KINDS}; "
            "leave it out, or join some"
        )
    return {"name": name, "values": _encoded(groups, "<u2"), "names": names}


def _faded(error: np.ndarray | None, worst: float | None) -> dict[str, Any]:
    """The errors, and how much each dot keeps of its colour."""
    if error is None:
        return {"fade": None, "errors": None}
    error = np.asarray(error, dtype=float)
    fade = np.rint(255 * opacity(error, 0.0 if worst is None else worst**2))
    return {"fade": _encoded(np.clip(fade, 0, 255), "u1"), "errors": _encoded(error, "<f4")}


def _sheets(places: np.ndarray, pictures: Any, megabytes: float) -> Sheets:
    held = None if callable(pictures) else np.asarray(pictures)
    look = pictures if held is None else lambda rows: held[rows]
    return sheets_of(look, curve(places), megabytes=megabytes)


def _slots(sheets: Sheets, n: int) -> dict[str, Any]:
    """Where on the sheets each item's thumbnail lies; -1 for none."""
    slot = np.full(n, -1)
    slot[sheets.order] = np.arange(len(sheets.order))
    how = {"tiles": TILES, "edge": EDGE, "tile": sheets.tile, "cell": sheets.cell}
    return {**how, "slot": _encoded(slot, "<i4")}


def _encoded(values: Any, dtype: str) -> str:
    """Numbers as base64 of their bytes, the least significant first."""
    return base64.b64encode(np.ascontiguousarray(values, dtype=dtype).tobytes()).decode()
