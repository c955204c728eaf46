"""What a verb of a workspace gives back: latents, their pictures, and how far to trust them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zalgebra.algebra.certificate import Certificate
from zalgebra.studio.chains import Order, Step

__all__ = ["Result"]

BATCH = 32  # latents decoded at once: always as many, so that a frame repeats to the bit


@dataclass(frozen=True, repr=False)
class Result:
    """What a verb made: latents, their pictures and how plausible they are.

    Parameters
    ----------
    expression
        The words that made it.
    latents
        Shape ``(n, *latent_shape)``.
    certificate
        Of the latents against the workspace's prior.
    decode
        The model's ``inverse_transform``.
    describe
        Gives `mix`; none for a walk, nor for a chain that no one expression says.
    steps
        Of an edit: each change with the certificate of what it made, and how far it went.
    order
        Of an edit: whether the order of its changes matters, and how much.
    captions
        Of a walk: where on the way each latent is.
    """

    expression: str
    latents: np.ndarray
    certificate: Certificate
    decode: Callable[[np.ndarray], np.ndarray]
    describe: Callable[[], dict[str, Any]] | None = None
    steps: Sequence[Step] = ()
    order: Order | None = None
    captions: Sequence[str] = ()

    @cached_property
    def pictures(self) -> np.ndarray:
        """Decoded data ``(n, *data_shape)``, all of them: made when first asked for."""
        return np.concatenate(list(self.batches()))

    def batches(self) -> Iterator[np.ndarray]:
        """The pictures a few at a time, decoded as they are asked for and then forgotten."""
        for first in range(0, len(self.latents), BATCH):
            yield self.decode(self.latents[first : first + BATCH])

    @property
    def mix(self) -> dict[str, Any] | None:
        """What the latent was made of, as plain JSON values that `Workspace.mix` replays."""
        return None if self.describe is None else self.describe()

    def lines(self) -> list[str]:
        """What there is to say of it, one sentence a line."""
        order = [] if self.order is None else [self.order.sentence()]
        if len(self.steps) > 1:
            return [*(f"{i}. {step.sentence()}" for i, step in enumerate(self.steps, 1)), *order]
        warned = [warning for step in self.steps for warning in step.warnings()]
        return [self.certificate.verdict, *warned, *order]

    def to_dict(self) -> dict[str, Any]:
        """Certificate, steps and order as plain JSON values."""
        found: dict[str, Any] = {"certificate": self.certificate.to_dict()}
        if self.steps:
            found["steps"] = [step.to_dict() for step in self.steps]
        return found if self.order is None else {**found, "order": self.order.to_dict()}

    def __repr__(self) -> str:
        return f"Result({self.expression!r}, {len(self.latents)}: {self.certificate.verdict})"
