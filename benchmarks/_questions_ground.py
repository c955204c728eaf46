"""What the questions stand on: data in parts, a reader that judges, and models trained once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import zalgebra as za
from zalgebra.measures import Score, class_accuracy, frechet_distance
from zalgebra.measures.intervals import mean_score
from zalgebra.types import BadInput

DATA = ("fashion", "digits")
KINDS = ("flow", "diffusion", "vae")
AXES = 32  # principal axes of the reader's features that distances are measured on
OWN = 1000  # undisturbed draws that a model's disturbed ones are held against
SAMPLES = {"fashion": 300, "digits": 200}  # pictures of a cell
SEEN = {"fashion": 20_000, "digits": 899}  # pictures that are learned from
EPOCHS = {"fashion": 8, "digits": 25}
READS = {"fashion": 6, "digits": 12}  # epochs of the reader
SEED = 20261121


@dataclass(frozen=True)
class Part:
    """Pictures ``(n, C, H, W)`` and their classes ``(n,)``."""

    images: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Judged:
    """Of n pictures: features along the axes ``(n, d)``, the class read, and how surely."""

    features: np.ndarray
    classes: np.ndarray
    sure: np.ndarray

    @property
    def confidence(self) -> Score:
        return mean_score(self.sure, "mean probability of the class that the reader names")

    def distance(self, real: Judged) -> Score:
        return frechet_distance(real.features, self.features)

    def kept(self, wanted: np.ndarray) -> Score:
        return class_accuracy(self.classes, wanted)


@dataclass
class Ground:
    """Data, judge and models of one run; everything that is trained is kept in ``out``.

    Parameters
    ----------
    data
        ``"fashion"`` or ``"digits"``.
    out
        Folder of trained models and results.
    n
        Pictures of a cell.
    models
        The models that are asked.
    epochs, seen
        Of the training; smaller in the smoke tests only.
    """

    data: str
    out: Path
    n: int
    models: tuple[str, ...] = KINDS
    epochs: int | None = None
    seen: int | None = None
    trained: dict[str, float] = field(default_factory=dict)

    @cached_property
    def parts(self) -> dict[str, Part]:
        """``"train"``; of what is held out, ``"reference"`` and ``"seeds"``."""
        if self.data == "fashion":
            train, held = (_part(za.datasets.fashion_mnist(s)) for s in ("train", "test"))
            cut = 5000
        elif self.data == "digits":
            whole = _part(za.datasets.digits())
            order = np.random.default_rng(0).permutation(len(whole.y))
            train, held = (Part(whole.images[i], whole.y[i]) for i in (order[898:], order[:898]))
            cut = 600
        else:
            raise BadInput(f"`--data` must be one of {', '.join(DATA)}, got {self.data!r}")
        seen = self.seen or SEEN[self.data]
        return {
            "train": Part(train.images[:seen], train.y[:seen]),
            "reference": Part(held.images[:cut], held.y[:cut]),
            "seeds": Part(held.images[cut:], held.y[cut:]),
        }

    @cached_property
    def reader(self) -> Any:
        reader = za.models.Reader(
            fine=True, batch_size=64, max_epochs=self.epochs or READS[self.data], verbose=False
        )
        train = self.parts["train"]
        return self._kept("reader", reader, train.images, {"class": train.y})

    @cached_property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Centre and principal axes of the reader's features of the training pictures."""
        f = self.reader.features(self.parts["train"].images[:5000]).astype(float)
        _, v = np.linalg.eigh(np.cov(f.T))
        return f.mean(axis=0), v[:, : -AXES - 1 : -1]

    @cached_property
    def real(self) -> Judged:
        """The reference pictures."""
        return self.judged(self.parts["reference"].images)

    def judged(self, pictures: np.ndarray) -> Judged:
        f = self.reader.features(pictures).astype(float)
        last = self.reader.network_[-1]
        logits = f @ last.weight.detach().numpy().T + last.bias.detach().numpy()
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        centre, axes = self.axes
        return Judged((f - centre) @ axes, p.argmax(axis=1), p.max(axis=1))

    def model(self, kind: str) -> Any:
        """The model of this kind, trained at its first use and read from its file from then on."""
        return self._kept(kind, self._made(kind), self.parts["train"].images)

    def decoded(self, model: Any, z: np.ndarray) -> Judged:
        """Latents ``(n, *shape)`` as pictures, judged."""
        pictures = np.clip(model.inverse_transform(np.asarray(z, dtype=np.float32)), 0, 1)
        return self.judged(pictures)

    def own(self, model: Any) -> Judged:
        """Undisturbed draws of the model, others than the ones that any question disturbs."""
        return self.decoded(model, model.prior_.sample(OWN if self.n >= 100 else 100, seed=SEED))

    def _kept(self, name: str, network: Any, *given: Any) -> Any:
        folder = self.out / self.data / "models" / name
        if not (folder / "model.json").is_file():
            start = time.perf_counter()
            network.fit(*given)
            network.save(folder)
            self.trained[name] = time.perf_counter() - start
        return za.load(folder)

    def _made(self, kind: str) -> Any:
        small, m = self.data == "digits", za.models
        how: dict[str, Any] = {
            "max_epochs": self.epochs or EPOCHS[self.data], "random_state": 0, "verbose": False,
            "width": 16 if small else 32,
        }  # fmt: skip
        makers = {  # solvers in few steps: what is compared is latents, not solvers
            "flow": lambda: m.FlowMatching(steps=6, **how),
            "diffusion": lambda: m.Diffusion(steps=12, **how),
            "vae": lambda: m.VAE(16 if small else 32, patience=None, **how),
            "gan": lambda: m.GAN(16 if small else 32, prior="uniform", **how),
            "sphere": lambda: m.HypersphericalVAE(8 if small else 16, patience=None, **how),
        }
        if kind not in makers:
            raise BadInput(f"`--models` must be among {', '.join(makers)}, got {kind!r}")
        return makers[kind]()


def _part(whole: Any) -> Part:
    return Part(whole.images, whole.labels["class"])


def normal(model: Any, n: int, seed: int) -> np.ndarray:
    """N draws of a model's prior in standard normal coordinates ``(n, *shape)``."""
    return np.asarray(model.prior_.to_normal(model.prior_.sample(n, seed=seed)), dtype=float)
