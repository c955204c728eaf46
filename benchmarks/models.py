"""Every model of pictures on the same data: time, error, Fréchet distance, plausibility.

    ./dev bench models [--n 60000] [--epochs 6] [--only PCA,VAE]

Fashion-MNIST and digits, seed 0. The errors are root mean squares: of held-out pictures on [0, 1]
after encoding and decoding ("picture back"), and of latents drawn from the prior after decoding and
encoding, over the root mean square of the latents ("latent back"). The Fréchet distance is that
between the laws of generated and of test pictures on the features of a classifier, freed of its
bias, with its 95 % interval (`zalgebra.measures.frechet_distance`).
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
from zalgebra.measures import frechet_distance

SAMPLES = 2_000
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
        "FlowMatching": m.FlowMatching(max_epochs=epochs, **SEEDED),
        "Diffusion": m.Diffusion(max_epochs=epochs, **SEEDED),
    }


def rmse(model: Any, X: np.ndarray) -> tuple[np.ndarray, float]:
    Z = model.transform(X)
    return Z, float(np.sqrt(np.mean((model.inverse_transform(Z) - X) ** 2)))


def drawn(model: Any, Z: np.ndarray) -> np.ndarray:
    """Pictures of latents; what a linear model puts beyond black and white is black or white."""
    return np.clip(model.inverse_transform(Z), 0, 1)


def latent_back(model: Any, n: int) -> float:
    Z = np.asarray(model.prior_.sample(n, seed=2), dtype=np.float32)
    error = model.transform(drawn(model, Z)) - Z
    return float(np.sqrt(np.mean(error**2) / np.mean(Z**2)))


def fashion_rows(n: int, epochs: int, only: set[str], few: int) -> Iterator[list[str]]:
    train, test = za.datasets.fashion_mnist("train"), za.datasets.fashion_mnist("test")
    start = time.perf_counter()
    reader = za.models.Reader(fine=True, max_epochs=6, **SEEDED).fit(train.images, train.labels)
    truth = reader.features(test.images)
    accuracy = reader.score(test.images, test.labels)["class"]
    own = frechet_distance(truth, reader.features(train.images[-SAMPLES:]))
    print(f"classifier: {accuracy:.1%} of {len(test)} test pictures, {truth.shape[1]} features, ")
    print(
        f"{time.perf_counter() - start:.0f} s; test pictures against {SAMPLES} training pictures:"
    )
    print(f"{own}\n", flush=True)
    for name, model in fashion_models(epochs).items():
        if only and name not in only:
            continue
        start = time.perf_counter()
        model.fit(train.images[:n])
        fitting = time.perf_counter() - start
        start = time.perf_counter()
        Z, error = rmse(model, test.images[:few])
        back = time.perf_counter() - start
        fd = frechet_distance(
            truth, reader.features(drawn(model, model.prior_.sample(SAMPLES, seed=1)))
        )
        plausible = za.check(Z, model.prior_).plausible.mean()
        training = getattr(model, "training_", None)
        rate = f"{training.items_per_second:.0f}" if training else ""
        row = [name, f"{fitting:.0f}", rate, f"{error:.4f}", f"{latent_back(model, few):.4f}"]
        distance = f"{fd.value:.2f} [{fd.low:.2f}, {fd.high:.2f}]"
        yield [*row, distance, f"{plausible:.0%}", f"{back:.1f}"]
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
        row = [f"{name}, {words}", "", "", f"{error:.4f}", f"{latent_back(model, len(X)):.4f}"]
        yield [*row, "", f"{share:.0%}", f"{back:.1f}"]


def digits_rows() -> Iterator[list[str]]:
    images = za.datasets.digits().images
    seen, held = images[:1500], images[1500:]
    yield ["mean picture", "", f"{np.mean((held - seen.mean(axis=0)) ** 2):.4f}", "", "", ""]
    m, small = za.models, {"width": 16, "max_epochs": 30, **SEEDED}
    kinds = (m.Autoencoder, m.VAE, m.BetaVAE, m.BetaTCVAE, m.HypersphericalVAE)
    for model in (m.PCA(8, random_state=0), *(kind(8, **small) for kind in kinds)):
        start = time.perf_counter()
        model.fit(seen)
        seconds = time.perf_counter() - start
        yield [
            type(model).__name__,
            f"{seconds:.1f}",
            f"{-model.score(held):.4f}",
            *use(model, held),
        ]


def use(model: Any, X: np.ndarray) -> list[str]:
    """Of the Gaussian posteriors of X: mean KL, total correlation, and entries in use."""
    if type(model).__name__ not in ("VAE", "BetaVAE", "BetaTCVAE"):  # no Gaussian posterior
        return ["", "", ""]
    with torch.no_grad():
        mean, log_variance = model.network_(torch.from_numpy(X)).double().chunk(2, dim=1)
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    draws = mean + torch.exp(0.5 * log_variance) * noise
    total = -0.5 * torch.linalg.slogdet(torch.corrcoef(draws.T)).logabsdet
    return [f"{kl:.1f}", f"{total:.2f}", str(int((mean.var(dim=0) > 0.05).sum()))]


def show(head: list[str], rows: Iterator[list[str]]) -> None:
    kept = []
    for row in rows:
        kept.append(row)
        print("  ".join(row), flush=True)
    print("\n" + table(head, kept) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=60_000, help="training pictures")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--few", type=int, default=100, help="held-out pictures to invert")
    parser.add_argument("--only", default="", help="models, with commas between")
    chosen = parser.parse_args()
    print(
        machine(), f"\n{chosen.n} training pictures, {chosen.epochs} epochs, seed 0\n", flush=True
    )
    torch.manual_seed(0)
    show(["digits, 8 entries", "fit, s", "squared error", "KL", "TC", "in use"], digits_rows())
    only = {name for name in chosen.only.split(",") if name}
    head = ["Fashion-MNIST", "fit, s", "pictures/s", "picture back", "latent back"]
    show(
        [*head, "Fréchet distance", "plausible", "invert, s"],
        fashion_rows(chosen.n, chosen.epochs, only, chosen.few),
    )


if __name__ == "__main__":
    main()
