"""A workspace keeps what was put into it, whatever happens while it is written."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from zalgebra.algebra.latent import Latent
from zalgebra.data.pictures import save_picture
from zalgebra.estimators.directions import Direction
from zalgebra.models.vae import VAE
from zalgebra.studio import folder as module
from zalgebra.studio import workspace as verbs
from zalgebra.studio.locks import fitting, locked
from zalgebra.studio.names import is_file
from zalgebra.studio.workspace import Workspace
from zalgebra.types import BadInput, WrongModel

AT_REST = {"workspace.json", "model", ".lock"}


def contents(place: Path) -> set[str]:
    return {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()}


def litter(place: Path) -> set[str]:
    """Everything at the top that a workspace at rest has no use for."""
    card = json.loads((place / "workspace.json").read_text())
    return {p.name for p in place.iterdir()} - AT_REST - {card["items"], "directions"}


def refused(error: pytest.ExceptionInfo) -> str:
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


# Making and opening.


def test_a_new_workspace_is_empty_and_opens_again(tmp_path: Path, model: VAE) -> None:
    made = Workspace.create(tmp_path / "deep" / "new.zal", model)
    again = Workspace(made.path)
    assert len(made) == len(again) == 0
    assert again.spec == model.spec_
    assert not litter(made.path)
    np.testing.assert_array_equal(again.prior.cov, model.prior_.cov)


def test_a_place_that_holds_no_workspace_is_refused(tmp_path: Path, place: Path, model) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (tmp_path / "nothing", tmp_path, file):
        with pytest.raises(BadInput, match="no workspace") as error:
            Workspace(path)
        refused(error)
    with pytest.raises(BadInput, match="is a workspace already"):
        Workspace.create(place, model)
    with pytest.raises(BadInput, match="cannot write"):
        Workspace.create(file, model)


def test_a_model_that_is_not_fitted_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not fitted"):
        Workspace.create(tmp_path / "new.zal", VAE(4))
    assert not (tmp_path / "new.zal").exists()


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("{", "not readable JSON"),
        ("[]", "has format None"),
        ('{"format": 99}', "has format 99"),
        ('{"format": 1, "fingerprint": ""}', "lacks classes, encoded, items"),
    ],
)
def test_a_broken_card_is_one_sentence(place: Path, card: str, words: str) -> None:
    (place / "workspace.json").write_text(card)
    with pytest.raises(BadInput, match=words) as error:
        Workspace(place)
    refused(error)


def test_an_exchanged_model_is_refused(place: Path, other_model: VAE, faces) -> None:
    opened = Workspace(place)
    other_model.save(place / "model")
    with pytest.raises(WrongModel, match="exchanged"):
        Workspace(place)
    card = json.loads((place / "workspace.json").read_text())
    card["fingerprint"] = other_model.spec_.fingerprint
    (place / "workspace.json").write_text(json.dumps(card))
    with pytest.raises(WrongModel, match="encoded by another model"):
        len(Workspace(place))
    with pytest.raises(WrongModel, match="exchanged"):  # by another process, under an open one
        opened.encode(faces[:9])


# Items.


def test_items_are_the_models_latents_in_order(space: Workspace, model: VAE, faces) -> None:
    expected = model.transform(faces.images)
    np.testing.assert_array_equal(space.items.latents, expected)
    np.testing.assert_array_equal(space.mix("img:7").latents, expected[7:8])
    for name, values in faces.labels.items():
        np.testing.assert_array_equal(space.items.labels[name], values)


def test_encoding_twice_appends_and_the_same_data_are_added_once(tmp_path, model, faces) -> None:
    ws = Workspace.create(tmp_path / "new.zal", model)
    assert ws.encode(faces[:30]) == 30
    assert ws.encode(faces[30:50]) == 20
    before = contents(ws.path)
    assert ws.encode(faces[:30]) == 0
    assert Workspace(ws.path).encode(faces[30:50]) == 0
    assert contents(ws.path) == before
    np.testing.assert_allclose(
        ws.items.latents, model.transform(faces.images[:50]), rtol=0, atol=1e-6
    )
    np.testing.assert_array_equal(ws.items.labels["smile"], faces.labels["smile"][:50])
    assert not litter(ws.path)


def test_no_items_are_no_news(place: Path, faces) -> None:
    before = contents(place)
    assert Workspace(place).encode(faces[:0]) == 0
    assert contents(place) == before


def test_data_that_do_not_fit_are_refused_and_nothing_changes(place: Path, faces) -> None:
    ws, before = Workspace(place), contents(place)
    unlabelled = dataclasses.replace(faces[:5], labels={})
    classes = {**faces[:5].labels, "smile": np.zeros(5, dtype=np.int64)}
    classed = dataclasses.replace(faces[:5], labels=classes, classes={"smile": ("no",)})
    words = {**faces[:5].labels, "smile": np.array(["a"] * 5)}
    bad = {
        "have the labels .*smile.*, the new ones none": unlabelled,
        "other classes": classed,
        "label 'smile' holds <U1": dataclasses.replace(faces[:5], labels=words),
        "16 × 16 pixels, RGB, faces has 16 × 16 pixels, grey": dataclasses.replace(
            faces[:5], images=faces.images[:5, :1]
        ),
        "faces has 8 × 16 pixels": dataclasses.replace(
            faces[:5], images=faces.images[:5, :, :, :8]
        ),
    }
    for rule, data in bad.items():
        with pytest.raises(BadInput, match=rule) as error:
            ws.encode(data)
        refused(error)
    assert contents(place) == before
    assert len(Workspace(place)) == 300


def test_classes_are_words_in_conditions(tmp_path: Path, model: VAE, faces) -> None:
    kind = (faces.labels["glasses"] + 2 * faces.labels["beard"]).astype(np.int64)
    words = ("plain", "Glasses", "beard", "T-shirt/top")
    data = dataclasses.replace(faces, labels={"kind": kind}, classes={"kind": words})
    ws = Workspace.create(tmp_path / "kinds.zal", model)
    ws.encode(data)
    ws = Workspace(ws.path)
    assert ws.evaluate("mean(kind=glasses)").weights == ws.evaluate("mean(kind=1)").weights
    assert set(ws.evaluate("mean(kind='T-shirt/top')").seeds) == {
        f"img:{i}" for i in np.flatnonzero(kind == 3)
    }
    with pytest.raises(BadInput, match="has no class 'hat'"):
        ws.mix("mean(kind=hat)")
    with pytest.raises(BadInput, match="no direction 'kind'"):  # a class is no more or less
        ws.direction("kind")
    with pytest.raises(BadInput, match="unknown name 'kind'"):
        ws.mix("img:1 + kind")


def test_a_reader_follows_a_writer(place: Path, faces) -> None:
    reader, writer = Workspace(place), Workspace(place)
    writer.encode(dataclasses.replace(faces[:9], images=faces.images[:9] * 0.5))
    assert len(reader) == 309  # the items that it knew of were replaced on disk
    assert not litter(place)


# Pictures by their files.


@pytest.mark.parametrize("name", ["me.png", "two words.png", 'quo"ted.png', "$a$.png"])
def test_a_picture_file_is_a_name(space: Workspace, faces, tmp_path, monkeypatch, name) -> None:
    monkeypatch.chdir(tmp_path)
    save_picture(faces.images[4], name)
    quoted = f"'{name}'" if '"' in name else f'"{name}"'
    result = space.mix(f"{quoted} + smile")
    assert result.expression == f"{quoted} + smile"
    item = space.evaluate("img:4 + smile").array(prior=space.prior)
    np.testing.assert_allclose(result.latents[0], item, atol=0.05)  # it has 8 bits a channel
    save_picture(np.repeat(np.repeat(faces.images[4], 3, 1), 3, 2), name)  # of another size
    np.testing.assert_allclose(space.mix(f"{quoted} + smile").latents[0], item, atol=0.8)


def test_what_is_no_file_is_an_unknown_name(space: Workspace, tmp_path: Path) -> None:
    for name in ("nothing.png", str(tmp_path), "x" * 5000):
        assert not is_file(name)
        with pytest.raises(BadInput, match="unknown name"):
            space.mix(f"'{name}'")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(BadInput, match="must be a PNG"):
        space.mix(f"'{tmp_path / 'text.png'}'")


def test_a_model_of_columns_takes_no_picture_files(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 5))
    model = VAE(2, width=4, max_epochs=1, batch_size=20, verbose=False).fit(rows)
    ws = Workspace.create(tmp_path / "rows.zal", model)
    save_picture(np.zeros((3, 8, 8)), tmp_path / "a.png")
    with pytest.raises(BadInput, match="is a file, and this model takes data of shape"):
        ws.mix(f"'{tmp_path / 'a.png'}'")


# Directions.


def test_a_direction_is_learned_from_a_label(place: Path, faces) -> None:
    ws = Workspace(place)
    learned = ws.direction("glasses")
    Z, glasses = ws.items.latents, faces.labels["glasses"]
    delta = Z[glasses == 1].mean(axis=0) - Z[glasses == 0].mean(axis=0)
    np.testing.assert_allclose(learned.vector, delta, rtol=1e-4, atol=1e-5)
    assert learned.fingerprint == ws.spec.fingerprint
    assert "smile" in learned.leakage
    assert "glasses" not in learned.leakage
    again = Workspace(place).direction("glasses")
    np.testing.assert_array_equal(again.vector, learned.vector)
    assert again.to_dict() == learned.to_dict()
    assert not (place / "directions").exists()  # it follows the items, so it is not frozen
    ws.encode(faces[:40])
    assert sum(ws.direction("glasses").n) == 340


def test_more_numbers_give_their_outer_thirds(space: Workspace, faces) -> None:
    low, high = np.quantile(faces.labels["turn"], [1 / 3, 2 / 3])
    turn = faces.labels["turn"]
    assert space.direction("turn").n == ((turn >= high).sum(), (turn <= low).sum())


def test_a_rare_label_gives_its_two_values(tmp_path: Path, model: VAE, faces) -> None:
    rare = np.zeros(300, dtype=np.float32)
    rare[:5] = 1
    data = dataclasses.replace(faces, labels={"rare": rare, "same": np.ones(300, np.float32)})
    ws = Workspace.create(tmp_path / "rare.zal", model)
    ws.encode(data)
    assert ws.direction("rare").n == (5, 295)
    with pytest.raises(BadInput, match="same mean"):
        ws.mix("img:1 + same")


@pytest.mark.parametrize(
    "name", ["T-shirt/top to Dress", "../../out", ".hidden", "fröhlich", "a.b"]
)
def test_any_name_is_kept_inside_the_workspace(place: Path, name: str) -> None:
    ws = Workspace(place)
    learned = ws.learn(name, [("smile", ">", 0.5)], [("smile", "<", 0.5)])
    again = Workspace(place)
    assert name in set(again.items)
    np.testing.assert_array_equal(again.direction(name).vector, learned.vector)
    np.testing.assert_array_equal(
        again.edit("img:1", f'+ "{name}"').latents, ws.edit("img:1", f'+ "{name}"').latents
    )
    assert {p.name for p in place.parent.iterdir()} == {place.name}
    assert {p.parent for p in place.rglob("*.safetensors")} == {
        place, place / "model", place / "directions"
    }  # fmt: skip


def test_learning_anew_replaces_what_was_known(place: Path) -> None:
    ws = Workspace(place)
    before = ws.edit("img:1", "+ smile").latents
    ws.learn("smile", [("smile", "<", 0.5)], [("smile", ">", 0.5)])  # the other way round
    after = ws.edit("img:1", "+ smile").latents
    item = ws.mix("img:1").latents
    assert np.vdot(before - item, after - item) < 0
    np.testing.assert_array_equal(Workspace(place).edit("img:1", "+ smile").latents, after)


def test_a_direction_of_another_model_is_refused(place: Path, other_model: VAE) -> None:
    Z = np.random.default_rng(0).normal(size=(20, 8))
    mark = other_model.spec_.fingerprint
    (place / "directions").mkdir(exist_ok=True)
    Direction.from_groups(Z[:10] + 1, Z[10:], name="grin", fingerprint=mark).save(
        place / "directions" / "grin.safetensors"
    )
    with pytest.raises(WrongModel, match="'grin' was learned on another model") as error:
        Workspace(place).edit("img:1", "+ 20° grin")
    refused(error)


def test_an_unknown_direction_names_the_known(space: Workspace) -> None:
    with pytest.raises(BadInput, match=r"no direction 'grin'.*smile"):
        space.direction("grin")


# Verbs.


def test_a_result_is_decoded_and_certified(space: Workspace, model: VAE) -> None:
    result = space.mix("0.5 img:1 + 0.5 img:2")
    assert result.expression == "0.5*img:1 + 0.5*img:2"
    np.testing.assert_array_equal(result.pictures, model.inverse_transform(result.latents))
    u = space.prior.to_normal(result.latents)
    assert result.certificate.effects["norm"] == pytest.approx(np.sqrt((u**2).mean()), rel=1e-5)
    assert not space.mix("10 img:1", method="linear").certificate.plausible[0]
    assert space.mix("10 img:1").certificate.effects["norm"] < 3  # the prior knows no scale


@pytest.mark.parametrize(
    "change", ["+ smile", "smile", "- 0.5 glasses", "−glasses", " + 20° smile"]
)
def test_an_edit_is_the_mix_of_the_joined_expression(space: Workspace, change: str) -> None:
    joined = f"img:3 {change}" if change.strip()[0] in "+-−" else f"img:3 + {change}"
    edited, mixed = space.edit("img:3", change), space.mix(joined)
    np.testing.assert_array_equal(edited.latents, mixed.latents)
    assert edited.expression == mixed.expression
    assert np.abs(edited.latents - space.mix("img:3").latents).max() > 1e-3


def test_a_walk_meets_its_keyframes_exactly(space: Workspace) -> None:
    keys = ["img:1", "img:2", "img:3"]
    walk = space.walk(keys, 9)
    assert walk.latents.shape == (9, 8)
    assert walk.pictures.shape == (9, 3, 16, 16)
    assert len(walk.certificate) == 9
    assert walk.expression == "img:1 → img:2 → img:3"
    for step, key in zip((0, 4, 8), keys, strict=True):
        np.testing.assert_allclose(walk.latents[step], space.mix(key).latents[0], atol=1e-6)


def test_a_closed_walk_returns(space: Workspace) -> None:
    walk = space.walk(["img:1", "img:2", "img:3"], 12, closed=True)
    for step, key in zip((0, 4, 8), ("img:1", "img:2", "img:3"), strict=True):
        np.testing.assert_allclose(walk.latents[step], space.mix(key).latents[0], atol=1e-6)
    back = space.walk(["img:3", "img:1"], 5).latents[1:4]
    assert np.linalg.norm(walk.latents[9:] - back) < 0.1 * np.linalg.norm(back)


def test_a_walk_between_expressions_meets_their_mixes(space: Workspace) -> None:
    keys = ["img:0 + img:1", "img:0 + img:2 + 20° smile", "img:5 - 0.5*glasses"]
    walk = space.walk(keys, 5)
    for step, key in zip((0, 2, 4), keys, strict=True):
        mixed = space.mix(key).latents[0]
        np.testing.assert_allclose(walk.latents[step], mixed, atol=1e-5)


def test_a_walk_remembers_what_its_ends_share(tmp_path: Path, other_model: VAE) -> None:
    """Ends that share 3 of 4 seeds: their midpoint has the prior's variance only symbolically."""
    ws = Workspace.create(tmp_path / "new.zal", other_model)
    D = 4096
    seeds = np.random.default_rng(0).standard_normal((5, D))
    names = {f"s{i}": seeds[i] for i in range(5)}
    ends = ["s0 + s1 + s2 + s3", "s0 + s1 + s2 + s4"]

    class Unit:
        spec = other_model.spec_
        prior = None
        evaluate = staticmethod(lambda e: verbs.evaluate(e, names))
        model = other_model
        _how = staticmethod(lambda m: {"method": m, "correlation": "estimate"})

    middle = Workspace.walk(Unit(), ends, 3).latents[1]  # ty: ignore
    assert middle.var() == pytest.approx(1, abs=0.06)
    realised = [Latent(verbs.evaluate(e, names).array(), f"end{i}") for i, e in enumerate(ends)]
    assert ((realised[0] + realised[1]) / 2).array().var() > 1.5  # what would go wrong
    assert len(ws) == 0


