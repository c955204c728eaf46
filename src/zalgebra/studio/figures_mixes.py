"""Mixes as figures: the tree of an expression, and its sum as an equation in pictures."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra.words import number_words
from zalgebra.studio import figures
from zalgebra.studio.figures import TILE, _axes, _bare, _tiles
from zalgebra.studio.figures_sheet import words
from zalgebra.studio.mix_trees import Node, mix_tree
from zalgebra.types import BadInput, Names, Prior

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["spelt", "tree"]

PICTURE = 0.8  # of a leaf's room
LETTERS = 15  # of a caption in a leaf's room
LINE = 0.15  # of a leaf's room, for a line of a caption
GAP = 0.42  # of a leaf's room, between a caption and the pictures below
PLUS, MINUS = "#1f5fa8", "#c1440e"
Decode = Callable[[np.ndarray], np.ndarray]


def tree(
    expression: str,
    names: Names | Mapping[str, Any] = MappingProxyType({}),
    /,
    *,
    decode: Decode,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str = "estimate",
    shape: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """The tree of an expression, with a picture at each part and its weight on each branch.

    The result is on top, names are at the ends. A part that is a direction only has no picture, and
    is written out. Every picture is realised from its own recipe, not from the pictures below it.

    Parameters
    ----------
    expression, names
        As in `zalgebra.evaluate`.
    decode
        From latents ``(m, *shape)`` to pictures ``(m, C, H, W)``, as ``model.inverse_transform``.
    prior, method, correlation, shape
        As in `zalgebra.Latent.array`, but correlations are estimated by default: encoded items hang
        together.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> names = dict(zip("abc", np.random.default_rng(0).standard_normal((3, 16))))
    >>> def decode(z):
    ...     return np.tanh(z).reshape(-1, 1, 4, 4) / 2 + 0.5
    >>> figure = za.figures.tree("(a + b) / 2 - c", names, decode=decode)
    >>> len(figure.axes[0].images)
    5
    """
    root = mix_tree(expression, names)
    pictures = _pictures(root, decode, prior=prior, method=method, correlation=correlation,
                         shape=shape)  # fmt: skip
    H, W = next(iter(pictures.values())).shape[:2]
    tall = PICTURE * H / W
    captions = {id(n): _caption(n) for n in _nodes(root)}
    line = LINE * (1 + max(text.count("\n") for text in captions.values()))
    level = tall + line + GAP
    height = level * (root.depth + 1) - GAP + 0.06
    figure, ax = _axes(ax, root.leaves * TILE * 1.15, height * TILE * 1.15)

    def place(node: Node, left: float, top: float) -> tuple[float, float]:
        """Draw a part and what is below it; its place is the middle of its upper edge."""
        middle, start = left + node.leaves / 2, left
        foot = top + tall + 0.05 + LINE * (1 + captions[id(node)].count("\n"))
        for weight, part in node.parts:
            below = place(part, start, top + level)
            _branch(ax, (middle, foot), below, weight)
            start += part.leaves
        _part(ax, pictures.get(id(node)), captions[id(node)], middle, top, tall)
        return middle, top

    place(root, 0.0, 0.0)
    _bare(ax, root.leaves, height)
    return figure


def spelt(
    expression: str,
    names: Names | Mapping[str, Any] = MappingProxyType({}),
    /,
    *,
    decode: Decode,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str = "estimate",
    shape: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """The outermost sum of an expression as an equation: its terms in pictures, and the result.

    A direction is written in its tile. A weight other than 1 stands in the caption. The arguments
    are those of `tree`.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> names = dict(zip("abc", np.random.default_rng(0).standard_normal((3, 16))))
    >>> def decode(z):
    ...     return np.tanh(z).reshape(-1, 1, 4, 4) / 2 + 0.5
    >>> figure = za.figures.spelt("a - b + 0.5 c", names, decode=decode)
    >>> [t.get_text() for t in figure.axes[0].texts]
    ['a', '−', 'b', '+', '0.5 × c', '=', 'a - b + 0.5*c']
    """
    root = mix_tree(expression, names)
    if not root.parts:
        raise BadInput(f"{expression!r} is one term and no sum; `tree` or `strip` draws it")
    lead = next((i for i, (c, _) in enumerate(root.parts) if c > 0), 0)  # no sign stands before it
    parts = root.parts[lead], *root.parts[:lead], *root.parts[lead + 1 :]
    shallow = Node(root.latent, root.words, tuple((c, Node(n.latent, n.words)) for c, n in parts))
    made = _pictures(shallow, decode, prior=prior, method=method, correlation=correlation,
                     shape=shape)  # fmt: skip
    nodes = [node for _, node in shallow.parts] + [shallow]
    blank = np.ones_like(next(iter(made.values())))
    tiles = np.stack([made.get(id(node), blank) for node in nodes])
    tiles = tiles[:, None] if tiles.ndim == 3 else np.moveaxis(tiles, -1, 1)
    signs = ["−" if c < 0 else "+" for c, _ in shallow.parts[1:]] + ["="]
    weights = [shallow.parts[0][0], *(abs(c) for c, _ in shallow.parts[1:])]
    captions = [
        _weighted(c, node, id(node) in made) for c, node in zip(weights, nodes[:-1], strict=True)
    ]
    captions.append(root.words)
    figure = figures.equation(tiles, signs, captions, ax=ax)
    ax = figure.axes[-1] if ax is None else ax
    H, W = tiles.shape[2:]
    for i, node in enumerate(nodes):
        if id(node) not in made:
            x = i * 1.35 + np.array([0, 1, 1, 0, 0])
            ax.plot(x, np.array([0, 0, 1, 1, 0]) * H / W, color=PLUS, lw=1)
            middle = i * 1.35 + 0.5, H / W / 2
            words(ax, *middle, _folded(node.words, 10), ha="center", color=PLUS)
    return figure


def _nodes(root: Node) -> list[Node]:
    return [root, *(node for _, part in root.parts for node in _nodes(part))]


def _pictures(root: Node, decode: Decode, **how: Any) -> dict[int, np.ndarray]:
    """The picture of each part that has one, by the part's identity."""
    nodes = [node for node in _nodes(root) if node.has_picture]
    if not nodes:
        raise BadInput(f"{root.words} holds no latent to start from; add an item or a seed")
    made = np.stack([np.asarray(node.latent.array(**how)) for node in nodes])
    return dict(zip(map(id, nodes), _tiles(decode(made)), strict=True))


