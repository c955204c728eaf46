"""Directions that nobody learned from examples: a classifier's normal, a discovery, a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from zalgebra.estimators.directions_file import read
from zalgebra.estimators.directions_learning import along
from zalgebra.estimators.directions_methods import normal_of
from zalgebra.estimators.directions_samples import Sample
from zalgebra.estimators.directions_term import Term
from zalgebra.types import Array, BadInput

__all__ = ["Imported"]


class Imported(Term):
    """A `zalgebra.Direction` that comes from elsewhere."""

    @classmethod
    def from_classifier(
        cls,
        classifier: Any,
        latents: Array | None = None,
        y: Array | None = None,
        *,
        metric: str = "euclidean",
        shape: tuple[int, ...] | None = None,
        name: str = "direction",
        attributes: Mapping[str, Array] | None = None,
        fingerprint: str = "",
        seed: int = 0,
    ) -> Self:
        """The normal of a linear classifier that is fitted already.

        Parameters
        ----------
        classifier
            A fitted linear classifier of two classes in scikit-learn's manner (on flattened
            latents; a pipeline with a scaler will do), or its coefficients ``(D,)``.
        latents, y
            Data ``(n, *shape)`` with labels ``(n,)`` for the card; then one δ is the difference of
            the groups' means along the normal. Without them one δ raises the decision by 2, from
            one margin to the other, and there is no card.
        metric
            ``"euclidean"`` (default): δ ∝ w. ``"data"``: δ ∝ Σ w, with the latents' covariance.
        shape
            Of one latent, if there are no latents; by default ``(D,)``.
        name, attributes, fingerprint, seed
            As in `from_labels`.

        Examples
        --------
        >>> import zalgebra as za
        >>> za.Direction.from_classifier([2.0, 0.0], name="smile").vector
        array([1., 0.], dtype=float32)
        """
        sample = None if latents is None or y is None else Sample.of_labels(latents, y, {})
        if (latents is None) != (y is None) or metric not in ("data", "euclidean"):
            raise BadInput(
                "`latents` and `y` are given together or not at all, and `metric` is 'data' or "
                f"'euclidean', got {metric!r}"
            )
        w = normal_of(classifier)
        length = float(np.linalg.norm(w))
        if not 0 < length < math.inf or (sample is not None and w.size != sample.Z.shape[1]):
            entries = "" if sample is None else f" of {sample.Z.shape[1]} entries"
            raise BadInput(f"the normal must be finite, not zero, and{entries}, got {w.size}")
        if sample is not None:
            found = along(sample, w, metric=metric, attributes=attributes or {}, seed=seed)
            return cls(name=name, fingerprint=fingerprint, **vars(found))
        if metric == "data":
            raise BadInput("`metric='data'` needs the latents, for their covariance")
        vector = (2 * w / length**2).reshape(shape or (-1,))
        return cls._bare(name, vector, fingerprint)

    @classmethod
    def discover(
        cls, latents: Array, /, *, name: str = "", fingerprint: str = "", **options: Any
    ) -> list[Self]:
        """Directions that nobody has labelled, the one with the largest effect first.

        Parameters
        ----------
        latents
            ``(n, *shape)``.
        name
            Of all, with a number behind it; by default the method's.
        fingerprint
            Of the model.
        **options
            Of `zalgebra.estimators.discovery.discover`: ``method``, ``decode``, ``n_directions``.

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> Z = np.random.default_rng(0).standard_normal((2000, 3)) * [1, 5, 2]
        >>> [d.name for d in za.Direction.discover(Z, n_directions=2)]
        ['pca0', 'pca1']
        """
        from zalgebra.estimators.discovery import discover

        found = discover(latents, **options)
        return [  # a step is one standard deviation long
            cls._bare(f"{name or found.method}{i}", v, fingerprint, sd=float(np.linalg.norm(v)))
            for i, v in enumerate(found.vectors)
        ]

    @classmethod
    def load(cls, path: str | Path, /, *, fingerprint: str | None = None) -> Self:
        """Read what `save` wrote; with ``fingerprint``, refuse a direction of another model."""
        direction = cls(**read(path))
        return direction if fingerprint is None else direction.check_model(fingerprint)

    @classmethod
    def _bare(
        cls, name: str, vector: np.ndarray, fingerprint: str, *, sd: float = math.nan
    ) -> Self:
        """Without labels: of what they would tell, nothing is known."""
        return cls(
            name=name,
            vector=np.asarray(vector, dtype=np.float32),
            sd=sd,
            n=(0, 0),
            effect_size=math.nan,
            angle_interval=(math.nan, math.nan),
            fingerprint=fingerprint,
        )
