"""Every model of pictures on the same data: time, error, Fréchet distance, plausibility.

    ./dev bench models [--n 12000] [--epochs 6] [--only PCA,VAE]

Fashion-MNIST (about ten minutes on two cores by default) and digits (a minute). Seed 0. Errors are
root mean squares on [0, 1] of held-out pictures after encoding and decoding. The Fréchet distance
is taken between the ten logits that a classifier gives to generated and to test pictures, with a
95 % bootstrap interval over the generated ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

import zalgebra as za
from _timing import machine, table
from zalgebra.models.networks import in_batches

SEEDED: dict[str, Any] = {"random_state": 0, "verbose": False}


def fashion_models(epochs: int) -> dict[str, Any]:
    m = za.models
    small = {"max_epochs": epochs, "patience": None, **SEEDED}
    return {
        "PCA": m.PCA(32, random_state=0),
        "Autoencoder": m.Autoencoder(32, batch_size=128, **small),
        "VAE": m.VAE(32, batch_size=128, **small),
        "BetaVAE": m.BetaVAE(32, batch_size=128, **small),
        "BetaTCVAE": m.BetaTCVAE(32, batch_size=128, **small),
        "HypersphericalVAE": m.HypersphericalVAE(16, batch_size=128, **small),
        "GAN": m.GAN(32, max_epochs=epochs, **SEEDED),
        "FlowMatching": m.FlowMatching(width=16, max_epochs=epochs, **SEEDED),
        "Diffusion": m.Diffusion(width=16, max_epochs=epochs, **SEEDED),
    }


def rmse(model: Any, X: np.ndarray) -> tuple[np.ndarray, float]:
    Z = model.transform(X)
    return Z, float(np.sqrt(np.mean((model.inverse_transform(Z) - X) ** 2)))


def logits(reader: Any, X: np.ndarray) -> np.ndarray:
    return in_batches(reader.network_, X, (10,)).astype(float)


def distance(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """Fréchet distance of features a and b, and its interval over resamples of a."""
    rng, test = np.random.default_rng(0), za.priors.Gaussian.fit(b)
    of = [a, *(a[rng.integers(0, len(a), len(a))] for _ in range(100))]
    found = [za.transport.bures(za.priors.Gaussian.fit(x), test) ** 2 for x in of]
    return found[0], *np.quantile(found[1:], [0.025, 0.975])


def fashion_rows(n: int, epochs: int, only: set[str], few: int) -> Iterator[list[str]]:
    train, test = za.datasets.fashion_mnist("train"), za.datasets.fashion_mnist("test")
    reader = za.models.Reader(width=32, max_epochs=8, **SEEDED).fit(train.images, train.labels)
    truth = logits(reader, test.images)
    accuracy = reader.score(test.images, test.labels)["class"]
    own = distance(logits(reader, train.images[-1000:]), truth)[0]
    print(f"classifier: {accuracy:.1%} of {len(test)} test pictures; 1,000 training pictures lie")
    print(f"at a distance of {own:.2f} from the test pictures\n", flush=True)
    for name, model in fashion_models(epochs).items():
        if only and name not in only:
            continue
        start = time.perf_counter()
        model.fit(train.images[:n])
        fitting = time.perf_counter() - start
        start = time.perf_counter()
        Z, error = rmse(model, test.images[:few])
        back = time.perf_counter() - start
        fd, low, high = distance(logits(reader, model.sample(1000, random_state=1)), truth)
        plausible = za.check(Z, model.prior_).plausible.mean()
        training = getattr(model, "training_", None)
        rate = f"{training.items_per_second:.0f}" if training else ""
        row = [name, f"{fitting:.0f}", rate, f"{error:.4f}", f"{fd:.1f} [{low:.1f}, {high:.1f}]"]
        yield [*row, f"{plausible:.0%}", f"{back:.1f}"]
        yield from inversions(name, model, test.images[:few])


def inversions(name: str, model: Any, X: np.ndarray) -> Iterator[list[str]]:
    """The same fitted model under its other ways to invert."""
    other = {
        "GAN": [{"refine": 0}, {"refine": 200}],
        "FlowMatching": [{"dust": 0.0}, {"dust": 0.01}],
        "Diffusion": [{"inversion": "ddim"}, {"inversion": "exact"}],
    }
    for setting in other.get(name, []):
        model.set_params(**setting)
        start = time.perf_counter()
        Z, error = rmse(model, X)
        back = time.perf_counter() - start
        words = ", ".join(f"{k}={v}" for k, v in setting.items())
        share = za.check(Z, model.prior_).plausible.mean()
        yield [f"{name}, {words}", "", "", f"{error:.4f}", "", f"{share:.0%}", f"{back:.1f}"]


def digits_rows() -> Iterator[list[str]]:
    images = za.datasets.digits().images
    seen, held = images[:1500], images[1500:]
    yield ["mean of the pictures", "", f"{np.mean((held - seen.mean(axis=0)) ** 2):.4f}"]
    m, small = za.models, {"width": 16, "max_epochs": 30, **SEEDED}
    kinds = (m.Autoencoder, m.VAE, m.BetaVAE, m.BetaTCVAE, m.HypersphericalVAE)
    for model in (m.PCA(8, random_state=0), *(kind(8, **small) for kind in kinds)):
        start = time.perf_counter()
        model.fit(seen)
        seconds = time.perf_counter() - start
        yield [type(model).__name__, f"{seconds:.1f}", f"{-model.score(held):.4f}"]


def show(head: list[str], rows: Iterator[list[str]]) -> None:
    kept = []
    for row in rows:
        kept.append(row)
        print("  ".join(row), flush=True)
    print("\n" + table(head, kept) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=12_000, help="training pictures")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--few", type=int, default=100, help="held-out pictures to invert")
    parser.add_argument("--only", default="", help="models, with commas between")
    chosen = parser.parse_args()
    print(
        machine(), f"\n{chosen.n} training pictures, {chosen.epochs} epochs, seed 0\n", flush=True
    )
    torch.manual_seed(0)
    show(["digits, 8 entries", "fit, s", "squared error"], digits_rows())
    only = {name for name in chosen.only.split(",") if name}
    head = ["Fashion-MNIST", "fit, s", "pictures/s", "error", "Fréchet distance", "plausible"]
    show([*head, "invert, s"], fashion_rows(chosen.n, chosen.epochs, only, chosen.few))


if __name__ == "__main__":
    main()
