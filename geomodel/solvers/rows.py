"""The table's rows for solvers that choose their own steps or draw noise."""

from __future__ import annotations

import math

from geomodel.options import Option
from geomodel.solvers.table import ADAPTIVE, STOCHASTIC, SolverRow

TOLERANCES = (
    Option(
        name="rtol",
        title="Relative tolerance",
        kind="float",
        default=1e-6,
        limits=(1e-14, 1.0),
        tooltip="A step is kept where its estimated error is below atol + rtol · |x − c|, c the mean of the data.",
    ),
    Option(
        name="atol",
        title="Absolute tolerance",
        kind="float",
        default=1e-8,
        limits=(1e-300, 1e100),
        tooltip="A step is kept where its estimated error is below atol + rtol · |x − c|, c the mean of the data.",
    ),
    Option(
        name="max_evaluations",
        title="Most evaluations",
        kind="int",
        default=10_000,
        limits=(1, 10**9),
        tooltip="Of one sample. The run ends with an error where one would need more.",
    ),
)
ETA = Option(
    name="eta",
    title="η",
    kind="float",
    default=1.0,
    limits=(0.0, 1.0),
    tooltip="How much noise is drawn on the way: 0 is the ODE, 1 the reverse-time SDE.",
)
ANY_ETA = Option(
    name="eta",
    title="η",
    kind="float",
    default=1.0,
    limits=(0.0, 10.0),
    tooltip="How much noise is drawn on the way: 0 is the ODE, 1 the reverse-time SDE, more is allowed.",
)
CHURN = (
    Option(
        name="s_churn",
        title="S churn",
        kind="float",
        default=0.0,
        limits=(0.0, 1e6),
        tooltip="How much noise is added over the run: σ̂ = σ (1 + min(S_churn/N, √2 − 1)), N steps. 0 is Heun.",
    ),
    Option(
        name="s_min",
        title="S min",
        kind="float",
        default=0.0,
        limits=(0.0, 1e100),
        tooltip="Noise is added only at noise levels from here up.",
    ),
    Option(
        name="s_max",
        title="S max",
        kind="float",
        default=1e9,
        limits=(0.0, math.inf),
        tooltip="Noise is added only at noise levels up to here; inf: at all of them.",
    ),
    Option(
        name="s_noise",
        title="S noise",
        kind="float",
        default=1.0,
        limits=(0.0, 10.0),
        tooltip="Standard deviation of the added noise, in units of what σ̂ asks for.",
    ),
)

ADAPTIVE_ROWS = tuple(
    SolverRow(
        name=name,
        path=f"geomodel.solvers.adaptive:{rule}",
        title=title,
        family=ADAPTIVE,
        order=order,
        evaluations=0,
        options=TOLERANCES,
        formula=f"dx/dλ = D − x, λ = −ln σ, by an embedded pair of order {pair}, each sample at its own pace",
        source=source,
        adaptive=True,
    )
    for name, rule, title, order, pair, source in (
        (
            "rk45",
            "Rk45",
            "RK45 (Dormand–Prince)",
            5,
            "5(4)",
            "Dormand and Prince 1980; Shampine 1986 for the interpolant",
        ),
        ("dop853", "Dop853", "DOP853", 8, "8(5, 3)", "Hairer, Nørsett and Wanner 1993, section II.5"),
    )
)

STOCHASTIC_ROWS = tuple(
    SolverRow(
        name=name,
        path=f"geomodel.solvers.stochastic:{rule}",
        title=title,
        family=STOCHASTIC,
        order=order,
        evaluations=evaluations,
        options=options,
        formula=formula,
        source=source,
        stochastic=True,
    )
    for name, rule, title, order, evaluations, options, formula, source in (
        (
            "euler_maruyama",
            "EulerMaruyama",
            "Euler–Maruyama",
            1,
            1,
            (ANY_ETA,),
            "x′ = x − (1 + η²)(1 − σ′/σ)(x − D) + η √(σ² − σ′²) ξ",
            "Song et al. 2021, equation 6; Karras et al. 2022, equation 6",
        ),
        (
            "churn",
            "Churn",
            "EDM with churn",
            2,
            2,
            CHURN,
            "x̂ = x + √(σ̂² − σ²) S_noise ξ, σ̂ = (1 + γ) σ;  then Heun from (x̂, σ̂) to σ′",
            "Karras et al. 2022, Algorithm 2",
        ),
        (
            "euler_ancestral",
            "EulerAncestral",
            "Euler ancestral",
            1,
            1,
            (ETA,),
            "x′ = (σ_d/σ) x + (1 − σ_d/σ) D + σ_u ξ,  σ_u = η σ′ √(1 − (σ′/σ)²),  σ_d² + σ_u² = σ′²",
            "Ho et al. 2020, DDPM; Song et al. 2020, DDIM, equation 16",
        ),
        (
            "ddim_eta",
            "DdimEta",
            "DDIM with η",
            1,
            1,
            (ETA,),
            "x′ = D + σ′ √(1 − η²τ) (x − D)/σ + σ′ η √τ ξ,  τ = 1 − (σ′/σ)²",
            "Song et al. 2020, DDIM, equations 12 and 16",
        ),
        (
            "dpmpp_2m_sde",
            "Dpmpp2MSde",
            "DPM-Solver++ 2M SDE",
            1,
            1,
            (ANY_ETA,),
            "x′ = (σ′/σ) e^(−ηh) x + (1 − e^(−(1+η)h)) [D + (h/2h₋₁)(D − D₋₁)] + σ′ √(1 − e^(−2ηh)) ξ",
            "Lu et al. 2022, DPM-Solver++, SDE-DPM-Solver++ 2M",
        ),
        (
            "dpmpp_3m_sde",
            "Dpmpp3MSde",
            "DPM-Solver++ 3M SDE",
            1,
            1,
            (ANY_ETA,),
            "x′ = (σ′/σ) e^(−ηh) x + φ₁ D + φ₂ D′ + φ₃ D″ + σ′ √(1 − e^(−2ηh)) ξ,  φ at (1 + η) h",
            "Lu et al. 2022, DPM-Solver++; k-diffusion, DPM-Solver++(3M) SDE",
        ),
    )
)
