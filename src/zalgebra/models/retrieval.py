"""Models whose decoder looks up the nearest item: what words and sentences share."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra.priors import Gaussian
from zalgebra.files import fingerprint
from zalgebra.models.base import Model, as_numbers
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.stored_priors import prior_from, prior_tensors
from zalgebra.types import BadInput, LatentSpec, Prior

__all__ = ["Nearest", "Retrieval", "Texts", "blocks"]

Texts = Sequence[str] | np.ndarray
Nearest = list[tuple[str, float]]

SCORES = 1 << 24  # similarities held at once: 64 MiB
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
        r"""The mean cosine of two different items, over all pairs.

        0 if the vectors point everywhere alike; vectors with a large common part, which says
        little of any one, have much more, and ``centre=True`` takes it out. With unit vectors
        $\hat v_i$ no pair has to be drawn:

        $$\frac{|\sum_i \hat v_i|^2 - n}{n (n - 1)}.$$

        References
        ----------
        Mu and Viswanath, *All-but-the-top* (2018); Ethayarajh, *How contextual are contextualized
        word representations?* (2019).
        """
        self._check_fitted()
        U = self._unit.astype(float)
        n, total = int(U.any(axis=1).sum()), U.sum(axis=0)
        if n < 2:
            raise BadInput(f"`anisotropy` needs at least 2 vectors, got {n}")
        return float((total @ total - n) / (n * (n - 1)))

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
        self, Z: np.ndarray, k: int, *, drop: Sequence[int] = (), first: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosines ``(n, k)`` of the nearest of the ``first`` items, nearest first."""
        U = self._unit[:first]
        k = max(1, min(k, len(U) - len(set(drop))))
        Z = Z / np.linalg.norm(Z, axis=1, keepdims=True)
        rows, cosines = np.empty((len(Z), k), np.int64), np.empty((len(Z), k), np.float32)
        for part in blocks(len(Z), len(U)):
            scores = Z[part] @ U.T
            scores[:, list(drop)] = -np.inf
            rows[part], cosines[part] = _largest(scores, k)
        return rows, cosines

    def _pairs(self, rows: np.ndarray, cosines: np.ndarray) -> list[Nearest]:
        both = zip(rows.tolist(), cosines.tolist(), strict=True)
        return [[(self._items[i], c) for i, c in zip(*row, strict=True)] for row in both]

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


def blocks(n: int, width: int) -> Iterator[slice]:
    """Slices of n rows of which each has at most `SCORES` entries of that width."""
    step = max(1, SCORES // max(1, width))
    return (slice(i, i + step) for i in range(0, n, step))


def _largest(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Places and values of each row's ``k`` largest entries, largest first.

    torch does it 50 times as fast as NumPy, so it is used where it is loaded anyway.
    """
    if (torch := sys.modules.get("torch")) is not None:
        values, rows = torch.topk(torch.from_numpy(scores), k, dim=1)
        return rows.numpy(), values.numpy()
    rows = np.argpartition(scores, -k, axis=1)[:, -k:]
    order = np.argsort(-np.take_along_axis(scores, rows, axis=1), axis=1, kind="stable")
    rows = np.take_along_axis(rows, order, axis=1)
    return rows, np.take_along_axis(scores, rows, axis=1)
