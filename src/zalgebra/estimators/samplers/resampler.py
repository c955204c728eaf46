"""`LatentResampler`: imbalanced-learn's contract, with new rows made in a latent space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from zalgebra.estimators.samplers.contract import Sampler, check_fitted, check_settings, seed_of
from zalgebra.estimators.samplers.draws import Knobs
from zalgebra.estimators.samplers.laws import kept
from zalgebra.estimators.samplers.mixing import Mixer
from zalgebra.estimators.samplers.provenance import Provenance
from zalgebra.estimators.samplers.rows import Rows
from zalgebra.estimators.samplers.space import fitted, latents
from zalgebra.estimators.samplers.strategies import Strategy, new_rows
from zalgebra.estimators.samplers.targets import Target, labelled
from zalgebra.types import Prior

__all__ = ["LatentResampler"]


class LatentResampler(Sampler):
    r"""Fills up rare classes with rows made in a latent space, under imbalanced-learn's contract.

    A new row is a combination of items of its class, encoded, combined and decoded:

    $$x' = g\Big(\textstyle\sum_k w_k\, f(x_k)\Big),$$

    with f the model's ``transform`` and g its ``inverse_transform``. In a pipeline of
    imbalanced-learn it acts when the pipeline is fitted and never when it predicts.

    Parameters
    ----------
    model
        Anything with ``transform`` and ``inverse_transform``: a model of `zalgebra.models`,
        scikit-learn's PCA, a pipeline. One that is fitted is used as it is; one that is not is
        cloned and fitted on the rows given to `fit_resample`, and on no others. ``None`` (default)
        is the data themselves, columns of a table being divided by their standard deviations.
        scikit-learn's ``clone`` forgets what a model has learned; ``FrozenEstimator(model)`` keeps
        it through a pipeline or a search.
    method
        How an item a, drawn from the class evenly, becomes a new row:

        - ``"interpolate"``: (1 - t) a + t b, with b one of its neighbours, t from U(0, 1)
          (SMOTE, in the latent space);
        - ``"extrapolate"``: a + t (a - b), with t from U(0, ``reach``);
        - ``"lol"``: a and all its neighbours with Dirichlet weights, combined so that the result
          follows ``prior`` again (`zalgebra.combine`), as if the items were independent;
        - ``"correlated"``: the same with the neighbours' correlation estimated;
        - ``"gaussian"``: a draw from the Gaussian of the class, its covariance drawn to the one
          that all classes share;
        - ``"mixup"``: with an item of any class, a having the larger share; the shares are
          the ``soft_labels_``.
    sampling_strategy
        Which classes grow and to what size, as imbalanced-learn spells it: ``"auto"`` (all but
        the largest, to its size), ``"minority"``, ``"not minority"``, ``"not majority"``,
        ``"all"``, a float (two classes: their ratio afterwards), a dict of sizes, or a function of
        ``y`` that gives one.
    k_neighbors
        Neighbours in the same class; a class of n items has n - 1 at most. A class of one item
        has none: its rows are the item with noise of the covariance within classes.
    prior
        What ``"lol"`` and ``"correlated"`` keep: ``"class"`` (default, the Gaussian of the class),
        ``"model"`` (the model's ``prior_``, or the Gaussian of all latents if it has none), or one
        of `zalgebra.priors`.
    concentration
        Of the Dirichlet and Beta distributions of weights; 1 is uniform, less leaves rows nearer
        to one item.
    reach
        How far ``"extrapolate"`` goes at most, as a share of the distance to the neighbour.
    categorical_features
        Columns of a table that hold categories, as names, numbers or a mask, beside those that
        hold no numbers (``"auto"``). A new row takes the category that has the largest weight
        among its parents.
    random_state
        Whole number, ``None``, or a random generator of NumPy.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many rows were added to each class.
    sample_indices_ : numpy.ndarray
        For each row of the result the row of ``X`` that it is, or that has the largest share in
        it: ``groups[sample_indices_]`` keeps groups together in a later split.
    provenance_ : Provenance
        Parents, weights and noise of each new row; `remake` makes them again.
    soft_labels_ : numpy.ndarray
        Only with ``"mixup"``: shares of the classes ``classes_`` in each row of the result.
    model_ : object
        The fitted model.
    classes_ : numpy.ndarray
        The classes, sorted.

    Notes
    -----
    ``fit_resample`` gives back what it was given: an array of the same dtype and shape of a row, a
    DataFrame with its columns and dtypes (whole numbers rounded), lists. The given rows come
    first, unchanged, then the synthetic ones class by class.

    References
    ----------
    Chawla et al., *SMOTE: synthetic minority over-sampling technique*, JAIR 16, 2002;
    DeVries and Taylor, *Dataset augmentation in feature space*, arXiv 1702.05538 (t = 0.5 there);
    Bodin et al., *Linear combinations of latents in generative models*, arXiv 2408.08558 (LOL);
    Verma et al., *Manifold mixup*, arXiv 1806.05236.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators.samplers import LatentResampler
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> y = np.repeat(["common", "rare"], [46, 4])
    >>> resampler = LatentResampler(random_state=0)
    >>> X_new, y_new = resampler.fit_resample(X, y)
    >>> X_new.shape, resampler.sampling_strategy_
    ((92, 4), {'rare': 42})
    >>> row = resampler.provenance_[0]
    >>> len(row["parents"]), round(sum(row["weights"]), 6), set(row["parents"]) <= {46, 47, 48, 49}
    (2, 1.0, True)
    """

    def __init__(
        self,
        model: Any = None,
        *,
        method: str = "interpolate",
        sampling_strategy: Strategy = "auto",
        k_neighbors: int = 5,
        prior: str | Prior = "class",
        concentration: float = 1.0,
        reach: float = 0.5,
        categorical_features: str | Sequence[Any] = "auto",
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.method = method
        self.sampling_strategy = sampling_strategy
        self.k_neighbors = k_neighbors
        self.prior = prior
        self.concentration = concentration
        self.reach = reach
        self.categorical_features = categorical_features
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Check the data and settle how many rows each class gets; `fit_resample` does the rest."""
        self._begin(X, y)
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """The rows and then the synthetic ones, with their labels.

        Parameters
        ----------
        X
            Array ``(n, d)``, pictures ``(n, C, H, W)``, any ``(n, *shape)``, a pandas DataFrame,
            or nested lists. No missing values.
        y
            Labels ``(n,)`` of two classes or more: an array, a Series, lists, or one column an
            indicator of each class.

        Raises
        ------
        BadInput
            If shapes do not fit, values are missing, or a setting is out of its range.
        """
        rows, target = self._begin(X, y)
        self.model_ = fitted(self.model, rows)
        mixer = self._mixer(rows, target)
        recipes = mixer.filling(self.sampling_strategy_, seed_of(self.random_state))
        new, self.provenance_ = self.realised(rows, mixer, recipes)
        self._note_origins(mixer)
        whole, y_whole = rows.with_rows(new), target.with_rows(self.provenance_.label)
        return (whole.tolist() if isinstance(X, list) else whole), y_whole

    def remake(self, X: Any, y: Any, provenance: Provenance | None = None) -> Any:
        """Synthetic rows made again from the same data and their recipes.

        Parameters
        ----------
        X, y
            What `fit_resample` was given.
        provenance
            ``provenance_`` by default; ``provenance_.take(rows)`` for some.

        Examples
        --------
        >>> import numpy as np
        >>> X, y = np.random.default_rng(0).random((9, 2)), np.repeat([0, 1], [6, 3])
        >>> resampler = LatentResampler(method="correlated", random_state=0)
        >>> X_new, _ = resampler.fit_resample(X, y)
        >>> some = resampler.provenance_.take([2])
        >>> bool(np.allclose(resampler.remake(X, y, some), X_new[9 + 2]))
        True
        """
        check_fitted(self)
        rows, target = labelled(X, y, self.categorical_features)
        recipes = self.provenance_ if provenance is None else provenance
        return self.realised(rows, self._mixer(rows, target), recipes)[0]

    def prepared(self, X: Any, y: Any) -> tuple[Rows, Mixer, Self]:
        """Rows as numbers, the mixer of their latents, and a fitted copy of this resampler."""
        own = type(self)(**self.get_params(deep=False))
        rows, target = own._begin(X, y)
        own.model_ = fitted(own.model, rows)
        return rows, own._mixer(rows, target), own

    def realised(self, rows: Rows, mixer: Mixer, recipes: Provenance) -> tuple[Any, Provenance]:
        """Rows of the data's kind, by recipes; and the recipes with all parents known."""
        z, recipes = mixer.mixed(recipes)
        x = self.model_.inverse_transform(z) if len(z) else np.empty((0, *rows.numbers.shape[1:]))
        return rows.restore(np.asarray(x), recipes), recipes

    # Its steps.

    def _begin(self, X: Any, y: Any) -> tuple[Rows, Target]:
        check_settings(self)
        rows, target = labelled(X, y, self.categorical_features)
        self._note_features(X, rows)
        self.classes_ = target.classes
        self.sampling_strategy_ = new_rows(target.classes[target.label], self.sampling_strategy)
        return rows, target

    def _mixer(self, rows: Rows, target: Target) -> Mixer:
        Z = latents(self.model_, rows)
        return Mixer(
            Z,
            target.label,
            tuple(target.classes.tolist()),
            method=self.method,
            prior=kept(self.prior, self.model_, Z),
            k=int(self.k_neighbors),
            knobs=Knobs(float(self.concentration), float(self.reach)),
        )

    def _note_origins(self, mixer: Mixer) -> None:
        """Set whose row each row is and, for mixup, what classes it has shares of."""
        made, n = self.provenance_, len(mixer.label)
        self.sample_indices_ = np.concatenate([np.arange(n), made.main_parent])
        if self.method == "mixup":
            pure = np.eye(len(mixer.classes))[mixer.label]
            self.soft_labels_ = np.concatenate([pure, mixer.shares(made)])
