"""The names that the program gives to types of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]


def plain(values: Any) -> Any:
    """The values as NumPy takes them: a tensor, or a list of tensors, on the CPU and without its gradients."""
    if isinstance(values, list | tuple):
        return [plain(item) for item in values]
    return values.detach().cpu().numpy() if hasattr(values, "detach") else values
