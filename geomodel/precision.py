"""Which runs are recorded in float64, and which in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from geomodel.datasets import Dataset

FAR = 16.0


def is_far(mean: ArrayLike, scale: float) -> bool:
    """Whether data with this mean and scale (their standard deviation) lie too far from the origin for float32.

    float32 rounds x by up to 2⁻²⁴ |x|. At |x| = 16 scales that is 10⁻⁶ scales, so a slope (x − D)/σ at the usual
    σ min, 0.002 scales, is off by 5·10⁻⁴; at 1,000 scales by 3 %, and at 10⁸ scales all points are the same.
    """
    return bool(np.abs(mean).max(initial=0.0) > FAR * scale)


def far(data: Dataset | None, model: Any) -> bool:
    """Whether a run is far from the origin. A network, or what its file says of it, knows that as `far`."""
    return bool(getattr(model, "far", False)) or (data is not None and is_far(data.mean, data.std))


def record_dtype(model: Any, data: Dataset | None = None) -> Literal["float32", "float64"]:
    """float64 for analytic models. float32 for networks, whose answers have its precision, but not far from the origin:
    there a network sees x − mean, so its answers are finer than float32 could record.
    """
    return "float64" if getattr(model, "analytic", True) or far(data, model) else "float32"
