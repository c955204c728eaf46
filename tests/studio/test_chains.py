"""Edits one after another: what is one combination commutes, and what does not has its figure."""

from __future__ import annotations

import json

import numpy as np
import pytest

from zalgebra.algebra.certificate import check
from zalgebra.algebra.latent import Latent
from zalgebra.studio.chains import beyond, chained, order_of
from zalgebra.studio.workspace import Workspace
from zalgebra.types import BadInput

SUMS = ["+ smile", "- 0.5 glasses", "+ mean(beard=1) - mean(beard=0)", "+ 2sd turn"]


def turned(space: Workspace, z: np.ndarray, name: str, degrees: float) -> np.ndarray:
    """A turn by its formula, in normal coordinates: cos θ u + sin θ b with |b| = √D."""
    u = space.prior.to_normal(z.astype(float))
    axis = space.direction(name).vector
    b = space.prior.to_normal((space.prior.mean + axis)[None])
    b = b * np.sqrt(b.size) / np.linalg.norm(b)
    angle = np.radians(degrees)
    return space.prior.from_normal(np.cos(angle) * u + np.sin(angle) * b)


def test_sums_are_one_combination_whatever_their_order(space: Workspace) -> None:
    made = space.edit("img:3", *SUMS)
    other = space.edit("img:3", *SUMS[::-1])
    assert made.order.joined
    assert (made.order.degrees, made.order.distance) == (0, 0)
    assert "no difference" in made.lines()[-1]
    np.testing.assert_allclose(made.latents, other.latents, atol=1e-5)
    whole = space.edit("img:3", " ".join(SUMS))
    np.testing.assert_array_equal(made.latents, whole.latents)
    assert made.expression == whole.expression
    assert made.mix == whole.mix


def test_turns_do_not_commute_and_it_is_said_by_how_much(space: Workspace) -> None:
    a, b = ("+ 40° smile", "- 30° glasses")
    one, other = space.edit("img:3", a, b), space.edit("img:3", b, a)
    z = space.mix("img:3").latents
    by_formula = turned(space, turned(space, z, "smile", 40), "glasses", -30)
    np.testing.assert_allclose(one.latents, by_formula, atol=2e-3)
    u, v = (space.prior.to_normal(r.latents.astype(float))[0] for r in (one, other))
    cosine = u @ v / np.linalg.norm(u) / np.linalg.norm(v)
    assert one.order.degrees == pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-3)
    assert one.order.distance == pytest.approx(np.linalg.norm(u - v) / np.linalg.norm(u), rel=1e-3)
    assert one.order.degrees > 1
    assert not one.order.joined
    assert one.order.sentence().startswith("order: it matters, reversed they end ")
    assert one.expression == "img:3, then 40° smile, then -30° glasses"
    assert one.mix is None  # no one expression says it


def test_a_turn_commutes_with_itself(space: Workspace) -> None:
    order = space.edit("img:3", "20° smile", "20° smile").order
    assert not order.joined
    assert order.distance == 0
    assert "makes no difference to these changes" in order.sentence()


def test_a_turn_before_a_shift_is_not_a_shift_before_a_turn(space: Workspace) -> None:
    shift_first = space.edit("img:3", "+ smile", "30° glasses")
    turn_first = space.edit("img:3", "30° glasses", "+ smile")
    np.testing.assert_array_equal(
        shift_first.latents, space.mix("img:3 + smile + 30° glasses").latents
    )
    axis = space.direction("smile").vector
    alone = space.edit("img:3", "30° glasses").latents
    np.testing.assert_allclose(turn_first.latents, alone + axis, atol=1e-5)
    assert shift_first.order.degrees == pytest.approx(turn_first.order.degrees, rel=1e-3)
    assert shift_first.mix is not None


def test_of_more_than_two_the_pair_that_commutes_worst_is_named(space: Workspace) -> None:
    order = space.edit("img:3", "20° smile", "+ 0.1 beard", "60° glasses").order
    assert len(order.pairs) == 3
    worst = max(order.pairs, key=order.pairs.get)
    assert f"most between {worst.replace(' | ', ' and ')}" in order.sentence()
    alone = space.edit("img:3", "20° smile", "60° glasses").order
    assert order.pairs["20° smile | 60° glasses"] == pytest.approx(alone.degrees)


