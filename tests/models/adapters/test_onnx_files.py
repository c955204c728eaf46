"""Networks in ONNX files."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import zalgebra as za
from zalgebra.models.adapters import Onnx
from zalgebra.types import BadInput, LatentModel

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

A = np.linalg.qr(np.random.default_rng(0).standard_normal((12, 3)))[0].astype(np.float32)


def write(path, matrix, *, rows="n", size=None, inputs=("z",), dtype=np.float32):
    """A file with one matrix product."""
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    shape = [rows, matrix.shape[0] if size is None else size]
    given = [onnx.helper.make_tensor_value_info(name, kind, shape) for name in inputs]
    out = onnx.helper.make_tensor_value_info("y", kind, [rows, matrix.shape[1]])
    node = onnx.helper.make_node("MatMul", [inputs[0], "A"], ["y"])
    weight = onnx.numpy_helper.from_array(matrix.astype(dtype), "A")
    graph = onnx.helper.make_graph([node], "g", given, [out], [weight])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    return str(path)


@pytest.fixture
def files(tmp_path):
    decoder = write(tmp_path / "decoder.onnx", A.T)
    return {"decoder": decoder, "encoder": write(tmp_path / "encoder.onnx", A)}


@pytest.fixture(scope="module")
def data():
    Z = np.random.default_rng(1).normal(1.0, 2.0, (50, 3)).astype(np.float32)
    return Z @ A.T


def test_a_pair_keeps_the_contract(files, data):
    model = Onnx(**files, batch_size=16).fit(data)
    assert isinstance(model, LatentModel)
    assert model.spec_.latent_shape == (3,)
    assert model.spec_.data_shape == (12,)
    np.testing.assert_allclose(model.transform(data), data @ A, atol=1e-5)
    assert model.score(data) == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(model.prior_.mean, (data @ A).mean(axis=0), atol=1e-5)
    assert model.decode(torch.zeros(2, 3)).shape == (2, 12)


def test_a_generator_alone_draws_from_the_normal(files):
    model = Onnx(decoder=files["decoder"]).fit()
    assert isinstance(model.prior_, za.priors.Normal)
    Z = model.prior_.sample(4, seed=0)
    np.testing.assert_allclose(model.inverse_transform(Z), Z @ A.T, atol=1e-5)
    np.testing.assert_array_equal(model.sample(4), model.inverse_transform(Z))
    with pytest.raises(BadInput, match="decoder alone"):
        model.transform(np.zeros((1, 12)))


def test_a_shape_that_is_left_open_comes_from_the_prior(tmp_path):
    path = write(tmp_path / "open.onnx", A.T, size="d")
    with pytest.raises(BadInput, match="leaves its latents' shape open"):
        Onnx(decoder=path).fit()
    assert Onnx(decoder=path).fit(prior=za.priors.Normal((3,))).spec_.latent_shape == (3,)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions(tmp_path, dtype):
    model = Onnx(decoder=write(tmp_path / "d.onnx", A.T, dtype=dtype)).fit()
    Z = model.prior_.sample(3, seed=0)
    out = model.inverse_transform(Z)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, Z @ A.T, atol=1e-2 if dtype == np.float16 else 1e-6)


def test_a_fixed_number_of_rows_is_filled_up(tmp_path):
    model = Onnx(decoder=write(tmp_path / "fixed.onnx", A.T, rows=2)).fit()
    for n in (0, 1, 4, 5):
        Z = model.prior_.sample(n, seed=0)
        np.testing.assert_allclose(model.inverse_transform(Z), Z @ A.T, atol=1e-5)


def test_a_saved_model_needs_no_other_file(files, data, tmp_path):
    model = Onnx(**files).fit(data)
    folder = model.save(tmp_path / "saved")
    for file in files.values():
        (tmp_path / file).unlink()
    again = za.models.load(folder)
    np.testing.assert_array_equal(again.transform(data), model.transform(data))
    np.testing.assert_array_equal(again.sample(3), model.sample(3))
    assert again.spec_ == model.spec_
    card = json.loads((folder / "model.json").read_text())
    card["facts"]["prior"]["kind"] = "Nothing"
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadInput):
        za.models.load(folder)


def test_what_cannot_be_run_is_told(tmp_path):
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(BadInput, match="no ONNX file that can be run"):
        Onnx(decoder=str(tmp_path / "text.onnx")).fit()
    two = write(tmp_path / "two.onnx", A.T, inputs=("z", "w"))
    with pytest.raises(BadInput, match="must take one input"):
        Onnx(decoder=two).fit()
