"""The cards of networks with a clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geomodel.checkpoints.info import CheckpointInfo
from geomodel.checkpoints.plan import card
from geomodel.checkpoints.state_dicts import StateDict
from geomodel.denoisers.clock import Clock
from geomodel.inert.values import Contents, Tensor

NOT_SAID = "not said"


def clock_card(
    contents: Contents, tensors: Mapping[str, Tensor], of: Clock | None, *, unit: float = 1.0, **facts: Any
) -> CheckpointInfo:
    """The card of a network. `unit` is that of its images in ours. Until hints give a clock, any σ is in the range."""
    known = of or Clock(path="edm", prediction="edm", time="log")
    low, high = known.sigma_recommended
    levels: dict[str, Any] = {
        "clock": NOT_SAID if of is None else of.title,
        "sigma_data": unit * known.sigma_data,
        "sigma_min": unit * known.sigma_min,
        "sigma_max": unit * known.sigma_max,
        "sigma_recommended": (unit * low, unit * high),
    }
    units = {} if unit == 1 else {"unit": unit}
    return card(contents, tensors, **{**levels, **units, **facts})


def state_dict_card(contents: Contents, found: StateDict, clock: Clock | None, **facts: Any) -> CheckpointInfo:
    """The card of a network that was found as a state dict."""
    return clock_card(contents, found.tensors, clock, **{"average": found.average, "ignored": found.ignored, **facts})
