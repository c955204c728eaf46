"""Paired timings in turns, and the line that says on what machine they were taken."""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Callable, Mapping

import numpy as np


def in_turns(
    calls: Mapping[str, Callable[[], object]], *, budget: float = 10, least: int = 5, most: int = 40
) -> dict[str, np.ndarray]:
    """Seconds of each call in rounds, so that a slow minute hits all alike.

    The order changes from round to round, since what runs after a call that has just given much
    memory back has to fetch it anew.
    """
    order, names = np.random.default_rng(0), list(calls)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    start, rounds = time.perf_counter(), 0
    while rounds < least or (rounds < most and time.perf_counter() - start < budget):
        rounds += 1
        for name in order.permutation(names):
            call = calls[name]
            begun = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - begun)
    return {name: np.array(taken) for name, taken in seconds.items()}


def machine() -> str:
    """Date, system, cores, threads and versions, as one line."""
    import torch
    from threadpoolctl import threadpool_info

    pools = {p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"}
    return (
        f"{datetime.date.today()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {torch.get_num_threads()} threads (torch), "
        f"{'/'.join(map(str, sorted(pools)))} (BLAS), load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}, torch {torch.__version__}"
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; figures to the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