@pytest.mark.parametrize(
    ("keys", "steps", "words"),
    [
        (["img:1"], 5, "`keyframes` must be at least 2"),
        ([], 5, "`keyframes` must be at least 2"),
        (["img:1", "img:2"], 1, "`steps` must be at least 2"),
        (["img:1", "-img:1"], 3, "no defined combination"),
        (["img:1", "smile"], 3, "smile holds no latent to start from"),
        (["img:1", "img:300"], 3, "img:300 does not exist"),
        (["img:1", "1/0"], 3, "division by zero"),
    ],
)
def test_a_walk_that_goes_nowhere_is_refused(space: Workspace, keys, steps, words) -> None:
    with pytest.raises(BadInput, match=words) as error:
        space.walk(keys, steps)
    refused(error)


# Killed runs and other writers.


class Crash(Exception):
    """Stands for anything that ends a process."""


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 64)


def count(ws: Workspace, monkeypatch, crash_at: int | None = None) -> list[int]:
    """The sizes of the batches that the model is asked for."""
    sizes: list[int] = []
    transform = ws.model.transform

    def counted(X: np.ndarray) -> np.ndarray:
        if len(sizes) == crash_at:
            raise Crash
        sizes.append(len(X))
        return transform(X)

    monkeypatch.setattr(ws.model, "transform", counted)
    return sizes


