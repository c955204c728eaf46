"""How a pipeline makes pictures of noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zalgebra.types import BadInput

__all__ = ["Sampling"]


@dataclass(frozen=True)
class Sampling:
    """How pictures are made of noise, and noise found again.

    Parameters
    ----------
    prompt
        What the pictures show.
    steps
        Of the sampler.
    guidance_scale
        1 is none. More of it makes inversion worse, and needs more ``iterations``.
    iterations
        Of the fixed point in every step of an inversion; sampling takes one call of the network a
        step, inverting this many.
    call
        What else goes to the pipeline, for example ``{"negative_prompt": "blurry"}``.
    """

    prompt: str = ""
    steps: int = 50
    guidance_scale: float = 1.0
    iterations: int = 3
    call: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("steps", "iterations"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                value = getattr(self, name)
                raise BadInput(f"`{name}` must be a whole number of at least 1, got {value}")
