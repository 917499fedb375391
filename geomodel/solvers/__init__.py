"""The solvers as one explicit table. Reading it loads no torch; `create` imports the one family it needs.

A new solver is a small class with one `advance` method (see `base`), a row here and a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from geomodel.schedules import Option, check_keywords

if TYPE_CHECKING:
    from geomodel.solvers.base import Solver


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverRow:
    """A row of `SOLVERS`. `order` is the measured order of convergence, `evaluations` the number an interval takes."""

    name: str
    path: str  # module:class
    title: str
    order: int
    evaluations: int
    options: tuple[Option, ...]
    formula: str
    source: str


ANALYTIC_FIRST_STEP = Option(
    name="analytic_first_step",
    title="Analytic first step",
    kind="moments",
    default=False,
    tooltip="The first slope is that of a Gaussian with the data's mean and variance, σ (x − mean)/(σ² + variance): "
    "one evaluation less.",
)
LOWER_ORDER_FINAL = Option(
    name="lower_order_final",
    title="Lower order at the end",
    kind="bool",
    default=False,
    tooltip="The order never exceeds the number of intervals left: steadier last steps when there are few.",
)

SOLVERS: tuple[SolverRow, ...] = (
    SolverRow(
        name="euler",
        path="geomodel.solvers.runge_kutta:Euler",
        title="Euler (DDIM)",
        order=1,
        evaluations=1,
        options=(ANALYTIC_FIRST_STEP,),
        formula="x′ = x + (σ′ − σ) e = (σ′/σ) x + (1 − σ′/σ) D",
        source="Karras et al. 2022, Algorithm 1 without its correction; Song et al. 2020, DDIM",
    ),
    SolverRow(
        name="heun",
        path="geomodel.solvers.runge_kutta:Heun",
        title="Heun (EDM)",
        order=2,
        evaluations=2,
        options=(ANALYTIC_FIRST_STEP,),
        formula="x̃ = x + (σ′ − σ) e;  x′ = x + (σ′ − σ) (e + e(x̃; σ′))/2",
        source="Karras et al. 2022, Algorithm 1",
    ),
    SolverRow(
        name="dpm2",
        path="geomodel.solvers.runge_kutta:Dpm2",
        title="DPM-Solver-2",
        order=2,
        evaluations=2,
        options=(
            Option(
                name="r",
                title="r",
                kind="float",
                default=0.5,
                limits=(0.01, 1.0),
                tooltip="Where the second slope is taken: σ̃ = σ′ʳ σ¹⁻ʳ. r = 1/2 is the middle in log σ, r = 1 is Heun.",
            ),
            ANALYTIC_FIRST_STEP,
        ),
        formula="σ̃ = σ′ʳ σ¹⁻ʳ, x̃ = x + (σ̃ − σ) e;  x′ = x + (σ′ − σ) [(1 − 1/2r) e + (1/2r) e(x̃; σ̃)]",
        source="Lu et al. 2022, DPM-Solver, Algorithm 1",
    ),
    SolverRow(
        name="dpmpp_2m",
        path="geomodel.solvers.dpm:Dpmpp2M",
        title="DPM-Solver++ 2M",
        order=2,
        evaluations=1,
        options=(LOWER_ORDER_FINAL, ANALYTIC_FIRST_STEP),
        formula="x′ = (σ′/σ) x + (1 − σ′/σ) [D + (h/2h₋₁) (D − D₋₁)],  h = ln(σ/σ′)",
        source="Lu et al. 2022, DPM-Solver++, Algorithm 2",
    ),
    SolverRow(
        name="ipndm",
        path="geomodel.solvers.adams:Ipndm",
        title="iPNDM",
        order=2,
        evaluations=1,
        options=(
            Option(
                name="order",
                title="Order",
                kind="int",
                default=3,
                limits=(1, 4),
                tooltip="How many slopes are combined. The weights are those of even steps, so on an uneven schedule "
                "every order from 2 on converges with order 2.",
            ),
            LOWER_ORDER_FINAL,
            ANALYTIC_FIRST_STEP,
        ),
        formula="x′ = x + (σ′ − σ) Σ wⱼ e₋ⱼ,  w = 1 · (3, −1)/2 · (23, −16, 5)/12 · (55, −59, 37, −9)/24",
        source="Zhang & Chen 2022, DEIS, section 3.3; Adams–Bashforth weights of even steps",
    ),
)


def names() -> tuple[str, ...]:
    """The solvers, in the table's order."""
    return tuple(item.name for item in SOLVERS)


def row(name: str) -> SolverRow:
    """The table's row. ValueError naming the solvers where there is none."""
    for item in SOLVERS:
        if item.name == name:
            return item
    raise ValueError(f"There is no solver {name!r}; choose one of {', '.join(names())}.")


def complete(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """All options of a solver: the given ones, checked, and the defaults of the others.

    TypeError naming the allowed ones where one is unknown; ValueError where a value does not fit.
    """
    options = row(name).options
    check_keywords(f"The solver {name}", given, tuple(option.name for option in options))
    return {option.name: option.check(given.get(option.name, option.default)) for option in options}


def create(name: str, **options: Any) -> Solver:
    """The solver with these options; errors as in `complete`."""
    module, _, attribute = row(name).path.partition(":")
    solver: Solver = getattr(import_module(module), attribute)(**complete(name, options))
    return solver
