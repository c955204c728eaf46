"""Models whose decoder looks up the nearest item: what words and sentences share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra.priors import Gaussian
from zalgebra.files import fingerprint
from zalgebra.models.base import Model, as_numbers
from zalgebra.models.common_part import Isotropy, isotropy
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.objectives import cosines
from zalgebra.models.ranking import QUERIES, largest
from zalgebra.models.stored_priors import prior_from, prior_tensors
from zalgebra.types import BadInput, LatentSpec, Prior

__all__ = ["Nearest", "Retrieval", "Texts", "spelt_like"]

Texts = Sequence[str] | np.ndarray
Nearest = list[tuple[str, float]]

SPELLINGS = 50_000  # words that are compared with a misspelt one
PRIOR_ROWS = 100_000  # the prior is that of the first, most frequent items; its fit is in float64


class Retrieval(Model):
    """Texts with vectors: the decoder gives the text whose vector is nearest by cosine.

    A subclass says how texts are encoded (`transform`), and gives its items to `_settle`.
    """

    kind: ClassVar[str] = "retrieval vector"

    vectors: np.ndarray
    prior_: Prior
    spec_: LatentSpec

    def transform(self, X: Texts, /) -> np.ndarray:
        """Vectors ``(n, d)`` of texts, float32."""
        raise TypeError(f"{type(self).__name__} does not say how it encodes")

    def inverse_transform(self, Z: ArrayLike, /) -> np.ndarray:
        """The nearest item of each vector ``(n, d)``, an array of text ``(n,)``."""
        rows, _ = self._search(self._latents(Z), 1)
        return np.array([self._items[i] for i in rows[:, 0]], dtype=str)

    def nearest(
        self, z: ArrayLike, /, k: int = 10, *, exclude: Iterable[str] = ()
    ) -> Nearest | list[Nearest]:
        """The ``k`` nearest items with their cosines: a list of pairs, or one a row of ``(n, d)``.

        Parameters
        ----------
        z
            A vector ``(d,)`` or several ``(n, d)``, none of them zero.
        k
            How many; all if there are fewer.
        exclude
            Items that are passed over.
        """
        if k < 1:
            raise BadInput(f"`k` must be at least 1, got {k}")
        Z = as_numbers(z, "latents")
        drop = [self._place[item] for item in exclude if item in self._place]
        found = self._pairs(*self._search(self._latents(np.atleast_2d(Z)), k, drop=drop))
        return found[0] if Z.ndim == 1 else found

    def sample(self, n: int = 1, *, random_state: int = 0) -> np.ndarray:
        """Items ``(n,)`` nearest to ``n`` draws of ``prior_``."""
        self._check_fitted()
        return self.inverse_transform(self.prior_.sample(n, seed=random_state))

    def report(self, X: Texts, /) -> InversionReport:
        """How far the vectors of texts lie from those of what they come back as."""
        Z = self.transform(X)
        return inversion_report(Z, self.transform(self.inverse_transform(Z)), Z, self.prior_)

    def anisotropy(self) -> float:
        """The mean cosine of two different items, over all pairs: `isotropy` says more.

        0 if the vectors point everywhere alike; vectors with a large common part, which says
        little of any one, have much more.
        """
        return self.isotropy().mean_cosine

    def isotropy(self) -> Isotropy:
        """How evenly the vectors point everywhere; see `zalgebra.models.common_part`."""
        self._check_fitted()
        return isotropy(self.vectors)

    # What the verbs are made of.

    def _settle(self, items: list[str], vectors: np.ndarray, prior: Prior | None = None) -> None:
        """Take the items; without a prior, fit one: full up to 300 entries, else diagonal."""
        self._items, self.vectors, self.fitted_ = items, vectors, False
        if prior is None and len(items) < 2:
            raise BadInput(f"a prior needs at least 2 vectors, got {len(items)}")
        rank = None if vectors.shape[1] <= 300 else 0
        self.prior_ = prior or Gaussian.fit(vectors[:PRIOR_ROWS], rank=rank)
        for name in ("_unit", "_place"):
            self.__dict__.pop(name, None)
        self.spec_ = LatentSpec(
            model=type(self).__name__,
            latent_shape=vectors.shape[1:],
            data_shape=(),
            kind=self.kind,
            fingerprint=fingerprint(self._tensors()),
        )
        self.fitted_ = True

    @cached_property
    def _unit(self) -> np.ndarray:
        norms = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return self.vectors / np.where(norms > 0, norms, 1)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {item: i for i, item in reversed(list(enumerate(self._items)))}

    def _latents(self, Z: ArrayLike) -> np.ndarray:
        self._check_fitted()
        Z, d = as_numbers(Z, "latents"), self.vectors.shape[1]
        if Z.ndim != 2 or Z.shape[1] != d:
            name = type(self).__name__
            raise BadInput(f"latents of this {name} have shape (n, {d}), got {Z.shape}")
        if not Z.any(axis=1).all():
            row = int(np.argmin(Z.any(axis=1)))
            raise BadInput(f"latent {row} is zero, which is near to no item; leave it out")
        return Z

    def _search(
        self, Z: np.ndarray, k: int, *, drop: Sequence[int] = ()
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosines ``(n, k)`` of the nearest items, nearest first; of equals the first."""
        U, n = self._unit, len(Z)
        k = max(1, min(k, len(U) - len(set(drop))))
        rows, found = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
        for i in range(0, n, QUERIES):
            part = slice(i, min(i + QUERIES, n))
            size = part.stop - i
            pairs = np.stack(np.meshgrid(range(size), list(drop)), axis=-1).reshape(-1, 2)
            score = cosines(Z[part])
            rows[part], found[part] = largest(
                lambda block, score=score: score(U[block]), size, len(U), k, pairs.astype(np.int64)
            )
        return rows, found

    def _pairs(self, rows: np.ndarray, scores: np.ndarray) -> list[Nearest]:
        """Items with their scores; a row that is none fills up a list that ended before."""
        n, both = len(self._items), zip(rows.tolist(), scores.tolist(), strict=True)
        return [[(self._items[i], s) for i, s in zip(*row, strict=True) if i < n and s > -np.inf]
                for row in both]  # fmt: skip

    # On disk.

    def _tensors(self) -> dict[str, np.ndarray]:
        coded = [item.encode(errors="surrogatepass") for item in self._items]
        prior = {f"prior.{k}": v for k, v in prior_tensors(self.prior_)[0].items()}
        return prior | {
            "vectors": self.vectors,
            "items": np.frombuffer(b"".join(coded), np.uint8),
            "ends": np.cumsum([len(item) for item in coded], dtype=np.int64),
        }

    def _facts(self) -> dict[str, Any]:
        return {"prior": prior_tensors(self.prior_)[1]}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        text, ends = tensors["items"].tobytes(), tensors["ends"].tolist()
        if ends != sorted(ends) or len(ends) != len(tensors["vectors"]) or ends[-1:] != [len(text)]:
            raise KeyError("items")
        parts = zip([0, *ends], ends, strict=False)
        items = [text[a:b].decode(errors="surrogatepass") for a, b in parts]
        arrays = {k.removeprefix("prior."): v for k, v in tensors.items() if k.startswith("prior.")}
        self._settle(items, tensors["vectors"], prior_from(arrays, facts["prior"]))


def spelt_like(word: str, words: Sequence[str], /) -> str:
    """A sentence that says that a word is unknown, and which known ones are spelt like it."""
    near = difflib.get_close_matches(str(word), words[:SPELLINGS], 4)
    hint = f"near spellings: {', '.join(near)}" if near else "check its spelling and case"
    return f"{str(word)[:80]!r} is none of the {len(words)} words; {hint}"
