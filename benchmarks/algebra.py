"""Speed, memory and agreement of `combine` beside lolatents, a plain product, slerp and NAO.

All rivals run in turns in the same process, on the same arrays; memory is that of one call in a
fresh process. The rival lolatents is no dependency of zalgebra: ``pip install lolatents==0.1.1``.
``-o DIR`` writes ``algebra.json``, ``algebra.md`` and ``algebra.png``; ``--budget`` is the seconds
for each row (10).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import zalgebra as za

sys.path.insert(0, str(Path(__file__).parent))
from _timing import in_turns, machine, table

# The first is that of the notebook example_interpolation.ipynb beside lolatents.
SHAPES = [(30, 2, 147456), (256, 5, 16384), (1024, 16, 16384), (4096, 64, 4096)]
IID = SHAPES[1:]
NAO = (30, 2, 16384)
Calls = dict[str, Callable[[], object]]


def inputs(n: int, k: int, D: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    w = rng.standard_normal((n, k), dtype=np.float32)
    if k == 2:
        t = np.linspace(0, 1, n, dtype=np.float32)
        w = np.stack([1 - t, t], axis=1)
    return w, rng.standard_normal((k, D), dtype=np.float32)


def rival(library: str):
    """The module of lolatents for NumPy or torch; None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its type checker
        try:
            return __import__(f"lolatents.lol_{library}", fromlist=["lol_gaussian"])
        except ImportError:
            return None


def slerp(t, v0, v1, xp, threshold: float = 0.9995):
    """Slerp of one position, in the form that is passed from hand to hand."""
    dot = (v0 * v1).sum() / (xp.linalg.norm(v0) * xp.linalg.norm(v1))
    if abs(dot) > threshold:
        return (1 - t) * v0 + t * v1
    theta = xp.arccos(dot)
    return xp.sin((1 - t) * theta) / xp.sin(theta) * v0 + xp.sin(t * theta) / xp.sin(theta) * v1


def numpy_calls(n: int, k: int, D: int) -> Calls:
    w, x = inputs(n, k, D)
    out = np.empty((n, D), dtype=np.float32)
    calls: Calls = {
        "zalgebra": lambda: za.combine(w, x),
        "product": lambda: w @ x,
        "product + write": lambda: np.matmul(w, x, out=out).copy(),
    }
    if lol := rival("numpy"):
        calls["lolatents"] = lambda: lol.lol_gaussian(w=w, X=x)
        if (n, k, D) in IID:
            from scipy.stats import norm

            law, prior = norm(loc=0, scale=1), za.priors.Normal()
            calls["zalgebra, normal prior"] = lambda: za.combine(w, x, prior=prior)
            calls["lol_iid"] = lambda: lol.lol_iid(w=w, X=x, cdf=law.cdf, inverse_cdf=law.ppf)
    if k == 2:
        calls["slerp"] = lambda: np.stack([slerp(t, x[0], x[1], np) for t in w[:, 1]])
        calls["zalgebra, slerp"] = lambda: za.combine(w, x, method="slerp")
    return calls


def torch_calls(n: int, k: int, D: int) -> Calls:
    import torch

    w, x = map(torch.from_numpy, inputs(n, k, D))
    out = torch.empty((n, D))
    calls: Calls = {
        "zalgebra": lambda: za.combine(w, x),
        "product": lambda: w @ x,
        "product + write": lambda: torch.matmul(w, x, out=out).clone(),
    }
    if lol := rival("torch"):
        calls["lolatents"] = lambda: lol.lol_gaussian(w=w, X=x)
        if (n, k, D) in IID:
            law, prior = torch.distributions.Normal(0.0, 1.0), za.priors.Normal()
            calls["zalgebra, normal prior"] = lambda: za.combine(w, x, prior=prior)
            calls["lol_iid"] = lambda: lol.lol_iid(w=w, X=x, cdf=law.cdf, inverse_cdf=law.icdf)
    if k == 2:
        calls["slerp"] = lambda: torch.stack([slerp(t, x[0], x[1], torch) for t in w[:, 1]])
        calls["zalgebra, slerp"] = lambda: za.combine(w, x, method="slerp")
    return calls


CALLS = {"numpy": numpy_calls, "torch": torch_calls}


