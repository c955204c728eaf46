"""A map in a notebook whose selection comes back to Python: jupyter-scatter underneath."""

from __future__ import annotations

import base64
import importlib
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra._pictures import as_unit
from zalgebra.algebra.items import Items
from zalgebra.studio.map_figures import COLORS, Pictures
from zalgebra.studio.map_selection import chosen, numbered
from zalgebra.types import BadInput, MissingExtra

if TYPE_CHECKING:
    import pandas

__all__ = ["MapWidget"]

PICTURE = "picture"  # the column of thumbnails
SIDE = 64  # pixels along a thumbnail's longer side
BATCH = 256
FEW = 12  # values of a number up to which each has a colour of its own


class MapWidget:
    """Items on a map to lasso: ``widget.selection`` is what is selected at this moment.

    Shown by its name at the end of a cell. A drag with Shift held, or the lasso button, selects.

    Parameters
    ----------
    points
        Places ``(n, 2)``.
    pictures
        The items' pictures ``(n, C, H, W)`` in [0, 1], or a function from rows to them; shown
        where the pointer is. All are encoded when the widget is made.
    labels, classes
        As in `map_page.map_page`; all are told beside the thumbnail.
    first
        The label that colours show; by default the first of them.
    numbers
        The items' own numbers ``(n,)``, each another one; by default the rows.
    items
        What `items` takes the selected ones from; item ``numbers[i]`` is at ``points[i]``. Without
        ``numbers`` they are one a point.
    height
        In pixels.

    Attributes
    ----------
    scatter : jscatter.Scatter
        Everything else that jupyter-scatter can do.

    Raises
    ------
    BadInput
        If shapes do not fit, or a number is that of no item.
    MissingExtra
        Without ``pip install 'zalgebra[notebook]'``.
    """

    def __init__(
        self,
        points: np.ndarray,
        /,
        pictures: Pictures | None = None,
        *,
        labels: Mapping[str, np.ndarray] | None = None,
        classes: Mapping[str, Sequence[str]] | None = None,
        first: str | None = None,
        numbers: np.ndarray | None = None,
        items: Items | None = None,
        height: int = 480,
    ) -> None:
        jscatter = _jscatter()
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise BadInput(f"`points` must have shape (n, 2), got {points.shape}")
        if not np.all(np.isfinite(points)):
            raise BadInput("`points` must be finite, got NaN or infinite entries")
        self._numbers = numbered(numbers, len(points), items)
        self._items = items
        table = _table(points, self._numbers, labels or {}, classes or {})
        shown = list(labels or {})
        if first is not None and first not in shown:
            raise BadInput(f"`first` must be one of {', '.join(shown) or 'no'} labels: {first!r}")
        tip: dict[str, Any] = {"properties": ["item", *shown]}
        if pictures is not None:
            table[PICTURE] = _previews(pictures, len(points))
            tip |= {"preview": PICTURE, "preview_type": "image", "preview_image_height": 2 * SIDE}
        self.scatter = jscatter.Scatter(x="x", y="y", data=table, height=height)
        self.scatter.axes(False).tooltip(True, **tip)
        if shown:
            _coloured(self.scatter, table, first or shown[0])

    # The selection.

    @property
    def selection(self) -> np.ndarray:
        """The numbers of the selected items, each once, in rising order.

        Assign numbers to select items: one, several, or a mask ``(n,)`` with a value a point, such
        as ``labels == 3``.
        """
        rows = np.asarray(self.scatter.selection(), dtype=int)
        return np.unique(self._numbers[rows])

    @selection.setter
    def selection(self, numbers: int | Sequence[int] | np.ndarray) -> None:
        self.scatter.selection(chosen(numbers, self._numbers))

    @property
    def items(self) -> Items:
        """The selected items, with their labels; item i of them is ``selection[i]``."""
        if self._items is None:
            raise BadInput("this map was made without `items`, so it knows numbers only")
        whole, rows = self._items, self.selection
        labels = {k: v[rows] for k, v in whole.labels.items()}
        return Items(whole.latents[rows, ...], labels, classes=whole.classes)

    @property
    def expression(self) -> str:
        """The mean of the selected items in the words of an expression."""
        if not len(self.selection):
            raise BadInput("nothing is selected, and there is no mean of nothing")
        words = ", ".join(f"img:{i}" for i in self.selection)
        return f"mean({words})" if len(self.selection) > 1 else words

    def observe(self, answer: Callable[[np.ndarray], Any], /) -> None:
        """Call ``answer(selection)`` whenever the selection changes."""
        self.scatter.widget.observe(lambda _: answer(self.selection), names="selection")

    def __len__(self) -> int:
        return len(self._numbers)

    def _repr_mimebundle_(self, **how: Any) -> Any:
        return self.scatter.show()._repr_mimebundle_(**how)


def _jscatter() -> Any:
    try:
        with warnings.catch_warnings():  # version 1.0.1 calls pandas in ways that 3.1 deprecates
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module("jscatter")
    except ModuleNotFoundError as error:
        raise MissingExtra("jupyter-scatter", "notebook") from error


def _table(
    points: np.ndarray,
    numbers: np.ndarray,
    labels: Mapping[str, np.ndarray],
    classes: Mapping[str, Sequence[str]],
) -> pandas.DataFrame:
    """Places and labels, words as categories."""
    import pandas

    columns: dict[str, Any] = {"x": points[:, 0], "y": points[:, 1]}
    columns["item"] = [f"img:{i}" for i in numbers]
    for name, values in labels.items():
        if name in (*columns, PICTURE):
            raise BadInput(f"a label cannot be named {name!r} here; rename it")
        if len(values) != len(points):
            raise BadInput(f"label {name!r} must be one a point ({len(points)}), got {len(values)}")
        values = np.asarray(values)
        if name in classes:
            values = np.asarray(classes[name], dtype=object)[values]
        numeric = values.dtype.kind in "biuf"
        if numeric and len(np.unique(values)) <= FEW:
            values, numeric = values.astype(str), False
        columns[name] = values if numeric else pandas.Categorical(values)
    return pandas.DataFrame(columns)


def _coloured(scatter: Any, table: pandas.DataFrame, label: str) -> None:
    """Colour the dots by a label: told apart by every kind of colour vision."""
    kinds = getattr(table[label], "cat", None)
    if kinds is None:
        scatter.color(by=label, map="viridis")
    else:
        names = kinds.categories
        scatter.color(by=label, map={k: COLORS[i % len(COLORS)] for i, k in enumerate(names)})
    scatter.legend(True)


def _previews(pictures: Any, n: int) -> list[str]:
    """Each item's thumbnail as a data address."""
    if not callable(pictures) and len(pictures) != n:
        raise BadInput(f"`pictures` must be one a point ({n}), got {len(pictures)}")
    look = pictures if callable(pictures) else lambda rows: np.asarray(pictures)[rows]
    found: list[str] = []
    for first in range(0, n, BATCH):
        batch = as_unit(look(np.arange(first, min(first + BATCH, n))))
        if batch.ndim != 4 or batch.shape[1] not in (1, 3):
            raise BadInput(f"pictures must have shape (n, 1 or 3, H, W), got {batch.shape}")
        found += [_address(picture) for picture in batch]
    return found


def _address(picture: np.ndarray) -> str:
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise MissingExtra("pillow", "studio") from error
    pixels = np.rint(np.clip(np.moveaxis(picture, 0, -1), 0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80, method=0)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
