"""The sections of the demo's report that tell of edits: what they do, how well, and how far."""

from __future__ import annotations

import numpy as np

from zalgebra.algebra.certificate import check
from zalgebra.algebra.expressions import evaluate
from zalgebra.data.portraits import draw_faces, sample_factors
from zalgebra.studio.chains import beyond
from zalgebra.studio.report import Row, Section, Table
from zalgebra.studio.scene import Outcome, Scene

__all__ = ["edit_sections"]

TRUSTED = 0.8  # R² or accuracy below which a judge proves nothing
ANGLES = (-60, -40, -20, 0, 20, 40, 60)


def edit_sections(scene: Scene, scores: dict[str, float]) -> list[Section]:
    """Edits, how well they worked by the judge's scores, equations in pictures, and too much."""
    return [_edits(scene), _measured(scene, scores), _equations(scene), _extrapolation(scene)]


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
        axis = scene.workspace.direction(_word(o)).vector
        out = beyond(turned, scene.workspace.items.latents, axis)
        marks = [", beyond the data" if is_out else "" for is_out in out]
        verdict = check(turned, scene.workspace.prior).verdict
        far = (
            f"; {out.sum()} lie beyond 99 % of the items along this direction" if out.any() else ""
        )
        rows.append(
            Row(
                scene.decode(turned),
                [f"{a:+d}°{mark}" if a else "0°" for a, mark in zip(ANGLES, marks, strict=True)],
                label=_word(o),
                note=verdict + far,
                bad=bool(out.any()),
            )
        )
    return Section(
        "Too little, enough, too much",
        "The same direction as an angle: the latent is turned towards it, so that its norm stays "
        "typical however far it goes. A typical norm is not enough: beyond what any picture showed "
        "along a direction, the model has nothing to draw from.",
        rows,
    )
