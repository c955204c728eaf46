"""Linear models: latents by one matrix, data by another; PCA is the best of them."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from zalgebra.algebra.priors import Gaussian, Normal
from zalgebra.models.codec import Codec
from zalgebra.types import BadInput, Prior

__all__ = ["PCA", "Linear"]

DIMLY = 1e-12  # of the whole variance: what is below is rounding, not a direction of the data


class Linear(Codec):
    r"""An affine map to latents and an affine map back, held as arrays.

    For data x of D entries and latents z of k, with matrices A (k, D) and S (D, k),

    $$z = A (x - m) + b, \qquad \hat x = S z + m.$$

    It is what `zalgebra.models.Wrapped.linear` makes of a fitted scikit-learn object; it is not
    fitted itself. `PCA` is.

    Parameters
    ----------
    latent_dim
        Entries k of one latent.

    Attributes
    ----------
    prior_ : zalgebra.types.Prior
        The law of the latents.
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind and fingerprint.
    """

    kind: ClassVar[str] = "linear code"
    random_state: int = 0

    def __init__(self, latent_dim: int = 32) -> None:
        self.latent_dim = latent_dim

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        return Matrices(self.latent_dim, math.prod(data_shape))

    def _learn(self, *data: Tensor, **how: Any) -> None:
        raise BadInput(
            "a Linear is not fitted: make it by Wrapped(estimator).fit(X).linear(), or fit a PCA"
        )

    def _encode(self, x: Tensor) -> Tensor:
        A, b = self._matrix("A", x), self._matrix("b", x)
        return x.flatten(1) @ A.T + b

    def _decode(self, z: Tensor) -> Tensor:
        return (z @ self._matrix("S", z).T).unflatten(1, self.data_shape_)

    def _matrix(self, name: str, like: Tensor) -> Tensor:
        return self.network_.get_buffer(name).to(like)


class PCA(Linear):
    r"""Principal component analysis: the k directions along which data vary most.

    With the eigenvectors $v_1, \dots, v_k$ of the data's covariance, its largest eigenvalues
    $\lambda_1 \ge \dots \ge \lambda_k$ and the mean m,

    $$z_j = v_j^\top (x - m), \qquad \hat x = m + \sum_j z_j v_j,$$

    the reconstruction with the least squared error of all linear ones. Entries of the latent are
    uncorrelated: ``prior_`` is N(0, diag(λ)), or N(0, I) if whitened. Both are the mean and
    covariance of the encoded data, exactly; that the data are normal is not said.

    The numbers are those of scikit-learn's PCA. Columns of a table are not standardised (put a
    ``StandardScaler`` before, if they have different units), and decoded pictures may leave
    [0, 1] a little, since nothing is clipped. `encode` and `decode` have gradients.

    Parameters
    ----------
    latent_dim
        Directions k, at most as many as the data vary in.
    whiten
        Whether each entry of the latent is divided by its standard deviation $\sqrt{\lambda_j}$.
    random_state
        Seed of `sample`, and of the randomised solver that scikit-learn takes for large data.

    Attributes
    ----------
    prior_ : zalgebra.priors.Gaussian or zalgebra.priors.Normal
        See above.
    explained_variance_, explained_variance_ratio_ : numpy.ndarray
        The eigenvalues ``(k,)``, and their shares of the whole variance.
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind and fingerprint.

    Raises
    ------
    BadInput
        From `fit`, if the data vary in fewer than k directions.

    References
    ----------
    Jolliffe, *Principal Component Analysis*, 2nd edition (2002).

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.models.linear import PCA
    >>> X = za.datasets.digits().images
    >>> pca = PCA(latent_dim=16).fit(X)
    >>> pca.transform(X).shape, float(pca.explained_variance_ratio_.sum().round(2))
    ((1797, 16), 0.85)
    >>> z = za.interpolate(*pca.transform(X[:2]), 0.5, prior=pca.prior_)
    >>> pca.inverse_transform(z[None]).shape
    (1, 1, 8, 8)
    """

    kind: ClassVar[str] = "principal components"

    def __init__(
        self, latent_dim: int = 32, *, whiten: bool = False, random_state: int = 0
    ) -> None:
        self.latent_dim = latent_dim
        self.whiten = whiten
        self.random_state = random_state

    @property
    def explained_variance_(self) -> np.ndarray:
        """Variance of the data along each direction, ``(k,)``."""
        self._check_fitted()
        return self.network_.get_buffer("variance").numpy()

    @property
    def explained_variance_ratio_(self) -> np.ndarray:
        """The same as shares of the whole variance."""
        return self.explained_variance_ / self.network_.get_buffer("total").numpy()

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        matrices = super()._build(data_shape)
        matrices.register_buffer("variance", torch.ones(self.latent_dim))
        matrices.register_buffer("total", torch.ones(()))
        return matrices

    def _learn(self, *data: Tensor, **how: Any) -> None:
        from sklearn.decomposition import PCA as Solver

        X, k = as_given(self, data[0]), self.latent_dim
        total = X.var(axis=0, ddof=1).sum()
        _at_most(k, min(X.shape), f"{len(X)} rows of {X.shape[1]} entries have no more directions")
        _at_most(k, k if total > 0 else 0, "all rows are the same")
        solver = Solver(k, random_state=self.random_state).fit(X)
        variance, V = solver.explained_variance_, solver.components_
        _at_most(k, int(np.sum(variance > DIMLY * total)), "the data vary in no more directions")
        scale = np.sqrt(variance)[:, None] if self.whiten else 1.0
        self.centre_ = solver.mean_.reshape(self.data_shape_).astype(np.float32)
        fill(self.network_, A=V / scale, S=(V * scale).T, variance=variance, total=total)

    def _fit_prior(self, Z: np.ndarray) -> Prior:
        if self.whiten:
            return Normal((self.latent_dim,))
        return Gaussian(np.zeros(self.latent_dim), self.explained_variance_)


class Matrices(nn.Module):
    """The arrays of a linear model: A ``(k, D)``, b ``(k,)`` and S ``(D, k)``."""

    def __init__(self, k: int, D: int) -> None:
        super().__init__()
        for name, shape in {"A": (k, D), "b": (k,), "S": (D, k)}.items():
            self.register_buffer(name, torch.zeros(shape))


def fill(module: nn.Module, **arrays: Any) -> None:
    """Write arrays into a module's buffers of these names."""
    for name, array in arrays.items():
        module.get_buffer(name).copy_(torch.from_numpy(np.asarray(array)))


def as_given(model: Codec, rows: Tensor) -> np.ndarray:
    """Data ``(n, D)`` in float64 as the caller gave it; from here ``model`` standardises nothing.

    Whether columns are put on one scale is part of what such a method means, so it is the caller's
    choice.
    """
    X = rows.numpy().astype(float) * model.scale_ + model.centre_
    model.centre_, model.scale_ = np.zeros(1, np.float32), np.ones(1, np.float32)
    return X.reshape(len(X), -1)


def _at_most(k: int, most: int, why: str) -> None:
    if k > most:
        raise BadInput(f"`latent_dim` must be at most {most}, got {k}: {why}")
