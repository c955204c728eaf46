"""Saved models: the same after loading, whole or absent, and any damage is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import zalgebra as za
from zalgebra.files import read_json, read_tensors, write_json, write_tensors
from zalgebra.models import VAE, Reader, base
from zalgebra.types import BadInput


@pytest.fixture
def folder(vae, tmp_path) -> Path:
    return vae.save(tmp_path / "m")


def weights(folder: Path) -> Path:
    (file,) = folder.glob("weights-*.safetensors")
    return file


def change(folder: Path, **fields) -> None:
    write_json(folder / "model.json", {**read_json(folder / "model.json"), **fields})


def small(seed: int = 0) -> VAE:
    X = np.random.default_rng(seed).random((20, 3))
    return VAE(2, width=2, max_epochs=1, random_state=seed, verbose=False).fit(X)


def test_a_loaded_model_is_the_one_that_was_saved(vae, folder, digits) -> None:
    loaded = za.load(folder)
    X = digits.images[:50]
    Z = vae.transform(X)
    assert type(loaded) is VAE
    assert loaded.get_params() == vae.get_params()
    assert loaded.spec_ == vae.spec_
    assert loaded.fingerprint_ == vae.fingerprint_ == loaded.spec_.fingerprint
    np.testing.assert_array_equal(loaded.transform(X), Z)
    np.testing.assert_array_equal(loaded.inverse_transform(Z), vae.inverse_transform(Z))
    np.testing.assert_array_equal(loaded.sample(3), vae.sample(3))
    np.testing.assert_array_equal(loaded.prior_.mean, vae.prior_.mean)
    np.testing.assert_array_equal(loaded.prior_.cov, vae.prior_.cov)
    assert not hasattr(loaded, "training_")
    again = za.load(str(loaded.save(folder.with_name("again"))))
    assert again.fingerprint_ == vae.fingerprint_


def test_a_table_model_and_a_one_entry_latent_come_back(tmp_path) -> None:
    X = np.random.default_rng(0).random((20, 3)) * 1e3
    model = VAE(1, width=2, max_epochs=1, verbose=False).fit(X)
    loaded = za.load(model.save(tmp_path / "m"))
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    np.testing.assert_array_equal(loaded.scale_, model.scale_)
    refitted = loaded.fit(X)
    assert refitted.fingerprint_ == model.fingerprint_


def test_settings_from_a_search_are_saved_as_plain_numbers(tmp_path) -> None:
    found = VAE(np.int64(2), beta=np.float32(0.5), width=2, max_epochs=1, verbose=False)
    found.fit(np.random.default_rng(0).random((20, 3)))
    assert za.load(found.save(tmp_path / "m")).get_params()["beta"] == 0.5


def test_the_folder_holds_json_and_safetensors_only(folder, vae) -> None:
    assert {file.suffix for file in folder.iterdir()} == {".json", ".safetensors"}
    assert len(list(folder.iterdir())) == 2
    card = json.loads((folder / "model.json").read_text())
    assert card["fingerprint"] == vae.fingerprint_
    assert card["weights"] == weights(folder).name == f"weights-{vae.fingerprint_[:12]}.safetensors"
    assert read_tensors(weights(folder))[1] == {"fingerprint": vae.fingerprint_, "class": "VAE"}
    assert all(b"\x80\x04" not in file.read_bytes()[:2] for file in folder.iterdir())  # no pickle


def test_overwriting_keeps_exactly_one_weights_file(folder, vae) -> None:
    first, other = weights(folder), small()
    vae.save(folder)  # the same again
    assert weights(folder) == first
    other.save(folder)
    assert weights(folder) != first
    assert za.load(folder).fingerprint_ == other.fingerprint_
    assert len(list(folder.iterdir())) == 2


def test_a_crash_between_the_files_leaves_the_old_model(folder, vae, monkeypatch) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    other = small()
    with monkeypatch.context() as patch:
        patch.setattr(base, "write_json", crash)
        with pytest.raises(KeyboardInterrupt):
            other.save(folder)
    assert za.load(folder).fingerprint_ == vae.fingerprint_
    other.save(folder)
    assert za.load(folder).fingerprint_ == other.fingerprint_
    weights(folder)  # one of them is left


def test_a_crash_at_the_first_save_leaves_no_model(tmp_path, monkeypatch) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(base, "write_json", crash)
    with pytest.raises(KeyboardInterrupt):
        small().save(tmp_path / "m")
    with pytest.raises(BadInput, match="there is no model in"):
        za.load(tmp_path / "m")


def test_tampered_weights_are_refused(folder) -> None:
    tensors, header = read_tensors(weights(folder))
    tensors["prior.mean"][0] += 1e-9
    write_tensors(weights(folder), tensors, header)
    with pytest.raises(BadInput, match="was changed after it was saved"):
        za.load(folder)


@pytest.mark.parametrize("size", [0, 7, 1000, -1])
def test_truncated_weights_are_one_sentence(folder, size) -> None:
    weights(folder).write_bytes(weights(folder).read_bytes()[:size])
    with pytest.raises(BadInput, match=r"weights-\w+.safetensors is not a whole safetensors file"):
        za.load(folder)


def test_missing_weights_are_one_sentence(folder) -> None:
    weights(folder).unlink()
    with pytest.raises(BadInput, match=r"there is no file .*safetensors"):
        za.load(folder)


CARDS = [
    ({"format": 2}, "has format 2, this zalgebra reads 1; upgrade zalgebra or fit"),
    ({"class": "Oracle"}, "holds a Oracle; known are: .*Reader, .*VAE"),
    ({"class": ["VAE"]}, "known are"),
    ({"class": "Reader"}, "do not fit its weights"),
    ({"params": {"latent_dim": 9}}, "do not fit its weights"),
    ({"params": {"colour": 9}}, "do not fit its weights"),
    ({"params": {"latent_dim": "8"}}, "do not fit its weights"),
    ({"params": 3}, "do not fit its weights"),
    ({"facts": {}}, "do not fit its weights"),
    ({"facts": {"data_shape": [1, 8, 9]}}, "do not fit its weights"),
    ({"facts": {"data_shape": [1, 8]}}, "data must have shape"),
    ({"fingerprint": "0" * 64}, "was changed after it was saved"),
    ({"weights": "other.safetensors"}, "there is no file"),
    ({"weights": None}, "names no file of weights, got None"),
    ({"weights": "../w.safetensors"}, "names no file of weights"),
]


@pytest.mark.parametrize(("fields", "words"), CARDS, ids=[str(f) for f, _ in CARDS])
def test_a_changed_card_is_one_sentence(folder, fields, words) -> None:
    change(folder, **fields)
    with pytest.raises(BadInput, match=words):
        za.load(folder)


@pytest.mark.parametrize("key", ["format", "class", "params", "facts", "weights", "fingerprint"])
def test_a_card_without_a_key_names_it(folder, key) -> None:
    card = read_json(folder / "model.json")
    del card[key]
    write_json(folder / "model.json", card)
    with pytest.raises(BadInput, match=f"model.json lacks {key}"):
        za.load(folder)


@pytest.mark.parametrize("text", ["", "{", "3", "null", "[]", '"VAE"', "\xff"])
def test_a_card_that_is_none_is_one_sentence(folder, text) -> None:
    (folder / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=r"model\.json"):
        za.load(folder)


def test_a_missing_folder_and_a_file_are_one_sentence(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for name in ("nowhere", "file", "empty"):
        with pytest.raises(BadInput, match=rf"there is no model in .*{name} \(no model.json\)"):
            za.load(tmp_path / name)


def test_a_place_that_cannot_be_written_is_one_sentence(vae, tmp_path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadInput, match=r"cannot write .*choose another place"):
        vae.save(tmp_path / "file" / "m")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_reader_comes_back(reader, digits, tmp_path) -> None:
    loaded = za.load(reader.save(tmp_path / "r"))
    assert type(loaded) is Reader
    assert loaded.fingerprint_ == reader.fingerprint_
    mine, theirs = reader.predict(digits.images[:40]), loaded.predict(digits.images[:40])
    assert list(mine) == list(theirs)
    for name in mine:
        np.testing.assert_array_equal(mine[name], theirs[name])


def test_a_class_that_does_not_say_what_it_learned_is_a_programmers_mistake() -> None:
    class Silent(base.Model):
        fitted_ = True

    try:
        with pytest.raises(TypeError, match="does not say what it learned"):
            _ = Silent().fingerprint_
    finally:
        del base._REGISTRY["Silent"]
