"""What crosses the borders between rooms: protocols, the latent's description, the errors.

Everything else travels as plain arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

__all__ = [
    "BadInput",
    "DegenerateWeights",
    "LatentModel",
    "LatentSpec",
    "MissingExtra",
    "Names",
    "Prior",
    "WrongModel",
    "ZalgebraError",
]

Array = Any  # anything of the Array API standard: NumPy, PyTorch, JAX, CuPy, Dask


class ZalgebraError(Exception):
    """Any error that zalgebra raises on purpose; its message is one sentence with the mend."""


class BadInput(ZalgebraError, ValueError):
    """What was given breaks a rule; the message names the rule, the value and the mend."""


class DegenerateWeights(BadInput):
    """The combination has no defined result: its weights vanish, or its seeds cancel."""


class WrongModel(BadInput):
    """A latent or direction of one model met another model."""


class MissingExtra(ZalgebraError, ImportError):
    """A part of zalgebra needs a package that is not installed.

    Parameters
    ----------
    module
        The module that could not be imported, for example ``"torch"``.
    extra
        The extra of zalgebra that brings it, for example ``"torch"``.
    """

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(
            f"this needs {module}, which is not installed: pip install 'zalgebra[{extra}]'",
            name=module,
        )


@runtime_checkable
class Prior(Protocol):
    """The distribution that a model's latents follow, as a bijection to the standard normal."""

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of one latent; None for a law of any shape."""
        ...

    def to_normal(self, z: Array, /) -> Array:
        """Map latents ``(n, *shape)`` to standard normal ones of the same shape."""
        ...

    def from_normal(self, u: Array, /) -> Array:
        """Map standard normal arrays ``(n, *shape)`` to latents of the same shape."""
        ...

    def sample(self, n: int, /, *, seed: int) -> Array:
        """Draw ``n`` latents ``(n, *shape)``."""
        ...

    def log_prob(self, z: Array, /) -> Array:
        """Log density of latents ``(n, *shape)``, in nats, shape ``(n,)``."""
        ...


@runtime_checkable
class LatentModel(Protocol):
    """Data to latents and back; NumPy in and out."""

    prior_: Prior
    spec_: LatentSpec

    def transform(self, X: Array, /) -> Array:
        """Encode data ``(n, ...)`` to latents ``(n, *shape)``."""
        ...

    def inverse_transform(self, Z: Array, /) -> Array:
        """Decode latents ``(n, *shape)`` to data ``(n, ...)``."""
        ...


@runtime_checkable
class Names(Protocol):
    """Where an expression finds its words."""

    def __getitem__(self, name: str, /) -> Any:
        """What ``name`` stands for: an array, a ``Latent``, or a direction; else ``KeyError``."""
        ...

    def where(self, conditions: Iterable[tuple[str, str, float | str]], /) -> Mapping[str, Array]:
        """The named latents of all items whose labels meet every condition."""
        ...


@dataclass(frozen=True)
class LatentSpec:
    """What a model's latents and data are: shapes, kind, and whose they are.

    Parameters
    ----------
    model
        Name of the model's class, for example ``"VAE"``.
    latent_shape
        Shape of one latent.
    data_shape
        Shape of one datum, for example ``(3, 64, 64)``.
    kind
        What the latent is, for example ``"posterior mean"`` or ``"initial noise"``.
    fingerprint
        SHA-256 of the model's weights (hexadecimal); latents of two models never mix.
    """

    model: str
    latent_shape: tuple[int, ...]
    data_shape: tuple[int, ...]
    kind: str
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> LatentSpec:
        """Build a spec from what `to_dict` gave."""
        return cls(
            model=fields["model"],
            latent_shape=tuple(fields["latent_shape"]),
            data_shape=tuple(fields["data_shape"]),
            kind=fields["kind"],
            fingerprint=fields["fingerprint"],
        )
