"""Every map keeps one contract: places, new places, latents back, the same after saving."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from zalgebra.algebra.priors import Gaussian, Normal
from zalgebra.data import datasets
from zalgebra.estimators import maps
from zalgebra.estimators.maps.base import LatentMap
from zalgebra.estimators.maps.linear import principal
from zalgebra.estimators.maps.networks import attract, regress
from zalgebra.measures import trustworthiness
from zalgebra.types import BadInput, MissingExtra, WrongModel

SHAPE = (1, 8, 8)
COMPILED = pytest.mark.slow  # numba compiles for half a minute
MAPS = [
    pytest.param(maps.PCA, {}, id="pca"),
    pytest.param(maps.KernelPCA, {}, id="kernel-pca"),
    pytest.param(maps.KernelPCA, {"landmarks": 40}, id="nyström"),
    pytest.param(maps.TSNE, {}, id="tsne"),
    pytest.param(maps.Parametric, {"steps": 150, "width": 32}, id="parametric"),
    pytest.param(maps.Parametric, {"teacher": "pca", "steps": 150, "width": 32}, id="taught"),
    pytest.param(maps.UMAP, {}, id="umap", marks=COMPILED),
    pytest.param(maps.PaCMAP, {}, id="pacmap", marks=COMPILED),
]
every_map = pytest.mark.parametrize(("kind", "settings"), MAPS)
_FITTED: dict[str, LatentMap] = {}


@pytest.fixture(autouse=True)
def _short(monkeypatch) -> None:
    """An inverse by network is trained for a moment only."""
    monkeypatch.setattr("zalgebra.estimators.maps.inverse.STEPS", 150)


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    order = np.random.default_rng(0).permutation(1797)[:240]
    return datasets.digits().images[order].astype(np.float32)


def new(kind: type[LatentMap], settings: dict, **more) -> LatentMap:
    return kind(**{"inverse": "neighbours", **settings, **more})


def fitted(kind: type[LatentMap], settings: dict, digits: np.ndarray) -> LatentMap:
    """One map of the first 200 digits for all tests that do not change it."""
    key = f"{kind.__name__} {settings}"
    if key not in _FITTED:
        _FITTED[key] = new(kind, settings).fit(digits[:200])
    return _FITTED[key]


# The contract.


@every_map
def test_items_have_places_and_keep_their_neighbours(kind, settings, digits) -> None:
    found = fitted(kind, settings, digits)
    assert found.embedding_.shape == (200, 2)
    assert found.embedding_.dtype == np.float32
    assert np.isfinite(found.embedding_).all()
    assert trustworthiness(digits[:200], found.embedding_).value > 0.75


@every_map
def test_items_are_placed_where_they_are(kind, settings, digits) -> None:
    found = fitted(kind, settings, digits)
    size = np.ptp(found.embedding_)
    for rows in (slice(0, 200), slice(3, 4), slice(0, 0)):
        again = found.transform(digits[:200][rows])
        np.testing.assert_allclose(again, found.embedding_[rows], atol=1e-5 * size)


@every_map
def test_a_new_item_is_placed_near_its_like(kind, settings, digits) -> None:
    found = fitted(kind, settings, digits)
    near = found.transform(digits[:50] + np.float32(1e-4))
    apart = np.linalg.norm(near - found.embedding_[:50], axis=1)
    assert apart.max() < 0.02 * np.ptp(found.embedding_)


@every_map
def test_the_same_seed_gives_the_same_map(kind, settings, digits) -> None:
    import torch

    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    a = new(kind, settings).fit(digits[:60])
    said = np.random.random(), float(torch.rand(1))  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    assert said == (np.random.random(), float(torch.rand(1))), "global seeds were touched"  # noqa: NPY002
    b = new(kind, settings).fit(digits[:60])
    np.testing.assert_array_equal(a.embedding_, b.embedding_)
    at = a.embedding_[:5] + np.float32(0.1)
    np.testing.assert_array_equal(a.inverse_transform(at), b.inverse_transform(at))


@every_map
def test_latents_come_back_better_than_any_item(kind, settings, digits) -> None:
    found = fitted(kind, settings, digits)
    z, report = found.inverse_transform(found.transform(digits[200:]), report=True)
    assert z.shape == (40, *SHAPE)
    actual = float(np.sqrt(((z - digits[200:]) ** 2).mean()))
    assert actual < 0.8 * np.sqrt(found.inverse_.spread)
    assert report.error.shape == report.outside.shape == (40,)
    assert 0.6 < float(np.sqrt((report.error**2).mean())) / actual < 1.4


@every_map
def test_what_is_off_the_map_is_said_to_be(kind, settings, digits) -> None:
    found = fitted(kind, settings, digits)
    low, high = found.embedding_.min(axis=0), found.embedding_.max(axis=0)
    far = np.stack([high + 2 * (high - low), low - 2 * (high - low)])
    _, report = found.inverse_transform(far, report=True)
    assert report.outside.all()
    np.testing.assert_allclose(report.error, np.sqrt(found.inverse_.spread), rtol=0.1)
    assert "2 of 2 points lie outside the data" in report.sentence
    _, own = found.inverse_transform(found.embedding_, report=True)
    assert own.outside.mean() < 0.02
    assert found.inverse_.region.in_hull(found.embedding_).all()
    assert (own.error < report.error.min()).all()


# Saved, and another process.

AGAIN = """
import sys
import numpy as np
from zalgebra.estimators import maps
asked = np.load(sys.argv[1])
for path in sys.argv[2:]:
    found = maps.load(path)
    places = found.transform(asked)
    z, report = found.inverse_transform(places, report=True)
    np.savez(path + ".npz", places=places, z=z, error=report.error, outside=report.outside)
