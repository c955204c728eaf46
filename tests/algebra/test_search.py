"""Search by ask and tell: it finds, it repeats itself, and it keeps to itself."""

from __future__ import annotations

import os
import sys
import warnings

import numpy as np
import pytest

import zalgebra as za
from zalgebra.algebra.subspace import Subspace
from zalgebra.types import BadInput, MissingExtra

pytest.importorskip("cma")


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def cosine(z: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return z @ wanted / np.linalg.norm(z, axis=-1) / np.linalg.norm(wanted)


def attainable(seeds: np.ndarray, wanted: np.ndarray) -> float:
    """The cosine with the wanted latent's projection into the span: least squares."""
    fit = seeds.T @ np.linalg.lstsq(seeds.T, wanted, rcond=None)[0]
    return float(cosine(fit, wanted))


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_it_finds_the_best_direction(seed, maximize) -> None:
    seeds, wanted = normal(5, 64, seed=seed), normal(64, seed=100 + seed)
    search = Subspace().fit(seeds).search(seed=seed, maximize=maximize)
    evaluations = 0
    while evaluations < 400:
        z = search.ask()
        search.tell(cosine(z, wanted) if maximize else -cosine(z, wanted))
        evaluations += len(z)
    found = float(cosine(search.best.latent, wanted))
    assert found > 0.999 * attainable(seeds, wanted)
    assert search.best.score == pytest.approx(found if maximize else -found)


def test_favourites_lead_there_too() -> None:
    seeds, wanted = normal(4, 64), normal(64, seed=1)
    search = Subspace().fit(seeds).search(population=8)
    for _ in range(60):
        order = np.argsort(-cosine(search.ask(), wanted))
        search.tell(chosen=order[:4].tolist())
    assert float(cosine(search.best.latent, wanted)) > 0.99 * attainable(seeds, wanted)
    assert search.best.score is None


def test_it_works_under_a_prior_and_in_another_chart(xp) -> None:
    prior = za.priors.Gaussian(normal(6) + 5, np.arange(1.0, 7.0))
    seeds = prior.sample(3, seed=0).astype(float)
    subspace = Subspace(prior, chart="angles", center=True).fit(xp.asarray(seeds))
    search = subspace.search(seed=1)
    z = search.ask()
    assert xp.owns(z)
    assert tuple(z.shape) == (search.population, 6)
    assert tuple(search.coords.shape) == (search.population, 2)
    search.tell(xp.numpy(z)[:, 0])
    best, row = search.best, xp.numpy(z)[np.argmin(xp.numpy(z)[:, 0])]
    np.testing.assert_allclose(xp.numpy(best.latent), row, rtol=1e-12)
    for again in (
        za.combine(xp.numpy(best.weights), seeds, prior=prior),
        subspace.inverse_transform(best.coords),
    ):
        np.testing.assert_allclose(xp.numpy(again), row, rtol=1e-9)


def rounds(seed: int, n: int = 4) -> np.ndarray:
    search = Subspace().fit(normal(4, 16)).search(seed=seed)
    found = []
    for _ in range(n):
        found.append(search.ask())
        search.tell(found[-1][:, 0])
    return np.stack(found)


def test_the_same_seed_and_answers_ask_the_same() -> None:
    np.testing.assert_array_equal(rounds(3), rounds(3))
    assert np.abs(rounds(3)[0] - rounds(4)[0]).max() > 0.1


def test_it_is_quiet_and_leaves_the_global_generator_and_the_folder_alone(
    tmp_path, monkeypatch, capfd
) -> None:
    monkeypatch.chdir(tmp_path)
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.standard_normal(3)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rounds(0, n=30)
    np.testing.assert_array_equal(np.random.standard_normal(3), expected)  # noqa: NPY002
    assert os.listdir(tmp_path) == []  # noqa: PTH208
    assert capfd.readouterr() == ("", "")


def test_more_or_fewer_may_be_asked_for() -> None:
    search = Subspace().fit(normal(4, 16)).search(population=10)
    for n in (5, 10, 31):
        z = search.ask(n)
        assert z.shape == (n, 16)
        search.tell(z[:, 0])


def test_latents_that_were_rated_before_steer_it() -> None:
    seeds, wanted = normal(4, 64), normal(64, seed=1)
    subspace = Subspace().fit(seeds)
    rated = subspace.sample(300, seed=2)
    warm, cold = subspace.search(maximize=True), subspace.search(maximize=True)
    warm.tell(cosine(rated, wanted), rated)
    best = rated[np.argmax(cosine(rated, wanted))]
    np.testing.assert_allclose(warm.best.latent, best, rtol=1e-9)
    assert cosine(warm.ask(50), wanted).mean() > cosine(cold.ask(50), wanted).mean() + 0.02


def test_the_best_is_the_best_of_all() -> None:
    search = Subspace().fit(normal(4, 16)).search()
    first = search.ask()
    search.tell(np.arange(len(first)))
    search.tell(np.arange(len(search.ask())) + 5.0)
    np.testing.assert_allclose(search.best.latent, first[0])
    assert search.best.score == 0
    second = search.ask()
    search.tell(chosen=[4, 2])
    np.testing.assert_allclose(search.best.latent, second[4])


def test_it_says_when_there_is_little_left_to_find() -> None:
    search = Subspace().fit(normal(2, 16)).search()
    assert search.stopped == ()
    for _ in range(300):
        z = search.ask()
        search.tell((z[:, 0] - 0.1) ** 2)
        if search.stopped:
            break
    assert search.stopped
    search.tell(search.ask()[:, 0])  # it only informs


def test_without_cma_the_install_line_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(MissingExtra, match=r"needs cma.*zalgebra\[search\]"):
        Subspace().fit(normal(3, 16)).search()


def open_search():
    search = Subspace().fit(normal(3, 16)).search()
    search.ask(7)
    return search


def told_twice():
    search = open_search()
    search.tell(range(7))
    search.tell(range(7))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Subspace().search(), "not fitted yet"),
        (lambda: Subspace().fit(normal(3, 16)).search().tell([1.0]), r"call ask\(\) first"),
        (lambda: Subspace().fit(normal(3, 16)).search().coords, r"call ask\(\) first"),
        (lambda: open_search().best, "nothing was told yet"),
        (told_twice, r"no latents wait for scores: call ask\(\) first"),
        (lambda: open_search().tell([1, 2, 3]), r"`scores` .* \(7,\), one a latent, got \(3,\)"),
        (lambda: open_search().tell([1, 2, 3, 4, 5, 6, np.nan]), "`scores` must be finite"),
        (lambda: open_search().tell(), "give either scores or `chosen`"),
        (lambda: open_search().tell(range(7), chosen=[1]), "give either scores or `chosen`"),
        (lambda: open_search().tell(chosen=[]), r"`chosen` must be different numbers from 0 to 6"),
        (lambda: open_search().tell(chosen=[1, 1]), "`chosen` must be different numbers"),
        (lambda: open_search().tell(chosen=[7]), r"from 0 to 6, got \[7\]"),
        (lambda: open_search().ask(2), "`n` must be at least 4, got 2"),
        (lambda: open_search().tell([1, 2], normal(2, 16)), "at least 4 latents .* got 2"),
        (lambda: open_search().tell(range(9), np.zeros((9, 16))), "have a direction in the sub"),
        (lambda: FITTED.search(sigma=0), "`sigma` must be a positive number, got 0"),
        (lambda: FITTED.search(population=3), "`population` must be at least 4, got 3"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()


FITTED = Subspace().fit(normal(3, 16))
