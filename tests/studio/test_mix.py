"""mix.json in a workspace and on the command line: kept, sent, replayed to the bit, or refused."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zalgebra import __version__
from zalgebra.algebra.noise import noise
from zalgebra.data.pictures import save_picture
from zalgebra.files import write_tensors
from zalgebra.studio.workspace import Workspace
from zalgebra.types import BadInput, WrongModel


@pytest.fixture
def empty(tmp_path: Path, model) -> Workspace:
    """A workspace without items."""
    return Workspace.create(tmp_path / "empty.zal", model)


def same(a, b) -> None:
    np.testing.assert_array_equal(a.latents, b.latents)
    np.testing.assert_array_equal(a.pictures, b.pictures)
    assert a.expression == b.expression


# Numbered seeds need no items.


def test_numbered_seeds_mix_without_items(empty: Workspace) -> None:
    result = empty.mix("0.5*seed(3) + seed(7)")
    assert result.latents.shape == (1, 8)
    assert result.pictures.shape == (1, 3, 16, 16)
    alone = empty.mix("seed(3)").latents
    np.testing.assert_allclose(alone, empty.prior.from_normal(noise([3], 8)), rtol=1e-6)
    many = np.concatenate([empty.mix(f"seed({i})").latents for i in range(200)])
    u = empty.prior.to_normal(many)
    assert (u.mean(), u.std()) == pytest.approx((0, 1), abs=0.1)


def test_the_command_line_mixes_numbers(zalgebra, empty: Workspace) -> None:
    said = zalgebra("mix", "0.5*seed(3) + seed(7)", "-w", empty.path)
    assert said.out.startswith("mix.png: 0.5*seed(3) + seed(7)\n")
    assert "whole number" in zalgebra("mix", "seed(-1)", "-w", empty.path).sentence()


# Files.


def test_latents_in_files_are_seeds(zalgebra, empty: Workspace) -> None:
    z, other = noise([1, 2], 8)
    np.save("z.npy", z)
    write_tensors("one.safetensors", {"w": z})
    write_tensors("two.safetensors", {"first": other, "second": z.astype(float)})
    expected = empty.mix("seed(1)").latents  # under the prior, so another latent than the file's
    for name in ("z.npy", "one.safetensors", "one.safetensors#w", "two.safetensors#second"):
        result = empty.mix(f'"{name}"')
        np.testing.assert_array_equal(result.latents[0], z)
        assert not np.array_equal(result.latents, expected)
        (part,) = empty.evaluate(f'"{name}"').provenance()
        assert (part.name, part.kind, part.weight) == (name, "file", 1)
        assert zalgebra("mix", name, "-w", empty.path).out.startswith(f'mix.png: "{name}"\n')


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pickled.npy", "pickled.npy is no readable .npy file of numbers"),
        (
            "large.npy",
            "large.npy must hold one latent of this model, .* (8,), got float64 of shape",
        ),
        ("whole.npy", "whole.npy must hold one latent of this model, .* got int64 of shape (8,)"),
        ("two.safetensors", "two.safetensors has no tensor '' (it has: a, b); write two.safeten"),
        ("two.safetensors#c", "two.safetensors has no tensor 'c' (it has: a, b)"),
        ("broken.safetensors", "broken.safetensors is not a whole safetensors file"),
        ("missing.npy", "there is no file missing.npy"),
        ("missing.safetensors#c", "there is no file missing.safetensors#c"),
        ("missing.json", "there is no file missing.json"),
    ],
)
def test_files_that_hold_no_latent_are_one_sentence(zalgebra, empty, name, words) -> None:
    np.save("pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save("large.npy", np.zeros((8, 8)))
    np.save("whole.npy", np.arange(8))
    write_tensors("two.safetensors", {"a": np.zeros(8), "b": np.zeros(8)})
    Path("broken.safetensors").write_text("x")
    sentence = zalgebra("mix", name, "-w", empty.path).sentence()
    assert re.search(re.escape(words).replace(r"\.\*", ".*"), sentence), sentence


# mix.json.

EXPRESSIONS = [
    "0.1*seed(3) + seed(7)/3",
    "img:1 + 20° smile - 0.5 glasses",
    "img:3 + mean(smile=1) - mean(smile=0) + 1sd smile",
    "lerp(img:1, seed(5), 0.3)",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("method", ["lol", "slerp"])
def test_a_mix_is_replayed_to_the_bit(space: Workspace, expression: str, method: str) -> None:
    made = space.mix(expression, method=method)
    mix = json.loads(json.dumps(made.mix, allow_nan=False))
    again = Workspace(space.path).mix(mix)
    same(again, made)
    assert again.mix == made.mix
    assert mix["fingerprint"] == space.spec.fingerprint
    assert (mix["zalgebra"], mix["method"], mix["shape"]) == (__version__, method, [8])


def test_the_command_line_saves_and_replays(zalgebra, space: Workspace) -> None:
    made = zalgebra("mix", EXPRESSIONS[1], "-w", space.path, "-o", "a.png", "--save", "deep/a.json")
    again = zalgebra("mix", "deep/a.json", "-w", space.path, "-o", "b.png", "--save", "b.json")
    assert again.out.replace("b.png", "a.png") == made.out
    with Image.open("a.png") as first, Image.open("b.png") as second:
        assert first.tobytes() == second.tobytes()
        assert second.text["Comment"].startswith("zalgebra mix deep/a.json -w ")
    assert Path("deep/a.json").read_text() == Path("b.json").read_text()
    assert [p.name for p in Path("deep").iterdir()] == ["a.json"]
    same(space.mix(Path("b.json")), space.mix("b.json"))
    same(space.mix("b.json"), space.mix(EXPRESSIONS[1]))
    facts = zalgebra("mix", "b.json", "-w", space.path, "--json").json()
    assert facts["expression"] == "img:1 + 20° smile - 0.5*glasses"


@pytest.mark.slow
def test_a_new_process_replays_it(program, space: Workspace, tmp_path: Path) -> None:
    made = space.mix(EXPRESSIONS[0])
    (tmp_path / "mix.json").write_text(json.dumps(made.mix))
    code = (
        "import sys; from zalgebra.studio.workspace import Workspace\n"
        "print(Workspace(sys.argv[1]).mix('mix.json').latents.tobytes().hex())"
    )
    said, error = program(str(space.path), code=code).communicate(timeout=120)
    assert said.strip() == made.latents.tobytes().hex(), error


def test_an_edit_of_a_picture_file_is_replayed(zalgebra, space: Workspace, faces) -> None:
    save_picture(faces.images[4], "me.png")
    made = space.edit('"me.png"', "+ 20° smile")
    same(space.mix(made.mix), made)
    assert [t["kind"] for t in made.mix["terms"]] == ["file", "turn"]
    save_picture(faces.images[5], "me.png")
    with pytest.raises(BadInput, match=r'"me.png" is another file here than the one'):
        space.mix(made.mix)


def test_a_walk_is_no_single_mix(space: Workspace) -> None:
    assert space.walk(["img:1", "img:2"], 3).mix is None


# Refusals.


def test_another_model_is_refused(space: Workspace, tmp_path: Path, other_model) -> None:
    other = Workspace.create(tmp_path / "other.zal", other_model)
    mix = space.mix("seed(1)").mix
    with pytest.raises(WrongModel, match="this mix was made with another model"):
        other.mix(mix)
    del mix["fingerprint"]
    with pytest.raises(WrongModel, match="not known"):
        space.mix(mix)


def test_other_items_are_refused(place: Path) -> None:
    ws = Workspace(place)
    group, one = ws.mix("img:0 + mean(smile=1)").mix, ws.mix("img:0 + seed(1)")
    items = ws.items
    items.latents = np.concatenate([items.latents, items.latents[:1] + 1])
    items.labels = {k: np.concatenate([v, v[:1] * 0 + 1]) for k, v in items.labels.items()}
    with pytest.raises(BadInput, match=r"mean\(smile=1\) is another group here"):
        ws.mix(group)
    same(ws.mix(one.mix), one)
    items.latents = items.latents + np.float32(1)
    with pytest.raises(BadInput, match="img:0 is another item here"):
        ws.mix(one.mix)


def test_a_mix_keeps_its_method(zalgebra, space: Workspace) -> None:
    zalgebra("mix", "img:1 + img:2", "-w", space.path, "--method", "slerp", "--save", "mix.json")
    same(space.mix("mix.json"), space.mix("img:1 + img:2", method="slerp"))
    same(space.mix("mix.json", method="slerp"), space.mix("mix.json"))
    said = zalgebra("mix", "mix.json", "-w", space.path, "--method", "lol").sentence()
    assert "this mix was made by the method 'slerp', got 'lol'" in said


def test_a_broken_file_is_one_sentence(zalgebra, space: Workspace, tmp_path: Path) -> None:
    for text, words in (("{", "not readable JSON"), ("[1]", "no mix"), ("{}", "no mix")):
        Path("mix.json").write_text(text)
        assert words in zalgebra("mix", "mix.json", "-w", space.path).sentence()
    zalgebra("mix", "seed(1)", "-w", space.path, "--save", "mix.json")
    shutil.copy("mix.json", "old.json")
    said = zalgebra("mix", "seed(2)", "-w", space.path, "--save", "mix.json/below.json").sentence()
    assert "cannot write" in said
    assert Path("mix.json").read_text() == Path("old.json").read_text()
