"""Well-known samplers with their usual defaults, in terms of our settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named sampler. `changes` are fields of `RunSettings`; a `design` first chooses the levels for the model."""

    name: str
    title: str
    help: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    design: Literal["", "gits", "tors"] = ""  # how its levels are designed


def _sampler(solver: str, schedule: str, steps: int, **more: Any) -> dict[str, Any]:
    plain = {"options": {}, "final_zero": False, "rho": 7.0}
    return plain | {"solver": solver, "schedule": schedule, "steps": steps} | more


PRESETS: tuple[Preset, ...] = (
    Preset(
        name="edm",
        title="EDM",
        help="Heun over 18 Karras levels with ρ = 7, the last step to 0: 35 evaluations (Karras et al. 2022).",
        changes=_sampler("heun", "karras", 18, final_zero=True),
    ),
    Preset(
        name="edm_stochastic",
        title="EDM, stochastic",
        help="The same with churn 40 between σ = 0.05 and 50, noise × 1.003 (Karras et al. 2022, for ImageNet).",
        changes=_sampler(
            "churn",
            "karras",
            18,
            final_zero=True,
            options={"s_churn": 40.0, "s_min": 0.05, "s_max": 50.0, "s_noise": 1.003},
        ),
    ),
    Preset(
        name="ddim",
        title="DDIM, 50 steps",
        help="Euler in σ is DDIM; levels uniform in the time of a variance-preserving process.",
        changes=_sampler("euler", "vp_time", 50, rho=1.0),
    ),
    Preset(
        name="dpmpp_2m",
        title="DPM-Solver++ default",
        help="Multistep of order 2, 20 steps uniform in log σ, lower order at the end (Lu et al. 2022).",
        changes=_sampler("dpmpp_2m", "log_uniform", 20, options={"lower_order_final": True}),
    ),
    Preset(
        name="dpmpp_2m_karras",
        title="DPM++ 2M Karras",
        help="The usual choice of image programs: 2M over Karras levels, the last step to 0.",
        changes=_sampler("dpmpp_2m", "karras", 20, final_zero=True),
    ),
    Preset(
        name="unipc",
        title="UniPC, 10 steps",
        help="Order 2, bh2, in D, uniform in log σ, lower order at the end (Zhao et al. 2023).",
        changes=_sampler("unipc", "log_uniform", 10, options={"lower_order_final": True}),
    ),
    Preset(
        name="ipndm",
        title="iPNDM, 10 steps",
        help="Order 3 over 10 Karras steps: strong at few evaluations (Zhang & Chen 2022).",
        changes=_sampler("ipndm", "karras", 10),
    ),
    Preset(
        name="gits6",
        title="GITS, 6 steps",
        help="iPNDM over 6 steps whose levels are chosen for this model by dynamic programming (arXiv 2405.11326).",
        changes=_sampler("ipndm", "karras", 6),
        design="gits",
    ),
    Preset(
        name="truth",
        title="Truth (DOP853)",
        help="Adaptive, order 8, tolerance 10⁻⁸: the curve that the others approximate.",
        changes=_sampler("dop853", "karras", 18, options={"rtol": 1e-8, "atol": 1e-10}),
    ),
)


def row(name: str) -> Preset:
    """The preset of this name. ValueError where there is none."""
    for item in PRESETS:
        if item.name == name:
            return item
    raise ValueError(f"There is no preset {name!r}; choose one of {', '.join(item.name for item in PRESETS)}.")
