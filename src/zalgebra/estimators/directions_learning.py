"""From a sample to a direction with its card: estimate, refit without each fold, shuffle, look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra.priors.shrinkage import shrunk, spread
from zalgebra.estimators import directions_evidence as evidence
from zalgebra.estimators.directions_angle import angle_interval
from zalgebra.estimators.directions_card import Card
from zalgebra.estimators.directions_leakage import leakage
from zalgebra.estimators.directions_linear import Estimate
from zalgebra.estimators.directions_methods import CLASSIFIERS, chosen, estimated, learned
from zalgebra.estimators.directions_samples import Sample, attributes_of
from zalgebra.files import fingerprint
from zalgebra.types import Array, BadInput

__all__ = ["Learned", "along", "learn"]

UNKNOWN = (math.nan, math.nan)
DOUBT = 0.5  # of the noise: from there on the square of the bias is said to be large


@dataclass(frozen=True, eq=False)
class Learned:
    """The fields of a `Direction` that come from data."""

    vector: np.ndarray
    sd: float
    n: tuple[int, int]
    effect_size: float
    angle_interval: tuple[float, float]
    leakage: dict[str, float]
    card: Card


def learn(
    sample: Sample,
    name: str,
    /,
    *,
    method: str | None = None,
    metric: str = "data",
    given: Iterable[str] = (),
    attributes: Mapping[str, Array],
    seed: int,
) -> Learned:
    """δ by a method, its angle's interval and its held-out score."""
    rng = np.random.default_rng(seed)
    method = "paired" if sample.kind == "pairs" else chosen(sample, method, metric)
    fit, fold = learned(sample, method, metric), sample.folds(rng)
    known = estimated(sample, method, metric)
    if np.linalg.norm(known.delta) < 1e-12:
        raise BadInput(
            f"the label of {name!r} does not move the mean of the latents, so no direction"
            if sample.kind == "continuous"
            else f"the two groups of {name!r} have the same mean, so no direction"
        )
    deltas = evidence.refits(fit, fold)
    bias = jackknife(known.delta, deltas) if method in CLASSIFIERS else None
    return _with_card(
        sample, known.delta, given, attributes, rng,
        angle=angle_interval(known.delta, known.noise, known.df, bias),
        how={
            "method": method,
            "metric": metric if method in CLASSIFIERS else "",
            "score": evidence.score(sample, deltas, fold),
            "note": "" if bias is None else doubt(known, bias),
        },
    )  # fmt: skip


def along(
    sample: Sample, w: np.ndarray, /, *, metric: str, attributes: Mapping[str, Array], seed: int
) -> Learned:
    """δ along the normal of a classifier that came fitted; what held-out items say is not known."""
    if sample.kind != "groups":
        raise BadInput("`y` must take two values, the classes of the classifier")
    unit = w / np.linalg.norm(w)
    if metric == "data":
        sd = spread(sample.Z - sample.Z.mean(axis=0))
        cov = shrunk((sample.Z - sample.Z.mean(axis=0)) / sd, sd)
        unit = cov.cov @ unit if cov.kind == "full" else cov.cov.reshape(-1) * unit
    shift = float((sample.Z[sample.y == 1].mean(0) - sample.Z[sample.y == 0].mean(0)) @ w)
    delta = unit * abs(shift) / float(unit @ w)
    if np.linalg.norm(delta) < 1e-12:
        raise BadInput("the classifier reads both groups alike, so there is no direction")
    how = {"method": "classifier", "metric": metric, "score": math.nan, "note": ""}
    rng = np.random.default_rng(seed)
    return _with_card(sample, delta, (), attributes, rng, angle=UNKNOWN, how=how)


def jackknife(delta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    """The bias of δ̂ by refits without each of G folds: (G - 1) (mean δ_g - δ̂)."""
    return (len(deltas) - 1) * (deltas.mean(axis=0) - delta)


def doubt(known: Estimate, bias: np.ndarray) -> str:
    """What to say of an interval where δ̂ is so far from linear in the items that it may fail."""
    rows = np.vstack([known.noise, bias])
    squares = np.sum(rows**2, axis=1) - (rows @ known.delta) ** 2 / (known.delta @ known.delta)
    if squares[-1] < DOUBT * squares[:-1].sum():
        return ""
    return "too few items for this classifier: the angle's interval is approximate"


def _with_card(
    sample: Sample,
    delta: np.ndarray,
    given: Iterable[str],
    attributes: Mapping[str, Array],
    rng: np.random.Generator,
    *,
    angle: tuple[float, float],
    how: dict[str, Any],
) -> Learned:
    cosine, by_chance, p = evidence.alignment(sample, rng)
    profile, support, saturates = evidence.profile(sample, delta)
    columns = attributes_of(attributes, len(sample.y))
    moved = leakage(sample.Z, delta[None], columns, sample.y)
    return Learned(
        vector=delta.reshape(sample.shape).astype(np.float32),
        sd=float((sample.Z @ delta).std() / np.linalg.norm(delta)),
        n=sample.n,
        effect_size=evidence.cohens_d(sample, delta),
        angle_interval=angle,
        leakage={k: float(v[0]) for k, v in moved.items()},
        card=Card(
            **how,
            given=tuple(given),
            kind=sample.kind,
            alignment=cosine,
            by_chance=by_chance,
            p_value=p,
            support=support,
            saturates=saturates,
            profile=profile,
            data_hash=fingerprint({"latents": sample.Z, "labels": sample.y}),
        ),
    )
