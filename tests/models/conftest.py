"""What the models' tests share: small data, and one small fitted model of each kind."""

from __future__ import annotations

import numpy as np
import pytest

import zalgebra as za

pytest.importorskip("torch")


@pytest.fixture(scope="session")
def digits():
    return za.datasets.digits()


@pytest.fixture(scope="session")
def vae(digits):
    """A model that has learned something; tests only read it."""
    settings = {"width": 8, "max_epochs": 12, "batch_size": 64, "verbose": False}
    return za.models.VAE(8, beta=0.1, **settings).fit(digits.images[:1500])


@pytest.fixture(scope="session")
def reader(digits):
    """Reads a class, a two-valued column and a number off digits; tests only read it."""
    model = za.models.Reader(max_epochs=6, batch_size=64, verbose=False)
    return model.fit(digits.images[:1500], labels(digits, slice(1500)))


def labels(digits, rows: slice) -> dict[str, np.ndarray]:
    images, digit = digits.images[rows], digits.labels["class"][rows]
    ink = 100 * images.mean(axis=(1, 2, 3)) + 7
    return {"digit": digit, "curly": np.isin(digit, [0, 3, 6, 8, 9]), "ink": ink}
