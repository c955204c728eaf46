"""Walks by every metric and pace: keyframes met, geodesics short and honest, even steps even."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zalgebra as za
from zalgebra.estimators.density_paths import DensityPaths
from zalgebra.measures import speed_deviation
from zalgebra.models import geodesics
from zalgebra.studio import way_curves as module
from zalgebra.studio.commands.walk import _rows, _words
from zalgebra.studio.walks import Walk
from zalgebra.studio.ways import WAYS
from zalgebra.types import BadInput

KEYS = ["img:1", "img:2 + 20° smile", "img:3"]
CURVES = [way for way in WAYS if way not in za.algebra.methods.METHODS]


def unevenness(space, latents: np.ndarray) -> float:
    """Standard deviation of the picture's steps over their mean, from the pictures."""
    return speed_deviation(space.model.inverse_transform(latents).reshape(len(latents), -1)).value


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("method", WAYS)
def test_every_way_meets_its_keyframes(space, method: str, closed: bool) -> None:
    walk = space.walk(KEYS, 9 if closed else 7, method=method, closed=closed)
    assert isinstance(walk, Walk)
    assert walk.latents.shape == (9 if closed else 7, 8)
    for step, key in zip((0, 3, 6), KEYS, strict=True):
        met = space.mix(key, method=method if method not in CURVES else "lol").latents[0]
        np.testing.assert_allclose(walk.latents[step], met, atol=1e-5)
        assert walk.captions[step] == key
    assert np.linalg.norm(np.diff(walk.latents, axis=0), axis=1).min() > 1e-3
    np.testing.assert_allclose(walk.places, np.arange(len(walk.latents)) / 3)
    assert not [note for note in walk.notes if "between two frames" in note]


def test_a_geodesic_is_the_librarys(space) -> None:
    ends = [space.mix(key).latents for key in KEYS[:2]]
    for method, prior in (("geodesic", None), ("geodesic-prior", space.prior)):
        known = geodesics.geodesic(space.model.decode, *ends, steps=module.POINTS, prior=prior)
        walk = space.walk(KEYS[:2], module.POINTS, method=method)
        np.testing.assert_allclose(walk.latents, known.path[0], atol=1e-5)
        assert walk.way["converged"] == [True]
        assert walk.way["energy"][0] < walk.way["straight_energy"][0]
        halves = space.walk(KEYS[:2], 2 * module.POINTS - 1, method=method).latents
        np.testing.assert_array_equal(halves[::2], walk.latents)  # frames do not change the way
    assert "as long in the decoded data as the straight one" in walk.lines()[1]


def test_the_priors_geodesic_keeps_the_norm(space) -> None:
    walk = space.walk(["img:1", "img:2"], 17, method="geodesic-prior")
    norms = np.linalg.norm(space.prior.to_normal(walk.latents), axis=1)
    np.testing.assert_allclose(norms, np.linspace(norms[0], norms[-1], 17), rtol=2e-3)


def test_a_geodesic_that_has_not_converged_says_so(space, monkeypatch) -> None:
    whole = geodesics.geodesic
    monkeypatch.setattr(
        geodesics, "geodesic", lambda *a, **how: whole(*a, **how, max_iterations=1, tolerance=1e-9)
    )
    walk = space.walk(["img:1", "img:2", "img:3"], 5, method="geodesic")
    assert walk.way["converged"] == [False, False]
    said = [note for note in walk.lines() if "has not converged" in note]
    assert [note.split(" has")[0] for note in said] == ["img:1 → img:2", "img:2 → img:3"]
    assert "one more step promised" in said[0]
    assert said[0] in repr(walk)


def test_a_decoder_without_derivative_is_one_sentence(space, monkeypatch) -> None:
    def detached(self, z):
        return self.__class__.__mro__[1].decode(self, z).detach()

    def wrapped(self, z):
        raise BadInput("a wrapped UMAP has no gradient; detach the tensor, or call linear()")

    for decode in (detached, wrapped):
        monkeypatch.setattr(type(space.model), "decode", decode)
        with pytest.raises(BadInput, match=r"of this VAE cannot be differentiated.*walk by"):
            space.walk(["img:1", "img:2"], 5, method="geodesic")


