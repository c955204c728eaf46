"""The sections of the demo's report, one function a section."""

from __future__ import annotations

from typing import Any

import numpy as np

from zalgebra.algebra.certificate import check
from zalgebra.algebra.combine import centroid, combine
from zalgebra.algebra.expressions import evaluate
from zalgebra.algebra.weights import line
from zalgebra.data.portraits import draw_faces, sample_factors
from zalgebra.studio import figures
from zalgebra.studio.report import Row, Section, Table
from zalgebra.studio.scene import Outcome, Scene
from zalgebra.types import MissingExtra

__all__ = ["tell"]

METHODS = {"linear": "LERP", "slerp": "SLERP", "lol": "LOL"}
TRUSTED = 0.8  # R² or accuracy below which a judge proves nothing
ANGLES = (-60, -40, -20, 0, 20, 40, 60)


def tell(scene: Scene, scores: dict[str, float]) -> tuple[list[Section], dict[str, Any]]:
    """The report's sections, and the figures for ``results.json`` that they print."""
    blends, figures_of_blends = _blends(scene)
    sections = []
    if scene.outcomes:
        sections += [_edits(scene), _measured(scene, scores), _equations(scene)]
        sections += [_extrapolation(scene)]
    sections += [blends, _map(scene), _reconstructions(scene)]
    return sections, figures_of_blends


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


def _measured(scene: Scene, scores: dict[str, float]) -> Section:
    head = ["edit", "tried on", "read so before", "after, as meant", "others moved", "most"]
    lines = []
    for o in scene.outcomes:
        worst, much = o.effect.worst
        s = o.effect.success
        lines.append(
            [
                o.edit.title,
                str(len(o.rows)),
                f"{o.effect.before.value:.1%}",
                f"{s.value:.1%} [{s.low:.0%}, {s.high:.0%}]",
                f"{o.effect.typical_leakage:.2f} sd",
                f"{worst} {much:.2f} sd",
            ]
        )
    kinds = {k: c["kind"] for k, c in scene.reader.columns_.items()} if scene.reader else {}
    judge = "; ".join(
        f"{name} {'R²' if kinds.get(name) == 'number' else 'accuracy'} {value:.3f}"
        for name, value in scores.items()
    )
    weak = [name for name, value in scores.items() if value < TRUSTED]
    doubt = f" It reads {', '.join(weak)} too poorly to prove an edit of it." if weak else ""
    return Section(
        "How well it works",
        "Each edit on held-out pictures, judged by a network trained on other pictures. A number "
        "counts as changed when it moved by one standard deviation, a yes-or-no when it flipped; "
        "a chain counts only if all of its edits did. Beside it: how far everything that was not "
        "meant to change moved, by the median, in its own standard deviations.",
        tables=[Table(head, lines)],
        after=f"A judge that is wrong proves nothing. On these pictures it reads {judge}.{doubt}",
    )


def _edits(scene: Scene) -> Section:
    rows = []
    for o in scene.outcomes:
        few = o.rows[:8]
        note = f"{o.edit.change.strip()}: {_verdict(scene, o)}"
        rows.append(Row(scene.decode(scene.latents[few]), label=o.edit.title))
        rows.append(Row(scene.decode(o.latents[:8]), note=note))
    return Section(
        "Edits by the mean direction",
        "Above each pair of rows: reconstructions of pictures the model has not seen. Below: the "
        "same latents plus the difference of two group means.",
        rows,
    )


def _verdict(scene: Scene, o: Outcome) -> str:
    s = o.effect.success
    return (
        f"{s.value:.1%} of {s.n} changed as meant; "
        f"{check(o.latents, scene.workspace.prior).verdict}"
    )


def _equations(scene: Scene) -> Section:
    simple = [o for o in scene.outcomes if len(scene.recipe.directions.get(_word(o), ())) == 2]
    if scene.recipe.name == "faces":
        rows = _twins(scene)
    elif scene.recipe.group is not None:
        rows = [row for o in simple[:1] for row in _same_group(scene, o)]
    else:
        rows = []
    rows += [_of_means(scene, o) for o in simple[:2]]
    return Section(
        "Equations in pictures",
        "With the data's own latents: what one picture has and its twin lacks is carried to a "
        "third. The seeds are correlated (twins are nearly the same latent), so their correlation "
        "is estimated; taken as independent they would dilute the first picture. Then the same "
        "with the means of two groups.",
        rows,
    )


def _word(o: Outcome) -> str:
    """The direction that a simple edit adds or takes away."""
    return o.edit.change.strip().lstrip("+-").strip().strip('"')


