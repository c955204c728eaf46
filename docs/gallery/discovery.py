"""The pictures of the page on discovery: a contact sheet of the bundled model, and masked blends.

    .venv/bin/python docs/gallery/discovery.py
    .venv/bin/python docs/gallery/discovery.py --table   # the page's table, and no picture

Every picture is written to ``docs/assets``. A flow of 8 x 8 digits is fitted for the second one, in
about a minute on two idle cores; nothing is downloaded.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save
from strips import strips

import zalgebra as za
from zalgebra.algebra.masks import blend, box
from zalgebra.estimators.discovery import METHODS, discover
from zalgebra.models.flow import FlowMatching
from zalgebra.studio.discover import contact_sheet


def sheet() -> Figure:
    """What SeFa finds in the bundled model of drawn faces, on one face."""
    with tempfile.TemporaryDirectory() as folder:
        space = za.Workspace.create(Path(folder) / "faces.zal", za.load("faces"))
        space.encode(za.datasets.faces(3000, seed=1))
        found = contact_sheet(space, method="sefa", n=8, items=["img:3"])
    effect, alike = found.found.effect, found.found.consistency
    rows = {
        f"{i}: effect {effect[i]:.3f}, alike {alike[i]:.2f}": pictures[0]
        for i, pictures in enumerate(found.pictures)
    }
    captions = [f"{s:+g} sd".replace("-", "−") if s else "0" for s in found.strengths]
    return strips(rows, captions=captions)


def masks() -> Figure:
    """Digits whose upper half is one noise and whose lower half is another."""
    digits = za.datasets.digits()
    flow = FlowMatching(width=16, steps=8, max_epochs=16, verbose=False).fit(digits.images)
    a, b = flow.prior_.sample(20, seed=1).reshape(2, 10, *flow.spec_.latent_shape)
    hard, soft = (box(a.shape, rows=(0.5, 1), feather=f) for f in (0.0, 0.6))
    rows = {
        "a": a,
        "b": b,
        "hard mask": blend(a, b, hard),
        "soft mask": blend(a, b, soft),
        "soft mask, plain average": (1 - soft) * a + soft * b,
    }
    return strips({name: flow.inverse_transform(z.astype(np.float32)) for name, z in rows.items()})


def table() -> None:
    """How well the best of eight directions follows each drawn factor, for every method."""
    model, faces = za.load("faces"), za.datasets.faces(3000, seed=1)
    Z, prior = model.transform(faces.images), model.prior_
    factors = ["face_width", "turn", "hair_color", "hair_length", "skin", "brow", "smile"]
    truth = np.stack([faces.labels[f].astype(float) for f in factors])
    for method in METHODS:
        decode = model.decode if method == "jacobian" else model.inverse_transform
        weight = model.network_.decoder[0].weight
        found = discover(Z, method=method, decode=decode, weight=weight, prior=prior)
        along = prior.to_normal(Z) @ prior.to_normal(found.vectors + prior.mean).T
        best = np.abs(np.corrcoef(along.T, truth)[:8, 8:]).max(axis=0)
        said = (f"{f} {c:.2f}" for f, c in zip(factors, best, strict=True))
        print(method, *said, sep="  ", flush=True)


def main() -> None:
    if "--table" in sys.argv:
        table()
        return
    ASSETS.mkdir(exist_ok=True)
    save(sheet(), ASSETS / "discovery.png", dpi=80)
    save(masks(), ASSETS / "discovery-masks.png")


if __name__ == "__main__":
    main()