def test_a_way_through_the_items_is_the_librarys(space) -> None:
    a, b = space.items.latents[[1]], space.items.latents[[2]]
    known = DensityPaths(prior=space.prior).fit(space.items.latents).path(a, b, steps=33)
    walk = space.walk(["img:1", "img:2"], 33, method="density")
    np.testing.assert_allclose(walk.latents, known.path[0], atol=1e-5)
    inner = [f"img:{i}" for i in known.nodes[0] if i not in (1, 2)]
    assert walk.way["by"] == [inner]
    assert f"goes by {inner[0] if inner else 'no other item'}" in walk.notes[0]


@pytest.mark.filterwarnings("error")
def test_a_step_that_leaves_the_items_is_told(space) -> None:
    said = space.walk(["img:1", "img:2 + 80sd smile"], 5, method="density")
    assert "leaves the items" in said.notes[1]
    assert said.way["longest_step"][0] > 25


def test_a_way_through_too_few_items_is_refused(tmp_path, other_model, faces) -> None:
    few = za.Workspace.create(tmp_path / "few.zal", other_model)
    few.encode(faces[:10])
    with pytest.raises(BadInput, match="this workspace has 10, which must be more than 10"):
        few.walk(["img:1", "img:2"], 5, method="density")


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("method", ["lol", "linear", "density"])
def test_an_even_pace_is_even_to_the_eye(space, method: str, closed: bool) -> None:
    keys = ["img:1", "img:2", "img:3"]
    even, time = (
        space.walk(keys, 24, method=method, closed=closed, pace=p) for p in ("even", "time")
    )
    shown = [walk.latents for walk in (even, time)]
    if closed:
        shown = [np.concatenate([z, z[:1]]) for z in shown]  # the last step leads back
    told = even.way["unevenness"]
    assert told["after"] < 0.06 < told["before"]
    assert unevenness(space, shown[0]) == pytest.approx(told["after"], abs=1e-3)
    assert unevenness(space, shown[1]) == pytest.approx(told["before"], abs=1e-3)
    assert any("the picture's steps differ by" in line for line in even.lines())
    assert "unevenness" not in time.way


def test_an_even_pace_changes_the_places_and_not_the_way(space) -> None:
    even = space.walk(["img:1", "img:2"], 9, pace="even")
    fine = space.walk(["img:1", "img:2"], 20001)
    for place, z in zip(even.places, even.latents, strict=True):
        np.testing.assert_allclose(z, fine.latents[round(20000 * place)], atol=1e-3)
    assert (np.diff(even.places) > 0).all()


def test_a_keyframe_between_two_frames_is_told(space) -> None:
    keys = ["img:1", "img:2", "img:3"]
    assert "img:2 lies between two frames" in space.walk(keys, 10, pace="even").notes
    assert "img:2, img:3 lie between two frames" in space.walk(keys, 10, closed=True).notes
    assert space.walk(keys, 9).notes == []


def test_a_repeated_keyframe_is_waited_at_or_left_out(space) -> None:
    keys = ["img:1", "img:1", "img:2"]
    for method in ("lol", "geodesic", "density"):
        waits = space.walk(keys, 9, method=method).latents
        np.testing.assert_allclose(waits[:5], np.broadcast_to(waits[0], (5, 8)), atol=1e-6)
        even = space.walk(keys, 9, method=method, pace="even")
        assert even.way["unevenness"]["after"] < 0.02
        assert even.notes[-1].startswith("the picture's steps")  # img:1 is the first frame
        with pytest.raises(BadInput, match="are one place"):
            space.walk(keys, 9, method=method, pace="arc")
        still = space.walk(["img:1", "img:1"], 3, method=method).latents
        np.testing.assert_allclose(still, np.broadcast_to(still[0], (3, 8)), atol=1e-6)
        with pytest.raises(BadInput, match="nothing is seen to change"):
            space.walk(["img:1", "img:1"], 3, method=method, pace="even")