def test_a_crash_leaves_the_old_state_and_the_next_run_goes_on(
    tmp_path: Path, model: VAE, faces, monkeypatch, small_parts
) -> None:
    straight = Workspace.create(tmp_path / "straight.zal", model)
    ws = Workspace.create(tmp_path / "new.zal", model)
    for w in (straight, ws):
        w.encode(faces[:20])
    straight.encode(faces[20:])
    sizes = count(ws, monkeypatch, crash_at=3)
    with pytest.raises(Crash):
        ws.encode(faces[20:])
    assert sizes == [64, 64, 64]
    assert len(ws) == len(Workspace(ws.path)) == 20
    again = Workspace(ws.path)
    (next((ws.path / "parts").iterdir()) / ".000003.safetensors.x.safetensors").touch()
    sizes = count(again, monkeypatch)
    assert again.encode(faces[20:]) == 280
    assert sizes == [64, 24]  # the three that were done are not done again
    np.testing.assert_array_equal(again.items.latents, straight.items.latents)
    assert not litter(ws.path)
    assert {p.name for p in ws.path.iterdir()} == {p.name for p in straight.path.iterdir()}


def test_a_progress_bar_ends_before_the_error_is_said(place, faces, monkeypatch) -> None:
    ws, said = Workspace(place), []

    def bar(steps, what):
        try:
            yield from steps
        finally:
            said.append(f"{what} has ended")

    count(ws, monkeypatch, crash_at=0)
    try:
        ws.encode(dataclasses.replace(faces[:9], images=faces.images[:9] * 0.5), track=bar)
    except Crash:
        said.append("error")
    assert said == ["encoding has ended", "error"]


