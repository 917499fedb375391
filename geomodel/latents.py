"""Pictures of the latents that some networks know instead of images, without the decoder they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomodel.arrays import Floats

# Red, green and blue from the four channels of the Stable Diffusion autoencoder, times its usual factor.
FACTOR = 0.18215
ROWS = (
    (0.3512, 0.2297, 0.3227),
    (0.3250, 0.4974, 0.2350),
    (-0.2829, 0.1762, 0.2721),
    (-0.2120, -0.2616, -0.7177),
)
# EDM2 brings each channel to mean 0 and standard deviation 0.5 instead.
EDM2_MEAN, EDM2_STD, EDM2_SCALE = (5.81, 3.25, 0.12, -2.15), (4.17, 4.62, 3.71, 3.28), 0.5
KINDS = ("sd", "edm2")


def preview(latents: Any, kind: str) -> Floats:
    """A linear picture of latents: (…, 4, H, W) → (…, 3, H, W), about in [−1, 1].

    kind: "sd" for latents of the Stable Diffusion autoencoder times 0.18215, "edm2" for those of EDM2. The colours are
    a linear fit to what the decoder draws; its details are not there. ValueError for another shape or kind.
    """
    values = np.asarray(latents, dtype=np.float64)
    if values.ndim < 3 or values.shape[-3] != len(ROWS):
        raise ValueError(f"Latents have the shape (…, 4, height, width); got {values.shape}.")
    if kind not in KINDS:
        raise ValueError(f"The kind of latents is {kind!r}; known are: {', '.join(KINDS)}.")
    if kind == "edm2":
        mean, std = (np.reshape(numbers, (4, 1, 1)) for numbers in (EDM2_MEAN, EDM2_STD))
        values = (values / EDM2_SCALE * std + mean) * FACTOR
    return np.asarray(np.einsum("...chw,ck->...khw", values, np.array(ROWS)))
