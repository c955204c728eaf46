"""The sections of the demo's report, those on edits in `edit_stories`."""

from __future__ import annotations

from typing import Any

import numpy as np

from zalgebra.algebra.certificate import check
from zalgebra.algebra.combine import centroid, combine
from zalgebra.algebra.weights import line
from zalgebra.studio import figures
from zalgebra.studio.edit_stories import edit_sections
from zalgebra.studio.report import Row, Section
from zalgebra.studio.scene import Scene
from zalgebra.types import MissingExtra

__all__ = ["tell"]

METHODS = {"linear": "LERP", "slerp": "SLERP", "lol": "LOL"}


def tell(scene: Scene, scores: dict[str, float]) -> tuple[list[Section], dict[str, Any]]:
    """The report's sections, and the figures for ``results.json`` that they print."""
    blends, figures_of_blends = _blends(scene)
    sections = edit_sections(scene, scores) if scene.outcomes else []
    return [*sections, blends, _map(scene), _reconstructions(scene)], figures_of_blends


def _blends(scene: Scene) -> tuple[Section, dict[str, Any]]:
    prior, z = scene.workspace.prior, scene.latents
    a, b, eight = z[0], z[1], z[2:10]
    rows, found = [], {"interpolation": {}, "centroid": {}}
    for method, name in METHODS.items():
        strip = combine(line(np.linspace(0, 1, 9)), np.stack([a, b]), prior=prior, method=method)
        certificate = check(strip, prior)
        found["interpolation"][method] = certificate.to_dict()
        captions = [f"variance {v:.2f}" for v in certificate.effects["variance_ratio"]]
        rows.append(_certified(scene, strip, captions, f"{name}, between two", certificate))
    rows.append(Row(scene.decode(eight), label="eight pictures, to average"))
    means = np.stack([centroid(eight, prior=prior, method=m) for m in METHODS])
    certificate = check(means, prior)
    for i, method in enumerate(METHODS):
        found["centroid"][method] = check(means[i : i + 1], prior).to_dict()
    ratio, percentile = (
        certificate.effects["variance_ratio"],
        certificate.effects["norm_percentile"],
    )
    captions = [
        f"{name}: variance {v:.2f}, norm at {p:.0f} %"
        for name, v, p in zip(METHODS.values(), ratio, percentile, strict=True)
    ]
    rows.append(Row(scene.decode(means), captions, label="their centroid"))
    return (
        Section(
            "Blends",
            "Under LERP the middle of a blend loses variance, and an average of eight loses most "
            "of it: the picture turns into the mean of all pictures. SLERP and LOL keep the norm; "
            "only LOL keeps the distribution for any number of pictures and any weights. Each "
            "strip carries its certificate against the prior.",
            rows,
        ),
        found,
    )


def _certified(
    scene: Scene, z: np.ndarray, captions: list[str], label: str, certificate: Any
) -> Row:
    return Row(
        scene.decode(z), captions, label, certificate.verdict, not certificate.plausible.all()
    )


def _map(scene: Scene) -> Section:
    try:
        from sklearn.decomposition import PCA
    except ModuleNotFoundError as error:
        raise MissingExtra("scikit-learn", "maps") from error
    items = scene.workspace.items
    n = min(3000, len(items))
    pca = PCA(2, random_state=scene.seed).fit(items.latents[:n])
    points = pca.transform(items.latents[:n])
    label = scene.recipe.edits[0].where[0][0] if scene.recipe.edits else ""
    color = items.labels.get(label)
    share = pca.explained_variance_ratio_.sum()
    figure = figures.scatter(
        points,
        scene.recipe.train.images[:n],
        color=None if color is None else color[:n],
        label=label,
    )
    return Section(
        "A map of the latents",
        f"The two directions in which the latents vary most, {share:.0%} of their variance; "
        "thumbnails are the items that lie there.",
        figure=figure,
        alt="Scatter plot of the latents on their first two principal axes with thumbnails",
    )


def _reconstructions(scene: Scene) -> Section:
    chosen = slice(0, 10)
    samples = scene.workspace.model.sample(10, random_state=scene.seed)
    mse = np.mean((scene.decode(scene.latents) - scene.held.images) ** 2)
    return Section(
        "What the model keeps, and what it dreams",
        "Pictures that it has not seen, their reconstruction, and samples from the prior that was "
        f"fitted to the encoded data. Mean squared error of the reconstruction: {mse:.4f}.",
        [
            Row(scene.held.images[chosen], label="originals"),
            Row(scene.decode(scene.latents[chosen]), label="reconstructions"),
            Row(samples, label="samples from the prior"),
        ],
    )
