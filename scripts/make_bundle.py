"""Make the faces model that the package bundles, its judge and its card, from nothing.

    .venv/bin/python scripts/make_bundle.py

It runs the same recipe as ``zalgebra demo --fit`` under seed 0, on the CPU, so on one machine and
thread count the result has the same fingerprint every time.
"""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import tempfile
from pathlib import Path

from zalgebra.models import BUNDLED
from zalgebra.studio.demo import run
from zalgebra.studio.messages import err
from zalgebra.studio.recipes import recipe

CARD = """# The bundled model of drawn faces

A convolutional VAE of `zalgebra.datasets.faces` (drawn by this project, so no person is shown) and
the reader that judges its edits. Licence: Apache-2.0, as the project.

- **Recipe**: `{command}` (seed {seed}); {train} training faces of 64 x 64, {epochs} epochs,
  batches of {batch}, latent of {latent}, beta {beta}; the judge on {judge_n} other faces.
- **Made on**: {date}, {machine}, {cores} cores, torch {torch}, {threads} threads; {fit_seconds} s
  for the model ({rate} images/s), {seconds} s with judge, edits and report.
- **Fingerprint**: `{fingerprint}`
- **Use**: examples, tests and teaching. It knows nothing but these drawings.

Reconstruction of {held} held-out faces: mean squared error {mse:.5f}.

| edit | tried on | changed as meant [95 %] | other factors moved (median) | worst |
|---|---|---|---|---|
{edits}

| the judge reads (held-out) | R² or accuracy |
|---|---|
{judge}
"""


def main() -> None:
    chosen = recipe("faces", seed=0)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        results = run(chosen, out, fit=True, seed=0, say=err.print)
        for part, source in {
            "faces": out / "faces.zal" / "model",
            "faces-reader": out / "faces-judge",
        }.items():
            shutil.rmtree(BUNDLED / part, ignore_errors=True)
            shutil.copytree(source, BUNDLED / part)
    (BUNDLED / "faces" / "MODEL_CARD.md").write_text(card(chosen, results), encoding="utf-8")
    size = sum(f.stat().st_size for f in BUNDLED.rglob("*.safetensors"))
    err.print(f"{BUNDLED}: {size / 1e6:.2f} MB of safetensors, {results['seconds']} s")


def card(chosen, results) -> str:
    lines = []
    for title, e in results["edits"].items():
        s, leaks = e["success"], {k: v["value"] for k, v in e["leakage"].items()}
        worst = max(leaks, key=leaks.get)
        typical = sorted(leaks.values())[len(leaks) // 2]
        lines.append(
            f"| {title} | {s['n']} | {s['value']:.1%} [{s['low']:.1%}, {s['high']:.1%}] "
            f"| {typical:.2f} sd | {worst} {leaks[worst]:.2f} sd |"
        )
    model = results["model"]
    return CARD.format(
        command="python scripts/make_bundle.py",
        seed=results["seed"],
        train=results["pictures"]["train"],
        held=results["pictures"]["held_out"],
        judge_n=len(chosen.judge()),
        epochs=model["epochs"],
        batch=chosen.model.batch_size,
        latent=chosen.model.latent_dim,
        beta=chosen.model.beta,
        date=datetime.date.today().isoformat(),
        machine=f"{platform.system()} {platform.machine()}, no GPU",
        cores=os.cpu_count(),
        torch=results["versions"]["torch"],
        threads=results["versions"]["threads"],
        fit_seconds=round(model["fit_seconds"]),
        rate=round(model["images_per_second"]),
        seconds=round(results["seconds"]),
        fingerprint=model["fingerprint"],
        mse=results["reconstruction_mse"],
        edits="\n".join(lines),
        judge="\n".join(f"| {k} | {v:.3f} |" for k, v in results["judge"].items()),
    )


if __name__ == "__main__":
    main()