def _part(
    ax: Any, tile: np.ndarray | None, caption: str, middle: float, top: float, tall: float
) -> None:
    """A picture with its words under it, or the words in a frame."""
    w = PICTURE / 2
    if tile is None:
        x, y = np.array([-w, w, w, -w, -w]) + middle, np.array([0, 0, tall, tall, 0]) + top
        ax.plot(x, y, color=PLUS, lw=1)
        words(ax, middle, top + tall / 2, caption, ha="center", color=PLUS)
        return
    box = (middle - w, middle + w, top + tall, top)
    ax.imshow(tile, extent=box, cmap="gray", vmin=0, vmax=1, zorder=2)
    words(ax, middle, top + tall + 0.04, caption, size=10, ha="center", va="top")


def _branch(ax: Any, above: tuple[float, float], below: tuple[float, float], weight: float) -> None:
    """A line from a sum to one of its terms, with the weight on it."""
    color, (x0, y0), (x1, y1) = MINUS if weight < 0 else PLUS, above, below
    ax.plot([x0, x1], [y0, y1], color=color, lw=1.6, zorder=1)
    sign, size = "−" if weight < 0 else "+", abs(weight)
    text = sign if size == 1 else f"{sign} {_short(size)}"
    along = 0.62  # nearer to the term, where branches are apart
    x, y = x0 + along * (x1 - x0), y0 + along * (y1 - y0)
    back = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": color, "lw": 1}
    words(ax, x, y, text, size=10.5, ha="center", color=color, bbox=back, zorder=4)


def _short(number: float) -> str:
    """A weight in at most four letters where it has more: 1/3 is 0.33."""
    text = number_words(number)
    return text if len(text) <= 4 else f"{number:.2g}"


def _weighted(weight: float, node: Node, pictured: bool) -> str:
    """A term's words with its weight; what is written in its tile needs the weight only."""
    shown = [f"{_short(abs(weight))} ×"] * (abs(weight) != 1) + [node.words] * pictured
    return "−" * (weight < 0) + " ".join(shown)


def _caption(node: Node) -> str:
    """The words of a part in lines that fit into its room."""
    if not node.has_picture:
        return _folded(node.words, 10)
    return _folded(node.words, LETTERS * node.leaves)


def _folded(text: str, letters: int) -> str:
    return "\n".join(textwrap.wrap(text, letters, max_lines=3, placeholder=" …"))