def test_what_rounding_changes_is_not_seen(space, monkeypatch) -> None:
    decode, rng = type(space.model).inverse_transform, np.random.default_rng(0)

    def rounded(self, z):
        x = decode(self, z)
        return x * (1 + 1e-7 * rng.standard_normal(x.shape)).astype(x.dtype)

    monkeypatch.setattr(type(space.model), "inverse_transform", rounded)
    for method in ("lol", "geodesic"):
        with pytest.raises(BadInput, match="nothing is seen to change"):
            space.walk(["img:3", "img:3"], method=method, pace="even")
    slight = space.walk(["img:3", "img:3 + 1° smile"], 9, pace="even")
    assert slight.way["unevenness"]["after"] < 0.06


def test_the_arc_of_a_curve_is_its_length_in_the_latent(space) -> None:
    for method in ("geodesic", "density"):
        z = space.walk(["img:1", "img:2", "img:3"], 40, method=method, pace="arc").latents
        steps = np.linalg.norm(np.diff(space.prior.to_normal(z), axis=0), axis=1)
        assert steps.std() < 0.03 * steps.mean()


def test_two_frames_are_the_ends_at_any_pace(space) -> None:
    for pace in ("time", "arc", "even"):
        for method in ("lol", "geodesic"):
            ends = space.walk(["img:1", "img:2"], 2, method=method, pace=pace).latents
            np.testing.assert_allclose(ends, space.items.latents[1:3], atol=1e-5)


def test_opposite_places_have_no_arc(space, monkeypatch) -> None:
    centre = space.prior.from_normal(np.zeros((1, 8), np.float32))[0]
    ends = {"a": space.items.latents[1], "b": 2 * centre - space.items.latents[1]}
    monkeypatch.setattr(space, "evaluate", lambda name: za.Latent(ends[name], name))
    with pytest.raises(BadInput, match="'a' and 'b' lie opposite to one another about the prior"):
        space.walk(["a", "b"], 5, method="geodesic-prior")
    assert space.walk(["a", "b"], 5, method="geodesic").way["converged"] == [True]


def test_on_a_sphere_a_geodesic_stays_on_it(tmp_path) -> None:
    digits = za.datasets.digits()[:100]
    model = za.models.HypersphericalVAE(4, width=4, max_epochs=2, verbose=False)
    ws = za.Workspace.create(tmp_path / "sphere.zal", model.fit(digits.images))
    ws.encode(digits)
    for method in CURVES:
        walk = ws.walk(["img:1", "img:2"], 50, method=method)
        np.testing.assert_allclose(np.linalg.norm(walk.latents, axis=1), 1, atol=1e-5)
        assert walk.pictures.shape == (50, 1, 8, 8)


@pytest.mark.parametrize("call", ["mix", "edit"])
def test_mixes_and_edits_offer_no_curves(space, zalgebra, encoded, call: str) -> None:
    words = ["img:1"] if call == "mix" else ["img:1", "+ 20° smile"]
    for method in CURVES:
        with pytest.raises(BadInput, match="`method` must be one of lol"):
            getattr(space, call)(*words, method=method)
        said = zalgebra(call, *words, "-w", encoded, "--method", method).sentence()
        assert f"{method!r} is not one of 'lol'" in said
        assert "'nao' (" in said


def test_a_method_or_pace_that_there_is_not(space) -> None:
    with pytest.raises(BadInput, match=r"`method` of a walk must be .*density, got 'geodesc'"):
        space.walk(["img:1", "img:2"], method="geodesc")
    with pytest.raises(BadInput, match="`pace` of a walk must be one of time, arc, even, got 'x'"):
        space.walk(["img:1", "img:2"], pace="x")


# The command.


