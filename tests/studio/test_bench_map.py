"""The comparison of maps: known answers, kept maps, costs, and one sentence for what is wrong."""

from __future__ import annotations

import csv
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from zalgebra.data import datasets
from zalgebra.estimators.maps import inverse
from zalgebra.estimators.maps.outside import region
from zalgebra.models import PCA
from zalgebra.studio.bench import Maps, map_cells, mapping, maps
from zalgebra.studio.bench.ground import unlabelled
from zalgebra.studio.bench.map_cells import Ready, one, ring, rms, said_outside, umap_learn
from zalgebra.studio.bench.map_costs import STATUS, cost
from zalgebra.types import BadInput

COSTS = ("seconds", "placing", "peak", "memory")


@pytest.fixture(scope="module")
def digits() -> datasets.Dataset:
    return datasets.digits()[:240]


@pytest.fixture(scope="module")
def model(digits: datasets.Dataset) -> PCA:
    return PCA(6, random_state=0).fit(unlabelled(digits, 40).train.images)


@pytest.fixture(scope="module", autouse=True)
def few_steps() -> Any:
    """Networks as inverses are trained for a moment only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverse, "STEPS", 40)
        yield


@pytest.fixture(scope="module")
def here() -> Any:
    """Maps are made in this process, which spares the imports."""

    def child(place: Path, method: str, seed: int, own: int, file: Path) -> None:
        map_cells.written(str(place), method, str(seed), str(own), str(file))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapping, "_child", child)
        yield


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, digits, model, here) -> Maps:
    folder = tmp_path_factory.mktemp("map") / "a"
    return maps(digits, folder, model=model, methods=("pca", "tsne"), n=90, held=60, own=0)


def figures(found: Maps) -> list[dict[str, Any]]:
    return [{k: v for k, v in c.to_dict().items() if k not in COSTS} for c in found.cells]


def test_the_error_is_the_root_mean_square() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 400, 3, 2))
    score = rms(a, b)
    assert score.value == pytest.approx(np.sqrt(((a - b) ** 2).mean()))
    assert score.low < np.sqrt(2) < score.high
    assert score.n == 400


def test_the_ring_lies_off_the_hull_and_a_region_says_so() -> None:
    places = np.random.default_rng(0).standard_normal((200, 2)) * [9, 1] + 50
    known = region(places)
    assert not known.in_hull(ring(places)).any()
    assert said_outside(known, places).value == 1

    class Blind:
        def is_outside(self, x: np.ndarray) -> np.ndarray:
            return np.zeros(len(x), bool)

    assert said_outside(Blind(), places).value == 0


def test_what_a_block_costs() -> None:
    with cost() as spent:
        big = np.ones(40 * 2**17)  # 40 MB
        sum(range(2 * 10**5))
    assert spent.seconds > 0
    del big
    if STATUS.exists():
        assert 35 < spent.memory < 300
        assert spent.peak > spent.memory


def test_a_map_of_a_plane_gives_it_back() -> None:
    """Latents that lie in a plane of six dimensions: their PCA map loses nothing."""

    class Line:
        prior_ = None

        def inverse_transform(self, z: np.ndarray) -> np.ndarray:
            return np.clip(0.5 + z.reshape(len(z), 1, 1, -1) / 20, 0, 1)

    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((6, 2)))[0].T
    train, test = ((rng.standard_normal((n, 2)) * [2, 1] @ axes).astype(np.float32)
                   for n in (300, 60))  # fmt: skip
    ready = Ready(Line(), train, test, Line().inverse_transform(test))
    f, kept = one(ready, "pca", 0)
    assert f["trust"]["value"] == pytest.approx(1)
    assert f["continuity"]["value"] == pytest.approx(1)
    assert f["plain_latent"]["value"] < f["nearest_latent"]["value"] < 0.2
    assert f["nearest_image"]["value"] == pytest.approx(f["nearest_latent"]["value"] / 20, rel=1e-3)
    assert (f["off"]["value"], f["off"]["n"]) == (1, 100)
    assert f["false_alarms"]["value"] < 0.2
    apart = np.linalg.norm(kept["embedding"][:, None] - kept["embedding"], axis=-1)
    truth = np.linalg.norm(train[:, None] - train, axis=-1)
    np.testing.assert_allclose(apart, truth, atol=1e-3)


def test_tsne_keeps_more_neighbours_than_pca(found) -> None:
    pca, tsne = (c.figures for c in found.cells)
    assert tsne["trust"]["low"] > pca["trust"]["high"]
    floor = found.facts["floor"]
    for f in (pca, tsne):
        assert f["latent"]["value"] < floor["any_latent"]["value"]
        assert floor["reconstruction"]["value"] < f["image"]["value"]
        assert f["image"]["value"] < floor["any_image"]["value"]
        assert f["latent"]["n"] == 60
        assert f["seconds"] > 0


def test_everything_is_written(found) -> None:
    folder = found.output
    assert json.loads((folder / "results.json").read_text()) == json.loads(
        json.dumps(found.to_dict())
    )
    lines = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    assert [line["map"] for line in lines] == ["pca", "tsne"]
    assert float(lines[1]["latent_low"]) == found.cells[1].figures["latent"]["low"]
    page, text = ((folder / name).read_text() for name in ("index.html", "results.md"))
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "### The way back" in text
    assert "umap-learn's own inverse" not in text
    assert {p.name for p in (folder / "figures").iterdir()} == {"scores.png", "maps.png"}
    assert (folder / "sheets/back.png").exists()
    assert found.y.max() == 9


def test_maps_are_kept_and_the_same_again(tmp_path, found, digits, model, here) -> None:
    given = {"model": model, "n": 90, "held": 60, "own": 0}
    maps(digits, tmp_path / "b", methods=["tsne"], **given)
    before = {f: f.stat().st_mtime_ns for f in (tmp_path / "b/work").rglob("*.safetensors")}
    again = maps(digits, tmp_path / "b", methods=["pca"], **given)
    assert figures(again) == figures(found)
    assert {f: f.stat().st_mtime_ns for f in before} == before
    with pytest.raises(BadInput, match=r"other held\)"):
        maps(digits, tmp_path / "b", methods=["pca"], **{**given, "held": 50})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"methods": ["globe"]}, "`maps` must be among pca, tsne, umap"),
        ({"methods": []}, "`maps` must name at least one"),
        ({"n": 5}, "`n` and `held` must be at least 40"),
        ({"seeds": [-1]}, "`seeds` must name numbers of 0 or more"),
        ({"model": "magic"}, "a model is one of vae, "),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, digits, given, words) -> None:
    with pytest.raises(BadInput, match=re.escape(words)):
        maps(digits, tmp_path / "a", **{"model": "pca", **given})


def test_too_few_pictures_are_refused(tmp_path, digits) -> None:
    with pytest.raises(BadInput, match="digits has 60 pictures, this needs 80"):
        maps(digits[:60], tmp_path / "a", model="pca")


def test_the_command(zalgebra, digits, here) -> None:
    words = ("bench", "map", "digits", "--pictures", 160, "--model", "pca", "-n", 60, "--held", 40,
             "--maps", "pca", "--umap", 0)  # fmt: skip
    facts = zalgebra(*words, "-o", "out", "--json").json()
    assert [c["map"] for c in facts["cells"]] == ["pca"]
    said = zalgebra(*words, "-o", "out")
    assert said.code == 0
    assert "PCA: trustworthiness 0." in said.out
    assert str(Path("out/index.html")) in said.out
    assert "`maps` must be among" in zalgebra("bench", "map", "--maps", "globe").sentence()


def gone(words: bytes) -> bool:
    """Whether, within a minute, no process works on this any more."""
    end = time.monotonic() + 60
    while any(words in _command(p) for p in Path("/proc").glob("[0-9]*")):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


@pytest.mark.slow
def test_a_process_of_its_own_gives_the_same_and_a_killed_run_goes_on(program, tmp_path) -> None:
    words = ("bench", "map", "digits", "--pictures", 200, "--model", "pca", "-n", 80, "--held", 40,
             "--maps", "pca,tsne", "--umap", 0, "--json")  # fmt: skip
    done = tmp_path / "killed/work/cells"
    process = program(*words, "-o", "killed")
    end = time.monotonic() + 600
    while len(list(done.glob("[!.]*"))) < 1 and time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert gone(b"killed/work")
    before = {f: f.stat().st_mtime_ns for f in done.glob("[!.]*.safetensors")}
    assert len(before) == 1
    assert not (tmp_path / "killed/results.json").exists()
    whole = [json.loads(program(*words, "-o", o).communicate()[0]) for o in ("killed", "whole")]
    cells = [[{k: v for k, v in c.items() if k not in COSTS} for c in w["cells"]] for w in whole]
    assert cells[0] == cells[1]
    assert len(cells[0]) == 2
    assert {f: f.stat().st_mtime_ns for f in before} == before


@pytest.mark.slow
def test_a_map_that_fails_is_one_sentence(tmp_path, digits, model, monkeypatch) -> None:
    monkeypatch.setattr(mapping, "CODE", "raise ValueError('the glue is dry')")
    with pytest.raises(BadInput, match=r"'pca' failed \(the glue is dry\); mend that"):
        maps(digits, tmp_path / "a", model=model, methods=["pca"], n=60, held=40)


@pytest.mark.slow
def test_umaps_own_inverse_is_asked_the_same(digits, model) -> None:
    pytest.importorskip("umap")
    data = unlabelled(digits, 40)
    train, test = (model.transform(part.images) for part in (data.train, data.held))
    ready = Ready(model, train, test, data.held.images)
    f, kept = umap_learn(ready, 20, 0)
    assert (f["n"], f["latent"]["n"], f["ours_latent"]["n"], f["nearest_latent"]["n"]) == (20,) * 4
    assert f["ours_off"]["value"] == 1
    assert f["beyond_norm"] > 0
    assert kept["embedding"].shape == (len(train), 2)
