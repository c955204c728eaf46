"""What a block of code costs: processor time, and the memory that the process grew to."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "cost"]

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass
class Cost:
    """CPU seconds, which other work on the machine hardly lengthens, and memory in MB.

    ``peak`` is the largest that the whole process was within the block, ``memory`` what of it was
    added there; None where the system does not tell (Linux alone does).
    """

    seconds: float = 0.0
    peak: float | None = None
    memory: float | None = None


@contextmanager
def cost() -> Generator[Cost]:
    """What the block costs; its peak counts from its start."""
    found = Cost()
    if RESET.exists():
        RESET.write_text("5")  # forgets the peak so far
    before = _kilobytes("VmRSS")
    start = time.process_time()
    yield found
    found.seconds = time.process_time() - start
    peak = _kilobytes("VmHWM")
    if before is not None and peak is not None:
        found.peak, found.memory = peak / 1024, (peak - before) / 1024


def _kilobytes(key: str) -> float | None:
    if not STATUS.exists():
        return None
    lines = STATUS.read_text().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(key)), None)
