"""The figures of the first release, each beside its target: ``./dev bench first_light``.

It runs `zalgebra demo` on drawn faces (bundled and fitted anew), digits, Fashion-MNIST and, where
``$ZALGEBRA_DATA`` holds them, photographs of faces; then the import time, the renderer and the law
of `combine`. About 20 minutes on two cores; ``--quick`` leaves out the fits,
``--no-refit`` only that of the faces model, which ``scripts/make_bundle.py`` times too.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import stats

import zalgebra as za

LINES: list[tuple[str, str, str]] = []


def line(what: str, figure: str, target: str = "") -> None:
    LINES.append((what, figure, target))
    print(f"{what}: {figure}" + (f"   (target {target})" if target else ""), flush=True)


def zalgebra(*arguments: str) -> tuple[dict, float]:
    start = time.perf_counter()
    command = [sys.executable, "-m", "zalgebra", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout), time.perf_counter() - start


def demo(name: str, target: str, *arguments: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        results, seconds = zalgebra("demo", "-o", folder, *arguments)
    line(f"demo {name}, wall time", f"{seconds:.0f} s", target)
    model = results["model"]
    if "fit_seconds" in model:
        line(
            f"demo {name}, fitting",
            f"{model['fit_seconds']:.0f} s, {model['images_per_second']:.0f} images/s, "
            f"{model['epochs']} epochs",
        )
    line(f"demo {name}, reconstruction", f"mean squared error {results['reconstruction_mse']:.5f}")
    worst = min(results["judge"].items(), key=lambda p: p[1], default=("none", float("nan")))
    line(f"demo {name}, the judge's worst reading", f"{worst[0]} {worst[1]:.3f}", "0.95")
    for title, e in results["edits"].items():
        s, leaks = e["success"], {k: v["value"] for k, v in e["leakage"].items()}
        most = max(leaks, key=leaks.get, default="")
        line(
            f"demo {name}, {title}",
            f"{s['value']:.1%} [{s['low']:.1%}, {s['high']:.1%}] of {s['n']}"
            + (f" (before: {e['before']['value']:.1%})" if e["before"]["value"] else "")
            + (f", most moved besides: {most} {leaks[most]:.2f} sd" if most else ""),
        )


def import_time() -> None:
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import zalgebra"], check=True)
        whole = time.perf_counter() - start
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        seconds.append(whole - (time.perf_counter() - start))
    line("import zalgebra, beyond Python's own start", f"{np.median(seconds):.3f} s", "0.3 s")


def renderer() -> None:
    start = time.process_time()
    za.datasets.faces(10_000, seed=0)
    line("10,000 faces at 64 x 64", f"{time.process_time() - start:.1f} s of one core", "60 s")


def law(repeats: int = 2000, D: int = 784) -> None:
    """KS p-values of 2,000 combinations of fresh seeds of N(µ, Σ) are uniform."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((D, D)) / np.sqrt(D) + np.eye(D)
    prior = za.priors.Gaussian(rng.standard_normal(D), A @ A.T)
    p = np.empty(repeats)
    for i in range(repeats):
        k = rng.integers(2, 10)
        seeds = prior.sample(int(k), seed=i + 1).astype(float)
        z = za.combine(rng.standard_normal(k), seeds, prior=prior)
        p[i] = za.check(z[None], prior).p_values["ks"][0]
    uniform = stats.kstest(p, "uniform").pvalue
    line(f"KS p-values of {repeats} combinations against uniform", f"p = {uniform:.2f}", "> 0.01")
    line("… of them below 0.05", f"{np.mean(p < 0.05):.1%}", "4 to 6 %")


def main() -> None:
    import torch

    threads = torch.get_num_threads()
    system = f"{platform.system()} {platform.machine()}"
    print(
        f"{datetime.date.today()}, {system}, {os.cpu_count()} cores, "
        f"{threads} threads, Python {platform.python_version()}, torch {torch.__version__}, "
        f"NumPy {np.__version__}"
    )
    import_time()
    renderer()
    law()
    demo("faces", "60 s")
    if "--quick" not in sys.argv:
        if "--no-refit" not in sys.argv:
            demo("faces --fit", "600 s", "--fit")
        demo("digits --fit", "60 s", "--data", "digits", "--fit")
        demo("fashion-mnist", "300 s", "--data", "fashion-mnist")
        london = Path(os.environ.get("ZALGEBRA_DATA", "")) / "faces_london/faces_london_128.npz"
        if london.is_file():
            options = ("--size", "64", "--labels", "person,smile,sex", "--group", "person")
            demo("photographs", "", "--data", str(london), *options)
    print("\n| what | figure | target |\n|---|---|---|")
    for row in LINES:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
