"""Is an inversion any good? The error of the way back, and how plausible the latents are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from zalgebra.algebra._arrays import as_latents, flatten, to_numpy
from zalgebra.algebra.certificate import Certificate, check
from zalgebra.types import Array, BadInput, Prior

__all__ = ["InversionReport", "inversion_report"]


@dataclass(frozen=True, eq=False)
class InversionReport:
    """How data came back from its latents, one by one.

    Parameters
    ----------
    rmse
        Root mean squared error of each reconstruction ``(n,)``, in the unit of the data.
    share
        The same as a share of the spread of the data about its mean, ``(n,)``: 0 is perfect, 1 is
        no better than the mean of these data. NaN for a single datum.
    certificate
        Of the latents against the model's prior.
    """

    rmse: np.ndarray
    share: np.ndarray
    certificate: Certificate

    def __len__(self) -> int:
        return len(self.rmse)

    @property
    def worst(self) -> np.ndarray:
        """Rows by falling error, ``(n,)``: where the inversion fails first."""
        return np.argsort(-self.rmse, kind="stable")

    @property
    def verdict(self) -> str:
        """One sentence."""
        if len(self) == 0:
            return "there is nothing to invert"
        error = f"reconstruction error {np.median(self.rmse):.3g} (median)"
        if len(self) > 1:
            lost = int(np.sum(self.share > 0.5))
            error += f", {np.median(self.share):.0%} of the spread of the data"
            error += f"; {lost} of {len(self)} come back poorly" if lost else ""
        return f"{error}; {self.certificate.verdict}"

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON values."""
        return {
            "rmse": self.rmse.tolist(),
            "share": self.share.tolist(),
            "certificate": self.certificate.to_dict(),
            "verdict": self.verdict,
        }

    def __repr__(self) -> str:
        return f"InversionReport({len(self)}: {self.verdict})"

    def __rich__(self) -> Table:
        table = Table(title=self.verdict, title_justify="left")
        for column in ("row", "error", "share of spread", "plausible"):
            table.add_column(column, justify="right")
        for i in self.worst[:20]:
            plausible = "yes" if self.certificate.plausible[i] else "no"
            table.add_row(str(i), f"{self.rmse[i]:.4g}", f"{self.share[i]:.0%}", plausible)
        return table


def inversion_report(
    data: Array, back: Array, latents: Array, prior: Prior | None = None, /
) -> InversionReport:
    """The report of data ``(n, ...)``, what came back, and the latents ``(n, *shape)`` between.

    Raises
    ------
    BadInput
        If data and what came back differ in shape.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.models.inversion import inversion_report
    >>> X = np.random.default_rng(0).standard_normal((5, 300))
    >>> inversion_report(X, X + 0.1, X).rmse.round(3).tolist()
    [0.1, 0.1, 0.1, 0.1, 0.1]
    """
    if tuple(data.shape) != tuple(back.shape):
        shapes = f"{tuple(data.shape)} and {tuple(back.shape)}"
        raise BadInput(f"data and what came back must have one shape, got {shapes}")
    X, Y = (to_numpy(flatten(as_latents(a, "data"))).astype(float) for a in (data, back))
    rmse = np.sqrt(np.mean((X - Y) ** 2, axis=1)) if X.size else np.zeros(len(X))
    spread = np.sqrt(np.mean((X - X.mean(axis=0)) ** 2)) if len(X) > 1 else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        share = rmse / spread
    return InversionReport(rmse, share, check(latents, prior))
