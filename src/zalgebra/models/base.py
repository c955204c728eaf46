"""The contract of every model: learned tensors, a spec, a fingerprint, a folder on disk."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from zalgebra.files import fingerprint, read_json, read_tensors, write_json, write_tensors
from zalgebra.models import BUNDLED, MODELS
from zalgebra.types import BadInput

__all__ = ["Model", "as_numbers", "load"]

FORMAT = 1  # raised when the files of a saved model change their meaning
_REGISTRY: dict[str, type[Model]] = {}
_WHOLE = {"latent_dim": 1, "width": 1, "max_epochs": 1, "batch_size": 1, "random_state": 0}


class Unfitted(BadInput, NotFittedError):
    """A model that has not learned yet was used; scikit-learn's error too."""


class Model(BaseEstimator):
    """What fitted models share: saving, loading and the check of their input's shape.

    A subclass names its learned state in `_tensors` and takes it back in `_restore`; its
    constructor stores plain JSON values, its file imports nothing but arrays.
    """

    fitted_: bool

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _REGISTRY[cls.__name__] = cls

    def _tensors(self) -> dict[str, np.ndarray]:
        """The learned arrays, by name."""
        raise TypeError(f"{type(self).__name__} does not say what it learned")

    def _facts(self) -> dict[str, Any]:
        """What was learned besides arrays, as plain JSON values."""
        return {}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        """Take back what `_tensors` and `_facts` gave."""
        raise TypeError(f"{type(self).__name__} cannot be restored")

    @property
    def fingerprint_(self) -> str:
        """SHA-256 of the learned arrays; latents and directions carry it."""
        self._check_fitted()
        return fingerprint(self._tensors())

    def __sklearn_is_fitted__(self) -> bool:
        return getattr(self, "fitted_", False)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise Unfitted(f"this {type(self).__name__} is not fitted yet: call fit(X) first")

    def _checked(self, X: ArrayLike, data_shape: tuple[int, ...] | None) -> np.ndarray:
        """Data as float32 ``(n, *data_shape)``: ``(n, d)``, or pictures in [0, 1]."""
        X = as_numbers(X, "data")
        if data_shape is None and (X.ndim not in (2, 4) or 0 in X.shape[1:]):
            raise BadInput(f"data must have shape (n, d) or (n, C, H, W), got {X.shape}")
        if data_shape is not None and X.shape[1:] != tuple(data_shape):
            expected = ", ".join(map(str, ("n", *data_shape)))
            raise BadInput(f"this {type(self).__name__} takes data ({expected}), got {X.shape}")
        if X.ndim == 4 and X.size and (X.min() < -1e-3 or X.max() > 1 + 1e-3):
            raise BadInput(
                f"pictures must lie in [0, 1], got {X.min():.3g} to {X.max():.3g}; "
                "divide 8-bit ones by 255"
            )
        return X

    def _check_settings(self) -> None:
        """Refuse settings of the constructor that no training can have."""
        for name, least in _WHOLE.items():
            value = getattr(self, name, least)
            if not isinstance(value, int | np.integer) or value < least:
                raise BadInput(f"`{name}` must be a whole number of at least {least}, got {value}")
        for name in ("beta", "learning_rate"):
            value = getattr(self, name, 1.0)
            if not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
                raise BadInput(f"`{name}` must be a number, 0 or more, got {value}")
        patience = getattr(self, "patience", None)
        if patience is not None and (not isinstance(patience, int | np.integer) or patience < 1):
            raise BadInput(f"`patience` must be None or a whole number from 1, got {patience}")

    def save(self, folder: str | Path, /) -> Path:
        """Write ``model.json`` and its weights as safetensors; whole or not at all.

        The weights' file is named by its fingerprint and ``model.json`` is renamed into place
        last, so that a kill at any moment leaves the old model or the new one.
        """
        self._check_fitted()
        folder, tensors = Path(folder), self._tensors()
        mark = fingerprint(tensors)
        weights = f"weights-{mark[:12]}.safetensors"
        write_tensors(
            folder / weights, tensors, {"fingerprint": mark, "class": type(self).__name__}
        )
        write_json(
            folder / "model.json",
            {
                "format": FORMAT,
                "class": type(self).__name__,
                "params": {k: _plain(v) for k, v in self.get_params(deep=False).items()},
                "facts": self._facts(),
                "weights": weights,
                "fingerprint": mark,
            },
        )
        for old in folder.glob("weights-*.safetensors"):
            if old.name != weights:
                old.unlink(missing_ok=True)
        return folder

    @classmethod
    def _load(cls, folder: Path, card: dict[str, Any]) -> Self:
        weights = card["weights"]
        if not isinstance(weights, str) or Path(weights).name != weights:
            raise BadInput(f"{folder / 'model.json'} names no file of weights, got {weights!r}")
        tensors, _ = read_tensors(folder / weights)
        if fingerprint(tensors) != card["fingerprint"]:
            raise BadInput(f"{folder} was changed after it was saved (its fingerprint differs)")
        try:
            model = cls(**card["params"])
            model._restore(tensors, card["facts"])
        except (KeyError, TypeError, RuntimeError) as error:
            raise BadInput(
                f"the settings in {folder / 'model.json'} do not fit its weights "
                f"({type(error).__name__}); restore the file or fit the model again"
            ) from error
        model.fitted_ = True
        return model


