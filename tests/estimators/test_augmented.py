"""`AugmentedDataset`: what a row is depends on seed, epoch and index, and on nothing else."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from zalgebra.estimators.augmented import AugmentedDataset
from zalgebra.estimators.samplers import LatentResampler
from zalgebra.estimators.samplers.draws import DRAWS
from zalgebra.types import BadInput

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

N, FULL = 30, 48


@pytest.fixture(autouse=True)
def _forks_are_meant() -> Iterator[None]:
    """JAX, if some other test has loaded it, warns of the loader's workers."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called")
        warnings.filterwarnings("ignore", message=".*use of fork.*")
        yield


def arrays(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.repeat([3, 5, 9], [16, 8, 6])
    return (rng.standard_normal((N, 4)) + y[:, None]).astype(np.float32), y


def dataset(method: str = "interpolate", **how: Any) -> AugmentedDataset:
    return AugmentedDataset(arrays(), LatentResampler(method=method), **{"seed": 1, **how})


def items(data: AugmentedDataset) -> np.ndarray:
    return np.stack([data[i][0].numpy() for i in range(len(data))])


def batches(data: AugmentedDataset, workers: int, size: int = 7, **how: Any) -> np.ndarray:
    loader = DataLoader(data, batch_size=size, num_workers=workers, **how)
    return np.concatenate([x.numpy() for x, _ in loader])


def test_given_items_first_then_rare_classes_filled_up() -> None:
    data = dataset(p=0)
    assert len(data) == FULL
    assert data.classes_.tolist() == [3, 5, 9]
    labels = np.array([data[i][1] for i in range(FULL)])
    assert np.bincount(labels).tolist() == [16, 16, 16]
    X, y = arrays()
    for i in range(N):
        x, c = data[i]
        assert torch.equal(x, torch.from_numpy(X[i]))
        assert data.classes_[c] == y[i]


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_share_p_of_the_given_items_is_replaced(p: float) -> None:
    data = AugmentedDataset(
        (np.random.default_rng(0).random((2000, 2)), np.repeat([0, 1], 1000)),
        LatentResampler(),
        p=p,
    )
    made = sum(data.recipe(i, 0) is not None for i in range(2000))
    assert abs(made - 2000 * p) <= 4 * np.sqrt(2000 * p * (1 - p))


@pytest.mark.parametrize("method", list(DRAWS))
def test_an_epoch_repeats_under_a_seed_and_differs_from_the_next(method: str) -> None:
    first, again, other = dataset(method, p=1), dataset(method, p=1), dataset(method, p=1, seed=2)
    a, b = items(first), items(first)
    assert np.array_equal(a, items(again))
    assert not np.any(np.all(a == b, axis=1))
    assert not np.any(np.all(a == items(other), axis=1))


def test_a_set_epoch_stays_until_it_is_taken_back() -> None:
    data, counted = dataset(), dataset()
    data.set_epoch(1)
    a, b = items(data), items(data)
    assert np.array_equal(a, b)
    items(counted)
    assert np.array_equal(items(counted), a)  # its second time is epoch 1
    data.set_epoch(None)
    assert np.array_equal(items(data), items(dataset()))


@pytest.mark.parametrize("method", ["interpolate", "correlated", "gaussian"])
def test_a_batch_holds_what_its_rows_are_alone(method: str) -> None:
    alone = items(dataset(method))
    together = dataset(method).__getitems__(list(range(FULL)))
    np.testing.assert_allclose(np.stack([x.numpy() for x, _ in together]), alone, rtol=1e-5)


@pytest.mark.parametrize("persistent", [False, True])
def test_workers_change_nothing_and_every_epoch_is_new(persistent: bool) -> None:
    alone, shared = dataset(), dataset()
    wanted = [batches(alone, 0) for _ in range(2)]
    loader = DataLoader(shared, batch_size=7, num_workers=2, persistent_workers=persistent)
    found = [np.concatenate([x.numpy() for x, _ in loader]) for _ in range(2)]
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6)
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-6)
    assert not np.allclose(found[0], found[1])