@pytest.mark.parametrize("step", ["write_tensors", "write_json", "_sweep"])
def test_a_crash_at_the_last_steps_leaves_no_litter(
    place: Path, faces, monkeypatch, small_parts, step: str
) -> None:
    new, ws = dataclasses.replace(faces[:90], images=faces.images[:90] * 0.5), Workspace(place)
    real, calls = {"write_tensors": module.write_tensors, "_sweep": Workspace._sweep}, []

    def crash(*args, **options):
        calls.append(args)
        if step == "write_tensors" and Path(args[0]).name.startswith("0"):
            return real[step](*args, **options)  # a part
        if step == "_sweep" and len(calls) == 1:
            return real[step](*args, **options)  # the first one, before the work
        if step == "write_tensors":  # as a kill in mid-write leaves it
            (place / f".{Path(args[0]).name}.x.safetensors").touch()
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Workspace if step == "_sweep" else module, step, crash)
        with pytest.raises(Crash):
            ws.encode(new)
    assert litter(place)
    assert len(Workspace(place)) == (390 if step == "_sweep" else 300)
    Workspace(place).encode(new)
    assert len(Workspace(place)) == 390
    assert not litter(place)


def test_a_part_of_another_model_is_not_used(place: Path, faces, monkeypatch, small_parts) -> None:
    new, ws = dataclasses.replace(faces[:90], images=faces.images[:90] * 0.5), Workspace(place)
    count(ws, monkeypatch, crash_at=1)
    with pytest.raises(Crash):
        ws.encode(new)
    part = next((place / "parts").rglob("*.safetensors"))
    module.write_tensors(part, {"latents": np.zeros((64, 8), np.float32)}, {"fingerprint": "x"})
    again = Workspace(place)
    sizes = count(again, monkeypatch)
    again.encode(new)
    assert sizes == [64, 26]
    assert np.abs(again.items.latents[300:364]).min(axis=0).max() > 0


