"""Rows of every kind come back as they were given: dtypes, columns, categories, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from zalgebra.estimators.samplers import LatentResampler
from zalgebra.estimators.samplers.columns import MANY, Columns, elected
from zalgebra.estimators.samplers.draws import DRAWS
from zalgebra.estimators.samplers.provenance import Provenance
from zalgebra.estimators.samplers.rows import rows_of
from zalgebra.estimators.samplers.targets import Target
from zalgebra.types import BadInput

pd = pytest.importorskip("pandas")


def frame(n: int = 60, rare: int = 10, seed: int = 0) -> tuple[Any, Any]:
    """One column of every kind that people have."""
    rng = np.random.default_rng(seed)
    y = np.repeat(["no", "yes"], [n - rare, rare])
    X = pd.DataFrame(
        {
            "height": rng.normal(170, 9, n),
            "weight": rng.normal(70, 9, n).astype(np.float32),
            "children": rng.integers(0, 6, n),
            "small": rng.integers(0, 250, n).astype(np.uint8),
            "visits": pd.array(rng.integers(0, 9, n), dtype="Int64"),
            "colour": rng.choice(["red", "green", "blue"], n),
            "town": pd.Categorical(rng.choice(["X", "Y"], n), categories=["Y", "X", "Z"]),
            "smoker": rng.random(n) < 0.5,
            "seen": pd.to_datetime("2026-01-01") + pd.to_timedelta(rng.integers(0, 99, n), "D"),
        },
        index=rng.permutation(n) + 1000,
    )
    return X, pd.Series(y, index=X.index, name="ill", dtype="category")


PLAIN = ["height", "weight", "children", "small", "visits"]
WORDS = ["colour", "town", "smoker", "seen"]


@pytest.mark.parametrize("method", list(DRAWS))
@pytest.mark.parametrize("model", [None, PCA(3)], ids=["none", "pca"])
def test_a_mixed_frame_keeps_columns_dtypes_and_categories(method: str, model: Any) -> None:
    X, y = frame()
    resampler = LatentResampler(model, method=method, random_state=0)
    A, b = resampler.fit_resample(X, y)
    assert A.columns.tolist() == X.columns.tolist()
    assert A.dtypes.tolist() == X.dtypes.tolist()
    assert b.name == "ill"
    assert b.dtype == y.dtype
    assert A.index.tolist() == b.index.tolist() == list(range(100))
    pd.testing.assert_frame_equal(A[:60], X.reset_index(drop=True))
    made = resampler.provenance_
    for i in range(40):
        parents = made[i]["parents"]
        for column in WORDS:
            assert A[column].iloc[60 + i] in set(X[column].iloc[parents])
    assert resampler.feature_names_in_.tolist() == X.columns.tolist()
    assert resampler.n_features_in_ == 9
    pd.testing.assert_frame_equal(resampler.remake(X, y), A[60:].reset_index(drop=True))


def test_numbers_of_a_frame_are_the_weighted_sums_and_whole_ones_are_rounded() -> None:
    X, y = frame()
    resampler = LatentResampler(random_state=0)
    A, _ = resampler.fit_resample(X, y)
    made = resampler.provenance_
    for column in PLAIN:
        values = X[column].to_numpy(dtype=float)
        sums = np.sum(made.weights * values[made.parents], axis=1)
        got = A[column][60:].to_numpy(dtype=float)
        whole = column in ("children", "small", "visits")
        np.testing.assert_allclose(got, np.rint(sums) if whole else sums, rtol=1e-6)


def test_whole_numbers_stay_within_their_dtype() -> None:
    X = np.array([[0]] * 16 + [[240], [245], [250], [254]], dtype=np.uint8)
    A, _ = LatentResampler(method="extrapolate", reach=3, random_state=0).fit_resample(
        X, np.repeat([0, 1], [16, 4])
    )
    assert A.dtype == np.uint8
    assert A[20:].max() == 255
    assert A[20:].min() > 190  # none has come round to 0


def recipe(parents: list[list[int]], weights: list[list[float]]) -> Provenance:
    m = len(parents)
    return Provenance(
        np.zeros(m, int), np.array(parents), np.array(weights), np.zeros(m),
        np.zeros(m, np.uint64), "lol", 0, ("a",),
    )  # fmt: skip


VOTES = [
    ([0, 1, 2], [0.4, 0.3, 0.3], 1),  # codes 0, 1, 1: together they outweigh the largest
    ([0, 1, 2], [0.6, 0.2, 0.2], 0),
    ([3, 0, -1], [0.0, 0.0, 0.0], 3),  # a draw: the nearest item, and none is no parent
    ([0, 1, -1], [1.4, -0.4, 0.0], 0),  # extrapolated
    ([1, 3, 0], [-0.2, 0.5, 0.7], 0),
]


@pytest.mark.parametrize(("parents", "weights", "winner"), VOTES)
def test_a_category_is_the_vote_of_the_parents(
    parents: list[int], weights: list[float], winner: int
) -> None:
    codes = np.array([0, 1, 1, 2])
    assert codes[elected(codes, recipe([parents], [weights]))] == codes[winner]


def test_a_category_is_as_far_as_the_median_standard_deviation() -> None:
    X = pd.DataFrame({"a": [0.0, 2, 4], "b": [0.0, 20, 40], "c": [0.0, 4, 8], "k": ["x", "y", "x"]})
    rows = rows_of(X)
    assert isinstance(rows, Columns)
    median = X["c"].std(ddof=0)
    flags = rows.numbers[:, 3:]
    assert np.linalg.norm(flags[0] - flags[1]) == pytest.approx(median)
    scaled = flags / rows.scale()[3:]
    assert np.linalg.norm(scaled[0] - scaled[1]) == pytest.approx(1)


def test_a_column_of_names_counts_for_nothing_but_is_carried() -> None:
    n = MANY + 10
    X = pd.DataFrame({"x": np.arange(n) * 1.0, "name": [f"n{i}" for i in range(n)]})
    assert rows_of(X).numbers.shape == (n, 1)
    A, _ = LatentResampler(random_state=0).fit_resample(X, np.repeat([0, 1], [n - 5, 5]))
    assert set(A["name"][n:]) <= {f"n{i}" for i in range(n - 5, n)}


CHOICES = [[1], [-0 + 1], np.array([1]), [False, True, False], ["b"]]


@pytest.mark.parametrize("chosen", CHOICES, ids=str)
def test_categories_are_named_by_name_number_or_mask(chosen: Any) -> None:
    rng = np.random.default_rng(0)
    X = np.stack([rng.random(40), rng.integers(0, 3, 40), rng.random(40)], axis=1)
    y = np.repeat([0, 1], [30, 10])
    given = pd.DataFrame(X, columns=list("abc")) if chosen == ["b"] else X
    resampler = LatentResampler(categorical_features=chosen, random_state=0, method="lol")
    A = np.asarray(resampler.fit_resample(given, y)[0])
    assert set(A[40:, 1]) <= {0.0, 1.0, 2.0}
    assert not set(A[40:, 0]) <= set(X[:, 0])


@pytest.mark.parametrize("chosen", [[3], ["z"], [-1], [True], [1.5], [None]])
def test_a_category_that_is_no_column_is_one_sentence(chosen: Any) -> None:
    X, y = np.random.default_rng(0).random((9, 3)), np.repeat([0, 1], [6, 3])
    with pytest.raises(BadInput, match="categorical_features"):
        LatentResampler(categorical_features=chosen).fit_resample(X, y)


def test_arrays_of_words_and_numbers_keep_both() -> None:
    X = np.array([["red", 1.5, 2], ["blue", 2.5, 4], ["red", 3.5, 7]] * 6, dtype=object)
    A, _ = LatentResampler(random_state=0).fit_resample(X, np.repeat([0, 1], [14, 4]))
    assert A.dtype == object
    assert set(A[:, 0]) == {"red", "blue"}
    assert all(isinstance(v, float | int) for v in A[:, 1])


def test_a_table_of_categories_alone_can_grow() -> None:
    X = np.array([["a", "x"], ["b", "y"], ["a", "y"]] * 6)
    for method in DRAWS:
        A, _ = LatentResampler(method=method, random_state=0).fit_resample(
            X, np.repeat([0, 1], [14, 4])
        )
        assert set(A[:, 0]) == {"a", "b"}
        assert len(A) == 28


def test_pictures_of_bytes_stay_bytes() -> None:
    X = np.random.default_rng(0).integers(10, 200, (20, 1, 4, 4)).astype(np.uint8)
    for method in DRAWS:
        A, _ = LatentResampler(method=method, random_state=0).fit_resample(
            X, np.repeat([0, 1], [15, 5])
        )
        assert A.dtype == np.uint8
        assert A.min() >= 10
        assert A.max() < 200


def test_torch_tensors_are_read() -> None:
    torch = pytest.importorskip("torch")
    X = torch.rand(20, 3, requires_grad=True)
    A, b = LatentResampler(random_state=0).fit_resample(X, torch.tensor([0] * 15 + [1] * 5))
    assert A.shape == (30, 3)
    assert b.sum() == 15


MISSING = [
    (np.array([[1.0], [np.nan], [2.0], [3.0]]), "`X` holds missing values"),
    (np.array([["a"], [None], ["b"], ["b"]], dtype=object), "categorical column holds missing"),
    (pd.DataFrame({"a": [1.0, 2, 3, 4], "b": ["x", None, "y", "y"]}), "column 'b' holds missing"),
    (pd.DataFrame({"a": [1.0, np.nan, 3, 4]}), "column 'a' holds missing values"),
    (pd.DataFrame({"a": [1.0, np.inf, 3, 4]}), "infinite"),
]


@pytest.mark.parametrize(("X", "words"), MISSING, ids=range(len(MISSING)))
def test_missing_values_are_refused_in_one_sentence(X: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        LatentResampler().fit_resample(X, [0, 0, 0, 1])


BAD_LABELS = [
    (["a", None, "b", "b"], "missing ones"),
    ([0.0, np.nan, 1, 1], "NaN"),
    ([0, 0, 0, 0], "more than one class"),
    ([0, 1, 1], "as many rows, got 4 and 3"),
    ([0.1, 0.2, 0.3, 0.4], "`y` must hold classes: Unknown label type"),
    ([[1, 1], [0, 1], [1, 0], [0, 0]], "Multilabel"),
    (None, "requires y"),
]


@pytest.mark.parametrize(("y", "words"), BAD_LABELS, ids=range(len(BAD_LABELS)))
def test_labels_that_are_none_are_refused_in_one_sentence(y: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        LatentResampler().fit_resample(np.eye(4), y)


def test_labels_come_back_as_they_were_given() -> None:
    new = np.array([0, 1])
    assert Target(["b", "a"]).with_rows(new) == ["b", "a", "a", "b"]
    column = Target(np.array([[1], [0]])).with_rows(new)
    assert column.shape in ((4,), (4, 1))
    indicators = Target(np.array([[0, 1], [1, 0]])).with_rows(new)
    assert indicators.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]
    table = Target(pd.DataFrame({"c": pd.Categorical(["b", "a"])})).with_rows(new)
    assert table["c"].tolist() == ["b", "a", "a", "b"]
    assert table["c"].dtype == "category"


def test_indicators_with_an_empty_column_keep_it() -> None:
    y = np.eye(4, dtype=int)[[0, 0, 0, 2, 2, 0, 0]]
    _, b = LatentResampler(random_state=0).fit_resample(np.arange(14.0).reshape(7, 2), y)
    assert b.shape == (10, 4)
    assert b.sum(axis=0).tolist() == [5, 0, 5, 0]
