"""Training: resumed is the same as never interrupted, the best weights win, faults are told."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from zalgebra.files import read_tensors, write_tensors
from zalgebra.models import VAE, Reader
from zalgebra.models.training import train
from zalgebra.types import BadInput

EPOCHS = 6
SETTINGS = f"3, width=4, max_epochs={EPOCHS}, batch_size=16, patience=None, verbose=False"


def model(**changes) -> VAE:
    given = {"width": 4, "max_epochs": EPOCHS, "batch_size": 16, "patience": None}
    return VAE(3, verbose=False, **{**given, **changes})


def pictures(n: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 1, 16, 16), dtype=np.float32)


def epochs_in(checkpoint: Path) -> int:
    return len(read_tensors(checkpoint)[1]["history"])


@pytest.fixture(scope="module")
def whole() -> VAE:
    """The model of a training that nothing interrupted."""
    return model().fit(pictures())


@pytest.fixture
def interrupted(tmp_path, monkeypatch) -> Path:
    """The checkpoint of a training that was interrupted in the middle of its epoch 4."""
    checkpoint, calls, loss = tmp_path / "run.safetensors", [], VAE._loss

    def until(self, network, batch, noise):
        if network.training:
            calls.append(epochs_in(checkpoint) if checkpoint.exists() else 0)
            if calls.count(3) == 2:
                raise KeyboardInterrupt
        return loss(self, network, batch, noise)

    with monkeypatch.context() as patch:
        patch.setattr(VAE, "_loss", until)
        with pytest.raises(KeyboardInterrupt):
            model().fit(pictures(), checkpoint=checkpoint)
    steps = [calls.count(i) for i in range(4)]
    assert steps[0] == steps[1] == steps[2] > steps[3] == 2  # one checkpoint after every epoch
    return checkpoint


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(interrupted, whole) -> None:
    resumed = model().fit(pictures(), checkpoint=interrupted, resume=True)
    assert resumed.fingerprint_ == whole.fingerprint_
    losses = [{**e, "seconds": 0} for e in resumed.training_.history]
    assert losses == [{**e, "seconds": 0} for e in whole.training_.history]
    assert len(losses) == EPOCHS
    seconds = [e["seconds"] for e in read_tensors(interrupted)[1]["history"]]
    assert seconds == [e["seconds"] for e in resumed.training_.history]

    again = model().fit(pictures(), checkpoint=interrupted, resume=True)  # nothing is left to do
    assert again.fingerprint_ == whole.fingerprint_
    assert again.training_.history == resumed.training_.history
    assert math.isnan(again.training_.items_per_second)


KILLED = f"""
import sys, time
import numpy as np
from zalgebra.models import VAE
loss = VAE._loss
def slow(self, *arguments):
    time.sleep(0.1)
    return loss(self, *arguments)
