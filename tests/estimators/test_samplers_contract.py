"""imbalanced-learn's contract: strategies, labels, pipelines, and both packages' own checks."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.utils.estimator_checks import estimator_checks_generator

from zalgebra.estimators.samplers import LatentResampler
from zalgebra.estimators.samplers.draws import DRAWS
from zalgebra.estimators.samplers.strategies import WORDS, new_rows
from zalgebra.types import BadInput

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    imblearn = pytest.importorskip("imblearn")
    from imblearn.pipeline import Pipeline
    from imblearn.utils import check_sampling_strategy
    from imblearn.utils import estimator_checks as imblearn_checks

Y = np.repeat(["a", "b", "c"], [9, 3, 5])


def data(sizes: tuple[int, ...] = (80, 15), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    return rng.standard_normal((len(y), 3)) + y[:, None], y


LABELS = st.lists(st.sampled_from("abc"), min_size=2, max_size=40).filter(lambda y: len(set(y)) > 1)
STRATEGIES = st.one_of(
    st.sampled_from(WORDS),
    st.floats(0.01, 1.0),
    st.dictionaries(st.sampled_from("abcd"), st.integers(-2, 60), max_size=3),
    st.sampled_from(["majority", "most", 0.0, 1.5]),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(LABELS, STRATEGIES)
def test_strategies_mean_what_they_mean_in_imbalanced_learn(y: list[str], strategy: Any) -> None:
    labels = np.array(y)
    try:
        theirs = dict(check_sampling_strategy(strategy, labels, "over-sampling"))
    except ValueError:
        with pytest.raises(BadInput):
            new_rows(labels, strategy)
    else:
        ours = new_rows(labels, strategy)
        assert ours == {str(c): n for c, n in theirs.items()}
        assert list(ours) == sorted(ours)


def test_a_function_gives_the_sizes() -> None:
    def double_the_smallest(y: np.ndarray) -> dict[str, int]:
        assert y is Y
        return {"b": 6}

    assert new_rows(Y, double_the_smallest) == {"b": 3}


WRONG = [
    ("majority", "to over-sample"),
    (["b"], "must be one of"),
    (None, "must be one of"),
    (True, "must be one of"),
    ({"z": 3}, "names the class 'z', which is not in `y`; it holds 'a', 'b', 'c'"),
    ({"a": 2}, "must not shrink a class, got 2 for 'a', which has 9"),
    ({"a": 9.5}, "must give whole numbers, got 9.5"),
    (0.5, "needs two classes, got 3"),
    (1.5, r"must lie in \(0, 1\], got 1.5"),
]


@pytest.mark.parametrize(("strategy", "words"), WRONG)
def test_a_strategy_that_cannot_be_is_one_sentence(strategy: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        new_rows(Y, strategy)


def test_a_ratio_that_takes_rows_away_names_the_ratio_there_is() -> None:
    with pytest.raises(BadInput, match=r"0.5 would take rows away, .* has 0.6 "):
        new_rows(np.repeat([0, 1], [10, 6]), 0.5)


@pytest.mark.parametrize(
    "check",
    list(imblearn_checks.estimator_checks_generator(LatentResampler(random_state=0))),
    ids=lambda pair: getattr(pair[1], "func", pair[1]).__name__,
)
def test_imbalanced_learns_checks(check: tuple) -> None:
    sampler, run = check
    run(sampler)


@pytest.mark.parametrize("method", list(DRAWS))
def test_imbalanced_learns_checks_of_every_method(method: str) -> None:
    sampler = LatentResampler(PCA(2), method=method, random_state=0)
    for name in ("one_label", "fit_resample", "list", "pandas", "2d_target", "multiclass_ova"):
        getattr(imblearn_checks, f"check_samplers_{name}")("LatentResampler", sampler)


SKIPPED = ("check_array_api_input",)  # scikit-learn skips it itself


@pytest.mark.parametrize(
    "check",
    [
        pair
        for pair in estimator_checks_generator(LatentResampler(random_state=0))
        if getattr(pair[1], "func", pair[1]).__name__ not in SKIPPED
    ],
    ids=lambda pair: getattr(pair[1], "func", pair[1]).__name__,
)
def test_scikit_learns_checks(check: tuple) -> None:
    sampler, run = check
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is no transformer, nor a classifier
        run(sampler)


def test_fit_alone_settles_the_strategy() -> None:
    X, y = data()
    assert LatentResampler().fit(X, y).sampling_strategy_ == {1: 65}


def test_a_level_data_set_comes_back_as_it_is() -> None:
    X, y = data((20, 20))
    resampler = LatentResampler()
    A, b = resampler.fit_resample(X, y)
    assert np.array_equal(A, X)
    assert np.array_equal(b, y)
    assert len(resampler.provenance_) == 0
    assert LatentResampler(sampling_strategy={}).fit_resample(X, y)[0].shape == X.shape


def test_in_a_pipeline_it_acts_when_fitted_and_never_when_predicting() -> None:
    X, y = data()
    pipeline = Pipeline([("more", LatentResampler(PCA(2), random_state=0)),
                         ("judge", LogisticRegression())])  # fmt: skip
    pipeline.fit(X, y)
    assert pipeline.predict(X).shape == y.shape
    A, b = LatentResampler(PCA(2), random_state=0).fit_resample(X, y)
    by_hand = LogisticRegression().fit(A, b)
    np.testing.assert_allclose(pipeline.predict_proba(X), by_hand.predict_proba(X))


class Watched(PCA):
    """PCA that remembers every fit's rows."""

    fits: ClassVar[list[np.ndarray]] = []

    def fit(self, X: Any, y: Any = None) -> Watched:
        Watched.fits.append(X)
        return super().fit(X, y)