def _twins(scene: Scene) -> list[Row]:
    """Smiling man = neutral man + smiling woman - neutral woman, all three drawn for it."""
    pose = {"mouth_open": 0.5, "glasses": 0, "skin": 0.2, "turn": 0}
    man = {**pose, "beard": 1, "hair_length": 0.1, "smile": 0}
    woman = {**pose, "beard": 0, "hair_length": 0.9}
    seed = 4000 + scene.seed
    pictures = np.concatenate(
        [
            _drawn(seed, man),
            _drawn(seed + 1, {**woman, "smile": 1}),
            _drawn(seed + 1, {**woman, "smile": 0}),
        ]
    )
    words = ["neutral man", "smiling woman", "neutral woman"]
    return _equation(scene, scene.workspace.model.transform(pictures), words, "smiling man")


def _drawn(seed: int, factors: dict[str, float]) -> np.ndarray:
    return draw_faces(sample_factors(1, seed=seed, **factors))


def _same_group(scene: Scene, o: Outcome) -> list[Row]:
    """Rows of a + b - c, where b and c are one person, or other group, with and without it."""
    of, group = scene.held.labels, scene.recipe.group or ""
    positive, negative = (scene.rows(c) for c in scene.recipe.directions[_word(o)])
    for b in positive:
        twins = negative[of[group][negative] == of[group][b]]
        others = negative[of[group][negative] != of[group][b]]
        if len(twins) and len(others):
            seeds = scene.latents[[others[0], b, twins[0]]]
            words = [f"{group} 1, without", f"{group} 2, with", f"{group} 2, without"]
            return _equation(scene, seeds, words, f"{group} 1, with {_word(o)}")
    return []


def _of_means(scene: Scene, o: Outcome) -> Row:
    """A picture plus the mean of one group minus the mean of the other."""
    items = scene.workspace.items
    means = [items.latents[items.mask(c)].mean(axis=0) for c in scene.recipe.directions[_word(o)]]
    if o.edit.change.strip().startswith("-"):
        means.reverse()
    return Row(
        scene.decode(np.stack([scene.latents[o.rows[0]], *means, o.latents[0]])),
        ["a new picture", "mean with", "mean without", o.edit.title],
        label=o.edit.title,
        note=_verdict(scene, o),
        signs=["+", "-", "="],
    )


def _equation(scene: Scene, seeds: np.ndarray, words: list[str], result: str) -> list[Row]:
    names = dict(zip("abc", seeds, strict=True))
    latent, prior = evaluate("a + b - c", names), scene.workspace.prior
    z = latent.array(prior=prior, correlation="estimate")[None]
    independent = latent.array(prior=prior)[None]
    pictures = scene.decode(np.concatenate([seeds, z]))
    return [
        Row(
            pictures,
            [*words, result],
            label=f"{result} = {words[0]} + {words[1]} - {words[2]}",
            note=check(z, prior).verdict,
            signs=["+", "-", "="],
        ),
        Row(
            scene.decode(np.concatenate([z, independent])),
            ["correlation estimated", "taken as independent"],
        ),
    ]


def _extrapolation(scene: Scene) -> Section:
    rows = []
    for o in [o for o in scene.outcomes if _word(o) in scene.recipe.directions][:3]:
        word = f'"{_word(o)}"'
        z = scene.latents[o.rows[:1]]
        turned = np.concatenate(
            [scene.edited(f"{'+' if a >= 0 else '-'} {abs(a)}° {word}", z) for a in ANGLES]
        )
        inside = _within_data(scene, _word(o), turned)
        marks = ["" if ok else ", beyond the data" for ok in inside]
        beyond = int((~inside).sum())
        verdict = check(turned, scene.workspace.prior).verdict
        far = f"; {beyond} lie beyond 99 % of the items along this direction" if beyond else ""
        rows.append(
            Row(
                scene.decode(turned),
                [f"{a:+d}°{mark}" if a else "0°" for a, mark in zip(ANGLES, marks, strict=True)],
                label=_word(o),
                note=verdict + far,
                bad=beyond > 0,
            )
        )
    return Section(
        "Too little, enough, too much",
        "The same direction as an angle: the latent is turned towards it, so that its norm stays "
        "typical however far it goes. A typical norm is not enough: beyond what any picture showed "
        "along a direction, the model has nothing to draw from.",
        rows,
    )


def _within_data(scene: Scene, name: str, latents: np.ndarray) -> np.ndarray:
    """Which latents lie among the central 99 % of the items along a direction."""
    axis = scene.workspace.direction(name).vector
    low, high = np.quantile(scene.workspace.items.latents @ axis, [0.005, 0.995])
    along = latents @ axis
    return (along >= low) & (along <= high)


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
    figure = figures.map(
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