VAE._loss = slow
X = np.random.default_rng(0).random((64, 1, 16, 16), dtype=np.float32)
VAE({SETTINGS}).fit(X, checkpoint=sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_training_resumes_to_the_same_weights(tmp_path, whole) -> None:
    checkpoint = tmp_path / "run.safetensors"
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    command = [sys.executable, "-c", KILLED, checkpoint]
    process = subprocess.Popen(command, env={**os.environ, **threads})
    try:
        until = time.monotonic() + 60
        while not checkpoint.exists() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.kill()
    assert process.wait() == -9  # it had not finished
    assert 1 <= epochs_in(checkpoint) < EPOCHS
    resumed = model().fit(pictures(), checkpoint=checkpoint, resume=True)
    assert resumed.fingerprint_ == whole.fingerprint_
    assert len(resumed.training_.history) == EPOCHS


def test_without_resume_a_checkpoint_is_begun_anew(interrupted, whole) -> None:
    assert model().fit(pictures(), checkpoint=interrupted).fingerprint_ == whole.fingerprint_
    assert epochs_in(interrupted) == EPOCHS


def test_resume_without_a_checkpoint_begins(tmp_path, whole) -> None:
    new = tmp_path / "deep" / "new.safetensors"
    assert model().fit(pictures(), checkpoint=new, resume=True).fingerprint_ == whole.fingerprint_
    assert [file.name for file in new.parent.iterdir()] == ["new.safetensors"]


OTHER = [{"learning_rate": 1e-3}, {"width": 5}, {"random_state": 1}, {"beta": 2.0},
         {"max_epochs": 7}, {"batch_size": 8}, {"patience": 3}]  # fmt: skip


@pytest.mark.parametrize("change", [*OTHER, "data"], ids=str)
def test_a_checkpoint_of_another_run_is_refused(interrupted, change) -> None:
    X = pictures(seed=1) if change == "data" else pictures()
    other = model() if change == "data" else model(**change)
    before = interrupted.read_bytes()
    with pytest.raises(BadInput, match=r"is the checkpoint of another run .*to start anew"):
        other.fit(X, checkpoint=interrupted, resume=True)
    assert interrupted.read_bytes() == before


@pytest.mark.parametrize("change", [{"learning_rate": 1e-4}, {"width": 3}, {"random_state": 1}, {}])
def test_a_readers_checkpoint_of_other_settings_is_refused(tmp_path, change) -> None:
    X, file = pictures(20), tmp_path / "run.safetensors"
    given = {"width": 2, "max_epochs": 1, "batch_size": 8, "verbose": False}
    first = Reader(**given).fit(X, {"a": np.arange(20.0)}, checkpoint=file)
    if change:
        with pytest.raises(BadInput, match="another run"):
            Reader(**{**given, **change}).fit(
                X, {"a": np.arange(20.0)}, checkpoint=file, resume=True
            )
    else:
        again = Reader(**given).fit(X, {"a": np.arange(20.0)}, checkpoint=file, resume=True)
        assert again.fingerprint_ == first.fingerprint_


@pytest.mark.parametrize("size", [0, 5, 200, -1])
def test_a_truncated_checkpoint_is_one_sentence(interrupted, size) -> None:
    interrupted.write_bytes(interrupted.read_bytes()[:size])
    with pytest.raises(BadInput, match="is not a whole safetensors file"):
        model().fit(pictures(), checkpoint=interrupted, resume=True)


def test_a_checkpoint_that_does_not_fit_is_one_sentence(interrupted) -> None:
    tensors, header = read_tensors(interrupted)
    tensors.pop(next(name for name in tensors if name.startswith("module.")))
    write_tensors(interrupted, tensors, header)
    with pytest.raises(BadInput, match="does not fit this network"):
        model().fit(pictures(), checkpoint=interrupted, resume=True)


def test_a_loss_that_explodes_is_one_sentence(tmp_path) -> None:
    checkpoint = tmp_path / "run.safetensors"
    with pytest.raises(
        BadInput, match=r"the loss became (nan|inf) in epoch 1 .*lower the learning"
    ):
        model(learning_rate=1e30).fit(pictures(), checkpoint=checkpoint)
    assert list(tmp_path.iterdir()) == []  # nothing to resume from


class Scripted:
    """A loss whose validation values are told beforehand; it notes the weights behind each."""

    def __init__(self, values: list[float]) -> None:
        self.values, self.weights, self.rows = values, [], []

    def __call__(self, network, batch, noise) -> dict[str, torch.Tensor]:
        loss = network(batch[0]).square().mean()
        if network.training:
            self.rows.append(batch[0][:, 0].tolist())
            return {"loss": loss, "half": loss / 2}
        self.weights.append(network.weight.detach().clone())
        return {"loss": torch.tensor(self.values[len(self.weights) - 1])}


def scripted(values: list[float], **options):
    torch.manual_seed(0)
    module, loss = nn.Linear(1, 1), Scripted(values)
    rows = torch.arange(20.0)[:, None]
    given = {"epochs": 6, "batch_size": 6, "learning_rate": 0.1, "seed": 0, "progress": False}
    result = train(module, loss, (rows,), **{**given, **options})
    return module, loss, result


EARLY, WHOLE = "stopped early", "finished"
STOPS = [([3, 1, 2, 2, 0, 0], 2, 4, 1, EARLY), ([3, 1, 2, 0, 1, 1], 2, 6, 3, EARLY),
         ([1, 1, 1, 9, 9, 9], 3, 4, 0, EARLY), ([6, 5, 4, 3, 2, 1], 1, 6, 5, WHOLE),
         ([3, 1, 2, 2, 2, 2], None, 6, 1, WHOLE)]  # fmt: skip


@pytest.mark.parametrize(("values", "patience", "epochs", "best", "outcome"), STOPS)
def test_early_stopping_restores_the_best_weights(values, patience, epochs, best, outcome) -> None:
    module, loss, result = scripted(values, patience=patience)
    assert [e["validation"] for e in result.history] == values[:epochs]
    assert result.outcome == outcome
    assert torch.equal(module.weight, loss.weights[best])
    assert len({float(w) for w in loss.weights}) == len(loss.weights)  # each epoch changed them
    assert not module.training


def test_resuming_what_stopped_early_trains_no_further(tmp_path) -> None:
    checkpoint = tmp_path / "run.safetensors"
    values = [3.0, 1.0, 2.0, 2.0, 0.0, 0.0]
    module, _, result = scripted(values, patience=2, checkpoint=checkpoint)
    again, loss, resumed = scripted(values, patience=2, checkpoint=checkpoint, resume=True)
    assert loss.weights == []
    assert resumed.outcome == "stopped early"
    assert resumed.history == result.history
    assert torch.equal(again.weight, module.weight)


def test_the_history_and_the_rows_of_an_epoch() -> None:
    _, loss, result = scripted([1.0] * 6, validation=0.1)
    assert [set(e) for e in result.history] == [{"loss", "half", "seconds", "validation"}] * 6
    for entry in result.history:
        assert entry["half"] == pytest.approx(entry["loss"] / 2)
        assert entry["seconds"] > 0
    assert result.items_per_second > 0
    epochs = [[x for rows in loss.rows[i : i + 3] for x in rows] for i in range(0, 18, 3)]
    assert len(loss.rows) == 18  # 20 rows, 2 of them held out, 6 a step
    assert all(len(set(rows)) == 18 for rows in epochs)  # each row once
    assert {tuple(sorted(rows)) for rows in epochs} == {tuple(sorted(epochs[0]))}  # same held out
    assert len({tuple(rows) for rows in epochs}) == 6  # in another order each epoch


def test_a_checkpoint_that_cannot_be_written_is_one_sentence(tmp_path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadInput, match="cannot write"):
        model().fit(pictures(), checkpoint=tmp_path / "file" / "x.safetensors")