def test_a_set_epoch_reaches_workers_that_persist() -> None:
    data = dataset()
    loader = DataLoader(data, batch_size=12, num_workers=1, persistent_workers=True)
    data.set_epoch(4)
    first = np.concatenate([x.numpy() for x, _ in loader])
    data.set_epoch(5)
    second = np.concatenate([x.numpy() for x, _ in loader])
    data.set_epoch(4)
    assert np.array_equal(first, np.concatenate([x.numpy() for x, _ in loader]))
    assert not np.array_equal(first, second)


@pytest.mark.slow
def test_workers_that_are_spawned_give_the_same() -> None:
    spawned = batches(dataset(), 1, multiprocessing_context="spawn")
    np.testing.assert_allclose(spawned, batches(dataset(), 0), rtol=1e-6)


def test_a_row_is_the_combination_that_its_recipe_tells() -> None:
    data, (X, y) = dataset(p=1), arrays()
    for i in (0, 20, 40, FULL - 1):
        told = data.recipe(i, 0)
        assert told is not None
        by_hand = np.asarray(told["weights"]) @ X[told["parents"]]
        np.testing.assert_allclose(data[i][0].numpy(), by_hand, rtol=1e-4)
        assert set(y[told["parents"]]) == {told["label"]}


def test_mixup_gives_the_shares_of_the_classes() -> None:
    data = dataset("mixup")
    shares = torch.stack([data[i][1] for i in range(FULL)])
    assert shares.shape == (FULL, 3)
    assert torch.allclose(shares.sum(dim=1), torch.ones(FULL))
    assert shares.dtype == torch.float32
    assert 0 < torch.count_nonzero((shares > 0).sum(dim=1) == 2) < FULL
    x, soft = next(iter(DataLoader(data, batch_size=FULL)))
    assert x.shape == (FULL, 4)
    assert soft.shape == (FULL, 3)


def test_it_is_made_of_a_torch_data_set_and_a_model() -> None:
    X, y = arrays()
    pairs = TensorDataset(torch.from_numpy(X).reshape(N, 1, 2, 2), torch.from_numpy(y))
    resampler = LatentResampler(PCA(2), sampling_strategy={9: 20})
    data = AugmentedDataset(pairs, resampler, p=0)
    assert len(data) == N + 14
    assert data[N][0].shape == (1, 2, 2)
    assert data[N][0].dtype == torch.float32
    assert not hasattr(resampler, "model_")


def test_a_copy_goes_on_by_itself() -> None:
    data = dataset()
    items(data)
    twin = copy.deepcopy(data)
    assert np.array_equal(items(twin), items(data))


@pytest.mark.parametrize("index", [FULL, -FULL - 1])
def test_there_is_no_row_beyond_the_last(index: int) -> None:
    with pytest.raises(IndexError, match=f"data set of {FULL} rows"):
        dataset()[index]
    assert torch.equal(dataset(p=0)[-FULL][0], dataset(p=0)[0][0])


WRONG = [
    ({"p": 1.5}, "`p` must lie between 0 and 1, got 1.5"),
    ({"p": "half"}, "`p` must lie"),
    ({"seed": -1}, "`seed` must be a whole number"),
    ({"seed": 0.5}, "`seed`"),
]


@pytest.mark.parametrize(("how", "words"), WRONG)
def test_a_setting_out_of_range_is_one_sentence(how: dict, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        dataset(**how)


def test_data_that_are_no_pairs_are_one_sentence() -> None:
    with pytest.raises(BadInput, match="must be \\(X, y\\) or a map-style data set, got int"):
        AugmentedDataset(3, LatentResampler())
    with pytest.raises(BadInput, match="pairs"):
        AugmentedDataset([1, 2, 3], LatentResampler())
    with pytest.raises(BadInput, match="`epoch` must be 0 or more"):
        dataset().set_epoch(-1)
