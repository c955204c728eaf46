"""A cell of the comparison: one method on one set of draws, from latents to figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from zalgebra.algebra.combine import combine
from zalgebra.files import read_tensors, write_tensors
from zalgebra.studio.bench.draws import Draws
from zalgebra.studio.bench.ground import decoded
from zalgebra.studio.bench.judge import Judge
from zalgebra.studio.bench.pool import Pool
from zalgebra.studio.bench.scores import scores
from zalgebra.types import BadInput, Prior

__all__ = ["ANCHORS", "METHODS", "SLOW", "TITLES", "Cell", "Kept", "kept", "measured"]

ESTIMATED = "lol-estimate"
METHODS = ("linear", "slerp", "norm", "standardize", "nao", "lol", ESTIMATED)
ANCHORS = ("items", "decoded")  # what the seeds themselves give, without any combination
TITLES = {
    "linear": "LERP", "slerp": "SLERP", "norm": "norm", "standardize": "standardize",
    "nao": "NAO", "lol": "LOL", ESTIMATED: "LOL, correlation estimated",
    "items": "the seeds' own pictures", "decoded": "the seeds, decoded",
}  # fmt: skip
SLOW = {"nao": 128}  # combinations at most, of a method that takes a good part of a second for one
SHOWN = 6  # combinations of which the pictures are kept
CALLS = 20  # calls that are timed one by one
ENTRIES = 2**26  # of the seeds of one call of many: 256 MiB in float32
_MEANINGLESS = {  # pictures that were not decoded have no latent; draws get their class by reading
    ("real", "items"): ("plausible", "variance"),
    ("prior", "decoded"): ("accuracy",),
}


@dataclass(frozen=True)
class Cell:
    """Which cell it is: where seeds are from, what is made of how many, by which method."""

    source: str
    what: str
    k: int
    method: str
    seed: int

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.source}-{self.what}-{self.k}-{self.method}-{self.seed}"


@dataclass(frozen=True)
class Kept:
    """A cell that is done.

    Parameters
    ----------
    cell
        Which.
    n
        Combinations.
    figures
        Name to a `Score` as plain values, and to seconds.
    read, wanted
        The class that each result is read as, and that of its seeds ``(n,)``.
    at
        Which of the draws the results are ``(n,)``.
    rows, weights
        The seeds of each result, as rows of the pool, and their weights ``(n, k)``.
    features
        What distances are measured on, of each result ``(n, d)``.
    pictures
        The first few results.
    """

    cell: Cell
    n: int
    figures: dict[str, Any]
    read: np.ndarray
    wanted: np.ndarray
    at: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    features: np.ndarray
    pictures: np.ndarray

    @property
    def different(self) -> int:
        """How many of the combinations are different ones: small pools give the same again."""
        order = np.argsort(self.rows, axis=1)
        both = (np.take_along_axis(a, order, axis=1) for a in (self.rows, self.weights))
        return len(np.unique(np.concatenate([*both], axis=1), axis=0))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the cell and its figures."""
        return {**asdict(self.cell), "n": self.n, "different": self.different, **self.figures}

    def write(self, file: Path) -> None:
        """Keep it, whole or not at all."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        header = {"cell": asdict(given.pop("cell"))}
        header |= {name: given.pop(name) for name in ("n", "figures")}
        write_tensors(file, given, header)


def kept(file: Path) -> Kept:
    """A cell from its file."""
    tensors, header = read_tensors(file)
    return Kept(Cell(**header["cell"]), header["n"], header["figures"], **tensors)


def measured(
    cell: Cell,
    draws: Draws | None,
    pool: Pool,
    model: Any,
    judge: Judge,
    reference: tuple[np.ndarray, np.ndarray],
    /,
) -> Kept:
    """Combine, decode and judge.

    Parameters
    ----------
    cell
        Which method, and which k.
    draws
        The combinations; ``None`` for the seeds themselves.
    reference
        Features ``(m, d)`` of real pictures that are no seeds, and their classes ``(m,)``.
    """
    if draws is None:
        every = np.arange(len(pool.y))[:, None]
        draws, z, spent = Draws(every, np.ones(every.shape), pool.y), pool.latents, {}
        at = np.arange(len(z))
    else:
        draws = draws[: SLOW.get(cell.method)]
        z, at, spent = combined(draws, pool.latents, model.prior_, cell.method)
        draws = draws[at]
    if cell.method == "items":
        pictures = pool.pictures
    else:
        seconds, pictures = _timed(lambda: decoded(model, z))
        spent["decode_seconds"] = seconds / len(z)
    read, f = judge.classes(pictures), judge.features(pictures)
    t = draws.weights[:, 1] if cell.what == "interpolation" else None
    found = scores(f, z, read, draws.wanted, t, model.prior_, reference)
    for name in _MEANINGLESS.get((cell.source, cell.method), ()):
        found[name] = None
    results = (read, draws.wanted, at, draws.rows, draws.weights, f, pictures[:SHOWN])
    return Kept(cell, len(z), {**found, **spent}, *results)


def combined(
    draws: Draws, latents: np.ndarray, prior: Prior | None, method: str, /
) -> tuple[np.ndarray, np.ndarray, dict[str, float | int | None]]:
    """Results ``(m, *shape)``, which of the draws they are ``(m,)``, and what one took.

    NAO optimises each set of seeds by itself, so it has no call of all; where it does not settle
    there is no result, and ``failed`` counts it. It runs on one thread: of its many small products
    several threads make slower work, and very slow work on a busy machine.
    """
    one = _single(draws, latents, prior, method)
    one(0)  # what is imported or made once is no part of it
    if method not in SLOW:
        calls = [_timed(lambda i=i: one(i))[0] for i in range(min(CALLS, len(draws)))]
        z, whole = _batched(draws, latents, prior, method)
        spent = {"seconds": float(np.median(calls)), "batched_seconds": whole / len(draws)}
        return _finite(z, method), np.arange(len(draws)), {**spent, "failed": 0}
    with threadpool_limits(1):
        made = [_timed(lambda i=i: one(i)) for i in range(len(draws))]
    at = np.array([i for i, (_, z) in enumerate(made) if z is not None], dtype=int)
    if len(at) == 0:
        raise BadInput(f"{method} settled for none of {len(draws)} sets; leave it out by --methods")
    z = _finite(np.stack([made[i][1] for i in at]), method)
    seconds = float(np.mean([spent for spent, _ in made]))
    spent = {"seconds": seconds, "batched_seconds": None, "failed": len(draws) - len(at)}
    return z, at, spent


def _how(method: str, prior: Prior | None) -> dict[str, Any]:
    if method == ESTIMATED:
        return {"prior": prior, "method": "lol", "correlation": "estimate"}
    return {"prior": prior, "method": method}


def _single(
    draws: Draws, latents: np.ndarray, prior: Prior | None, method: str
) -> Callable[[int], np.ndarray | None]:
    """One combination in a call by itself; None where a slow method refuses it."""
    how = _how(method, prior)

    def one(i: int) -> np.ndarray | None:
        try:
            return combine(draws.weights[i], latents[draws.rows[i]], **how)
        except BadInput:
            if method in SLOW:
                return None
            raise

    return one


def _batched(
    draws: Draws, latents: np.ndarray, prior: Prior | None, method: str
) -> tuple[np.ndarray, float]:
    """All combinations, in blocks of bounded memory, and the seconds of the best of 3 rounds."""
    how, size = _how(method, prior), draws.rows.shape[1] * int(np.prod(latents.shape[1:]))
    step, parts, whole = max(1, ENTRIES // size), [], 0.0
    for i in range(0, len(draws), step):
        block = draws[i : i + step]
        seeds = latents[block.rows]
        rounds = [_timed(lambda b=block, s=seeds: combine(b.weights, s, axis=1, **how))
                  for _ in range(3)]  # fmt: skip
        parts.append(rounds[0][1])
        whole += min(seconds for seconds, _ in rounds)
    return np.concatenate(parts), whole


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time, which other work on the machine does not change; the result."""
    start = time.process_time()
    found = call()
    return time.process_time() - start, found


def _finite(z: np.ndarray, method: str) -> np.ndarray:
    z = np.asarray(z, dtype=np.float32)
    if not np.isfinite(z).all():
        raise BadInput(f"{method} gave latents that are not finite; leave it out by --methods")
    return z
