"""Directions: a meaning in a latent space, with its strength and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from zalgebra.estimators.directions_imported import Imported
from zalgebra.estimators.directions_learning import learn
from zalgebra.estimators.directions_samples import Sample, named
from zalgebra.types import Array

__all__ = ["Direction"]


class Direction(Imported):
    """A direction δ in latent space, with its card.

    ``latent + direction`` adds one δ, such as the difference of two groups' means;
    ``latent + direction.latent(20, "°")`` turns by an angle, ``direction.latent(2, "sd")`` moves
    by standard deviations of the data.

    It is learned from examples, by `from_groups`, `from_pairs` or `from_labels`, or it comes from
    elsewhere, by `from_classifier`, `discover` or `load`.

    Parameters
    ----------
    name
        Its word in expressions.
    vector
        δ, shape of one latent.
    sd
        Standard deviation of the pooled latents along δ; NaN if not known.
    n
        Sizes of the positive and of the negative group; all and none for a continuous label.
    effect_size
        Cohen's d of the two groups along δ; of a continuous label 2 ρ / √(1 - ρ²), with the
        correlation ρ.
    angle_interval
        95 % confidence interval, in degrees, of the angle between δ and the direction that the
        same method would learn from endlessly many such data. NaN if not known.
    leakage
        For each other attribute, how many of its standard deviations one δ moves its linear
        readout, learned among items that are alike in the label.
    fingerprint
        Of the model whose latents these are; empty if not known.
    card
        What else the data say: a test against shuffled labels, the held-out score, the strengths
        that the data support. None for a direction that came without labels.
    """

    @classmethod
    def from_groups(
        cls,
        positive: Array,
        negative: Array,
        *,
        name: str = "direction",
        given: Mapping[str, Array] | None = None,
        attributes: Mapping[str, Array] | None = None,
        fingerprint: str = "",
        seed: int = 0,
    ) -> Self:
        """The direction from the mean of one group of latents to the mean of another.

        Parameters
        ----------
        positive, negative
            Latents ``(n, *shape)`` with and without the attribute; at least 2 each.
        name
            Its word in expressions.
        given, attributes
            Other labels of the same items, positive rows first: see `from_labels`.
        fingerprint
            Of the model, ``model.spec_.fingerprint``.
        seed
            Of the shufflings and folds behind the card.

        Raises
        ------
        BadInput
            If a group is too small, shapes differ, or both means are the same.

        References
        ----------
        Larsen et al., *Autoencoding beyond pixels using a learned similarity metric*,
        arXiv 1512.09300, section 4.2 (visual attribute vectors).

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> Z = np.random.default_rng(0).standard_normal((400, 8))
        >>> smile = za.Direction.from_groups(Z[:200] + np.eye(8)[0] * 3, Z[200:], name="smile")
        >>> smile
        Direction('smile', d = 3.2, angle ± 7.8°, n = 200 + 200)
        """
        given = named({} if given is None else given)
        sample = Sample.of_groups(positive, negative, given)
        attributes = {**given, **(attributes or {})}
        found = learn(sample, name, given=given, attributes=attributes, seed=seed)
        return cls(name=name, fingerprint=fingerprint, **vars(found))

    @classmethod
    def from_pairs(
        cls,
        before: Array,
        after: Array,
        *,
        name: str = "direction",
        attributes: Mapping[str, Array] | None = None,
        fingerprint: str = "",
        seed: int = 0,
    ) -> Self:
        """The mean change of the same items: δ = mean(after - before).

        What differs between the items but not within a pair (the person, the light) drops out, and
        with it most of the noise.

        Parameters
        ----------
        before, after
            Latents ``(n, *shape)`` of the same items in the same order; at least 2.
        name, fingerprint, seed
            As in `from_groups`.
        attributes
            Labels for `leakage`, each ``(2 n,)``: of all items after, then of all before.

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> rng = np.random.default_rng(0)
        >>> people = rng.standard_normal((50, 8))
        >>> smiling = people + np.eye(8)[0] + 0.1 * rng.standard_normal((50, 8))
        >>> za.Direction.from_pairs(people, smiling, name="smile")
        Direction('smile', d = 1.2, angle ± 3.4°, n = 50 pairs)
        """
        sample = Sample.of_pairs(before, after)
        found = learn(sample, name, attributes=attributes or {}, seed=seed)
        return cls(name=name, fingerprint=fingerprint, **vars(found))

    @classmethod
    def from_labels(
        cls,
        latents: Array,
        y: Array,
        *,
        method: str | None = None,
        given: Mapping[str, Array] | None = None,
        metric: str = "data",
        name: str = "direction",
        attributes: Mapping[str, Array] | None = None,
        fingerprint: str = "",
        seed: int = 0,
    ) -> Self:
        r"""The direction of a label, with other attributes held still.

        $$Z = 1 a^T + y δ^T + C Γ + E$$

        by least squares is the difference of means for a label of two values and the regression
        for a continuous one, where δ is the change per standard deviation of y. Without
        attributes C to hold still it is the plain difference; with them, that part of it which
        they do not explain. The classifiers learn a normal w of y, and G of ``given``, and give

        $$δ ∝ Σ B (B^T Σ B)^{-1} e_1, \qquad B = (w, G):$$

        the smallest move, in the metric Σ, that raises w's reading and moves no other.

        Parameters
        ----------
        latents
            ``(n, *shape)``.
        y
            Labels ``(n,)``: two values, the higher one positive, or a continuous factor.
        method
            ``"difference"`` (default for two values), ``"logistic"``, ``"svm"`` (linear, squared
            hinge) or ``"lda"`` (shrunk); ``"regression"`` for a continuous factor.
        given
            Attributes to hold still, each ``(n,)``: numbers, or words for kinds.
        metric
            Of the classifiers: ``"data"`` (default), where Σ is the covariance of the latents, or
            ``"euclidean"``, where Σ = I: without ``given`` that is the classifier's normal itself,
            with it InterFaceGAN's conditional boundary. Both agree where the latents follow
            N(0, I).
        name, fingerprint, seed
            As in `from_groups`.
        attributes
            More labels for `leakage`, each ``(n,)``; those of ``given`` are always there.

        Raises
        ------
        BadInput
            If the labels have one value only, the method does not suit them, a group is too small,
            or ``given`` determines the label.

        References
        ----------
        Shen et al., *Interpreting the latent space of GANs for semantic face editing*, CVPR 2020,
        section 3.2 (InterFaceGAN). Haufe et al., *On the interpretation of weight vectors of linear
        models in multivariate neuroimaging*, NeuroImage 2014 (patterns Σ w against normals w).

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> rng = np.random.default_rng(0)
        >>> woman = rng.random(4000) < 0.5
        >>> smiling = rng.random(4000) < np.where(woman, 0.8, 0.2)  # most women smile here
        >>> Z = rng.standard_normal((4000, 8))
        >>> Z[:, 0] += 2 * smiling
        >>> Z[:, 1] += 2 * woman
        >>> za.Direction.from_labels(Z, smiling).vector[:2].round(1)
        array([1.9, 1.2], dtype=float32)
        >>> za.Direction.from_labels(Z, smiling, given={"woman": woman}).vector[:2].round(1) + 0
        array([2., 0.], dtype=float32)
        """
        given = named({} if given is None else given)
        found = learn(
            Sample.of_labels(latents, y, given), name,
            method=method, metric=metric, given=given,
            attributes={**given, **(attributes or {})}, seed=seed,
        )  # fmt: skip
        return cls(name=name, fingerprint=fingerprint, **vars(found))
