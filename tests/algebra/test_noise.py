"""Numbered noise: the same bits everywhere, and as good as any other standard normal noise."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

import zalgebra as za
from zalgebra.algebra.noise import LARGEST, noise
from zalgebra.types import BadInput

ALPHA = 1e-4
LARGE = 100_000

# Float32 to the last bit, hexadecimal: a change of these breaks every mix.json there is.
GOLDEN = {
    0: [
        "-0x1.22cd1a0000000p+1",
        "-0x1.6714740000000p-1",
        "-0x1.380f160000000p+0",
        "0x1.4c209a0000000p-3",
    ],
    3: [
        "0x1.822aa80000000p+0",
        "-0x1.6925e20000000p+0",
        "-0x1.31371e0000000p-2",
        "0x1.ad05080000000p-1",
    ],
    2**32: [
        "-0x1.967a2a0000000p-5",
        "0x1.1c52f80000000p+0",
        "0x1.760ace0000000p-3",
        "-0x1.eefe5a0000000p-2",
    ],
    LARGEST: [
        "-0x1.7201b00000000p-1",
        "0x1.2655800000000p-1",
        "-0x1.cbcfd20000000p-3",
        "0x1.24918e0000000p-1",
    ],
}


# The same bits.


@pytest.mark.parametrize("number", GOLDEN)
def test_the_first_entries_are_these_for_ever(number: int) -> None:
    z = noise(number, 4)
    assert z.dtype == np.float32
    assert [float(x).hex() for x in z] == GOLDEN[number]


def test_the_bits_are_those_of_every_array_library(xp) -> None:
    for dtype in ("float32", "float64"):
        like = xp.asarray(np.zeros(2), dtype)
        z = noise([3, 4], (2, 5), like=like)
        assert xp.owns(z)
        assert xp.dtype(z) == dtype
        np.testing.assert_array_equal(xp.numpy(z), noise([3, 4], (2, 5)))
    integers = noise(3, 4, like=xp.asarray([1, 2], "int64"))
    assert xp.dtype(integers) == "float32"


def test_half_precision_rounds_the_same_numbers() -> None:
    torch = pytest.importorskip("torch")
    z = noise(3, 100, like=torch.zeros(1, dtype=torch.bfloat16))
    assert z.dtype == torch.bfloat16
    torch.testing.assert_close(z, torch.tensor(noise(3, 100)).to(torch.bfloat16), rtol=0, atol=0)


def test_an_entry_depends_on_its_number_and_place_alone() -> None:
    whole = noise(5, LARGE)
    for shape in (1, 7, (3, 5), (4, 8, 8), [2, 3], np.int64(9)):
        z = noise(5, shape)
        np.testing.assert_array_equal(z.ravel(), whole[: z.size])
    batch = noise([7, 5, 7], (3, 5))
    assert batch.shape == (3, 3, 5)
    np.testing.assert_array_equal(batch[1].ravel(), whole[:15])
    np.testing.assert_array_equal(batch[0], batch[2])
    np.testing.assert_array_equal(noise(np.array([7, 5]), 15), batch[:2].reshape(2, 15))


def test_empty_latents_and_empty_batches() -> None:
    assert noise([], (2, 3)).shape == (0, 2, 3)
    assert noise(1, (0, 3)).shape == (0, 3)
    assert noise(1, ()).shape == ()
    assert noise(1, ()) == noise(1, 1)[0]


def test_the_state_of_other_generators_is_neither_read_nor_changed() -> None:
    np.random.seed(0)  # noqa: NPY002
    before = noise(3, 8)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    np.testing.assert_array_equal(noise(3, 8), before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_a_new_process_gives_the_same_bits() -> None:
    code = "from zalgebra.algebra.noise import noise; print(noise(3, 1000).tobytes().hex())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert said.stdout.strip() == noise(3, 1000).tobytes().hex()


# Good noise.


@pytest.mark.parametrize("number", [0, 1, 2, 3, 2**32, LARGEST])
def test_it_is_standard_normal(number: int) -> None:
    z = noise(number, LARGE).astype(float)
    assert stats.kstest(z, "norm").pvalue > ALPHA
    n = LARGE  # moments, against their own standard errors
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        score = (np.mean(z**power) - mean) / np.sqrt(variance / n)
        assert 2 * stats.norm.sf(abs(score)) > ALPHA
    assert np.abs(z).max() < 9


def test_adjacent_entries_and_adjacent_numbers_are_independent() -> None:
    z = noise(range(64), 4096).astype(float)
    for pairs in (z[:, :-1] * z[:, 1:], z[:-1] * z[1:], z[:32] * z[32:], z[:, :-4] * z[:, 4:]):
        score = pairs.mean() * np.sqrt(pairs.size)
        assert 2 * stats.norm.sf(abs(score)) > ALPHA
    squares = (z**2 - 1) / np.sqrt(2)
    score = (squares[:-1] * squares[1:]).mean() * np.sqrt(63 * 4096)
    assert 2 * stats.norm.sf(abs(score)) > ALPHA
    # Across numbers each place is standard normal too.
    assert stats.kstest(noise(range(5000), 1).ravel().astype(float), "norm").pvalue > ALPHA


def test_no_two_numbers_share_entries() -> None:
    z = noise([0, 1, 2, 2**32, 2**63, LARGEST], 2000)
    assert len(np.unique(z.ravel())) > 0.999 * z.size
    bits = [2**i for i in range(64)]
    assert len(np.unique(noise(bits, 1))) == 64


def test_the_certificate_finds_it_plausible() -> None:
    assert za.check(noise(range(20), (4, 16, 16))).plausible.all()


# Refusals.


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: noise(-1, 3),
            "a latent's number is whole, from 0 to 18446744073709551615, got -1",
        ),
        (lambda: noise(2**64, 3), "a latent's number is whole, .* got 18446744073709551616"),
        (lambda: noise(1.5, 3), "a latent's number is whole, .* got 1.5"),
        (lambda: noise("3", 3), "a latent's number is whole, .* got 3"),
        (lambda: noise([1, -2], 3), "a latent's number is whole, .* got -2"),
        (lambda: noise(3, (2, -1)), r"`shape` must be whole numbers .*, got \(2, -1\)"),
        (lambda: noise(3, 2.5), "`shape` must be whole numbers of at least 0, got 2.5"),
        (lambda: noise(3, None), "`shape` must be whole numbers of at least 0, got None"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
