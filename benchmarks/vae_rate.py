"""Pictures a second while a VAE is fitted: ours, pythae's, and a bare PyTorch loop.

    pip install pythae==0.1.2     # in an environment of its own, beside zalgebra
    ./dev bench vae_rate [--n 12800] [--epochs 3] [--rounds 5]

The same encoder and decoder (those of `zalgebra.models.VAE` at its defaults), batches of 128 of
Fashion-MNIST, float32, seed 0, no validation beyond what each does by itself. The three are fitted
in turns, so that a slow minute hits all alike; an epoch's rate counts its training steps only.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import zalgebra as za
from _timing import machine, table
from zalgebra.models.networks import decoder, encoder

SHAPE, LATENT, WIDTH, BATCH = (1, 28, 28), 32, 32, 128


def networks() -> tuple[torch.nn.Module, torch.nn.Module]:
    torch.manual_seed(0)
    return encoder(SHAPE, 2 * LATENT, width=WIDTH), decoder(SHAPE, LATENT, width=WIDTH)


def ours(X: np.ndarray, epochs: int) -> list[float]:
    model = za.models.VAE(LATENT, width=WIDTH, batch_size=BATCH, max_epochs=epochs, verbose=False)
    history = model.set_params(patience=None).fit(X).training_.history
    rows = len(X) - round(0.05 * len(X))  # the rest is held out to watch
    return [rows // BATCH * BATCH / entry["seconds"] for entry in history]


def bare(X: np.ndarray, epochs: int) -> list[float]:
    """The shortest loop that one would write by hand, on the textbook loss."""
    down, up = networks()
    optimiser = torch.optim.Adam([*down.parameters(), *up.parameters()], lr=1e-3)
    rows, rates = torch.from_numpy(X), []
    for _ in range(epochs):
        start, order = time.perf_counter(), torch.randperm(len(rows))
        for i in range(0, len(rows) - BATCH + 1, BATCH):
            x = rows[order[i : i + BATCH]]
            mean, log_variance = down(x).chunk(2, dim=1)
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(dim=1).mean()
            error = F.mse_loss(torch.sigmoid(up(z)), x, reduction="none")
            loss = 0.5 * error.sum(dim=(1, 2, 3)).mean() + kl
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        rates.append(len(rows) // BATCH * BATCH / (time.perf_counter() - start))
    return rates


def pythae(X: np.ndarray, epochs: int) -> list[float]:
    """Its VAE, dataset and trainer, on the same two networks."""
    models, nn = (
        importlib.import_module("pythae.models"),
        importlib.import_module("pythae.models.nn"),
    )
    output = importlib.import_module("pythae.models.base.base_utils").ModelOutput
    data = importlib.import_module("pythae.data.datasets").BaseDataset
    trainers = importlib.import_module("pythae.trainers")
    watching = importlib.import_module("pythae.trainers.training_callbacks").TrainingCallback
    down, up = networks()

    class Encoder(nn.BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = down

        def forward(self, x: torch.Tensor) -> Any:
            mean, log_variance = self.network(x).chunk(2, dim=1)
            return output(embedding=mean, log_covariance=log_variance)

    class Decoder(nn.BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = up

        def forward(self, z: torch.Tensor) -> Any:
            return output(reconstruction=torch.sigmoid(self.network(z)))

    class Clock(watching):
        def __init__(self) -> None:
            self.seconds: list[float] = []

        def on_epoch_begin(self, training_config: Any, **of: Any) -> None:
            self.start = time.perf_counter()

        def on_train_step_end(self, training_config: Any, **of: Any) -> None:
            self.last = time.perf_counter()

        def on_epoch_end(self, training_config: Any, **of: Any) -> None:
            self.seconds.append(self.last - self.start)

    model = models.VAE(
        models.VAEConfig(input_dim=SHAPE, latent_dim=LATENT), encoder=Encoder(), decoder=Decoder()
    )
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        settings = trainers.BaseTrainerConfig(
            output_dir=folder,
            num_epochs=epochs,
            learning_rate=1e-3,
            per_device_train_batch_size=BATCH,
            no_cuda=True,
        )
        rows = data(torch.from_numpy(X), torch.zeros(len(X)))
        trainers.BaseTrainer(
            model, train_dataset=rows, training_config=settings, callbacks=[clock]
        ).train()
    return [len(X) / seconds for seconds in clock.seconds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=12_800, help="pictures")
    parser.add_argument("--epochs", type=int, default=3, help="of one fit")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    X = za.datasets.fashion_mnist("train").images[: chosen.n]
    fits: dict[str, Callable[[np.ndarray, int], list[float]]] = {"zalgebra": ours, "bare": bare}
    if importlib.util.find_spec("pythae") is not None:
        fits["pythae"] = pythae
    print(machine(), f"\nVAE, {chosen.n} pictures, batches of {BATCH}, seed 0\n", flush=True)
    rates: dict[str, list[float]] = {name: [] for name in fits}
    for _ in range(chosen.rounds):
        for name, fit in fits.items():
            rates[name] += fit(X, chosen.epochs)[1:]  # the first epoch warms up
    median = {name: float(np.median(r)) for name, r in rates.items()}
    times = {name: median["zalgebra"] / median[name] for name in rates}
    rows = [
        [name, f"{median[name]:.0f}", f"{min(r):.0f} to {max(r):.0f}", f"{times[name]:.2f}"]
        for name, r in rates.items()
    ]
    print(table(["fit of a VAE", "pictures/s, median", "range", "zalgebra over it"], rows))


if __name__ == "__main__":
    main()
