"""The FactorVAE score: which code keeps still while a factor is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zalgebra.measures.factors import Factor, codes_and_factors
from zalgebra.measures.score import Score, proportion
from zalgebra.types import Array, BadInput

__all__ = ["factor_vae_score"]


def factor_vae_score(
    codes: Array,
    factors: Mapping[str, Any] | Array,
    /,
    *,
    batch: int = 64,
    votes: int = 800,
    seed: int = 0,
) -> Score:
    """Whether the code that varies least while one factor is held tells which factor it is.

    Each vote takes a factor at random and the value of a random item, draws ``batch`` items of
    that value, and names the code whose variance among them is least, in units of its variance
    among all. Each code stands for the factor that it is most often named for; the score is the
    share of right answers on as many new votes, its interval Wilson's over those. Chance gives
    more than 1/K only by as much as the votes are few.

    Parameters
    ----------
    codes
        ``(n, d)``; codes that do not vary are left out.
    factors
        At least 2, all discrete: mapping from names to columns ``(n,)``, or an array ``(n, K)``.
        Cut a quantity into classes first.
    batch
        Items of a vote (default 64, as published), drawn with replacement.
    votes
        To learn from, and again to test on (default 800; published 800 and 5,000 to 10,000).
    seed
        Of the votes.

    References
    ----------
    Kim and Mnih, *Disentangling by factorising*, arXiv 1802.05983, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import factor_vae_score
    >>> v = np.random.default_rng(0).integers(0, 4, (2000, 3))
    >>> factor_vae_score(v + 0.0, v).value
    1.0
    """
    z, found = codes_and_factors(codes, factors, least=2)
    if batch < 2 or votes < 1:
        raise BadInput(f"`batch` must be at least 2 and `votes` 1, got {batch} and {votes}")
    vague = [f.name for f in found if not f.discrete]
    if vague:
        raise BadInput(f"a vote holds a class, {vague[0]!r} is a quantity: cut it into classes")
    rare = [f.name for f in found if np.bincount(f.values).min() < 2]
    if rare:
        raise BadInput(f"a class of {rare[0]!r} has a single item, whose codes cannot vary")
    spread = z.var(axis=0)
    z = (z / np.sqrt(np.where(spread > 0, spread, 1)))[:, spread > 0]
    rng = np.random.default_rng(seed)
    names, held = _votes(z, found, batch, 2 * votes, rng)
    table = np.zeros((z.shape[1], len(found)))
    np.add.at(table, (names[:votes], held[:votes]), 1)
    right = table.argmax(axis=1)[names[votes:]] == held[votes:]
    return proportion(right, "share of held factors that the least varying code tells")


def _votes(
    z: np.ndarray, factors: list[Factor], batch: int, votes: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The code named by each vote, and the factor that was held."""
    members = [
        np.split(np.argsort(f.values, kind="stable"), np.cumsum(np.bincount(f.values))[:-1])
        for f in factors
    ]
    held = rng.integers(len(factors), size=votes)
    items = rng.integers(len(z), size=votes)
    names = np.empty(votes, dtype=np.int64)
    for i, (k, item) in enumerate(zip(held, items, strict=True)):
        alike = members[k][factors[k].values[item]]
        names[i] = z[rng.choice(alike, batch)].var(axis=0).argmin()
    return names, held
