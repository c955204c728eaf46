"""Relations of many pairs, projection off directions, and the common part of vectors."""

from __future__ import annotations

import numpy as np
import pytest

import zalgebra as za
from zalgebra.models.base import load
from zalgebra.models.common_part import isotropy, without_common
from zalgebra.models.projection import project_off
from zalgebra.models.relations import wilson
from zalgebra.models.words import WordVectors
from zalgebra.types import BadInput

N = 30


@pytest.fixture(scope="module")
def wv() -> WordVectors:
    """Pairs (a_i, b_i) one common step apart, with noise."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((N, 10))
    B = A + 2 * np.eye(10)[0] + 0.8 * rng.standard_normal((N, 10))
    return WordVectors.from_arrays(
        [f"{s}{i}" for s in "ab" for i in range(N)], np.concatenate([A, B])
    )


PAIRS = [(f"a{i}", f"b{i}") for i in range(N)]


# Relations.


def test_a_relation_is_the_mean_step(wv: WordVectors) -> None:
    found = wv.relation(PAIRS)
    U = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    steps = (U[N:] - U[:N]).astype(float)
    np.testing.assert_allclose(found.vector, steps.mean(axis=0), atol=1e-6)
    units = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    pairs = (units @ units.T)[np.triu_indices(N, 1)]
    assert found.agreement == pytest.approx(pairs.mean(), abs=1e-6)
    for i, others in enumerate(found.others()):
        np.testing.assert_allclose(others, np.delete(steps, i, axis=0).mean(axis=0), atol=1e-6)


def test_pairs_agree_more_than_shuffled_ones(wv: WordVectors) -> None:
    found = wv.relation(PAIRS)
    chance = found.shuffled_agreement(200)
    assert found.agreement > chance[-1]
    strangers = wv.relation([(a, PAIRS[(7 * i + 3) % N][1]) for i, (a, _) in enumerate(PAIRS)])
    rank = np.searchsorted(strangers.shuffled_agreement(200), strangers.agreement)
    assert 1 <= rank <= 199


def test_following_a_relation_adds_its_step(wv: WordVectors) -> None:
    found = wv.relation(PAIRS)
    assert wv.follow(found, "a3", 5) == wv.most_similar(["a3", found.vector], topn=5)
    right = 0
    for i, (a, b) in enumerate(PAIRS):
        others = wv.relation([pair for j, pair in enumerate(PAIRS) if j != i])
        right += wv.follow(others, a, 1)[0][0] == b
    score = wv.evaluate_relation(found)
    assert (score.right, score.n) == (right, N)
    assert 10 < right < N
    assert score.interval == wilson(right, N)
    assert wv.evaluate_relation(found, drop=False).right <= right


def test_wilsons_interval_is_as_published() -> None:
    low, high = wilson(9, 10)
    assert (low, high) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))


def test_what_is_no_relation_is_one_sentence(wv: WordVectors) -> None:
    for pairs in ([], ["ab"], [("a1", "b1", "a2")]):
        with pytest.raises(BadInput, match="pairs of words"):
            wv.relation(pairs)
    one = wv.relation(PAIRS[:1])
    assert np.isnan(one.agreement)
    for verb in (one.shuffled_agreement, one.others):
        with pytest.raises(BadInput, match="2 pairs or more"):
            verb()


# Projection.


def test_nothing_is_left_along_the_directions(xp) -> None:
    rng = np.random.default_rng(0)
    D, Z = rng.standard_normal((3, 8)), rng.standard_normal((5, 8))
    D[2] = D[0] - 2 * D[1]  # in the span of the others
    z = xp.asarray(Z)
    left = project_off(z, D)
    assert xp.owns(left)
    assert xp.dtype(left) == "float64"
    P = np.eye(8) - D[:2].T @ np.linalg.solve(D[:2] @ D[:2].T, D[:2])
    np.testing.assert_allclose(xp.numpy(left), Z @ P, atol=1e-10)
    np.testing.assert_allclose(xp.numpy(project_off(left, D)), Z @ P, atol=1e-10)
    np.testing.assert_allclose(xp.numpy(project_off(z[0, :], D[0])) @ D[0], 0, atol=1e-10)


def test_the_projection_of_a_recipe_is_that_of_its_array(wv: WordVectors) -> None:
    gender = wv.relation(PAIRS)
    latent = za.evaluate("a1 - 0.5 a2 + b4", wv)
    projected = project_off(latent, gender, name="side")
    z = latent.array(method="linear")
    np.testing.assert_allclose(
        projected.array(method="linear"), project_off(z, gender.vector), atol=1e-5
    )
    assert '"a1 without side"' in repr(projected)
    assert list(projected.weights.values()) == [1, -0.5, 1]
    batch = project_off(latent * np.array([1.0, 2.0]), gender)
    assert batch.array(method="linear").shape == (2, 10)


def test_a_direction_is_taken_by_its_vector() -> None:
    Z = np.random.default_rng(0).standard_normal((40, 6))
    smile = za.Direction.from_groups(Z[:20] + 1, Z[20:])
    np.testing.assert_allclose(project_off(Z, smile) @ smile.vector, 0, atol=1e-5)


def test_words_without_a_direction_add_up_without_it(wv: WordVectors, tmp_path) -> None:
    gender = wv.relation(PAIRS)
    left = wv.without(gender)
    np.testing.assert_allclose(left.vectors @ gender.vector, 0, atol=1e-5)
    assert left.words == wv.words
    assert abs(wv["b1"] @ gender.vector) > 0.1, "the words it was made of stay as they were"
    assert left.spec_.fingerprint != wv.spec_.fingerprint
    z = za.evaluate("a1 - a2 + b3", left).array(method="linear")
    np.testing.assert_allclose(z @ gender.vector, 0, atol=1e-5)
    plain = za.evaluate("a1 - a2 + b3", wv).array(method="linear")
    np.testing.assert_allclose(z, project_off(plain, gender), atol=1e-5)
    both = wv.without(("a1", "b1"), gender.vector)
    step = wv.relation([("a1", "b1")]).vector
    np.testing.assert_allclose(both.vectors @ np.stack([step, gender.vector]).T, 0, atol=1e-5)
    back = load(left.save(tmp_path))
    np.testing.assert_array_equal(back.vectors, left.vectors)
    assert back.most_similar("a1") == left.most_similar("a1")


def test_what_cannot_be_projected_is_one_sentence(wv: WordVectors) -> None:
    with pytest.raises(BadInput, match="direction 1 is zero"):
        project_off(np.ones((2, 3)), [[1.0, 0, 0], [0, 0, 0]])
    with pytest.raises(BadInput, match=r"shape \(..., 3\), got \(2, 4\)"):
        project_off(np.ones((2, 4)), np.ones(3))
    with pytest.raises(BadInput, match="at least one direction"):
        wv.without()
    with pytest.raises(BadInput, match="holds a shift"):
        project_off(za.Latent(np.ones(3), "x") + za.Latent.shift(np.ones(3), "s"), np.ones(3))
    with pytest.raises(BadInput, match="holds a number"):
        project_off(za.Latent.seed(1), np.ones(3))


# The common part.


def test_isotropy_is_the_formula() -> None:
    X = np.random.default_rng(0).standard_normal((200, 5)) * [3, 1, 1, 1, 1] + 0.4
    found = isotropy(X)
    U = X / np.linalg.norm(X, axis=1, keepdims=True)
    assert found.mean_cosine == pytest.approx((U @ U.T)[np.triu_indices(200, 1)].mean())
    V = X / np.linalg.norm(X, axis=1).mean()
    sizes, axes = np.linalg.eigh(V.T @ V)
    Z = np.exp(V @ np.hstack([axes, -axes])).sum(axis=0)
    assert found.partition == pytest.approx(Z.min() / Z.max())
    assert found.leading == pytest.approx(sizes.max() / sizes.sum())
    assert isotropy(np.concatenate([X, np.zeros((3, 5))])) == found


def test_without_the_common_part_vectors_are_more_even() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 6)) + 2 * np.eye(6)[0] + rng.standard_normal((500, 1)) * 3
    left, mean, axes = without_common(X.astype(np.float32), components=2)
    C = X - X.mean(axis=0)
    top = np.linalg.svd(C, full_matrices=False)[2][:2]
    np.testing.assert_allclose(left, C - C @ top.T @ top, atol=1e-4)
    np.testing.assert_allclose(mean, X.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(np.abs(top @ axes), np.eye(2), atol=1e-4)
    assert isotropy(left).leading < isotropy(X).leading / 2
    assert abs(isotropy(left).mean_cosine) < 0.01 < isotropy(X).mean_cosine


def test_word_vectors_leave_it_out_and_keep_what_they_left(wv: WordVectors, tmp_path) -> None:
    less = WordVectors.from_arrays(wv.words, wv.vectors, centre=True, components=2)
    assert less.common_.shape == (10, 2)
    np.testing.assert_allclose(less.vectors @ less.common_, 0, atol=1e-5)
    back = (wv.vectors - less.centre_) @ less.common_
    np.testing.assert_allclose(
        less.vectors + less.centre_ + back @ less.common_.T, wv.vectors, atol=1e-5
    )
    np.testing.assert_array_equal(load(less.save(tmp_path)).common_, less.common_)
    for components in (10, -1, 0.5):
        with pytest.raises(BadInput, match="`components`"):
            WordVectors.from_arrays(wv.words, wv.vectors, components=components)