"""


def test_a_saved_map_gives_the_same_in_a_new_process(digits, tmp_path) -> None:
    asked = tmp_path / "asked.npy"
    np.save(asked, digits[200:])
    files = {}
    for i, case in enumerate(p for p in MAPS if not p.marks):
        found = fitted(*case.values, digits)
        files[found.save(tmp_path / f"{i}.safetensors")] = found
    both = new(maps.PCA, {}, inverse="network").fit(digits[:200])
    files[both.save(tmp_path / "network.safetensors")] = both
    _run_again(asked, files)


def _run_again(asked: Path, files: dict[Path, LatentMap]) -> None:
    command = [sys.executable, "-W", "error", "-c", AGAIN, str(asked), *map(str, files)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    for path, found in files.items():
        places = found.transform(np.load(asked))
        z, report = found.inverse_transform(places, report=True)
        said = np.load(f"{path}.npz")
        np.testing.assert_array_equal(said["places"], places, err_msg=path.name)
        np.testing.assert_array_equal(said["z"], z, err_msg=path.name)
        np.testing.assert_array_equal(said["error"], report.error)
        np.testing.assert_array_equal(said["outside"], report.outside)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [maps.UMAP, maps.PaCMAP])
def test_a_saved_compiled_map_gives_the_same_in_a_new_process(kind, digits, tmp_path) -> None:
    found, asked = fitted(kind, {}, digits), tmp_path / "asked.npy"
    np.save(asked, digits[200:])
    _run_again(asked, {found.save(tmp_path / "map.safetensors"): found})


def test_latents_are_written_once(digits, tmp_path) -> None:
    found = fitted(maps.TSNE, {}, digits)
    size = found.save(tmp_path / "map.safetensors").stat().st_size
    assert size < 1.3 * digits[:200].nbytes


def test_a_loaded_map_wants_its_prior(digits, tmp_path) -> None:
    prior = Gaussian(np.zeros(64), np.eye(64) / 9)
    flat = digits[:60].reshape(60, 64) - np.float32(0.3)
    found = new(maps.PCA, {}, prior=prior).fit(flat)
    file = found.save(tmp_path / "map.safetensors")
    z = found.inverse_transform([[0.1, 0.2]])
    np.testing.assert_array_equal(maps.load(file, prior=prior).inverse_transform([[0.1, 0.2]]), z)
    with pytest.raises(BadInput, match=r"Gaussian prior: load\(path, prior=model.prior_\)"):
        maps.load(file)
    with pytest.raises(WrongModel, match="another Gaussian prior"):
        maps.load(file, prior=Gaussian(np.zeros(64), np.eye(64)))
    plain = fitted(maps.PCA, {}, digits).save(tmp_path / "plain.safetensors")
    with pytest.raises(BadInput, match="without a prior"):
        maps.load(plain, prior=prior)


def test_a_file_that_holds_no_map_is_refused(digits, tmp_path) -> None:
    from zalgebra.files import read_tensors, write_tensors

    write_tensors(tmp_path / "other.safetensors", {"vector": np.ones(3)}, {"format": 1})
    with pytest.raises(BadInput, match="holds no map"):
        maps.load(tmp_path / "other.safetensors")
    file = fitted(maps.PCA, {}, digits).save(tmp_path / "map.safetensors")
    tensors, header = read_tensors(file)
    for lost in ("placing.mean", "region.faces", "seen"):
        kept = {k: v for k, v in tensors.items() if k != lost}
        write_tensors(tmp_path / "part.safetensors", kept, header)
        with pytest.raises(BadInput, match="no whole map"):
            maps.load(tmp_path / "part.safetensors")
    with pytest.raises(BadInput, match="there is no file"):
        maps.load(tmp_path / "nowhere.safetensors")


# What single maps are.


def test_pca_is_that_of_scikit_learn(digits) -> None:
    from sklearn.decomposition import PCA

    for n in (200, 40):  # more items than entries, and fewer
        x = digits[:n].reshape(n, 64)
        ours, theirs = principal(x, 3)(x), PCA(3).fit_transform(x)
        np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-4)


@pytest.mark.parametrize("n", [200, 40])
def test_the_variance_along_the_axes_is_that_of_scikit_learn(n, digits, tmp_path) -> None:
    from sklearn.decomposition import PCA

    found = new(maps.PCA, {}).fit(digits[:n] + 100)  # the mean is no variance
    expected = PCA(2).fit(digits[:n].reshape(n, 64)).explained_variance_ratio_
    np.testing.assert_allclose(found.explained_variance_ratio_, expected, rtol=1e-3)
    kept = maps.load(found.save(tmp_path / "map.safetensors"))
    np.testing.assert_array_equal(kept.explained_variance_ratio_, found.explained_variance_ratio_)
    assert not hasattr(maps.PCA(), "explained_variance_ratio_")
    assert not hasattr(fitted(maps.TSNE, {}, digits), "explained_variance_ratio_")


def test_kernel_pca_is_that_of_scikit_learn(digits) -> None:
    from sklearn.decomposition import KernelPCA

    x = digits.reshape(240, 64).astype(float)
    ours = new(maps.KernelPCA, {"gamma": 0.05}).fit(x[:200])
    theirs = KernelPCA(2, kernel="rbf", gamma=0.05).fit(x[:200])
    for rows in (x[:200], x[200:]):
        np.testing.assert_allclose(
            np.abs(ours.transform(rows)), np.abs(theirs.transform(rows)), atol=1e-6
        )


def test_tsne_keeps_neighbours_better_than_pca(digits) -> None:
    kept = [
        trustworthiness(digits[:200], fitted(kind, {}, digits).embedding_).value
        for kind in (maps.PCA, maps.TSNE)
    ]
    assert kept[1] > kept[0] + 0.05


def test_a_network_learns_to_keep_neighbours(digits) -> None:
    x = digits.reshape(240, 64)
    before, after = (
        attract(x, principal(x, 2), k=10, width=64, steps=steps, random_state=0)(x)
        for steps in (1, 300)
    )
    assert trustworthiness(x, after).value > trustworthiness(x, before).value + 0.1
    assert trustworthiness(x, after).value > trustworthiness(x, principal(x, 2)(x)).value


def test_a_taught_network_gives_its_teacher_s_places(digits) -> None:
    x = digits.reshape(240, 64)
    places = principal(x, 2)(x) * np.float32([30, 3])
    found = regress(x, places, width=64, steps=400, random_state=0)(x)
    assert np.corrcoef(found[:, 0], places[:, 0])[0, 1] > 0.99
    assert np.corrcoef(found[:, 1], places[:, 1])[0, 1] > 0.95


def test_three_axes(digits) -> None:
    for kind in (maps.PCA, maps.KernelPCA):
        found = new(kind, {"n_components": 3}).fit(digits[:60])
        z, report = found.inverse_transform(found.embedding_, report=True)
        assert found.embedding_.shape == (60, 3)
        assert z.shape == (60, *SHAPE)
        assert report.outside.sum() <= 1


def test_few_items_make_a_map(digits) -> None:
    for kind in (maps.PCA, maps.KernelPCA, maps.TSNE):
        found = new(kind, {}).fit(digits[:10])
        assert found.inverse_transform(found.embedding_).shape == (10, *SHAPE)


def test_latents_of_other_libraries_and_types() -> None:
    import torch

    Z = np.random.default_rng(0).standard_normal((50, 2, 3))
    expected = new(maps.PCA, {}).fit(Z).embedding_
    assert expected.dtype == np.float64
    found = new(maps.PCA, {}).fit(torch.from_numpy(Z))
    np.testing.assert_array_equal(found.embedding_, expected)
    assert isinstance(found.transform(torch.from_numpy(Z[:3])), np.ndarray)
    counts = np.random.default_rng(0).integers(0, 9, (50, 4))
    assert new(maps.PCA, {}).fit(counts).embedding_.dtype == np.float64
    half = new(maps.PCA, {}).fit(Z.astype(np.float16))
    assert half.embedding_.dtype == np.float32


def test_a_table_of_numbers_is_latents_one_a_row() -> None:
    pandas = pytest.importorskip("pandas")
    Z = np.random.default_rng(0).standard_normal((50, 3))
    table = pandas.DataFrame(Z, columns=["a", "b", "c"], index=np.arange(50) + 7)
    found, expected = new(maps.PCA, {}).fit(table), new(maps.PCA, {}).fit(Z)
    assert found.latent_shape_ == (3,)
    np.testing.assert_allclose(found.embedding_, expected.embedding_, atol=1e-12)
    np.testing.assert_allclose(found.transform(table[:5]), expected.transform(Z[:5]), atol=1e-12)
    points = pandas.DataFrame(expected.embedding_[:4])
    np.testing.assert_allclose(
        found.inverse_transform(points),
        expected.inverse_transform(expected.embedding_[:4]),
        atol=1e-12,
    )
    with pytest.raises(BadInput, match="`Z` must hold real numbers, got a DataFrame"):
        found.transform(table.assign(c="x"))


LARGER = [
    pytest.param(maps.TSNE, {"perplexity": 60.0}, {"perplexity": 13.0}, "13", id="tsne"),
    pytest.param(maps.Parametric, {"n_neighbors": 90, "steps": 5},
                 {"n_neighbors": 39, "steps": 5}, "39", id="parametric"),
    pytest.param(maps.UMAP, {"n_neighbors": 90}, {"n_neighbors": 40}, "40", id="umap",
                 marks=COMPILED),
    pytest.param(maps.PaCMAP, {"n_neighbors": 90}, {"n_neighbors": 39}, "39", id="pacmap",
                 marks=COMPILED),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "asked", "cut", "most"), LARGER)
def test_more_neighbours_than_items_allow_are_cut_with_a_word(kind, asked, cut, most) -> None:
    latents = np.random.default_rng(0).standard_normal((40, 4))
    name = next(iter(asked))
    words = rf"`{name}` = {asked[name]:g} is more than 40 items allow; it is cut to {most}$"
    with pytest.warns(UserWarning, match=words) as told:
        found = new(kind, asked).fit(latents)
    assert [w.filename for w in told] == [__file__]
    assert getattr(found, name) == asked[name], "settings stay as they were given"
    np.testing.assert_array_equal(found.embedding_, new(kind, cut).fit(latents).embedding_)
    new(kind, {k: v for k, v in asked.items() if k != name}).fit(latents[:12])  # the default: quiet


def test_scikit_learn_can_clone_a_map() -> None:
    from sklearn.base import clone

    prior = Normal((4,))
    copy = clone(maps.TSNE(perplexity=7, prior=prior, random_state=3))
    assert (copy.perplexity, copy.random_state, copy.n_components) == (7, 3, 2)
    assert type(copy.prior) is Normal
    assert set(maps.METHODS) == {"pca", "kernel-pca", "tsne", "umap", "pacmap", "parametric"}


@pytest.mark.slow
def test_umap_s_own_inverse_gives_the_same_account(digits) -> None:
    found = new(maps.UMAP, {}, inverse="umap").fit(digits[:200])
    places = found.transform(digits[200:])
    z, report = found.inverse_transform(places, report=True)
    actual = float(np.sqrt(((z - digits[200:]) ** 2).mean()))
    assert z.shape == (40, *SHAPE)
    assert report.method == "umap"
    assert set(found.inverse_.scores) == {"umap"}
    assert actual < 0.8 * np.sqrt(found.inverse_.spread)
    assert 0.6 < float(np.sqrt((report.error**2).mean())) / actual < 1.4
    np.testing.assert_array_equal(found.inverse_transform(places), z)
    far, told = found.inverse_transform([[1e3, 1e3], [-1e300, 0]], report=True)
    assert told.outside.all()
    items = digits[:200].reshape(200, -1)
    assert all((abs(items - row.ravel()).max(axis=1) < 1e-6).any() for row in far)  # an item's
    with pytest.raises(BadInput, match="without pickle; fit with"):
        found.save("map.safetensors")


@pytest.mark.slow
def test_umap_s_own_inverse_is_held_to_items_that_it_does_not_know(digits) -> None:
    """Latents that the place says nothing of: an inverse that saw them would seem perfect."""
    noise = np.random.default_rng(0).standard_normal((200, 8)).astype(np.float32)
    found = new(maps.UMAP, {"n_neighbors": 5}, inverse="umap").fit(noise)
    at_items = found.inverse_transform(found.embedding_)
    assert found.inverse_.scores["umap"] > np.sqrt(((at_items - noise) ** 2).mean())
    assert found.inverse_.scores["umap"] > 0.6


# What is refused.

Z = np.random.default_rng(0).standard_normal((20, 4))
REFUSED = [
    (maps.PCA, {}, Z[:9], "at least 10 latents"),
    (maps.PCA, {}, Z[:, :1], "of 2 entries, got 20 of 1"),
    (maps.PCA, {}, Z[:, 0], r"must have shape \(n, \*shape\)"),
    (maps.PCA, {}, np.ones((20, 4)), "all its latents are the same"),
    (maps.PCA, {}, np.where(Z > 2, np.nan, Z), "must be finite"),
    (maps.PCA, {"n_components": 1}, Z, "`n_components` must be at least 2, got 1"),
    (maps.PCA, {"n_components": 4}, Z, "`n_components` must be 2 or 3, got 4"),
    (maps.PCA, {"random_state": -1}, Z, "`random_state` must be at least 0"),
    (maps.PCA, {"inverse": "guess"}, Z, "`inverse` must be one of auto, neighbours, network"),
    (maps.PCA, {"inverse": "umap"}, Z, "`inverse` must be one of auto, neighbours, network"),
    (maps.PCA, {}, Z * 1e200, r"`Z` must have entries of at most 6e\+102 for a map in float64"),
    (maps.PCA, {}, (Z * 1e20).astype(np.float32), r"at most 7e\+12 for a map in float32"),
    (maps.PCA, {"prior": Normal((5,))}, Z, r"have shape \(n, 5\)"),
    (maps.PCA, {"prior": "normal"}, Z, "`prior` must be one of za.priors, got str"),
    (maps.KernelPCA, {"gamma": -1.0}, Z, "`gamma` must be a number above 0"),
    (maps.KernelPCA, {"landmarks": 2}, Z, "`landmarks` must be at least 10"),
    (maps.TSNE, {"perplexity": 0.5}, Z, "`perplexity` must be more than 1"),
    (maps.UMAP, {"n_neighbors": 1}, Z, "`n_neighbors` must be at least 2"),
    (maps.UMAP, {"min_dist": 2.0}, Z, r"`min_dist` must lie in \[0, 1\]"),
    (maps.PaCMAP, {"n_neighbors": 0}, Z, "`n_neighbors` must be at least 1"),
    (maps.Parametric, {"teacher": "me"}, Z, "`teacher` must be None or one of pca"),
    (maps.Parametric, {"teacher": "parametric"}, Z, "`teacher` must be None or one of pca"),
    (maps.Parametric, {"steps": 0}, Z, "`steps` must be at least 1"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "settings", "latents", "sentence"), REFUSED)
def test_what_makes_no_map_is_one_sentence(kind, settings, latents, sentence) -> None:
    with pytest.raises(BadInput, match=sentence):
        kind(**settings).fit(latents)


def test_what_is_asked_of_a_map_must_fit_it(digits) -> None:
    with pytest.raises(BadInput, match="not fitted yet"):
        maps.PCA().transform(digits)
    found = fitted(maps.PCA, {}, digits)
    with pytest.raises(BadInput, match=r"takes latents \(n, 1, 8, 8\)"):
        found.transform(digits.reshape(-1, 64))
    with pytest.raises(BadInput, match=r"`points` must have shape \(m, 2\)"):
        found.inverse_transform([[1.0, 2.0, 3.0]])
    with pytest.raises(BadInput, match="must be finite"):
        found.inverse_transform([[1.0, np.inf]])


@pytest.mark.parametrize("inverse", ["neighbours", "network"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_every_finite_point_has_an_answer_and_far_ones_are_outside(inverse, kind) -> None:
    latents = np.random.default_rng(0).standard_normal((60, 4)).astype(kind)
    found = maps.PCA(inverse=inverse).fit(latents)
    for far in (1e9, 1e30, 1e39, 1e160, 1.7e308):
        z, report = found.inverse_transform([[far, -far], [0, far], [0, 0]], report=True)
        np.testing.assert_array_equal(report.outside, [True, True, False])
        assert np.isfinite([report.error, report.distance]).all()
        assert abs(z).max() < 100, "a guess outside must not grow with the distance"
        assert report.distance[:2].min() > 1e3
    too_far = np.full((1, 4), 1e200)
    with pytest.raises(BadInput, match="`Z` must have entries of at most"):
        found.transform(too_far)
    with pytest.raises(BadInput, match="`points` must be finite"):
        found.inverse_transform([[np.inf, 0.0]])


def test_a_map_s_file_says_what_it_is(digits, tmp_path) -> None:
    found = fitted(maps.PCA, {}, digits)
    for name in ("map.npz", "map", "map.pkl", "map.safetensors.gz"):
        with pytest.raises(BadInput, match=r"must end in \.safetensors"):
            found.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    assert found.save(tmp_path / "MAP.SAFETENSORS").is_file()


@pytest.mark.parametrize(
    ("kind", "library"),
    [(maps.TSNE, "openTSNE"), (maps.UMAP, "umap"), (maps.PaCMAP, "pacmap")],
)
def test_an_absent_library_names_the_install_line(kind, library, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=rf"{library}.*pip install 'zalgebra\[maps\]'"):
        kind().fit(Z)
