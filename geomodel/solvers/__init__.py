"""The table of solvers. Reading it loads no torch; `create` imports the module of the solver it makes.

A new solver is a small class with one `advance` method (see `base`), a row here and a test.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from geomodel.options import check_keywords
from geomodel.solvers.costs import evaluations as evaluations
from geomodel.solvers.costs import steps_within as steps_within
from geomodel.solvers.rows import ADAPTIVE_ROWS, STOCHASTIC_ROWS
from geomodel.solvers.table import (
    ALPHA,
    ANALYTIC_FIRST_STEP,
    CORRECTED,
    DENOISED,
    EVEN_ORDER,
    MULTISTEP,
    ONE_STEP,
    ORDER,
    PREDICTION,
    SLOPES,
    UNIPC_ORDER,
    VARIANT,
    R,
    SolverRow,
)

if TYPE_CHECKING:
    from geomodel.solvers.base import Solver


SOLVERS: tuple[SolverRow, ...] = (
    SolverRow(
        name="euler",
        path="geomodel.solvers.runge_kutta:Euler",
        title="Euler (DDIM)",
        family=ONE_STEP,
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
        family=ONE_STEP,
        order=2,
        evaluations=2,
        options=(ANALYTIC_FIRST_STEP,),
        formula="x̃ = x + (σ′ − σ) e;  x′ = x + (σ′ − σ) (e + e(x̃; σ′))/2",
        source="Karras et al. 2022, Algorithm 1",
    ),
    SolverRow(
        name="rk2",
        path="geomodel.solvers.runge_kutta:Rk2",
        title="Runge–Kutta 2 (α)",
        family=ONE_STEP,
        order=2,
        evaluations=2,
        options=(ALPHA, ANALYTIC_FIRST_STEP),
        formula="σ̃ = σ + α (σ′ − σ), x̃ = x + (σ̃ − σ) e;  x′ = x + (σ′ − σ) [(1 − 1/2α) e + (1/2α) e(x̃; σ̃)]",
        source="Karras et al. 2022, the α of its ablations",
    ),
    SolverRow(
        name="dpm2",
        path="geomodel.solvers.runge_kutta:Dpm2",
        title="DPM-Solver-2",
        family=ONE_STEP,
        order=2,
        evaluations=2,
        options=(R, ANALYTIC_FIRST_STEP),
        formula="σ̃ = σ′ʳ σ¹⁻ʳ, x̃ = x + (σ̃ − σ) e;  x′ = x + (σ′ − σ) [(1 − 1/2r) e + (1/2r) e(x̃; σ̃)]",
        source="Lu et al. 2022, DPM-Solver, Algorithm 1",
    ),
    SolverRow(
        name="dpm3",
        path="geomodel.solvers.runge_kutta:Dpm3",
        title="DPM-Solver-3",
        family=ONE_STEP,
        order=3,
        evaluations=3,
        options=(ANALYTIC_FIRST_STEP,),
        formula="x′ = x + (σ′ − σ) [e + (3/2) m (e(x₂; σ₂) − e)],  σ₂³ = σ σ′²,  m = 1/h − 1/(eʰ − 1),  h = ln(σ/σ′)",
        source="Lu et al. 2022, DPM-Solver, singlestep of order 3",
    ),
    SolverRow(
        name="bs3",
        path="geomodel.solvers.runge_kutta:Bs3",
        title="Bogacki–Shampine 3",
        family=ONE_STEP,
        order=3,
        evaluations=3,
        options=(ANALYTIC_FIRST_STEP,),
        formula="x′ = x + (σ′ − σ) (2 e + 3 e₁ + 4 e₂)/9,  slopes at 0, 1/2, 3/4 of the step in σ",
        source="Bogacki & Shampine 1989",
    ),
    SolverRow(
        name="rk4",
        path="geomodel.solvers.runge_kutta:Rk4",
        title="Runge–Kutta 4",
        family=ONE_STEP,
        order=4,
        evaluations=4,
        options=(ANALYTIC_FIRST_STEP,),
        formula="x′ = x + (σ′ − σ) (e + 2 e₁ + 2 e₂ + e₃)/6,  slopes at 0, 1/2, 1/2, 1 of the step in σ",
        source="Kutta 1901, the classical rule",
    ),
    SolverRow(
        name="dpmpp_2s",
        path="geomodel.solvers.dpm:Dpmpp2S",
        title="DPM-Solver++ 2S",
        family=ONE_STEP,
        order=2,
        evaluations=2,
        options=(R, ANALYTIC_FIRST_STEP),
        formula="σ̃ = σ′ʳ σ¹⁻ʳ, x̃ = x + (σ̃ − σ) e;  x′ = (σ′/σ) x + (1 − σ′/σ) [(1 − 1/2r) D + (1/2r) D(x̃; σ̃)]",
        source="Lu et al. 2022, DPM-Solver++, 2S",
    ),
    SolverRow(
        name="ipndm",
        path="geomodel.solvers.adams:Ipndm",
        title="iPNDM",
        family=SLOPES,
        order=2,
        evaluations=1,
        options=(EVEN_ORDER, *MULTISTEP),
        formula="x′ = x + (σ′ − σ) Σ wⱼ e₋ⱼ,  w = 1 · (3, −1)/2 · (23, −16, 5)/12 · (55, −59, 37, −9)/24",
        source="Zhang & Chen 2022, DEIS, section 3.3; Adams–Bashforth weights of even steps",
    ),
    SolverRow(
        name="ab",
        path="geomodel.solvers.adams:Ab",
        title="Adams–Bashforth",
        family=SLOPES,
        order=3,
        evaluations=1,
        options=(ORDER, *MULTISTEP),
        formula="x′ = x + ∫ P(σ) dσ,  P through the last slopes e, e₋₁, …",
        source="Adams–Bashforth with variable steps; Zhang & Chen 2022, DEIS (ρAB)",
    ),
    SolverRow(
        name="deis_tab",
        path="geomodel.solvers.adams:DeisTab",
        title="DEIS tAB",
        family=SLOPES,
        order=3,
        evaluations=1,
        options=(ORDER, *MULTISTEP),
        formula="x′ = x + ∫ P(t(σ)) dσ,  P through the last slopes,  ln(1 + σ²) = β_d t²/2 + β_min t",
        source="Zhang & Chen 2022, DEIS, eq. 15",
    ),
    SolverRow(
        name="deis_log",
        path="geomodel.solvers.adams:DeisLog",
        title="DEIS log σ",
        family=SLOPES,
        order=3,
        evaluations=1,
        options=(ORDER, *MULTISTEP),
        formula="x′ = x + ∫ P(ln σ) dσ,  P through the last slopes e, e₋₁, …",
        source="Zhang & Chen 2022, DEIS; Lu et al. 2022, DPM-Solver, multistep",
    ),
    SolverRow(
        name="dpm_2m",
        path="geomodel.solvers.adams:Dpm2M",
        title="DPM-Solver 2M (ε)",
        family=SLOPES,
        order=2,
        evaluations=1,
        options=MULTISTEP,
        formula="x′ = x + (σ′ − σ) [e + (h/2h₋₁) (e − e₋₁)],  h = ln(σ/σ′)",
        source="Lu et al. 2022, DPM-Solver, multistep",
    ),
    SolverRow(
        name="exp_x0",
        path="geomodel.solvers.dpm:ExpX0",
        title="Exponential (x₀)",
        family=DENOISED,
        order=3,
        evaluations=1,
        options=(ORDER, *MULTISTEP),
        formula="x′ = (σ′/σ) x + σ′ ∫ P(ln σ) d(1/σ),  P through the last D, D₋₁, …",
        source="Lu et al. 2022, DPM-Solver++, multistep, integrated exactly",
    ),
    SolverRow(
        name="dpmpp_2m",
        path="geomodel.solvers.dpm:Dpmpp2M",
        title="DPM-Solver++ 2M",
        family=DENOISED,
        order=2,
        evaluations=1,
        options=MULTISTEP,
        formula="x′ = (σ′/σ) x + (1 − σ′/σ) [D + (h/2h₋₁) (D − D₋₁)],  h = ln(σ/σ′)",
        source="Lu et al. 2022, DPM-Solver++, Algorithm 2",
    ),
    SolverRow(
        name="dpmpp_3m",
        path="geomodel.solvers.dpm:Dpmpp3M",
        title="DPM-Solver++ 3M",
        family=DENOISED,
        order=3,
        evaluations=1,
        options=MULTISTEP,
        formula="x′ = (σ′/σ) x + φ₁ D + φ₂ hD′ + φ₃ h²D″,  D′, D″ of the parabola through D, D₋₁, D₋₂ in −ln σ",
        source="Lu et al. 2022, DPM-Solver++, 3M with the whole second derivative",
    ),
    SolverRow(
        name="dpmpp_3m_published",
        path="geomodel.solvers.dpm:Dpmpp3MPublished",
        title="DPM-Solver++ 3M (as published)",
        family=DENOISED,
        order=2,
        evaluations=1,
        options=MULTISTEP,
        formula="x′ = (σ′/σ) x + φ₁ D + φ₂ hD′ + φ₃ h²D″/2,  D′, D″ of the parabola through D, D₋₁, D₋₂ in −ln σ",
        source="Lu et al. 2022, DPM-Solver++, 3M as in the authors' code",
    ),
    SolverRow(
        name="unipc",
        path="geomodel.solvers.unipc:UniPc",
        title="UniPC",
        family=CORRECTED,
        order=3,
        evaluations=1,
        options=(UNIPC_ORDER, VARIANT, PREDICTION, *MULTISTEP),
        formula="x̃ through D, D₋₁, …;  x′ = (σ′/σ) x + σ′ ∫ P(ln σ) d(1/σ),  P through D(x̃; σ′), D, D₋₁, …",
        source="Zhao et al. 2023, UniPC, Algorithms 1 and 2",
    ),
    *ADAPTIVE_ROWS,
    *STOCHASTIC_ROWS,
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
    """All options of a solver: the given ones after a check, and the defaults of the others.

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
