"""Training: resumed is the same as never interrupted, the best weights win, faults are told."""

from __future__ import annotations

import json
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
from torch.nn import functional as F

from zalgebra import models
from zalgebra.files import read_tensors, write_tensors
from zalgebra.models import VAE, Autoencoder, FlowMatching, Reader
from zalgebra.models.plan import Plan
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


# Kill -9 in every model.

TINY = {"width": 2, "max_epochs": 4, "batch_size": 16, "verbose": False}
OF_NOTHING = ["Autoencoder", "VAE", "BetaVAE", "BetaTCVAE", "HypersphericalVAE"]
OF_CLASSES = ["FlowMatching", "Diffusion"]


def unfitted(name: str):
    """A model that no one has fitted yet, and what it is fitted on."""
    make = getattr(models, name)
    if name in OF_CLASSES:
        return make(conditional=True, **TINY), pictures(), np.arange(64) % 3
    if name == "Reader":
        return make(**TINY), pictures(), {"ink": pictures().mean((1, 2, 3))}
    if name == "DeepSDF":
        X = np.random.default_rng(0).random((16, 64, 4))
        return make(3, depth=2, resolution=4, encode_steps=2, **TINY), X, None
    return make(3, **TINY, **({"refine": 0} if name == "GAN" else {})), pictures(), None


FITS = [*OF_NOTHING, *OF_CLASSES, "GAN", "DeepSDF", "Reader"]

KILLER = f"""
import os, signal, sys
from pathlib import Path
import torch
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_training import FITS, unfitted
torch.set_num_threads(int(sys.argv[2]))
for name in FITS:
    for call, loss in (10, "_loss"), (4, "_encoder_loss"):
        model, X, y = unfitted(name)
        step, calls = getattr(type(model), loss, None), []
        if step is None or os.fork():
            if step is not None:
                assert os.waitstatus_to_exitcode(os.wait()[1]) == -signal.SIGKILL, (name, loss)
            continue
        def until(self, network, *rest):
            calls.append(network.training)
            if sum(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(self, network, *rest)
        setattr(type(model), loss, until)
        model.fit(X, y, checkpoint=Path(sys.argv[1]) / f"{{name}}{{loss}}.safetensors")
        os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_every_model_that_was_killed_resumes_to_the_same_weights(tmp_path) -> None:
    (tmp_path / "killer.py").write_text(KILLER)
    threads = str(torch.get_num_threads())
    command = [sys.executable, "killer.py", ".", threads]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=300)
    for name in FITS:
        model, X, y = unfitted(name)
        whole = model.fit(X, y).fingerprint_
        files = list(tmp_path.glob(f"{name}_*loss.safetensors"))
        assert len(files) == 1 + (name == "GAN"), name
        for file in files:
            assert 1 <= epochs_in(file) < 4 or "_encoder" in file.name, name
            resumed = unfitted(name)[0].fit(X, y, checkpoint=file, resume=True)
            assert resumed.fingerprint_ == whole, name


# Averages, held-out rows, frozen weights.


def squared(network, batch, noise) -> dict[str, torch.Tensor]:
    """Mean squared error of the last column by the others."""
    x = batch[0]
    return {"loss": F.mse_loss(network(x[:, :-1]), x[:, -1:])}


def linear(loss=squared, n: int = 30, **options):
    """A linear map, trained on rows that it cannot quite meet."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    rows = torch.randn(n, 4, generator=torch.Generator().manual_seed(1))
    given = {"epochs": 4, "batch_size": 10, "learning_rate": 0.05, "seed": 0, "progress": False}
    return module, train(module, loss, (rows,), **{**given, **options})


def test_without_held_out_rows_every_row_is_learned_from_and_the_last_weights_stay() -> None:
    seen, weights = [], []

    def watch(network, batch, noise):
        seen.append(batch[0])
        weights.append(network[0].weight.detach().clone())
        return squared(network, batch, noise)

    module, result = linear(watch, validation=0, patience=1)
    assert [set(e) for e in result.history] == [{"loss", "seconds"}] * 4
    assert (len(seen), result.outcome) == (12, "finished")
    assert len(torch.unique(torch.cat(seen[:3]), dim=0)) == 30
    assert not any(torch.equal(module[0].weight, w) for w in weights)  # the last step's, not before


