"""What settings of earlier versions mean today."""

from __future__ import annotations

import math
from typing import Any


def with_todays_eta(values: dict[str, Any]) -> dict[str, Any]:
    """Settings from before the η of `ddim_eta` was the paper's: it was the share of variance, which is η²."""
    options = values.get("options")
    if values.get("solver") != "ddim_eta" or not isinstance(options, dict):
        return values
    eta = options.get("eta")
    if isinstance(eta, bool) or not isinstance(eta, int | float) or not 0 <= eta <= 1:
        return values
    return {**values, "options": {**options, "eta": math.sqrt(eta)}}


def with_todays_start(values: dict[str, Any]) -> dict[str, Any]:
    """Settings from before runs started at the mean of their data: noise about 0 has a name of its own now."""
    return {**values, "start": "origin"} if values.get("start", "noise") == "noise" else values


def todays(values: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run of any version, as this version writes them."""
    version = values.get("schema_version")
    if version == 1:
        values = with_todays_eta(values)
    return {**with_todays_start(values), "schema_version": 3} if version in (1, 2) else values
