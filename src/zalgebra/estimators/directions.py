"""Directions: a meaning in a latent space, with its strength and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from rich.table import Table

from zalgebra.algebra.latent import Latent
from zalgebra.estimators.directions_card import Card
from zalgebra.estimators.directions_learning import along, learn
from zalgebra.estimators.directions_methods import normal_of
from zalgebra.estimators.directions_samples import Sample
from zalgebra.files import read_tensors, write_tensors
from zalgebra.types import Array, BadInput, WrongModel

__all__ = ["Direction"]

FORMAT = 2  # of the file; the first had no card


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction δ in latent space, with its card.

    ``latent + direction`` adds one δ, such as the difference of two groups' means;
    ``latent + direction.latent(20, "°")`` turns by an angle, ``direction.latent(2, "sd")`` moves
    by standard deviations of the data.

    It comes from `from_groups`, `from_pairs`, `from_labels` or `from_classifier`.

    Parameters
    ----------
    name
        Its word in expressions.
    vector
        δ, shape of one latent.
    sd
        Standard deviation of the pooled latents along δ; NaN if not known.
    n
        Sizes of the positive and of the negative group; all and none for a continuous label.
    effect_size
        Cohen's d of the two groups along δ; of a continuous label 2 ρ / √(1 - ρ²), with the
        correlation ρ.
    angle_interval
        95 % confidence interval, in degrees, of the angle between δ and the direction that the
        same method would learn from endlessly many such data. NaN if not known.
    leakage
        For each other attribute, how many of its standard deviations one δ moves its linear
        readout, learned among items that are alike in the label.
    fingerprint
        Of the model whose latents these are; empty if not known.
    card
        What else the data say: a test against shuffled labels, the held-out score, the strengths
        that the data support. None for a direction that came without labels.
    """

    name: str
    vector: np.ndarray
    sd: float
    n: tuple[int, int]
    effect_size: float
    angle_interval: tuple[float, float]
    leakage: dict[str, float] = field(default_factory=dict)
    fingerprint: str = ""
    card: Card | None = None

    @classmethod
    def from_groups(
        cls,
        positive: Array,
        negative: Array,
        *,
        name: str = "direction",
        given: Mapping[str, Array] | None = None,
        attributes: Mapping[str, Array] | None = None,
        fingerprint: str = "",
        seed: int = 0,
    ) -> Self:
        """The direction from the mean of one group of latents to the mean of another.

        Parameters
        ----------
        positive, negative
            Latents ``(n, *shape)`` with and without the attribute; at least 2 each.
        name
            Its word in expressions.
        given, attributes
            Other labels of the same items, positive rows first: see `from_labels`.
        fingerprint
            Of the model, ``model.spec_.fingerprint``.
        seed
            Of the shufflings and folds behind the card.

        Raises
        ------
        BadInput
            If a group is too small, shapes differ, or both means are the same.

        References
        ----------
        Larsen et al., *Autoencoding beyond pixels using a learned similarity metric*,
        arXiv 1512.09300, section 4.2 (visual attribute vectors).

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> Z = np.random.default_rng(0).standard_normal((400, 8))
        >>> smile = za.Direction.from_groups(Z[:200] + np.eye(8)[0] * 3, Z[200:], name="smile")
        >>> smile
        Direction('smile', d = 3.2, angle ± 7.8°, n = 200 + 200)
        """
        given = given or {}
        sample = Sample.of_groups(positive, negative, given)
        attributes = {**given, **(attributes or {})}
        found = learn(sample, name, given=given, attributes=attributes, seed=seed)
        return cls(name=name, fingerprint=fingerprint, **vars(found))

    @classmethod
    def from_pairs(
        cls,
        before: Array,
        after: Array,
        *,
        name: str = "direction",
        attributes: Mapping[str, Array] | None = None,
        fingerprint: str = "",
        seed: int = 0,
    ) -> Self:
        """The mean change of the same items: δ = mean(after - before).

        What differs between the items but not within a pair (the person, the light) drops out, and
        with it most of the noise.

        Parameters
        ----------
        before, after
            Latents ``(n, *shape)`` of the same items in the same order; at least 2.
        name, fingerprint, seed
            As in `from_groups`.
        attributes
            Labels for `leakage`, each ``(2 n,)``: of all items after, then of all before.

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> rng = np.random.default_rng(0)
        >>> people = rng.standard_normal((50, 8))
        >>> smiling = people + np.eye(8)[0] + 0.1 * rng.standard_normal((50, 8))
        >>> za.Direction.from_pairs(people, smiling, name="smile")
        Direction('smile', d = 1.2, angle ± 3.4°, n = 50 pairs)
        """
        sample = Sample.of_pairs(before, after)
        found = learn(sample, name, attributes=attributes or {}, seed=seed)
        return cls(name=name, fingerprint=fingerprint, **vars(found))

    @classmethod
    def from_labels(
        cls,
        latents: Array,
        y: Array,
        *,
        method: str | None = None,
        given: Mapping[str, Array] | None = None,
        metric: str = "data",
        name: str = "direction",
        attributes: Mapping[str, Array] | None = None,
        fingerprint: str = "",
        seed: int = 0,
    ) -> Self:
        r"""The direction of a label, with other attributes held still.

        .. math:: Z = 1 a^T + y δ^T + C Γ + E

        by least squares is the difference of means for a label of two values and the regression
        for a continuous one, where δ is the change per standard deviation of y. Without
        attributes C to hold still it is the plain difference; with them, that part of it which
        they do not explain. The classifiers learn a normal w of y, and G of ``given``, and give

        .. math:: δ ∝ Σ B (B^T Σ B)^{-1} e_1, \qquad B = (w, G):

        the smallest move, in the metric Σ, that raises w's reading and moves no other.

        Parameters
        ----------
        latents
            ``(n, *shape)``.
        y
            Labels ``(n,)``: two values, the higher one positive, or a continuous factor.
        method
            ``"difference"`` (default for two values), ``"logistic"``, ``"svm"`` (linear, squared
            hinge) or ``"lda"`` (shrunk); ``"regression"`` for a continuous factor.
        given
            Attributes to hold still, each ``(n,)``: numbers, or words for kinds.
        metric
            Of the classifiers: ``"data"`` (default), where Σ is the covariance of the latents, or
            ``"euclidean"``, where Σ = I: without ``given`` that is the classifier's normal itself,
            with it InterFaceGAN's conditional boundary. Both agree where the latents follow
            N(0, I).
        name, fingerprint, seed
            As in `from_groups`.
        attributes
            More labels for `leakage`, each ``(n,)``; those of ``given`` are always there.

        Raises
        ------
        BadInput
            If the labels have one value only, the method does not suit them, a group is too small,
            or ``given`` determines the label.

        References
        ----------
        Shen et al., *Interpreting the latent space of GANs for semantic face editing*, CVPR 2020,
        section 3.2 (InterFaceGAN). Haufe et al., *On the interpretation of weight vectors of linear
        models in multivariate neuroimaging*, NeuroImage 2014 (patterns Σ w against normals w).

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> rng = np.random.default_rng(0)
        >>> woman = rng.random(4000) < 0.5
        >>> smiling = rng.random(4000) < np.where(woman, 0.8, 0.2)  # most women smile here
        >>> Z = rng.standard_normal((4000, 8))
        >>> Z[:, 0] += 2 * smiling
        >>> Z[:, 1] += 2 * woman
        >>> za.Direction.from_labels(Z, smiling).vector[:2].round(1)
        array([1.9, 1.2], dtype=float32)
        >>> za.Direction.from_labels(Z, smiling, given={"woman": woman}).vector[:2].round(1) + 0
        array([2., 0.], dtype=float32)
        """
        given = given or {}
        found = learn(
            Sample.of_labels(latents, y, given), name,
            method=method, metric=metric, given=given,
            attributes={**given, **(attributes or {})}, seed=seed,
        )  # fmt: skip
        return cls(name=name, fingerprint=fingerprint, **vars(found))

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
        return cls(
            name=name,
            vector=(2 * w / length**2).reshape(shape or (-1,)).astype(np.float32),
            sd=math.nan,
            n=(0, 0),
            effect_size=math.nan,
            angle_interval=(math.nan, math.nan),
            fingerprint=fingerprint,
        )

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
        return [
            cls(
                name=f"{name or found.method}{i}",
                vector=np.asarray(vector, dtype=np.float32),
                sd=float(np.linalg.norm(vector)),  # a step is one standard deviation long
                n=(0, 0),
                effect_size=math.nan,
                angle_interval=(math.nan, math.nan),
                fingerprint=fingerprint,
            )
            for i, vector in enumerate(found.vectors)
        ]

    __array_ufunc__ = None  # so that NumPy scalars leave ``2 * direction`` to us

    def latent(self, strength: float = 1.0, unit: str | None = None, name: str = "") -> Latent:
        """The direction as a term of an expression.

        Parameters
        ----------
        strength
            How much: group differences, or in ``unit``.
        unit
            ``None`` (default): multiples of δ. ``"°"``: an angle to turn by, the same at any
            scale, which keeps the norm. ``"sd"``: standard deviations of the data along δ.
        name
            The word to print; by default the direction's own.
        """
        word = name or self.name
        if unit is None:
            return strength * Latent.shift(self.vector, word)
        if unit == "°":
            return Latent.turn(self.vector, word, strength)
        if unit == "sd":
            if math.isnan(self.sd):
                raise BadInput(
                    f"the direction {self.name!r} came without latents, so it has no standard "
                    "deviation; give its strength in degrees or as a multiple"
                )
            length = float(np.linalg.norm(self.vector))
            return strength * Latent.shift(self.vector * (self.sd / length), word, unit="sd")
        raise BadInput(f"`unit` must be None, '°' or 'sd', got {unit!r}")

    def __mul__(self, strength: float) -> Latent:
        return self.latent(strength)

    __rmul__ = __mul__

    def __neg__(self) -> Latent:
        return self.latent(-1.0)

    def __add__(self, other: Any) -> Latent:
        return self.latent() + other

    def __sub__(self, other: Any) -> Latent:
        return self.latent() - other

    def check_model(self, fingerprint: str) -> Self:
        """Return self if it belongs to the model of this fingerprint, else raise `WrongModel`."""
        if self.fingerprint and self.fingerprint != fingerprint:
            raise WrongModel(
                f"the direction {self.name!r} was learned on another model "
                f"({self.fingerprint[:12]}, this one is {fingerprint[:12]}); learn it anew here"
            )
        return self

    @property
    def verdict(self) -> str:
        """One sentence: is there a direction, and how well is it known?"""
        if self.card is None and any(self.n):
            return f"{self.name}: was saved without a card; learn it anew to have one."
        if self.card is None:
            return f"{self.name}: came without labels, so nothing is known about it."
        if not self.card.found:
            return (
                f"{self.name}: no direction; labels in random order align as well "
                f"(p = {self.card.p_value:.2g})."
            )
        low, high = self.angle_interval
        if math.isnan(low):
            known = "its angle to the true one is not known, since the classifier came fitted"
        elif high >= 90:
            known = "but these data do not fix where it points"
        else:
            known = f"within {high:.0f}° of the true one"
        return f"{self.name}: a direction (p = {self.card.p_value:.2g}), {known}."

    def save(self, path: str | Path, /) -> Path:
        """Write one safetensors file, the card in its header."""
        write_tensors(path, {"vector": self.vector}, {"format": FORMAT, **self.to_dict()})
        return Path(path)

    @classmethod
    def load(cls, path: str | Path, /, *, fingerprint: str | None = None) -> Self:
        """Read what `save` wrote; with ``fingerprint``, refuse a direction of another model."""
        tensors, header = read_tensors(path)
        try:
            effect, n, angles = header["effect_size"], header["n"], header["angle_interval"]
            card = header["card"] if header.get("format", 1) > 1 else None
            direction = cls(
                name=header["name"],
                vector=tensors["vector"],
                sd=_number(header["sd"]),
                n=(n[0], n[1]),
                effect_size=_number(effect, math.inf if any(n) else math.nan),
                angle_interval=(_number(angles[0]), _number(angles[1])),
                leakage=header["leakage"],
                fingerprint=header["fingerprint"],
                card=None if card is None else Card.from_dict(card),
            )
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"{path} holds no direction") from error
        return direction if fingerprint is None else direction.check_model(fingerprint)

    def to_dict(self) -> dict[str, Any]:
        """The card without the vector, as plain JSON values; what is not finite is None."""
        return {
            "name": self.name,
            "sd": _plain(self.sd),
            "n": list(self.n),
            "effect_size": _plain(self.effect_size),
            "angle_interval": [_plain(a) for a in self.angle_interval],
            "leakage": dict(self.leakage),
            "fingerprint": self.fingerprint,
            "card": None if self.card is None else self.card.to_dict(),
        }

    def __repr__(self) -> str:
        if not any(self.n):
            return f"Direction({self.name!r}, without labels)"
        high = self.angle_interval[1]
        angle = f"± {high:.1f}°" if high < 90 else "unknown"
        d = f"{self.effect_size:.1f}"
        return f"Direction({self.name!r}, d = {d}, angle {angle}, n = {self._items()})"

    def _items(self) -> str:
        kind = "groups" if self.card is None else self.card.kind
        texts = {"continuous": "{0}", "pairs": "{0} pairs", "groups": "{0} + {1}"}
        return texts[kind].format(*self.n)

    def __rich__(self) -> Table:
        table = Table(title=f"direction {self.name}", title_justify="left", show_header=False)
        kind = "groups" if self.card is None else self.card.kind
        with_out = "{} with, {} without".format(*self.n)
        if not any(self.n):
            table.add_row("learned", "without labels")
            return table
        table.add_row("items", with_out if kind == "groups" else self._items())
        if self.card is not None:
            table.add_row("verdict", self.verdict.partition(": ")[2])
            table.add_row("learned by", self.card.how)
        table.add_row("effect size (Cohen's d)", f"{self.effect_size:.2f}")
        low, high = self.angle_interval
        table.add_row("angle to the true one, 95 %", f"{low:.1f}° to {high:.1f}°")
        for row in () if self.card is None else self.card.rows():
            table.add_row(*row)
        for other, moved in self.leakage.items():
            table.add_row(f"leaks onto {other}", f"{moved:+.2f} sd")
        return table


def _plain(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _number(x: float | None, absent: float = math.nan) -> float:
    return absent if x is None else float(x)
