"""Directions without labels: known truths come back, whatever the prior, and rank by effect."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

import zalgebra as za
from zalgebra.estimators.discovery import METHODS, discover
from zalgebra.types import BadInput

pytest.importorskip("sklearn")
torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
D = 6
SD = np.array([0.5, 3.0, 1.0, 2.0, 0.2, 1.5])
ROTATION = np.linalg.qr(RNG.standard_normal((D, D)))[0]
Z = RNG.standard_normal((4000, D)) * SD @ ROTATION.T
COV = ROTATION * SD**2 @ ROTATION.T
PRIOR = za.priors.Gaussian(np.arange(D) * 1.0, COV)
A = RNG.standard_normal((20, D)) * [5, 0.1, 1, 1, 0.3, 2]


def cosines(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    rows = found.reshape(len(found), -1)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.abs(unit @ (truth / np.linalg.norm(truth, axis=0)))


def linear(z: np.ndarray) -> np.ndarray:
    return z @ A.T


def linear_torch(z):
    return z @ torch.tensor(A, dtype=torch.float32).T


def test_pca_finds_the_principal_axes() -> None:
    found = discover(Z, method="pca", n_directions=3)
    assert cosines(found.vectors, ROTATION[:, [1, 3, 5]]).diagonal().min() > 0.99
    np.testing.assert_allclose(found.scores, (SD**2)[[1, 3, 5]] / (SD**2).sum(), atol=0.03)


def test_ica_finds_the_sources() -> None:
    sources = np.stack(
        [
            RNG.uniform(-1, 1, 5000) * 2,
            RNG.laplace(size=5000),
            RNG.choice([-1.0, 1.0], 5000),
            RNG.exponential(size=5000),
        ],
        axis=1,
    )
    mixing = RNG.standard_normal((4, 4))
    found = discover(sources @ mixing.T, method="ica", n_directions=4)
    assert (np.sort(cosines(found.vectors, mixing), axis=1)[:, -1] > 0.99).all()
    assert len(set(cosines(found.vectors, mixing).argmax(axis=1))) == 4
    again = discover(sources @ mixing.T, method="ica", n_directions=4, random_state=5)
    np.testing.assert_allclose(again.vectors, found.vectors, atol=0.05)  # order, sign and scale
    gaussian = discover(Z, method="ica", n_directions=4)  # nothing to find, and it says so
    assert gaussian.scores.max() < 0.3 < found.scores.min()


def test_sparse_directions_move_few_entries() -> None:
    groups = np.kron(np.eye(3), np.ones((1, 4)))
    X = RNG.standard_normal((3000, 3)) @ groups + 0.3 * RNG.standard_normal((3000, 12))
    found = discover(X * np.linspace(1, 9, 12), method="sparse", n_directions=3)
    touched = np.abs(found.vectors) > 1e-3 * np.abs(found.vectors).max()
    np.testing.assert_array_equal(
        touched[np.argsort(touched.argmax(axis=1))], np.kron(np.eye(3), np.ones((1, 4))) > 0
    )


@pytest.mark.parametrize("method", ["sefa", "jacobian"])
@pytest.mark.parametrize("prior", [za.priors.Normal(), PRIOR, None])
def test_the_steps_of_most_change_under_the_prior(method, prior) -> None:
    cov = {za.priors.Normal: np.eye(D), type(None): np.cov(Z.T)}.get(type(prior), COV)
    found = discover(
        Z, method=method, weight=A, decode=None if method == "sefa" else linear_torch,
        n_directions=3, prior=prior,
    )  # fmt: skip
    L = np.linalg.cholesky(cov)
    _, s, Vt = np.linalg.svd(A @ L)
    assert cosines(found.vectors, L @ Vt[:3].T).diagonal().min() > 0.999
    np.testing.assert_allclose(found.scores, s[:3] ** 2 / (s**2).sum(), rtol=0.02)
    moved = np.linalg.norm(found.vectors @ A.T, axis=1)
    np.testing.assert_allclose(moved, s[:3], rtol=0.02)  # steps of one prior sd


def test_whitening_matters() -> None:
    plain = discover(Z, method="sefa", weight=A, prior=za.priors.Normal(), n_directions=1)
    white = discover(Z, method="sefa", weight=A, prior=PRIOR, n_directions=1)
    assert cosines(plain.vectors, white.vectors.T)[0, 0] < 0.9


def test_sefa_takes_several_layers() -> None:
    one = discover(Z, method="sefa", weight=A, prior=PRIOR, n_directions=4)
    two = discover(
        Z, method="sefa", weight=[A[:7], torch.tensor(A[7:], requires_grad=True)], prior=PRIOR,
        n_directions=4,
    )  # fmt: skip
    np.testing.assert_allclose(one.vectors, two.vectors, rtol=1e-5)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    layers = torch.nn.Linear(300, 64), torch.nn.SiLU(), torch.nn.Linear(64, 100), torch.nn.Tanh()
    net = torch.nn.Sequential(*layers)
    with torch.no_grad():
        layers[0].weight *= torch.linspace(3, 0.1, 300)
    return net


def test_the_randomised_jacobian_is_the_exact_one(network) -> None:
    X = np.random.default_rng(1).standard_normal((500, 300))
    how = {"method": "jacobian", "prior": za.priors.Normal(), "n_items": 16}
    found = discover(X, decode=network, n_directions=4, **how)
    items = X[np.sort(np.random.default_rng(0).permutation(500)[:16])]
    J = torch.func.vmap(torch.func.jacrev(network))(torch.tensor(items, dtype=torch.float32))
    M = torch.einsum("nij,nik->jk", J, J).detach().double().numpy() / 16
    values, vectors = np.linalg.eigh(M)
    order = np.argsort(-found.scores)
    assert cosines(found.vectors[order], vectors[:, ::-1]).diagonal()[:2].min() > 0.99
    rayleigh = np.einsum("ki,ij,kj->k", found.vectors, M, found.vectors)[order]
    np.testing.assert_allclose(rayleigh, values[::-1][:4], rtol=0.01)
    np.testing.assert_allclose(found.scores[order], values[::-1][:4] / values.sum(), rtol=0.1)


def test_the_jacobian_of_a_decoder_of_few_outputs() -> None:
    X = np.random.default_rng(1).standard_normal((20, 300))
    W = torch.randn(6, 300, generator=torch.Generator().manual_seed(0))
    found = discover(
        X, decode=lambda z: z @ W.T, method="jacobian", prior=za.priors.Normal(), n_directions=6
    )
    s = np.linalg.svd(W.numpy())[1]
    np.testing.assert_allclose(np.sort(found.scores)[::-1], s**2 / (s**2).sum(), rtol=1e-3)


def test_the_jacobian_of_every_column_is_exact(network) -> None:
    X = np.random.default_rng(1).standard_normal((50, 300))
    shaped = X[:, :60].reshape(50, 3, 4, 5)

    def decode(z):
        return network(torch.nn.functional.pad(z.flatten(1), (0, 240)))

    found = discover(shaped, decode=decode, method="jacobian", prior=za.priors.Normal())
    assert found.vectors.shape == (8, 3, 4, 5)
    np.testing.assert_allclose(np.linalg.norm(found.vectors.reshape(8, -1), axis=1), 1, rtol=1e-5)
    flat = found.vectors.reshape(8, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(8), atol=1e-4)
    assert found.scores.sum() < 1


@pytest.mark.parametrize("method", METHODS)
def test_the_order_is_that_of_the_effect(method) -> None:
    tall = np.kron(A, np.ones((2, 1)))
    decode = linear_torch if method == "jacobian" else linear
    found = discover(Z, decode=decode, weight=A, method=method, n_directions=4, prior=PRIOR)
    assert found.effect is not None
    assert found.consistency is not None
    assert (np.diff(found.effect) <= 0).all()
    expected = np.sqrt(((found.vectors @ A.T) ** 2).mean(axis=1))
    np.testing.assert_allclose(found.effect, expected, rtol=1e-4)
    np.testing.assert_allclose(found.consistency, 1, atol=1e-4)  # a linear decoder
    if method != "jacobian":  # the size of a picture does not matter
        doubled = discover(
            Z, decode=lambda z: z @ tall.T, weight=A, method=method, n_directions=4, prior=PRIOR
        )
        np.testing.assert_allclose(doubled.effect, found.effect, rtol=1e-4)


def test_consistency_is_low_where_every_item_changes_in_its_own_way() -> None:
    signs = np.random.default_rng(3).standard_normal((D, 1000))

    def decode(z):
        return np.concatenate([10 * np.sin(40 * z @ signs), 0.1 * z], axis=1)

    found = discover(Z, decode=decode, n_directions=2)
    assert np.abs(found.consistency).max() < 0.2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "prior",
    [
        None,
        PRIOR,
        za.priors.Independent(za.priors.marginals.Laplace(0.0, SD)),
        za.priors.Empirical(marginals="quantiles").fit(Z),
        za.priors.Hypersphere(D),
    ],
)
def test_every_prior_gives_steps_of_one_standard_deviation(method, prior) -> None:
    decode = linear_torch if method == "jacobian" else None
    rows = Z / np.linalg.norm(Z, axis=1, keepdims=True) if "sphere" in repr(prior).lower() else Z
    found = discover(rows, weight=A, decode=decode, method=method, n_directions=3, prior=prior)
    assert np.isfinite(found.vectors).all()
    largest = found.vectors[range(3), np.abs(found.vectors).argmax(axis=1)]
    assert (largest > 0).all()
    if prior is PRIOR:
        precision = np.linalg.inv(COV)
        lengths = np.einsum("ki,ij,kj->k", found.vectors, precision, found.vectors)
        np.testing.assert_allclose(lengths, 1, rtol=1e-3)
    if "Laplace" in repr(prior):
        lengths = np.linalg.norm(found.vectors / (SD * np.sqrt(2)), axis=1)
        np.testing.assert_allclose(lengths, 1, rtol=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_it_repeats(method) -> None:
    decode = linear_torch if method == "jacobian" else linear
    how = {"decode": decode, "weight": A, "method": method, "n_directions": 3}
    np.testing.assert_array_equal(discover(Z, **how).vectors, discover(Z, **how).vectors)
    assert discover(torch.tensor(Z), **how).vectors.dtype == np.float32


def test_what_is_found_is_told() -> None:
    found = discover(Z, decode=linear, n_directions=2)
    assert repr(found) == "Discovered('pca', 2 directions of 4000 latents)"
    facts = found.to_dict()
    assert list(facts) == ["method", "measure", "n", "scores", "effect", "consistency"]
    console = Console(width=100)
    with console.capture() as shown:
        console.print(found)
    assert "share of the latents' variance" in shown.get()
    blind = discover(Z, n_directions=2)
    console.print(blind)
    assert blind.to_dict()["effect"] is None
    assert (np.diff(blind.scores) <= 0).all()


def test_a_direction_moves_by_steps(tmp_path) -> None:
    found = discover(Z, decode=linear, n_directions=2)
    smile = found.direction(1, name="smile", fingerprint="abc")
    start = za.Latent(Z[0], "start")
    for moved in (start + 2 * smile, start + smile.latent(2, "sd")):
        z = moved.array(prior=PRIOR)
        np.testing.assert_allclose(z, Z[0] + 2 * found.vectors[1], rtol=1e-6)
    again = za.Direction.load(smile.save(tmp_path / "smile.safetensors"))
    np.testing.assert_array_equal(again.vector, found.vectors[1])
    assert (again.name, again.fingerprint, again.sd) == ("smile", "abc", smile.sd)
    assert found.direction(0).name == "pca 0"
    for i in (2, -1):
        with pytest.raises(BadInput, match="there are the directions 0 to 1"):
            found.direction(i)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: discover(Z, n_directions=7), "`n_directions` must be at most 6"),
        (lambda: discover(Z[:3], n_directions=3), "`n_directions` must be at most 2"),
        (lambda: discover(Z, n_directions=0), "`n_directions` must be at least 1"),
        (lambda: discover(Z[:1]), "`Z` must hold at least 2 latents"),
        (lambda: discover(Z[0]), "`Z` must hold at least 2 latents"),
        (lambda: discover(Z * np.nan), "`Z` must be finite"),
        (lambda: discover(Z, method="tsne"), "`method` must be one of pca, ica, sparse, sefa, jac"),
        (lambda: discover(Z, method="sefa", n_directions=2), "'sefa' needs the `weight`"),
        (lambda: discover(Z, method="sefa", n_directions=2, weight=A.T), r"shape \(outputs, 6\)"),
        (lambda: discover(Z, method="jacobian", n_directions=2), "'jacobian' needs `decode`"),
        (
            lambda: discover(
                Z, method="jacobian", n_directions=2, decode=lambda z: linear(np.asarray(z))
            ),
            "`decode` must give a torch tensor here",
        ),
        (
            lambda: discover(
                Z, method="jacobian", n_directions=2, decode=torch.no_grad()(linear_torch)
            ),
            "`decode` gives no derivative",
        ),
        (lambda: discover(Z, decode=lambda z: z.sum(axis=1), n_directions=2), "`decode` must give"),
        (lambda: discover(Z, decode=lambda z: z[:3], n_directions=2), "`decode` must give"),
        (lambda: discover(Z, prior=za.priors.Normal(5), n_directions=2), "latents of this prior"),
        (lambda: discover(Z, n_items=1, n_directions=2), "`n_items` must be at least 2"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()


def test_a_model_stands_for_the_first_layer_that_takes_its_latents() -> None:
    decoder = torch.nn.Sequential(torch.nn.Linear(6, 9), torch.nn.SiLU(), torch.nn.Linear(9, 4))
    how = {"method": "sefa", "prior": PRIOR, "n_directions": 3}
    by_weight = discover(Z, weight=decoder[0].weight, **how)
    np.testing.assert_allclose(discover(Z, weight=decoder, **how).vectors, by_weight.vectors)
    with pytest.raises(BadInput, match="Linear has no linear layer of 6 inputs for 'sefa'"):
        discover(Z, weight=torch.nn.Linear(5, 6), **how)
    with pytest.raises(BadInput, match="this PCA has no linear layer"):
        discover(Z, weight=za.models.PCA(2), **how)
