"""Models that others bring: kept in a workspace as they were made, or refused without a trace."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import NMF, PCA, FastICA, TruncatedSVD
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import zalgebra as za
from zalgebra.types import BadInput

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bringing-your-own.md"
EDIT = "img:12 + mean(class=3) - mean(class=8)"
AFFINE = {
    "PCA": PCA(8),
    "whitened PCA": PCA(8, whiten=True),
    "FastICA": FastICA(8, random_state=0, max_iter=1000),
    "TruncatedSVD": TruncatedSVD(8, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), PCA(8)),
}
ELSEWHERE = f"""
import json, sys, zalgebra as za
for path in sys.argv[1:]:
    ws = za.Workspace(path)
    found = ws.mix({EDIT!r})
    arrays = found.latents.tolist(), found.pictures.tolist()
    print(json.dumps([ws.spec.fingerprint, len(ws), *arrays]))
"""


@pytest.fixture(scope="module")
def digits():
    return za.datasets.digits()[:400]


@pytest.mark.parametrize("name", AFFINE)
def test_a_wrapped_object_lives_in_a_workspace(name: str, digits, tmp_path: Path) -> None:
    model = za.models.Wrapped(AFFINE[name]).fit(digits.images)
    ws = za.Workspace.create(tmp_path / "new.zal", model)
    assert ws.encode(digits) == 400
    assert za.Workspace(ws.path).spec.fingerprint == model.fingerprint_
    Z = model.transform(digits.images)
    np.testing.assert_allclose(ws.items.latents, Z, atol=1e-4 * np.abs(Z).max())
    result = ws.edit("img:12", "+ mean(class=3) - mean(class=8)")
    pictures = model.inverse_transform(result.latents)
    np.testing.assert_allclose(result.pictures, pictures, atol=1e-4)


def test_another_process_goes_on_with_it(digits, tmp_path: Path, program) -> None:
    models = [za.models.Wrapped(AFFINE[name]).fit(digits.images) for name in ("PCA", "FastICA")]
    spaces = [za.Workspace.create(tmp_path / f"{i}.zal", m) for i, m in enumerate(models)]
    for ws in spaces:
        ws.encode(digits)
    out, err = program(*(ws.path for ws in spaces), code=ELSEWHERE).communicate(timeout=120)
    assert out, err
    for line, model, ws in zip(out.splitlines(), models, spaces, strict=True):
        mark, n, latents, pictures = json.loads(line)
        assert (mark, n) == (model.fingerprint_, 400)
        here = ws.mix(EDIT)
        np.testing.assert_allclose(latents, here.latents, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(pictures, here.pictures, atol=1e-4)
        assert np.abs(np.asarray(pictures) - ws.mix("img:12").pictures).max() > 0.05


# Refused.


class TwoVerbs:
    def transform(self, X):
        return 2 * X

    def inverse_transform(self, Z):
        return Z / 2


class Described(TwoVerbs):
    """Says what its latents are, and has no form on disk."""

    spec_ = za.types.LatentSpec("Described", (64,), (64,), "code", "0" * 64)
    prior_ = za.priors.Normal((64,))


class Halfway(Described):
    """Breaks off while it writes."""

    def save(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "model.json").write_text("{")
        raise KeyboardInterrupt


class Elsewhere(Described):
    """Writes what cannot be loaded."""

    def save(self, folder: Path) -> None:
        folder.mkdir()


def curved(X: np.ndarray) -> za.models.Wrapped:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return za.models.Wrapped(NMF(3, max_iter=50, random_state=0)).fit(X)


def test_what_is_refused_leaves_nothing(digits, tmp_path: Path) -> None:
    functions = za.models.Functions(encoder=lambda x: x, decoder=lambda z: z)
    functions.fit(prior=za.priors.Normal((1, 8, 8)), X=digits.images[:50])
    refused = {
        "not affine": curved(digits.images),
        "functions have no form on disk": functions,
        "there is no model in": Elsewhere(),
        "takes a model of zalgebra, got Described": Described(),
    }
    for words, model in refused.items():
        with pytest.raises(BadInput, match=words):
            za.Workspace.create(tmp_path / "deep" / "new.zal", model)
        assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        za.Workspace.create(tmp_path / "new.zal", Halfway())
    assert not list(tmp_path.iterdir())
    good = za.models.Wrapped(PCA(3)).fit(digits.images)
    assert len(za.Workspace.create(tmp_path / "new.zal", good)) == 0


def test_what_was_there_before_stays(digits, tmp_path: Path) -> None:
    model, refused = za.models.Wrapped(PCA(3)).fit(digits.images), curved(digits.images)
    ws = za.Workspace.create(tmp_path / "new.zal", model)
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "notes.txt").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    for place in (ws.path, tmp_path / "mine"):
        for _ in range(2):
            with pytest.raises(BadInput):
                za.Workspace.create(place, refused)
    assert sorted(tmp_path.rglob("*")) == before
    assert len(za.Workspace(ws.path)) == 0


@pytest.mark.parametrize(
    "theirs", [TwoVerbs(), PCA(3), Described(), object()], ids=lambda theirs: type(theirs).__name__
)
def test_what_is_no_model_of_ours_is_told_of_wrapped(theirs, digits, tmp_path: Path) -> None:
    if isinstance(theirs, PCA):
        theirs.fit(digits.images.reshape(400, -1))
    with pytest.raises(BadInput, match=r"becomes one by za\.models\.Wrapped\(object\)\.fit\(X\)"):
        za.Workspace.create(tmp_path / "new.zal", theirs)
    with pytest.raises(BadInput, match="this Wrapped is not fitted yet"):
        za.Workspace.create(tmp_path / "new.zal", za.models.Wrapped(TwoVerbs()))
    assert not list(tmp_path.iterdir())


# The page of them.


def blocks() -> Iterator[str]:
    yield from re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.S | re.M)


def test_every_block_of_the_page_runs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks():
        exec(compile(block, PAGE.name, "exec"), names)
    assert names["middle"].shape == (16, 4, 64, 64)
    assert len(za.Workspace("mine.zal")) == 1797