def test_metrics_stand_side_by_side_in_a_film(zalgebra, place) -> None:
    call = ("walk", "img:1", "img:2", "img:3", "-w", place, "--steps", 6, "--size", 48, "-o", "a")
    more = ("--methods", "linear,lol,geodesic,density", "--map", "pca", "--loop", "--captions")
    facts = zalgebra(*call, *more, "--pace", "even", "--json").json()
    assert facts["ways"].keys() == facts["certificates"].keys()
    assert facts["ways"]["geodesic"]["converged"] == [True] * 3
    assert len(facts["ways"]["density"]["by"]) == 3
    assert facts["ways"]["lol"]["unevenness"].keys() == {"before", "after"}
    assert facts["size"][0] == 5 * 48 + 4 * 2
    assert np.asarray(Image.open("a/frame-0001.png")).shape[1] == facts["size"][0]
    said = zalgebra(*call[:6], "-o", "b.png", "--methods", "lol,geodesic-prior")
    assert "finding the geodesic-prior …" in said.err
    assert any(li.startswith("geodesic-prior: the way is ") for li in said.out.splitlines())


def test_captions_stand_below_each_picture_where_paces_differ(space) -> None:
    walks = {m: space.walk(["img:1", "img:2"], 9, method=m, pace="even") for m in ("lol", "linear")}
    words = _words(walks, 3)
    for i, said in enumerate(words):
        own = [walk.captions[i] for walk in walks.values()]
        assert said in (own[0], [*own, ""])
    assert isinstance(words[3], list)
    same = {m: space.walk(["img:1", "img:2"], 9, method=m) for m in ("lol", "linear")}
    assert _words(same, 3) == list(same["lol"].captions)


def test_what_a_decoder_overshoots_is_clipped(space, zalgebra, encoded, monkeypatch) -> None:
    decode = type(space.model).inverse_transform
    monkeypatch.setattr(type(space.model), "inverse_transform", lambda s, z: 20 * decode(s, z) - 5)
    rows = list(_rows({"lol": space.walk(["img:1", "img:2"], 3)}, None))
    assert (rows[0][0].min(), rows[0][0].max()) == (0, 1)
    for output in ("a.gif", "a.png", "a"):
        assert (
            zalgebra("walk", "img:1", "img:2", "-w", encoded, "-o", output, "--steps", 3).code == 0
        )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("-o", ".mp4"), ".mp4 is a suffix without a name; write for example walk.mp4"),
        (("-o", "a.mp4", "--map", "globe"), "`map` must be one of pca"),
        (("-o", "a.png", "--methods", "lol,"), "`--methods` lists some of lol"),
        (("-o", "a.png", "--method", "geodesc"), "'geodesc' is not one of"),
        (("-o", "/proc/a.png", "--method", "geodesic"), "cannot write /proc/a.png"),
        (("-o", "a", "--steps", 10**9), "'--steps'"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(zalgebra, encoded, call, words) -> None:
    assert words in zalgebra("walk", "img:1", "img:2", *call, "-w", encoded).sentence()
    assert not list(Path().iterdir())


def test_a_strip_names_its_keyframes_and_frames_them(zalgebra, place) -> None:
    words = ["walk", "img:1", "img:2", "img:3", "-w", place, "--steps", 5, "-o", "s.svg"]
    assert zalgebra(*words).code == 0
    drawn = Path("s.svg").read_text(encoding="utf-8")
    assert [drawn.count(f"<!-- img:{i} -->") for i in (1, 2, 3)] == [1, 1, 1]
    assert "50 %" not in drawn
    assert zalgebra(*words, "--captions").code == 0
    assert "50 %" in Path("s.svg").read_text(encoding="utf-8")


def test_a_walk_knows_which_latents_are_keyframes(space) -> None:
    assert space.walk(["img:1", "img:2", "img:3"], 5).met.tolist() == [True, False] * 2 + [True]
    assert space.walk(["img:1", "img:2", "img:3"], 4).met.tolist() == [True, False, False, True]


def test_one_method_or_several_not_both(zalgebra, place) -> None:
    words = ["walk", "img:1", "img:2", "-w", place, "--method", "lol", "--methods", "lol,linear"]
    assert "give `--method` or `--methods`, not both" in zalgebra(*words).sentence()
