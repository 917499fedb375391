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
