"""Solvers keep their order, and `unsolve` undoes their very steps, also where it is hard."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from zalgebra.models.ode import TABLEAUS, fixed_point, solve, unsolve
from zalgebra.types import BadInput

METHODS = list(TABLEAUS)
TURN = torch.tensor([[-0.3, 2.0], [-2.0, -0.3]], dtype=torch.float64)


def grid(steps: int, start: float = 0.0, stop: float = 1.0) -> list[float]:
    return np.linspace(start, stop, steps + 1).tolist()


def spiral(x, t):
    """A linear field that changes with time; its solution is exp(A sin t) x."""
    return math.cos(t) * x @ TURN.T


def bent(seed: int = 0) -> nn.Module:
    """A smooth field that is neither linear nor gentle."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 3)).double()


def rows(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("method", METHODS)
def test_the_error_falls_with_the_order(method) -> None:
    x = rows(5, 2)
    exact = x @ torch.linalg.matrix_exp(TURN * math.sin(1.0)).T
    coarse, fine = (
        (solve(spiral, x, grid(n), method=method).x - exact).abs().max() for n in (64, 128)
    )
    assert math.log2(coarse / fine) == pytest.approx(TABLEAUS[method].order, abs=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_polynomials_in_time_are_integrated_exactly(method) -> None:
    p = TABLEAUS[method].order - 1
    end = solve(lambda x, t: (p + 1) * t**p + 0 * x, rows(2, 1), [0.0, 0.3, 2.0], method=method).x
    torch.testing.assert_close(end, rows(2, 1) + 2.0 ** (p + 1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_every_step_is_undone_which_the_way_back_in_time_does_not(method) -> None:
    v, x, times = bent(), rows(20, 3), grid(5)
    field = lambda x, t: (1 + t) * v(x)  # noqa: E731
    with torch.no_grad():
        end = solve(field, x, times, method=method).x
        back = unsolve(field, end, times, method=method, tolerance=1e-12)
        mirrored = solve(field, end, times[::-1], method=method).x
        again = solve(field, back.x, times, method=method).x
    assert (back.x - x).abs().max() < 1e-10
    assert (again - end).abs().max() < 1e-10
    assert (mirrored - x).abs().max() > 1e-7
    assert back.residual.max() <= 1e-12


@pytest.mark.parametrize("method", METHODS)
def test_evaluations_are_counted(method) -> None:
    calls = []

    def field(x, t):
        calls.append(t)
        return -x

    forth = solve(field, rows(3, 2), grid(4), method=method)
    assert forth.evaluations == len(calls) == 4 * len(TABLEAUS[method].b)
    assert forth.residual.tolist() == [0, 0, 0]
    calls.clear()
    back = unsolve(field, forth.x, grid(4), method=method)
    assert back.evaluations == len(calls) > forth.evaluations


def test_steps_are_undone_where_plain_iteration_diverges() -> None:
    rates = torch.tensor([1.9, 1.5, 0.4, -1.2, -3.0], dtype=torch.float64)  # times h, over 1
    x = rows(4, 5)
    field = lambda x, t: -rates * x  # noqa: E731
    end = solve(field, x, [0.0, 1.0], method="euler").x
    plain = end
    for _ in range(20):
        plain = end + rates * plain
    assert (plain - x).abs().max() > 1e3
    back = unsolve(field, end, [0.0, 1.0], method="euler", tolerance=1e-11, most=40)
    assert (back.x - x).abs().max() < 1e-8


def test_a_step_that_cannot_be_undone_says_so() -> None:
    lost = torch.tensor([1.0, 0.0], dtype=torch.float64)[:, None]  # of row 0, nothing is left
    found = unsolve(lambda x, t: -lost * x, torch.ones(2, 1).double(), [0, 1], method="euler")
    assert found.residual[0] > 0.1
    assert found.residual[1] == 0
    assert found.x[1] == 1


def test_rows_do_not_wait_for_each_other() -> None:
    rate = torch.tensor([0.01, 1.7, 0.3], dtype=torch.float64)[:, None]
    x, times = rows(3, 4), grid(2)
    together = unsolve(lambda x, t: -rate * x.sin(), x, times)
    for i in range(3):
        alone = unsolve(lambda x, t, i=i: -rate[i] * x.sin(), x[i : i + 1], times)
        torch.testing.assert_close(together.x[i : i + 1], alone.x, rtol=0, atol=1e-14)
        assert alone.evaluations <= together.evaluations


def test_a_fixed_point_is_found_in_few_rounds() -> None:
    M = 0.9 * torch.linalg.qr(rows(6, 6))[0]
    b = rows(2, 6, seed=1)
    exact = torch.linalg.solve(torch.eye(6).double() - M, b.T).T
    found, rounds, left = fixed_point(lambda y: b + y @ M.T, b, tolerance=1e-9, most=60)
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-7)
    assert rounds < 60  # by plain iteration: log(1e-9) / log(0.9) = 197
    assert left.max() <= 1e-9


@pytest.mark.parametrize("run", [solve, unsolve])
def test_gradients_are_those_of_the_map(run) -> None:
    v, x = bent().requires_grad_(False), rows(2, 3).requires_grad_()
    options = {} if run is solve else {"tolerance": 1e-13, "most": 60}

    def end(x):
        return run(lambda x, t: v(x), x, grid(3), **options).x

    assert torch.autograd.gradcheck(end, x, check_undefined_grad=False)


def test_gradients_of_the_inverse_reach_the_field() -> None:
    x, times = rows(2, 3), grid(3)

    def end(rate):
        return unsolve(
            lambda x, t: rate * torch.sin(2 * x), x, times, tolerance=1e-13, most=60
        ).x.sum()

    rate = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(end, rate, check_undefined_grad=False)
    with torch.no_grad():
        assert not end(rate).requires_grad


def test_an_unknown_method_is_refused() -> None:
    for run in (solve, unsolve):
        with pytest.raises(BadInput, match=r"`method` must be one of euler, .*, got 'magic'"):
            run(lambda x, t: x, rows(1, 1), [0, 1], method="magic")