def test_cross_validation_shows_the_model_no_held_out_row() -> None:
    X, y = data()
    Watched.fits.clear()
    steps = [("more", LatentResampler(Watched(2), random_state=0)), ("judge", LogisticRegression())]
    cross_val_predict(Pipeline(steps), X, y, cv=5)
    assert [len(rows) for rows in Watched.fits] == [76] * 5
    seen = [{row.tobytes() for row in rows} for rows in Watched.fits]
    assert all(any(row.tobytes() not in s for s in seen) for row in X)


def test_a_search_sets_its_parameters() -> None:
    X, y = data()
    steps = [("more", LatentResampler(PCA(2), random_state=0)), ("judge", LogisticRegression())]
    grid = {"more__method": ["lol", "extrapolate"], "more__model__n_components": [1, 3]}
    search = GridSearchCV(Pipeline(steps), grid, cv=2).fit(X, y)
    assert set(search.best_params_) == set(grid)


def test_a_random_state_object_moves_on() -> None:
    X, y = data()
    resampler = LatentResampler(random_state=np.random.RandomState(0))
    first, second = (resampler.fit_resample(X, y)[0] for _ in range(2))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, LatentResampler(random_state=0).fit_resample(X, y)[0])
    resampler.set_params(random_state=np.random.default_rng(0))
    first, second = (resampler.fit_resample(X, y)[0] for _ in range(2))
    assert not np.array_equal(first, second)


def test_without_scikit_learn_the_install_line_is_named() -> None:
    code = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sklearn":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
try:
    import zalgebra.estimators.samplers
except ImportError as error:
    print(type(error).__name__, error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "MissingExtra" in said.stdout
    assert "pip install 'zalgebra[maps]'" in said.stdout


def test_importing_it_loads_no_torch_and_no_pandas() -> None:
    code = (
        "import sys, numpy as np\n"
        "from zalgebra.estimators.samplers import LatentResampler\n"
        "from zalgebra.estimators.augmented import AugmentedDataset\n"
        "loaded = set(sys.modules)\n"
        "print(loaded & {'torch', 'imblearn'})"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