SLOW_ENCODE = """
import sys, time, zalgebra as za
from zalgebra.studio import folder
folder.PART = 10
ws = za.Workspace(sys.argv[1])
def slowly(steps, what):
    for step in steps:
        yield step
        time.sleep(0.05)
        print(step, flush=True)
ws.encode(za.datasets.faces(500, size=16, seed=11), track=slowly)
"""


def test_a_killed_encode_goes_on_and_its_lock_is_free(
    place: Path, faces, program, monkeypatch, tmp_path: Path
) -> None:
    process = program(place, code=SLOW_ENCODE)
    assert process.stdout.readline() == "0\n"
    beside = Workspace(place)  # reading works while it writes
    assert len(beside) == 300
    assert beside.edit("img:1", "+ smile").pictures.shape == (1, 3, 16, 16)
    assert beside.direction("beard").n[0] > 20
    for write in (
        lambda: beside.encode(faces[:10]),
        lambda: beside.learn("beard", [("beard", "=", 1)], [("beard", "=", 0)]),
    ):
        with pytest.raises(BadInput, match="another process is writing to") as error:
            write()
        refused(error)
    assert process.stdout.readline() == "1\n"
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = len(list((place / "parts").rglob("[!.]*.safetensors")))
    assert 2 <= done < 50
    monkeypatch.setattr(module, "PART", 10)
    assert len(Workspace(place)) == 300
    import zalgebra as za

    more = za.datasets.faces(500, size=16, seed=11)
    whole = shutil.copytree(place, tmp_path / "whole.zal")
    shutil.rmtree(whole / "parts")
    uninterrupted = Workspace(whole)
    uninterrupted.encode(more)
    again = Workspace(place)
    sizes = count(again, monkeypatch)
    assert again.encode(more) == 500
    assert len(sizes) == 50 - done
    np.testing.assert_allclose(  # the processes may have run on another number of threads
        again.items.latents, uninterrupted.items.latents, atol=1e-5
    )
    assert not litter(place)
    assert not list(place.glob("**/.*safetensors"))


