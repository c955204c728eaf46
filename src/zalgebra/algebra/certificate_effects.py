"""The effects that can fail a latent: what is right, what is noticed, and what it is called."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["EFFECTS", "GENERAL", "Effect", "kind", "word"]


class Effect(NamedTuple):
    """What an effect should be, how far off it is noticed, and what it is called then."""

    right: float
    notice: float
    low: str
    high: str
    figure: str
    tests: tuple[str, ...]


# The column `notice` is a convention: an effect that is off by less does not fail a latent,
# however small its p-value (on 262,144 entries a test rejects an error of scale of 1 %).
EFFECTS = {
    "variance_ratio": Effect(1, 0.1, "too small", "too large", "", ("variance",)),
    "mean": Effect(0, 0.1, "shifted", "shifted", "mean {:.2f}", ("mean",)),
    "skew": Effect(0, 0.3, "skewed", "skewed", "skewness {:.2f}", ("skew",)),
    "kurtosis": Effect(
        0, 1, "light-tailed", "heavy-tailed", "excess kurtosis {:.2f}", ("kurtosis",)
    ),
    "lag_one": Effect(
        0, 0.1, "alternating along axis {}", "correlated along axis {}",
        "lag-one correlation {:.2f}", ("whiteness",),
    ),
    "channel_mean": Effect(
        0, 0.2, "channel {} out of balance", "channel {} out of balance",
        "its mean {:.2f}", ("channels",),
    ),
    "channel_variance": Effect(
        1, 0.2, "channel {} out of balance", "channel {} out of balance",
        "its variance {:.2f}", ("channels",),
    ),
    "entry_mean": Effect(
        0, 0.2, "entry {} off its law", "entry {} off its law", "its mean {:.2f}", ("entries",)
    ),
    "entry_variance": Effect(
        1, 0.2, "entry {} off its law", "entry {} off its law", "its variance {:.2f}", ("entries",)
    ),
    "cosine_max": Effect(
        0, 0.5, "near copies among them", "near copies among them", "cosine {:.2f}", ("pairs",)
    ),
    "cosine_rms": Effect(
        1, 0.1, "too evenly spread", "confined to a subspace",
        "cosines {:.2f} times as large as by chance", ("directions",),
    ),
    "norm_spread": Effect(
        1, 0.5, "too equal in norm", "too unequal in norm", "spread of norms {:.2f}", ("norm",)
    ),
    "norm": Effect(1, 0.05, "too small", "too large", "", ("norm",)),
    "w1": Effect(0, 0.1, "of the wrong shape", "of the wrong shape", "", ("ks", "cvm", "ad")),
}  # fmt: skip
GENERAL = ("norm", "w1")  # named only where nothing more telling is off


def kind(name: str) -> str:
    """Where the effect of this name stands in `EFFECTS`, if it can fail a latent at all."""
    return "lag_one" if name.startswith("lag_one") else name


def word(effects: dict[str, np.ndarray], name: str, i: int) -> str:
    """What latent ``i`` is, said by the effect of this name."""
    effect, value = EFFECTS[kind(name)], effects[name][i]
    where = name.rpartition("_")[2]  # the axis of lag_one_0
    if name.startswith(("channel", "entry")):
        where = effects[name.partition("_")[0]][i]
    return (effect.low if value < effect.right else effect.high).format(where)
