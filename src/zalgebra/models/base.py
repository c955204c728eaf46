"""The contract of every model: learned tensors, a spec, a fingerprint, a folder on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from zalgebra.files import fingerprint, read_json, read_tensors, write_json, write_tensors
from zalgebra.types import BadInput

__all__ = ["Model", "load"]

BUNDLED = Path(__file__).parent / "bundled"
FORMAT = 1  # raised when the files of a saved model change their meaning
_REGISTRY: dict[str, type[Model]] = {}


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
            raise BadInput(f"this {type(self).__name__} is not fitted yet: call fit(X) first")

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
                "params": self.get_params(deep=False),
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
        tensors, _ = read_tensors(folder / card["weights"])
        if fingerprint(tensors) != card["fingerprint"]:
            raise BadInput(f"{folder} was changed after it was saved (its fingerprint differs)")
        model = cls(**card["params"])
        model._restore(tensors, card["facts"])
        model.fitted_ = True
        return model


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
    from zalgebra.models import reader, vae  # noqa: F401  (each registers its classes)

    folder = Path(folder)
    if not folder.exists() and (BUNDLED / folder.name).is_dir() and folder.name == str(folder):
        folder = BUNDLED / folder.name
    if not (folder / "model.json").is_file():
        raise BadInput(f"there is no model in {folder} (no model.json)")
    card = read_json(folder / "model.json")
    missing = {"format", "class", "params", "facts", "weights", "fingerprint"} - set(card)
    if missing:
        raise BadInput(f"{folder / 'model.json'} lacks {', '.join(sorted(missing))}")
    if card["format"] != FORMAT:
        raise BadInput(
            f"{folder} has format {card['format']}, this zalgebra reads {FORMAT}; "
            "upgrade zalgebra or fit the model again"
        )
    if card["class"] not in _REGISTRY:
        raise BadInput(
            f"{folder} holds a {card['class']}; known are: {', '.join(sorted(_REGISTRY))}"
        )
    return _REGISTRY[card["class"]]._load(folder, card)
