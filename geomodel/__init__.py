"""Geomodel: the geometry of diffusion sampling, as a library.

The public names are loaded when they are first touched (PEP 562), so that ``import geomodel`` and everything
that does not evaluate a denoiser (settings, schedules, trajectories, geometry) loads no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = (
    "checkpoints",
    "classes",
    "consistency",
    "datasets",
    "density",
    "drift",
    "experiments",
    "families",
    "geometry",
    "interpolation",
    "likelihood",
    "measures",
    "pf_ode",
    "plot",
    "quality",
    "runs",
    "schedules",
    "scripts",
    "settings",
    "solvers",
    "study",
    "theories",
)
_NAMES = {
    "Brownian": "geomodel.randomness",
    "BandwidthDenoiser": "geomodel.denoisers.bandwidth",
    "CheckpointError": "geomodel.checkpoints",
    "Denoiser": "geomodel.denoisers.base",
    "Gaussians": "geomodel.denoisers.gaussians",
    "Guided": "geomodel.denoisers.guided",
    "LocalDenoiser": "geomodel.denoisers.local",
    "MixtureDenoiser": "geomodel.denoisers.mixture",
    "NearestDenoiser": "geomodel.denoisers.nearest",
    "OptimalDenoiser": "geomodel.denoisers.optimal",
    "PlugInTilt": "geomodel.denoisers.plug_in",
    "Posterior": "geomodel.denoisers.optimal",
    "Relay": "geomodel.denoisers.relay",
    "SmoothedDenoiser": "geomodel.denoisers.smoothed",
    "Step": "geomodel.trajectory",
    "TiltedMixture": "geomodel.denoisers.tilted",
    "Trajectory": "geomodel.trajectory",
    "WienerLocalDenoiser": "geomodel.denoisers.wiener_local",
    "iterate": "geomodel.sampling",
    "load_checkpoint": "geomodel.checkpoints",
    "noise": "geomodel.randomness",
    "sample": "geomodel.sampling",
    "tilted": "geomodel.denoisers.tilted",
    "show": "app.showing",  # the one name that needs the window, which stands in a package of its own
}

__all__ = [*_MODULES, *_NAMES]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"geomodel.{name}")
    if name in _NAMES:
        value = getattr(import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'geomodel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
