"""A decoder, and perhaps an encoder, as ONNX files."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from zalgebra.algebra.priors import Normal
from zalgebra.files import fingerprint
from zalgebra.models.adapters.functions import prior_of
from zalgebra.models.adapters.verbs import Verbs
from zalgebra.models.base import Model, as_numbers
from zalgebra.models.stored_priors import prior_from, prior_tensors
from zalgebra.types import BadInput, LatentSpec, MissingExtra, Prior

__all__ = ["Onnx"]

DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class Onnx(Verbs, Model):
    """Networks in ONNX files under the contract of every model, run by onnxruntime.

    Each file has one input ``(n, ...)``; its first output is taken. Shapes are read from the files
    where they are written down, else from the data. A network that was exported for a fixed number
    of rows gets as many a call. No gradient comes through.

    Parameters
    ----------
    decoder
        File of latents ``(n, *latent_shape)`` to data ``(n, *data_shape)``.
    encoder
        File of data to latents; ``None`` for a generator alone, which only decodes.
    kind
        What the latent is, for ``spec_.kind``.
    providers
        Where onnxruntime computes, for example ``["CUDAExecutionProvider"]``; ``None`` is the CPU.
    batch_size
        Rows a call.
    random_state
        Seed of `sample`.

    Attributes
    ----------
    prior_ : zalgebra.types.Prior
        As it was given to `fit`, or the Gaussian of the encoded data, or for a decoder alone
        N(0, I).
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind, and the fingerprint of the files' bytes.

    Notes
    -----
    `save` keeps the files' bytes beside the prior, so that `zalgebra.load` needs nothing else.

    Examples
    --------
    >>> from zalgebra.models.adapters import Onnx
    >>> Onnx(decoder="nowhere.onnx").fit()
    Traceback (most recent call last):
    zalgebra.types.BadInput: there is no file nowhere.onnx
    """

    def __init__(
        self,
        *,
        decoder: str,
        encoder: str | None = None,
        kind: str = "code",
        providers: list[str] | None = None,
        batch_size: int = 64,
        random_state: int = 0,
    ) -> None:
        self.decoder = decoder
        self.encoder = encoder
        self.kind = kind
        self.providers = providers
        self.batch_size = batch_size
        self.random_state = random_state

    def fit(self, X: Any = None, y: object = None, *, prior: Prior | None = None) -> Self:
        """Read the files and learn the prior, unless it is given.

        Parameters
        ----------
        X
            Data ``(n, *data_shape)``; needed with an encoder, unless ``prior`` is given.
        y
            Ignored.
        prior
            The law of the latents; ``None`` is the Gaussian of the encoded ``X``, or N(0, I) for a
            decoder alone, which is what GANs and flows draw from.
        """
        self._check_settings()
        self._open({k: _read(p) for k, p in self._paths().items()})
        rows = None if X is None else as_numbers(X, "data")
        Z = None if rows is None or self.encoder is None else self._encoded(rows)
        shape = Z.shape[1:] if Z is not None else self._latent_shape(prior)
        law = Normal(shape) if prior is None and self.encoder is None else prior
        self.prior_ = prior_of(Z, law)
        z = torch.from_numpy(Normal(shape).sample(1, seed=0))
        self._describe(shape, tuple(self._decode(z).shape[1:]))
        self.fitted_ = True
        return self

    def _latent_shape(self, prior: Prior | None) -> tuple[int, ...]:
        """As the decoder's file says, or else the prior."""
        shape = self._sessions["decoder"].get_inputs()[0].shape[1:]
        if all(isinstance(size, int) for size in shape):
            return tuple(shape)
        if prior is not None and prior.shape is not None:
            return tuple(prior.shape)
        raise BadInput(
            f"{self.decoder} leaves its latents' shape open, {shape}; "
            "fit(X) on data, or fit(prior=za.priors.Normal(shape))"
        )

    def _encoded(self, rows: np.ndarray) -> np.ndarray:
        first = self._encode(torch.from_numpy(rows[:1]))
        return self._in_batches(self._encode, rows, tuple(first.shape[1:]))

    # What the verbs are made of.

    def _check_ready(self) -> None:
        self._check_fitted()

    def _encode(self, x: Tensor) -> Tensor:
        if self.encoder is None:
            raise BadInput("this Onnx has a decoder alone, which encodes nothing; give `encoder=`")
        return self._run("encoder", x)

    def _decode(self, z: Tensor) -> Tensor:
        return self._run("decoder", z)

    def _run(self, which: str, rows: Tensor) -> Tensor:
        session = self._sessions[which]
        (taken,) = session.get_inputs()
        fixed = taken.shape[0] if isinstance(taken.shape[0], int) else None
        array = rows.detach().cpu().numpy().astype(DTYPES[taken.type])
        whole = _padded(array, fixed)
        parts = np.split(whole, range(fixed, len(whole), fixed)) if fixed else [whole]
        outs = [session.run(None, {taken.name: part})[0] for part in parts]
        return torch.from_numpy(np.concatenate(outs)[: len(array)].astype(np.float32))

    # Files.

    def _paths(self) -> dict[str, str]:
        named = {"decoder": self.decoder, "encoder": self.encoder}
        return {k: str(v) for k, v in named.items() if v is not None}

    def _open(self, files: dict[str, bytes]) -> None:
        self._files = files
        places = self.providers or ["CPUExecutionProvider"]
        self._sessions = {k: _session(v, k, places) for k, v in files.items()}

    def _describe(self, latent_shape: tuple[int, ...], data_shape: tuple[int, ...]) -> None:
        mark = fingerprint(self._tensors())
        self.spec_ = LatentSpec("Onnx", tuple(latent_shape), tuple(data_shape), self.kind, mark)

    def _tensors(self) -> dict[str, np.ndarray]:
        files = {f"file.{k}": np.frombuffer(v, np.uint8) for k, v in self._files.items()}
        prior = {f"prior.{k}": v for k, v in prior_tensors(self.prior_)[0].items()}
        return files | prior

    def _facts(self) -> dict[str, Any]:
        shapes = {k: list(getattr(self.spec_, k)) for k in ("latent_shape", "data_shape")}
        return shapes | {"prior": prior_tensors(self.prior_)[1]}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        parts = {k.partition("."): v for k, v in tensors.items()}
        self._open({k: v.tobytes() for (where, _, k), v in parts.items() if where == "file"})
        kept = {k: v for (where, _, k), v in parts.items() if where == "prior"}
        self.prior_ = prior_from(kept, facts["prior"])
        self._describe(facts["latent_shape"], facts["data_shape"])


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}") from error


def _session(file: bytes, which: str, providers: list[str]) -> Any:
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ModuleNotFoundError as error:
        raise MissingExtra("onnxruntime", "onnx") from error
    try:
        session = onnxruntime.InferenceSession(file, providers=providers)
    except Exception as error:  # onnxruntime has a class of its own for each way to fail
        reason = str(error).splitlines()[0]
        raise BadInput(f"the {which} is no ONNX file that can be run ({reason})") from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in DTYPES:
        got = ", ".join(f"{i.name}: {i.type}" for i in inputs)
        raise BadInput(f"the {which} must take one input of real numbers, got {got}")
    return session


def _padded(rows: np.ndarray, fixed: int | None) -> np.ndarray:
    """Rows repeated up to a multiple of what the network takes a call."""
    lack = -len(rows) % fixed if fixed else 0
    return rows if lack == 0 else np.concatenate([rows, np.repeat(rows[-1:], lack, axis=0)])
