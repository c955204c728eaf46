"""Any two functions as a model: data to latents and back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NoReturn, Self

import numpy as np
import torch
from torch import Tensor, nn

from zalgebra.algebra.priors import Gaussian
from zalgebra.files import fingerprint
from zalgebra.models.adapters.search import nearest_latents
from zalgebra.models.adapters.verbs import Verbs
from zalgebra.models.base import Model, as_numbers
from zalgebra.types import BadInput, LatentSpec, Prior

__all__ = ["Functions", "prior_of"]


class Functions(Verbs, Model):
    r"""A pair of functions, or of ``nn.Module``, under the contract of every model.

    ``decoder`` alone is enough where a torch gradient comes through it: data is then encoded by
    search, the latent whose decoding is nearest (`nearest_latents`).

    Parameters
    ----------
    decoder
        Latents ``(n, *latent_shape)`` to data ``(n, *data_shape)``.
    encoder
        Data to latents; ``None`` searches through ``decoder``.
    arrays
        What the functions take and give: ``"torch"`` tensors (default) or ``"numpy"`` arrays.
    kind
        What the latent is, for ``spec_.kind``.
    name
        Whose latents these are, for functions without weights: latents of two names never mix.
    batch_size
        Rows a call.
    steps
        Steps of the search, if there is no ``encoder``.
    random_state
        Seed of the search's starts and of `sample`.

    Attributes
    ----------
    prior_ : zalgebra.types.Prior
        As it was given to `fit`, or the Gaussian of the encoded data.
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind and fingerprint: of the modules' weights if there are any, else of ``name``.

    Notes
    -----
    A module is called in evaluation mode and put back into the mode that it had. Functions have no
    form on disk: save the networks by their own means and wrap them again.

    Examples
    --------
    >>> import torch, zalgebra as za
    >>> from zalgebra.models.adapters import Functions
    >>> A = torch.linalg.qr(torch.randn(8, 3, generator=torch.Generator().manual_seed(0)))[0]
    >>> model = Functions(encoder=lambda x: x @ A, decoder=lambda z: z @ A.T)
    >>> z = za.priors.Normal((3,)).sample(100, seed=0)
    >>> X = z @ A.numpy().T
    >>> model.fit(X).transform(X).shape, round(model.score(X), 6)
    ((100, 3), -0.0)
    """

    def __init__(
        self,
        *,
        decoder: Callable[[Any], Any],
        encoder: Callable[[Any], Any] | None = None,
        arrays: Literal["torch", "numpy"] = "torch",
        kind: str = "code",
        name: str = "functions",
        batch_size: int = 64,
        steps: int = 300,
        random_state: int = 0,
    ) -> None:
        self.decoder, self.encoder = decoder, encoder
        self.arrays = arrays
        self.kind = kind
        self.name = name
        self.batch_size = batch_size
        self.steps = steps
        self.random_state = random_state

    def fit(self, X: Any = None, y: object = None, *, prior: Prior | None = None) -> Self:
        """Learn the shapes, and the prior unless it is given; the functions stay as they are.

        Parameters
        ----------
        X
            Data ``(n, *data_shape)``; needed unless ``prior`` is given and has a shape.
        y
            Ignored.
        prior
            The law of the latents; ``None`` is the Gaussian of the encoded ``X``.
        """
        self._check_settings()
        if self.arrays not in ("torch", "numpy"):
            raise BadInput(f"`arrays` must be 'torch' or 'numpy', got {self.arrays!r}")
        rows = None if X is None else as_numbers(X, "data")
        Z = None if rows is None or self.encoder is None else self._encoded(rows)
        self.prior_ = prior_of(Z, prior)
        shape = Z.shape[1:] if Z is not None else self.prior_.shape
        if shape is None:
            raise BadInput(
                "without `encoder` the prior must tell the latents' shape: "
                "fit(prior=za.priors.Normal((64,)))"
            )
        start = self.prior_.sample(2, seed=self.random_state) if Z is None else Z[:2]
        data_shape = self._decoded_shape(start)
        if rows is not None and rows.shape[1:] != data_shape:
            raise BadInput(
                f"`decoder` makes data of shape {_rows(data_shape)} of latents {_rows(shape)}, but "
                f"the data given are {_rows(rows.shape[1:])}; the two must agree"
            )
        mark = fingerprint(self._tensors())
        self.spec_ = LatentSpec(type(self).__name__, tuple(shape), data_shape, self.kind, mark)
        self.fitted_ = True
        return self

    def save(self, folder: str | Path, /) -> NoReturn:
        """Refused: functions have no form on disk."""
        raise BadInput(
            "functions have no form on disk; save the networks by their own means (a state_dict, "
            "or ONNX for za.models.Onnx) and wrap them again"
        )

    # What the verbs are made of.

    def _check_ready(self) -> None:
        self._check_fitted()

    def _encode(self, x: Tensor) -> Tensor:
        if self.encoder is not None:
            return self._call(self.encoder, x)
        shape, how = self.spec_.latent_shape, {"steps": self.steps, "seed": self.random_state}
        return nearest_latents(self._decode, x, self.prior_, shape, **how)

    def _decode(self, z: Tensor) -> Tensor:
        return self._call(self.decoder, z)

    def _call(self, function: Callable[[Any], Any], rows: Tensor) -> Tensor:
        if self.arrays == "numpy":
            found = torch.as_tensor(function(rows.detach().cpu().numpy())).to(rows)
        else:
            with _evaluating(_module(function)):
                found = torch.as_tensor(function(rows))
        if found.ndim < 1 or len(found) != len(rows):
            which = "decoder" if function is self.decoder else "encoder"
            raise BadInput(
                f"`{which}` must give one row for each: of {tuple(rows.shape)} it made "
                f"{tuple(found.shape)}"
            )
        return found

    def _tensor(self, rows: np.ndarray) -> Tensor:
        weight = next((w for m in self._modules() for w in m.parameters()), torch.empty(0))
        return super()._tensor(rows).to(weight)

    def _encoded(self, rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            first = self._encode(self._tensor(rows[:1]))
        return self._in_batches(self._encode, rows, tuple(first.shape[1:]))

    @torch.no_grad()
    def _decoded_shape(self, Z: np.ndarray) -> tuple[int, ...]:
        """Of the data that these latents decode to."""
        try:
            return tuple(self._decode(self._tensor(Z)).shape[1:])
        except BadInput:
            raise
        except Exception as error:  # whatever somebody's function may raise
            raise BadInput(
                f"`decoder` cannot take latents {_rows(Z.shape[1:])}, the shape that the encoder "
                f"or the prior gives: {type(error).__name__}: {error}"
            ) from error

    def _modules(self) -> Iterator[nn.Module]:
        for function in (self.decoder, self.encoder):
            module = _module(function)
            if module is not None:
                yield module

    def _tensors(self) -> dict[str, np.ndarray]:
        name = hashlib.sha256(self.name.encode()).digest()
        weights = {
            f"{i}.{k}": v.detach().float().cpu().numpy()
            for i, module in enumerate(self._modules())
            for k, v in module.state_dict().items()
        }
        return weights or {"name": np.frombuffer(name, np.uint8)}


def prior_of(Z: np.ndarray | None, prior: Prior | None) -> Prior:
    """The prior that was given, or the Gaussian of encoded latents ``(n, *latent_shape)``."""
    if prior is not None:
        return prior
    if Z is None:
        raise BadInput(
            "the latents' law must come from somewhere: fit(X) on data with `encoder`, "
            "or fit(prior=za.priors.Normal((64,)))"
        )
    return Gaussian.fit(Z)


def _rows(shape: tuple[int, ...]) -> str:
    """Of an array of such rows, as an error says it."""
    return f"({', '.join(map(str, ('n', *shape)))})"


def _module(function: Any) -> nn.Module | None:
    """The module whose weights a function uses: itself, or the one that it is a method of."""
    owner = function if isinstance(function, nn.Module) else getattr(function, "__self__", None)
    return owner if isinstance(owner, nn.Module) else None


@contextmanager
def _evaluating(module: nn.Module | None) -> Generator[None]:
    """Evaluation mode for a while: dropout and batch norms make no function of a latent."""
    trained = [m for m in module.modules() if m.training] if module is not None else []
    for part in trained:
        part.training = False
    try:
        yield
    finally:
        for part in trained:
            part.training = True