def test_one_process_may_hold_its_own_lock_twice(tmp_path: Path) -> None:
    with locked(tmp_path / "a"), locked(tmp_path / "a"):
        pass
    with pytest.raises(Crash), locked(tmp_path / "a"):
        raise Crash
    with locked(tmp_path / "a"):
        pass


def test_a_failed_fit_keeps_its_checkpoint_and_a_good_one_removes_it(tmp_path: Path) -> None:
    path = tmp_path / "new.zal"
    checkpoint = path / "checkpoint.safetensors"

    def crash() -> None:
        with fitting(path) as given:
            assert given == checkpoint
            checkpoint.touch()
            (path / f".{checkpoint.name}.x.safetensors").touch()  # as a kill in mid-write leaves it
            raise Crash

    with pytest.raises(Crash):
        crash()
    assert checkpoint.exists()
    (path / "workspace.json").touch()  # killed between making the workspace and encoding
    with fitting(path):
        assert checkpoint.exists()
    assert {p.name for p in path.iterdir()} == {"workspace.json", ".lock"}
    with pytest.raises(BadInput, match="is a workspace already"), fitting(path):
        pass


def test_a_read_only_workspace_can_be_computed_in(place: Path, monkeypatch) -> None:
    def refuse(path: Path):
        raise BadInput(f"cannot write {path}")

    for place_of_locks in (module, verbs):
        monkeypatch.setattr(place_of_locks, "locked", refuse)
    started = time.perf_counter()
    assert len(Workspace(place).edit("img:1", "+ smile").latents) == 1
    assert time.perf_counter() - started < 5