def by_hand(betas: tuple[float, float], clip: float | None) -> torch.Tensor:
    """What `linear` does in 4 steps of all rows, written out."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    rows = torch.randn(30, 4, generator=torch.Generator().manual_seed(1))
    adam = torch.optim.AdamW(module.parameters(), betas=betas, weight_decay=1e-4)
    for t in (0, 0.25, 0.5, 0.75):
        rate = 0.005 / 0.105 if t == 0 else 0.5 * (1 + math.cos(math.pi * (t - 0.1) / 0.9))
        adam.param_groups[0]["lr"] = 0.05 * rate
        adam.zero_grad()
        squared(module, (rows,), None)["loss"].backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(module.parameters(), clip)
        adam.step()
    return module[0].weight


@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.0, 0.9)])
@pytest.mark.parametrize("clip", [None, 0.01])
def test_it_is_adamw_on_a_one_cycle_schedule(betas, clip) -> None:
    module, _ = linear(validation=0, batch_size=30, betas=betas, clip=clip)
    torch.testing.assert_close(module[0].weight, by_hand(betas, clip))


def test_frozen_weights_stay_as_they_are() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 2).requires_grad_(False), nn.Linear(2, 1))
    before = [p.clone() for p in module.parameters()]
    given = {"epochs": 2, "batch_size": 10, "learning_rate": 0.05, "seed": 0, "progress": False}
    train(module, squared, (torch.randn(20, 4),), ema=0.9, **given)
    after = list(module.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before[:2], after[:2], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(before[2:], after[2:], strict=True))


def test_the_average_of_the_weights_is_validated_and_kept() -> None:
    started, validated = [], []

    def watch(network, batch, noise):
        (started if network.training else validated).append(network[0].weight.detach().clone())
        return squared(network, batch, noise)

    module, result = linear(watch, ema=0.8, ramp=3, validation=0.2)
    average, expected = started[0].clone(), []
    for k, weight in enumerate(started, 1):
        average += max(0.2, 3 / (3 + k)) * (weight - average)
        expected += [average.clone()] if k % 2 == 0 else []
    torch.testing.assert_close(validated, expected)  # 2 steps an epoch
    best = int(np.argmin([e["validation"] for e in result.history]))
    torch.testing.assert_close(module[0].weight, expected[best])


def test_an_average_goes_on_where_it_was_broken_off(tmp_path) -> None:
    calls, file = [], tmp_path / "run.safetensors"

    def break_off(network, batch, noise):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return squared(network, batch, noise)

    whole, result = linear(ema=0.8)
    with pytest.raises(KeyboardInterrupt):
        linear(break_off, ema=0.8, checkpoint=file)
    assert epochs_in(file) == 2
    resumed, again = linear(ema=0.8, checkpoint=file, resume=True)
    assert torch.equal(resumed[0].weight, whole[0].weight)
    losses = [e["validation"] for e in result.history]
    assert losses == [e["validation"] for e in again.history]
    with pytest.raises(BadInput, match="another run"):
        linear(ema=0.8, checkpoint=file, resume=True, identity="other")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"precision": "8-true"}, "`precision` must be 32-true or bf16-mixed, got '8-true'"),
     ({"devices": 0}, "`devices` must be a whole number of at least 1, got 0"),
     ({"accelerator": "abacus"}, "accelerator='abacus' with devices=1 cannot be had"),
     ({"validation": 1.0}, "`validation` must be a share from 0 to below 1, got 1.0")],
)  # fmt: skip
def test_a_wrong_setting_is_one_sentence(wrong, words) -> None:
    with pytest.raises(BadInput, match=words):
        linear(**wrong)


# Mixed precision.


@pytest.mark.parametrize("make", [VAE, Autoencoder, FlowMatching])
def test_mixed_precision_multiplies_in_bfloat16_and_keeps_the_rest_in_float32(
    make, monkeypatch
) -> None:
    X, seen, loss = pictures(), set(), make._loss

    def watch(self, network, batch, noise):
        layer = next(m for m in network.modules() if isinstance(m, nn.Conv2d))
        hook = layer.register_forward_hook(lambda *call: seen.add(call[-1].dtype))
        parts = loss(self, network, batch, noise)
        hook.remove()
        seen.add(("batch", batch[0].dtype))
        seen.update((name, value.dtype) for name, value in parts.items())
        return parts

    monkeypatch.setattr(make, "_loss", watch)
    given = {"width": 4, "max_epochs": 2, "batch_size": 16, "verbose": False}
    mixed = make(**given).fit(X, accelerator="cpu", precision="bf16-mixed")
    single = {("batch", torch.float32)} | {
        (name, torch.float32) for name in mixed.training_.history[0] if name[0] in "lmk"
    }
    assert seen == {torch.bfloat16} | single
    assert {p.dtype for p in mixed.network_.parameters()} == {torch.float32}
    monkeypatch.undo()
    exact = make(**given).fit(X)
    assert mixed.fingerprint_ != exact.fingerprint_
    ends = [model.training_.history[-1]["validation"] for model in (mixed, exact)]
    assert ends[0] == pytest.approx(ends[1], rel=0.02)


def test_a_checkpoint_of_another_precision_is_refused(interrupted) -> None:
    with pytest.raises(BadInput, match="another run"):
        model().fit(pictures(), checkpoint=interrupted, resume=True, precision="bf16-mixed")


# Several devices.


@pytest.mark.parametrize("world", [2, 3])
def test_devices_share_each_batch_and_agree_on_its_order(world) -> None:
    plans = [Plan(53, 4, 12, 0.1, 7, 0.1, world=world, rank=r) for r in range(world)]
    alone = Plan(53, 4, 12, 0.1, 7, 0.1)
    assert all(torch.equal(p.held, alone.held) for p in plans)
    for epoch in range(4):
        shares = [list(p.batches(epoch)) for p in plans]
        for step, (batch, _) in enumerate(alone.batches(epoch)):
            parts = [share[step][0] for share in shares]
            assert {len(p) for p in parts} == {12 // world}
            assert sorted(torch.cat(parts).tolist()) == sorted(batch.tolist())
        noise = [torch.randn(3, generator=share[0][1]).tolist() for share in shares]
        assert len({tuple(n) for n in noise}) == world  # each its own
    with pytest.raises(BadInput, match="3 devices need at least as many rows, got 2"):
        Plan(2, 1, 1, 0.1, 0, 0.0, world=3)


DEVICES = f"""
import json, os, sys
from pathlib import Path
import numpy as np
import torch
from zalgebra.models import GAN, VAE
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_training import linear
torch.set_num_threads(1)
two = dict(accelerator="cpu", devices=2)
module, result = linear(**two)
X = np.random.default_rng(0).random((64, 1, 16, 16), dtype=np.float32)
vae = VAE({SETTINGS}).fit(X, checkpoint="vae.safetensors", **two)
again = VAE({SETTINGS}).fit(X, checkpoint="vae.safetensors", resume=True, **two)
gan = GAN(3, width=2, max_epochs=2, batch_size=16, refine=0, verbose=False).fit(X, **two)
found = dict(weight=module[0].weight.tolist(), history=result.history, vae=vae.fingerprint_,
             again=again.fingerprint_, gan=gan.fingerprint_)
