"""Where the claims are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geomodel.experiments.literature.claim import Finding, Kind

if TYPE_CHECKING:
    from geomodel.experiments.literature.material import Material

GEOMETRIC = "A Geometric Perspective on Diffusion Models, arXiv 2305.19947"
REGULARITY = "On the Trajectory Regularity of ODE-based Diffusion Sampling, arXiv 2405.11326"
SEQUEL = "arXiv 2506.10177, the sequel of the Trajectory Regularity paper"
STEPS = "Li, Wei, Chi, Chen 2024, arXiv 2408.02320"
PHASES = "Biroli et al. 2024, arXiv 2402.18491"
SMOOTHED = "Scarvelis et al. 2023, arXiv 2310.12395"
LOCAL = "Kamb and Ganguli 2024, arXiv 2412.20292"
HERE = "derived for this program"

# kind, title, formula, source, room that shows what it is about, function
Row = tuple[Kind, str, str, str, str, Callable[["Material"], Finding]]
