"""What the mean-shift room requests from the engine: one point, at one noise level or over all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

from app.engine.contract import Answer, Request
from geomodel.arrays import Array
from geomodel.run_format import LARGEST

Whole = Annotated[int, Meta(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProbe:
    """A point that no run has visited: data point k, moved towards another one, plus noise from a seed."""

    data_index: Whole = 0
    second_index: Whole = 0
    share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    seed: Whole = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProbe:
    """What a session keeps of the probe: its noise level too, which is None where it follows the playhead."""

    probe: ImageProbe = field(default_factory=ImageProbe)
    sigma: Annotated[float, Meta(gt=0, le=LARGEST)] | None = None
    probing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlongRequest(Request):
    """What D* is made of over noise levels: at a sample's own x_n, or at an image probe's y + σz with its one z.

    An answer has as many levels as can be computed in a moment. `first` is the level from which the others are
    requested.
    """

    sample: int
    probe: ImageProbe | None = None
    sigmas: tuple[float, ...]
    first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlongAnswer(Answer):
    """Levels first, first + 1, …: effective neighbours (m,) and each class's posterior share (m, C), or None."""

    request: AlongRequest
    effective: Array
    classes: Array | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnealedRequest(Request):
    """Annealed mean shift beside the ODE of D* down `sigmas`, from a sample at a level or an image probe.

    An answer has as many levels as can be computed in a moment. The others are requested with `first` and `stand`,
    which says where the two have arrived: (2, *shape), the annealed path first. Only the levels in `shown` come with
    images.
    """

    index: int
    sample: int
    probe: ImageProbe | None = None
    sigmas: tuple[float, ...]
    shown: tuple[int, ...]
    first: int = 0
    stand: Array | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnealedAnswer(Answer):
    """Levels first … following − 1 of the request. Those in `shown` have images and ‖annealed − D*‖ between them."""

    request: AnnealedRequest
    following: int  # the level to request next; it equals the number of levels when both paths have ended
    stand: Array
    shown: tuple[int, ...]
    annealed: Array  # (m, *shape): where the full jumps land
    denoised: Array  # (m, *shape): D* on the ODE
    distances: Array  # (m,)
    ends: tuple[int, int] | None  # the data points nearest to the ends, the annealed path's first


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanShiftRequest(Request):
    """The denoisers and the posterior at a sample of a run, or at an image probe. `path` iterates the mean shift
    too.
    """

    index: int
    sample: int
    sigma: float
    probe: ImageProbe | None = None
    path: bool = False
    jacobian: bool = False  # also ∂D/∂x there


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanShiftAnswer(Answer):
    """x, D* and the network's D (*shape), with what D* is made of. `classes` (C,) has each class's posterior share."""

    request: MeanShiftRequest
    x: Array
    optimal: Array
    network: Array | None
    indices: Array  # (k,)
    weights: Array  # (k,) descending
    effective_neighbours: float
    classes: Array | None
    path: Array | None  # (iterations + 1, *shape)
    optimal_jacobian: Any  # a geomodel JacobianSpectrum, or None
    network_jacobian: Any  # a geomodel NetworkJacobian, or None
    ranks: Array  # (m,): from 1 to the number of data, evenly in log
    spectrum: Array  # (m,): the weights of these ranks, descending