def test_every_change_has_its_certificate(space: Workspace) -> None:
    made = space.edit("img:3", "+ smile", "+ 30° glasses", "- 20 beard")
    assert [step.words for step in made.steps] == ["smile", "30° glasses", "-20*beard"]
    first = space.edit("img:3", "+ smile")
    for name, value in first.certificate.effects.items():
        assert made.steps[0].certificate.effects[name] == pytest.approx(value)
    last = check(made.latents, space.prior)
    assert made.certificate.to_dict() == made.steps[-1].certificate.to_dict() == last.to_dict()
    assert made.steps[0].certificate.plausible[0]
    assert not made.steps[2].certificate.plausible[0]


def test_a_change_that_leaves_the_data_is_marked(space: Workspace) -> None:
    axis = space.direction("smile").vector
    along = space.items.latents @ axis
    for change in ("+ 0.1 smile", "+ 90 smile", "- 90 smile", "+ 85° smile"):
        made = space.edit("img:3", change)
        (reach,) = made.steps[0].reach
        position = float(made.latents[0] @ axis)
        low, high = np.quantile(along, [0.005, 0.995])
        assert reach.beyond == (not low <= position <= high)
        assert reach.after == pytest.approx(100 * np.mean(along < position))
        assert reach.before == pytest.approx(100 * np.mean(along < along[3]), abs=0.5)
        assert reach.n == 300
        told = [line for line in made.lines() if "beyond 99 % of the 300 items along smile" in line]
        assert len(told) == reach.beyond
    assert space.edit("img:3", "+ 90 smile").steps[0].reach[0].beyond
    assert not space.edit("img:3", "+ 0.1 smile").steps[0].reach[0].beyond


def test_beyond_are_the_outermost_hundredth() -> None:
    rng = np.random.default_rng(0)
    items = rng.standard_normal((20_000, 2, 2))
    fresh = rng.standard_normal((20_000, 2, 2))
    assert beyond(fresh, items, np.ones((2, 2))).mean() == pytest.approx(0.01, abs=0.003)


def test_few_items_have_no_99_per_cent(tmp_path, model, faces) -> None:
    ws = Workspace.create(tmp_path / "few.zal", model)
    ws.encode(faces[:60])
    assert ws.edit("img:3", "+ 9 smile").steps[0].reach == ()


def test_one_change_has_no_order_and_two_directions_in_one_are_joined(space: Workspace) -> None:
    assert space.edit("img:3", "+ smile").order is None
    assert space.edit("img:3", "+ mean(beard=1) - mean(beard=0)").order is None
    assert space.edit("img:3", "+ 20° smile + 20° glasses").order.joined
    assert len(space.edit("img:3", "+ smile").lines()) == 1


def test_an_order_is_computed_from_any_changes() -> None:
    rng = np.random.default_rng(0)
    item = Latent(rng.standard_normal(64), "a")
    turns = [Latent.turn(rng.standard_normal(64), name, 45) for name in "xy"]

    class Unit:
        to_normal = staticmethod(np.asarray)

    order = order_of(item, turns, lambda latent: latent.array(), Unit())
    assert order.degrees > 5
    assert len(list(chained(item, turns, lambda latent: latent.array()))) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("+ grin",), "unknown name 'grin'"),
        (("+ smile", "+ grin"), "unknown name 'grin'.*img:3 . smile . grin"),
        (("+ smile", ""), "expected a latent"),
    ],
)
def test_what_is_wrong_is_shown_in_its_place(space: Workspace, changes, words) -> None:
    with pytest.raises(BadInput, match=words):
        space.edit("img:3", *changes)


def test_the_command_line_says_it_all(zalgebra, encoded) -> None:
    call = ("edit", "img:3", "+ 40° smile", "- 30° glasses", "-w", encoded)
    said = zalgebra(*call)
    lines = said.out.splitlines()
    assert lines[0] == "edit.png: img:3, then 40° smile, then -30° glasses"
    assert lines[1].startswith("1. 40° smile: the latent is ")
    assert lines[2].startswith("2. -30° glasses: the latent is ")
    assert lines[3].startswith("order: it matters, ")
    facts = zalgebra(*call, "--json").json()
    assert json.loads(json.dumps(facts))["order"]["degrees"] > 1
    assert [step["change"] for step in facts["steps"]] == ["40° smile", "-30° glasses"]
    assert {"beyond", "reach", "certificate"} < facts["steps"][0].keys()
    assert "order" not in zalgebra("edit", "img:3", "+ smile", "-w", encoded, "--json").json()