def nao_path_full_dimension(a, b, n: int, steps: int = 100) -> np.ndarray:
    """The authors' descent on all D entries of ``n`` nodes, by Adam; ``steps`` of its 10,000.

    It starts at the straight line with a little noise, as theirs does, and holds the steps between
    nodes below their even length on the arc.
    """
    import torch

    D = a.numel()
    prior = torch.lgamma(torch.tensor(D / 2)) + (D / 2 - 1) * np.log(2.0)
    t = torch.linspace(0, 1, n)[1:-1, None]
    x = torch.nn.Parameter((1 - t) * a + t * b + torch.rand(n - 2, D) / 100)
    most = float(a.norm() * np.pi / 2 / (n - 1))
    optimizer = torch.optim.Adam([x], lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        nodes = torch.cat([a[None], x, b[None]])
        step = (nodes[1:] - nodes[:-1]).norm(dim=1)
        mid = (nodes[1:] + nodes[:-1]).norm(dim=1) / 2
        cost = prior - (D - 1) * mid.log() + mid**2 / 2
        ((cost * step).sum() + torch.relu(step - most).sum()).backward()
        optimizer.step()
    return torch.cat([a[None], x.detach(), b[None]]).numpy()


def nao(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The path of our `nao` at the weights ``w``."""
    from zalgebra.algebra.nao import nao_coefficients

    return nao_coefficients(w, x @ x.T, x.shape[1]).astype(x.dtype) @ x


def nao_seconds() -> dict[str, float]:
    import torch

    n, k, D = NAO
    w, x = inputs(n, k, D)
    a, b = torch.from_numpy(x)
    once: Calls = {"lol": lambda: za.combine(w, x), "nao": lambda: nao(w, x)}
    seconds = {name: float(np.median(s)) for name, s in in_turns(once, budget=5).items()}
    full: Calls = {"descent": lambda: nao_path_full_dimension(a, b, n)}
    seconds["nao as published, 100 of its steps"] = float(
        np.median(in_turns(full, most=3, least=3)["descent"])
    )
    return seconds


def memory(library: str, name: str, n: int, k: int, D: int) -> float:
    """Peak memory of one call over inputs + output, measured in a fresh process."""
    command = [sys.executable, __file__, "--peak", library, name, *map(str, (n, k, D))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    given = 4 * (n * k + k * D)
    return (given + int(done.stdout)) / (given + 4 * n * D)


def peak(library: str, name: str, n: int, k: int, D: int) -> int:
    """Bytes that one call takes at its peak beyond what was there before it."""
    CALLS[library](64, 16, 4096)["zalgebra"]()  # imports, and the buffers of the matrix product
    CALLS[library](8, k, 64).get(name, CALLS[library](8, k, 64)["zalgebra"])()
    call = CALLS[library](n, k, D)[name]
    before, _ = resident()
    with contextlib.suppress(OSError):  # Linux: the peak starts anew
        Path("/proc/self/clear_refs").write_text("5")
    kept = call()
    after = resident()[1]
    del kept
    return max(after - before, 0)


def resident() -> tuple[int, int]:
    """Resident memory now and at its peak, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return tuple(int(lines[key].split()[0]) * 1024 for key in ("VmRSS", "VmHWM"))
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most, most  # macOS: bytes, and nothing but the peak


def agreement() -> Iterator[tuple[str, str, str]]:
    """What was given, what lolatents gives, what we give."""
    import torch
    from scipy.stats import norm

    lol, lol_torch = rival("numpy"), rival("torch")
    law, prior = torch.distributions.Normal(0.0, 1.0), za.priors.Normal()
    for n, k, D in SHAPES:
        w, x = inputs(n, k, D)
        ours, theirs = za.combine(w, x), lol.lol_gaussian(w=w, X=x)
        difference = np.abs(ours - theirs)[np.isfinite(theirs)].max()
        yield f"{n} × {k} × {D}, float32", "finite", f"differs by {difference:.1e} at most"
    w, x = inputs(4, 3, 4 * 8 * 8)
    pictures = x.reshape(3, 4, 8, 8)
    tails, far = torch.tensor(x), x.astype(float)
    tails[0, 0], far[0, 0] = 6.0, 9.0
    first = np.eye(3, dtype=np.float32)[:1]
    cases = {
        "an entry of 6 in float32 (torch), weights (1, 0, 0)": (
            lambda: lol_torch.lol_iid(torch.tensor(first), tails, law.cdf, law.icdf),
            lambda: za.combine(first, tails, prior=prior),
            tails[:1],
        ),
        "an entry of 9 in float64 (NumPy), weights (1, 0, 0)": (
            lambda: lol.lol_iid(first.astype(float), far, norm.cdf, norm.ppf),
            lambda: za.combine(first, far, prior=prior),
            far[:1],
        ),
        "integer weights": (
            lambda: lol.lol_gaussian(np.array([[1, 2, 2]]), x),
            lambda: za.combine(np.array([[1, 2, 2]]), x),
            np.array([[1, 2, 2]]) @ x / 3,
        ),
        "lists": (
            lambda: lol.lol_gaussian([[1.0, 2, 2]], list(x)),
            lambda: za.combine([[1.0, 2, 2]], list(x)),
            np.array([[1, 2, 2]]) @ x / 3,
        ),
        "seeds with the shape of pictures": (
            lambda: lol.lol_gaussian(np.float32([[1, 2, 2]]), pictures),
            lambda: za.combine([[1, 2, 2]], pictures),
            np.einsum("k,kchw->chw", [1, 2, 2], pictures)[None] / 3,
        ),
    }
    for name, (theirs, ours, right) in cases.items():
        error = float(np.abs(np.asarray(ours()) - np.asarray(right)).max())
        yield name, _said(theirs), f"right to {error:.1e}"


def _said(call: Callable[[], object]) -> str:
    with np.errstate(all="ignore"):
        try:
            z = np.asarray(call())
        except Exception as error:
            return f"raises {type(error).__name__}"
    bad = int((~np.isfinite(z)).sum())
    return f"{bad} infinite or NaN" if bad else "finite"


def targets(library: str, n: int, k: int, D: int) -> tuple[str, str]:
    """The speed over lolatents and the time over the product that the row is to reach."""
    easy = (n, k, D) in SHAPES[:2]
    speed = ("4" if easy else "2") if library == "numpy" else ("6" if k <= 5 else "10")
    return f"≥ {speed}", "≤ 1.15" if k >= 16 else "≤ 1.5" if k == 2 else ""


def ratio(seconds: dict[str, np.ndarray], above: str, below: str) -> float:
    """The median over rounds of one time over another."""
    if above not in seconds or below not in seconds:
        return float("nan")
    return float(np.median(seconds[above] / seconds[below]))


def row(library: str, shape: tuple[int, int, int], budget: float) -> dict:
    seconds = in_turns(CALLS[library](*shape), budget=budget)
    speed, floor = targets(library, *shape)
    return {
        "library": library,
        "shape": shape,
        "rounds": len(seconds["zalgebra"]),
        "min": {name: float(s.min()) for name, s in seconds.items()},
        "median": {name: float(np.median(s)) for name, s in seconds.items()},
        "over lolatents": ratio(seconds, "lolatents", "zalgebra"),
        "over lol_iid": ratio(seconds, "lol_iid", "zalgebra, normal prior"),
        "over slerp": ratio(seconds, "slerp", "zalgebra, slerp"),
        "product": ratio(seconds, "zalgebra", "product"),
        "product + write": ratio(seconds, "zalgebra", "product + write"),
        "memory": {
            name: memory(library, name, *shape)
            for name in ("zalgebra", "lolatents")
            if name in seconds
        },
        "targets": {"over lolatents": speed, "product + write": floor},
    }


def shown(x: float, unit: str = "×") -> str:
    return "" if np.isnan(x) else f"{x:.1f} {unit}" if x < 100 else f"{x:.0f} {unit}"


def speed_table(rows: list[dict]) -> str:
    head = ["n × k × D", "", "zalgebra", "lolatents", "faster", "target", "lol_iid", "faster",
            "target", "of the product", "of product + write", "target"]  # fmt: skip
    lines = []
    for r in rows:
        ms = {name: f"{1e3 * s:.2f} ms" for name, s in r["median"].items()}
        iid = not np.isnan(r["over lol_iid"])
        lines.append([
            " × ".join(map(str, r["shape"])), r["library"], ms["zalgebra"], ms.get("lolatents", ""),
            shown(r["over lolatents"]), r["targets"]["over lolatents"], ms.get("lol_iid", ""),
            shown(r["over lol_iid"]), "≥ 30" if iid else "", f"{r['product']:.2f}",
            f"{r['product + write']:.2f}", r["targets"]["product + write"],
        ])  # fmt: skip
    return table(head, lines)


def other_tables(rows: list[dict], nao: dict[str, float], agrees: list) -> Iterator[str]:
    yield table(
        ["peak memory over inputs + output", "zalgebra", "target", "lolatents"],
        [
            [f"{' × '.join(map(str, r['shape']))}, {r['library']}",
             f"{r['memory']['zalgebra']:.2f}", "≤ 1.2",
             f"{r['memory'].get('lolatents', np.nan):.2f}"]
            for r in rows
        ],
    )  # fmt: skip
    yield table(
        ["two seeds, slerp", "zalgebra", "the usual snippet", "faster"],
        [
            [f"{' × '.join(map(str, r['shape']))}, {r['library']}",
             *(f"{1e3 * r['median'][c]:.1f} ms" for c in ("zalgebra, slerp", "slerp")),
             shown(r["over slerp"])]
            for r in rows if "slerp" in r["median"]
        ],
    )  # fmt: skip
    yield table(
        [f"a path, {' × '.join(map(str, NAO))}", "time", "over LOL"],
        [[name, f"{1e3 * s:.2f} ms", shown(s / nao["lol"])] for name, s in nao.items()],
    )
    if agrees:
        yield table(["given", "lolatents", "zalgebra"], [list(line) for line in agrees])


def picture(rows: list[dict], path: Path) -> None:
    """Bars in the colours of Okabe and Ito and hatched, on a panel a library."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "docs" / "gallery"))
    from matplotlib.figure import Figure
    from palette import save

    figure = Figure(figsize=(6, 7.6), layout="constrained")
    axes = figure.subplots(2, 1, sharey=True)
    styles = {
        "product + write": ("0.75", ""),
        "zalgebra": ("#0072b2", ""),
        "lolatents": ("#e69f00", "//"),
        "lol_iid": ("#d55e00", "xx"),
    }
    for ax, library in zip(axes, CALLS, strict=True):
        mine = [r for r in rows if r["library"] == library]
        for i, (name, (colour, hatch)) in enumerate(styles.items()):
            at = [(j, 1e3 * r["median"][name]) for j, r in enumerate(mine) if name in r["median"]]
            places = [j + 0.2 * (i - 1.5) for j, _ in at]
            ax.bar(
                places, [s for _, s in at], 0.2, color=colour, hatch=hatch, ec="white", label=name
            )
        ax.set_xticks(range(len(mine)), ["{}×{}×{}".format(*r["shape"]) for r in mine])
        ax.set(yscale="log", title=library, xlabel="n × k × D", ylabel="milliseconds, median")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, loc="upper left")
    save(figure, path, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", type=Path, metavar="DIR", help="write tables, figures and a picture")
    parser.add_argument("--budget", type=float, default=10, help="seconds for each row")
    parser.add_argument("--peak", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        library, name, *shape = options.peak
        print(peak(library, name, *map(int, shape)))
        return
    import torch  # noqa: F401  (the machine's line tells its threads)

    head = machine()
    print(head, end="\n\n", flush=True)
    if rival("numpy") is None:
        print("lolatents is not installed, so it is left out: pip install lolatents==0.1.1\n")
    rows = []
    for shape in SHAPES:
        for library in CALLS:
            rows.append(row(library, shape, options.budget))
            print(library, shape, rows[-1]["median"], file=sys.stderr, flush=True)
    nao, agrees = nao_seconds(), list(agreement()) if rival("numpy") else []
    text = "\n\n".join([speed_table(rows), *other_tables(rows, nao, agrees)])
    print(text)
    if options.o:
        options.o.mkdir(parents=True, exist_ok=True)
        everything = {"machine": head, "rows": rows, "nao": nao, "agreement": agrees}
        (options.o / "algebra.json").write_text(json.dumps(everything, indent=1) + "\n")
        (options.o / "algebra.md").write_text(f"{head}\n\n{text}\n", encoding="utf-8")
        picture(rows, options.o / "algebra.png")


if __name__ == "__main__":
    main()