def as_numbers(values: ArrayLike, what: str) -> np.ndarray:
    """Finite numbers as a float32 array; ``what`` names them in messages."""
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:  # ragged rows; a tensor with gradient
        raise BadInput(f"{what} must be an array of numbers ({error})") from error
    if array.dtype.kind not in "fiub":
        raise BadInput(f"{what} must be numbers, got {array.dtype}")
    with np.errstate(over="ignore"):  # what overflows is refused by its sentence
        array = array.astype(np.float32, copy=False)
    if not np.all(np.isfinite(array)):
        raise BadInput(f"{what} must be finite, got NaN or infinite entries")
    return array


def _plain(value: Any) -> Any:
    """A setting as JSON takes it; a search over settings gives NumPy numbers."""
    return value.item() if isinstance(value, np.generic) else value


def load(folder: str | Path, /) -> Any:
    """A model that ``save`` wrote, from its folder, or a bundled one by its name.

    Parameters
    ----------
    folder
        The folder with ``model.json``; or ``"faces"``, the bundled model of drawn faces, or
        ``"faces-reader"``, the judge of its edits (a folder of that name goes first).

    Returns
    -------
    Model
        Fitted, of the class that was saved, on the CPU.

    Raises
    ------
    BadInput
        If the folder holds no model, one of a newer format, or one that was changed.

    Examples
    --------
    >>> import zalgebra as za
    >>> za.load("nowhere")
    Traceback (most recent call last):
    zalgebra.types.BadInput: there is no model in nowhere (no model.json)
    """
    folder = Path(folder)
    if not folder.exists() and (BUNDLED / folder.name).is_dir() and folder.name == str(folder):
        folder = BUNDLED / folder.name
    if not (folder / "model.json").is_file():
        raise BadInput(f"there is no model in {folder} (no model.json)")
    card = read_json(folder / "model.json")
    if not isinstance(card, dict):
        raise BadInput(f"{folder / 'model.json'} describes no model; fit the model again")
    missing = {"format", "class", "params", "facts", "weights", "fingerprint"} - set(card)
    if missing:
        raise BadInput(f"{folder / 'model.json'} lacks {', '.join(sorted(missing))}")
    if card["format"] != FORMAT:
        raise BadInput(
            f"{folder} has format {card['format']}, this zalgebra reads {FORMAT}; "
            "upgrade zalgebra or fit the model again"
        )
    name = str(card["class"])
    if name in MODELS:
        importlib.import_module(MODELS[name])  # which registers its classes
    if name not in _REGISTRY:
        known = ", ".join(sorted({*MODELS, *_REGISTRY} - {"Model"}))
        raise BadInput(f"{folder} holds a {name}; known are: {known}")
    return _REGISTRY[name]._load(folder, card)