Path(f"rank{{os.environ.get('LOCAL_RANK', '0')}}.json").write_text(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="gloo is tried on Unix only")
def test_two_processes_end_with_the_weights_of_one(tmp_path) -> None:
    (tmp_path / "fit.py").write_text(DEVICES)
    found = subprocess.run(
        [sys.executable, "fit.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, found.stderr
    a, b = (json.loads((tmp_path / f"rank{r}.json").read_text()) for r in range(2))
    for name in ("weight", "vae", "gan"):
        assert a[name] == b[name]
    assert a["again"] == b["again"] == a["vae"]
    module, result = linear()  # a mean over rows has the mean of the shares' gradients
    torch.testing.assert_close(torch.tensor(a["weight"]), module[0].weight.detach())
    for name in ("loss", "validation"):
        losses = [[e[name] for e in history] for history in (a["history"], result.history)]
        np.testing.assert_allclose(*losses, rtol=1e-5)


def dropped(state: int) -> dict[str, torch.Tensor]:
    """Weights of a network with dropout, trained where the global generator stands anywhere."""
    x = torch.linspace(-1, 1, 64)[:, None]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(1, 16), nn.Dropout(0.5), nn.Linear(16, 1))
        torch.manual_seed(state)
        before = torch.random.get_rng_state()
        train(
            net, lambda m, b, g: {"loss": (m(b[0]) - b[0]).square().mean()}, (x,),
            epochs=2, batch_size=8, learning_rate=0.01, seed=3, progress=False,
        )  # fmt: skip
        assert torch.equal(torch.random.get_rng_state(), before)  # and leaves it there
    return net.state_dict()


def test_layers_that_draw_by_themselves_repeat_too() -> None:
    one, other = dropped(1), dropped(2)
    assert all(torch.equal(one[name], other[name]) for name in one)
