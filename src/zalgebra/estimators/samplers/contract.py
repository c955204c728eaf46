"""What scikit-learn and imbalanced-learn ask of a sampler: tags, names of features, settings."""

from __future__ import annotations

import importlib
import math
import sys
from typing import Any

import numpy as np

from zalgebra.estimators.samplers.draws import DRAWS
from zalgebra.estimators.samplers.rows import Rows
from zalgebra.types import BadInput, MissingExtra

try:
    from sklearn.base import BaseEstimator, OneToOneFeatureMixin
except ModuleNotFoundError as error:
    raise MissingExtra("scikit-learn", "maps") from error

__all__ = ["Sampler", "check_fitted", "check_settings", "seed_of"]


class Sampler(OneToOneFeatureMixin, BaseEstimator):
    """An estimator that imbalanced-learn's pipelines take for one of their samplers."""

    _estimator_type = "sampler"  # what imbalanced-learn knows a sampler by
    _sampling_type = "over-sampling"

    def _note_features(self, X: Any, rows: Rows) -> None:
        """Set ``n_features_in_`` and, of a frame whose columns have names, these."""
        from sklearn.utils.validation import _check_feature_names

        _check_feature_names(self, X, reset=True)
        columns = getattr(rows, "columns", None)
        self.n_features_in_ = len(columns) if columns else math.prod(rows.numbers.shape[1:])

    def __sklearn_tags__(self) -> Any:
        """The tags of scikit-learn, or imbalanced-learn's own where it is in use."""
        tags = super().__sklearn_tags__()
        tags.estimator_type, tags.target_tags.required = "sampler", True
        if "imblearn" not in sys.modules:
            return tags
        theirs = importlib.import_module("imblearn.utils._tags")
        tags = theirs.Tags(estimator_type="sampler", target_tags=tags.target_tags)
        tags.sampler_tags, tags.input_tags = (
            theirs.SamplerTags(sample_indices=True),
            theirs.InputTags(),
        )
        tags.input_tags.dataframe = True
        return tags


def check_fitted(resampler: Any, /) -> None:
    """`BadInput` if nothing has been resampled yet."""
    if not hasattr(resampler, "provenance_"):
        raise BadInput("this LatentResampler is not fitted yet: call fit_resample(X, y) first")


def check_settings(resampler: Any, /) -> None:
    """`BadInput` if the method, the neighbours, a knob or the prior is none that there is."""
    if resampler.method not in DRAWS:
        raise BadInput(f"`method` must be one of {', '.join(DRAWS)}, got {resampler.method!r}")
    k = resampler.k_neighbors
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise BadInput(f"`k_neighbors` must be a whole number of at least 1, got {k!r}")
    for name, least in (("concentration", 0.01), ("reach", 0.0)):
        value = getattr(resampler, name)
        if not isinstance(value, int | float | np.number) or not least <= value < math.inf:
            raise BadInput(f"`{name}` must be a number of at least {least:g}, got {value!r}")
    if isinstance(resampler.prior, str) and resampler.prior not in ("class", "model"):
        raise BadInput(
            f"`prior` must be 'class', 'model' or one of za.priors, got {resampler.prior!r}"
        )


def seed_of(state: Any, /) -> int:
    """A seed from all that scikit-learn takes for ``random_state``, or a Generator."""
    from sklearn.utils import check_random_state

    if isinstance(state, np.random.Generator):
        return int(state.integers(2**31 - 1))
    try:
        return int(check_random_state(state).randint(2**31 - 1))
    except ValueError as error:
        raise BadInput(
            f"`random_state` must be a whole number, None or a random generator, got {state!r}"
        ) from error
