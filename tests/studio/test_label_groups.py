"""Two groups from a label, whatever it holds, and the labels beside it."""

from __future__ import annotations

import numpy as np
import pytest

from zalgebra.studio.label_groups import other_labels, upper_and_lower
from zalgebra.types import BadInput


@pytest.mark.parametrize(
    ("values", "high", "low"),
    [
        (np.arange(10.0), 6, 3),
        (np.array([0.0] * 9 + [1.0]), 1, 0),
        (np.array([False, True, True, False, False, True, False]), 1, 0),
        (np.array([np.nan, 0.0, 1.0, 2.0, 3.0, np.nan]), 2, 1),
        (np.array([2, 2, 2, 7]), 7, 2),
    ],
)
def test_upper_and_lower_third_of_what_is_known(values, high, low) -> None:
    assert upper_and_lower("age", values) == ([("age", ">=", high)], [("age", "<=", low)])


def test_a_label_that_is_known_of_none_has_no_direction() -> None:
    with pytest.raises(BadInput, match="'age' is not known of any item"):
        upper_and_lower("age", np.full(4, np.nan))


def test_a_label_that_is_not_known_of_all_is_no_attribute() -> None:
    labels = {"a": np.array([1.0, np.nan, 3.0]), "b": np.array([True, False, True]), "c": [1, 2, 3]}
    labels = {k: np.asarray(v) for k, v in labels.items()}
    assert list(other_labels(labels, np.array([0, 1]), leave_out=["c"])) == ["b"]
    assert list(other_labels(labels, np.array([0, 2]), leave_out=["c"])) == ["a", "b"]
