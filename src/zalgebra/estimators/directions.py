"""Directions: a meaning in a latent space, with its strength and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from rich.table import Table

from zalgebra.algebra._arrays import as_latents, flatten, to_numpy
from zalgebra.algebra.latent import Latent
from zalgebra.files import read_tensors, write_tensors
from zalgebra.types import Array, BadInput, WrongModel

__all__ = ["Direction"]

BOOTSTRAPS = 200


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction δ in latent space, the difference of two groups' means, with its card.

    ``latent + direction`` adds one group difference; ``latent + direction.latent(20, "°")`` turns
    by an angle, ``direction.latent(2, "sd")`` moves by standard deviations of the data.

    Parameters
    ----------
    name
        Its word in expressions.
    vector
        δ, shape of one latent: mean of the positive group minus mean of the negative one.
    sd
        Standard deviation of the pooled latents along δ.
    n
        Sizes of the positive and of the negative group.
    effect_size
        Cohen's d of the two groups along δ.
    angle_interval
        2.5 % and 97.5 % quantiles, in degrees, of the angle between δ and δ of bootstrap
        resamples of both groups: how well the data fix the direction.
    leakage
        For each other attribute, how many of its standard deviations one δ moves its linear
        readout.
    fingerprint
        Of the model whose latents these are; empty if not known.
    """

    name: str
    vector: np.ndarray
    sd: float
    n: tuple[int, int]
    effect_size: float
    angle_interval: tuple[float, float]
    leakage: dict[str, float] = field(default_factory=dict)
    fingerprint: str = ""

    @classmethod
    def from_groups(
        cls,
        positive: Array,
        negative: Array,
        *,
        name: str = "direction",
        attributes: Mapping[str, np.ndarray] | None = None,
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
        attributes
            Other labels of the same items for `leakage`, each ``(n_positive + n_negative,)``,
            positive rows first.
        fingerprint
            Of the model, ``model.spec_.fingerprint``.
        seed
            Of the bootstrap.

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
        Direction('smile', d = 3.2, angle ± 7.6°, n = 200 + 200)
        """
        (P, shape), (N, other) = _group(positive, "positive"), _group(negative, "negative")
        if shape != other:
            raise BadInput(f"latents of both groups must have one shape, got {shape} and {other}")
        delta = P.mean(axis=0) - N.mean(axis=0)
        length = float(np.linalg.norm(delta))
        if length < 1e-12:
            raise BadInput(f"the two groups of {name!r} have the same mean, so no direction")
        unit = delta / length
        along = P @ unit, N @ unit
        pooled = np.concatenate([P, N])
        return cls(
            name=name,
            vector=delta.reshape(shape).astype(np.float32),
            sd=float((pooled @ unit).std()),
            n=(len(P), len(N)),
            effect_size=_cohens_d(*along),
            angle_interval=_angle_interval(P, N, unit, seed),
            leakage=_leakage(pooled, delta, attributes or {}),
            fingerprint=fingerprint,
        )

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

    def save(self, path: str | Path, /) -> Path:
        """Write one safetensors file, the card in its header."""
        card = self.to_dict()
        write_tensors(path, {"vector": self.vector}, card)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path, /, *, fingerprint: str | None = None) -> Self:
        """Read what `save` wrote; with ``fingerprint``, refuse a direction of another model."""
        tensors, card = read_tensors(path)
        try:
            effect, n, angles = card["effect_size"], card["n"], card["angle_interval"]
            direction = cls(
                name=card["name"],
                vector=tensors["vector"],
                sd=card["sd"],
                n=(n[0], n[1]),
                effect_size=math.inf if effect is None else effect,
                angle_interval=(angles[0], angles[1]),
                leakage=card["leakage"],
                fingerprint=card["fingerprint"],
            )
        except (KeyError, IndexError, TypeError) as error:
            raise BadInput(f"{path} holds no direction") from error
        return direction if fingerprint is None else direction.check_model(fingerprint)

    def to_dict(self) -> dict[str, Any]:
        """The card without the vector, as plain JSON values; an infinite effect size is None."""
        return {
            "name": self.name,
            "sd": self.sd,
            "n": list(self.n),
            "effect_size": self.effect_size if math.isfinite(self.effect_size) else None,
            "angle_interval": list(self.angle_interval),
            "leakage": dict(self.leakage),
            "fingerprint": self.fingerprint,
        }

    def __repr__(self) -> str:
        return (
            f"Direction({self.name!r}, d = {self.effect_size:.1f}, "
            f"angle ± {self.angle_interval[1]:.1f}°, n = {self.n[0]} + {self.n[1]})"
        )

    def __rich__(self) -> Table:
        table = Table(title=f"direction {self.name}", title_justify="left", show_header=False)
        table.add_row("items", f"{self.n[0]} with, {self.n[1]} without")
        table.add_row("effect size (Cohen's d)", f"{self.effect_size:.2f}")
        table.add_row("angle, 95 % of resamples", "{:.1f}° to {:.1f}°".format(*self.angle_interval))
        for other, moved in self.leakage.items():
            table.add_row(f"leaks onto {other}", f"{moved:+.2f} sd")
        return table


def _group(latents: Array, name: str) -> tuple[np.ndarray, tuple[int, ...]]:
    """The latents of a group as rows, and the shape of one."""
    Z = to_numpy(as_latents(latents, name)).astype(float)
    n, shape = (len(Z), Z.shape[1:]) if Z.ndim else (0, ())
    if n < 2:
        raise BadInput(f"the {name} group must have at least 2 latents, got {n}")
    return flatten(Z), shape


def _cohens_d(a: np.ndarray, b: np.ndarray) -> float:
    """Difference of means over the pooled standard deviation."""
    variance = (a.var(ddof=1) * (len(a) - 1) + b.var(ddof=1) * (len(b) - 1)) / (len(a) + len(b) - 2)
    return float((a.mean() - b.mean()) / math.sqrt(variance)) if variance > 0 else math.inf


def _angle_interval(
    P: np.ndarray, N: np.ndarray, unit: np.ndarray, seed: int
) -> tuple[float, float]:
    """Quantiles of the angle between δ and δ of resampled groups, in degrees."""
    rng = np.random.default_rng(seed)
    means = [
        rng.multinomial(len(X), np.full(len(X), 1 / len(X)), size=BOOTSTRAPS) @ X / len(X)
        for X in (P, N)
    ]
    deltas = means[0] - means[1]
    cosine = deltas @ unit / np.maximum(np.linalg.norm(deltas, axis=1), 1e-300)
    angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    low, high = np.quantile(angles, [0.025, 0.975])
    return float(low), float(high)


def _leakage(
    Z: np.ndarray, delta: np.ndarray, attributes: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """How far δ moves each attribute's linear readout, in the attribute's standard deviations."""
    if not attributes:
        return {}
    columns = [_attribute(name, values, len(Z)) for name, values in attributes.items()]
    Y = np.stack(columns, axis=1)
    spread = Y.std(axis=0)
    X = Z - Z.mean(axis=0)
    ridge = 1e-3 * np.trace(X.T @ X) / X.shape[1]
    readout = np.linalg.solve(X.T @ X + ridge * np.eye(X.shape[1]), X.T @ (Y - Y.mean(axis=0)))
    moved = delta @ readout / np.where(spread > 0, spread, 1.0)
    return {name: float(m) for name, m in zip(attributes, moved, strict=True)}


def _attribute(name: str, values: np.ndarray, n: int) -> np.ndarray:
    column = np.asarray(to_numpy(values))
    if column.shape != (n,):
        raise BadInput(
            f"the attribute {name!r} must have {n} values, one a latent, got shape {column.shape}"
        )
    if column.dtype.kind not in "fiub" or not np.all(np.isfinite(column)):
        raise BadInput(f"the attribute {name!r} must hold finite numbers")
    return column.astype(float)
