"""Makes the denoisers of the theories. Each function imports what it makes, so that the table loads no torch.

`known` is D* of the data where it is there already, because it takes time to make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geomodel.datasets.dataset import Dataset
    from geomodel.denoisers.base import Denoiser
    from geomodel.denoisers.optimal import OptimalDenoiser


def optimal(data: Dataset, known: OptimalDenoiser | None) -> OptimalDenoiser:
    from geomodel.denoisers.optimal import OptimalDenoiser

    return known or OptimalDenoiser(data.points, data.labels)


def gaussian(data: Dataset, _known: OptimalDenoiser | None) -> Denoiser:
    return data.fitted(False)


def classes(data: Dataset, _known: OptimalDenoiser | None) -> Denoiser:
    return data.fitted(True)


def local(data: Dataset, _known: OptimalDenoiser | None, patch: int) -> Denoiser:
    from geomodel.denoisers.local import LocalDenoiser

    return LocalDenoiser(data.points, patch)


def wiener_local(data: Dataset, _known: OptimalDenoiser | None, threshold: float) -> Denoiser:
    from geomodel.denoisers.wiener_local import WienerLocalDenoiser

    return WienerLocalDenoiser(data.points, threshold)


def smoothed(data: Dataset, known: OptimalDenoiser | None, deviation: float, draws: int, seed: int) -> Denoiser:
    from geomodel.denoisers.smoothed import SmoothedDenoiser

    return SmoothedDenoiser(optimal(data, known), deviation, draws, seed)


def bandwidth(data: Dataset, known: OptimalDenoiser | None, factor: float) -> Denoiser:
    from geomodel.denoisers.bandwidth import BandwidthDenoiser

    return BandwidthDenoiser(optimal(data, known), factor)


def nearest(data: Dataset, known: OptimalDenoiser | None, k: int) -> Denoiser:
    from geomodel.denoisers.nearest import NearestDenoiser

    return NearestDenoiser(optimal(data, known), k)
