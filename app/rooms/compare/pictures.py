"""What the compare view shows, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LanePicture:
    """One lane of a race. Unknown values are None. `hue` indexes `Theme.runs`, cyclically."""

    name: str  # such as "Heun, 18 steps, Karras ρ 7"
    hue: int
    state: Literal["waiting", "running", "done", "failed"] = "waiting"
    fraction: float = 0.0  # fraction of the lane that is done while it runs
    message: str = ""  # why it failed
    adaptive: bool = False  # its solver chooses its own steps
    steps: int | None = None
    evaluations: int | None = None  # the most of any sample; before the race what the steps will cost
    asked: int | None = None  # with how many evaluations it was asked for
    fixed: str = ""  # why its cells cannot be edited
    swept: bool = False  # it is a solver of a sweep: a row of its errors is a run and not a level
    seconds: float | None = None
    sigmas: Array | None = None  # (levels,), the last may be 0
    evaluations_at: Array | None = None  # (levels,) cumulative, the most of any sample
    errors: Array | None = None  # (levels, B): ‖x − x_ref‖ at the lane's own levels; row 0 is zero
    sampling: Array | None = None  # (levels, 2): x of the selected sample in the plane
    denoising: Array | None = None  # (levels - 1, 2): D of it
    image: Array | None = None  # (H, W[, 3]) uint8: where the selected sample ended
    difference: Array | None = None  # (H, W[, 3]) uint8: to the reference, mid grey is none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparePicture:
    """Everything the compare view shows."""

    lanes: tuple[LanePicture, ...] = ()
    running: bool = False
    caption: str = ""  # what they share: model, data, noise
    reference: str = ""  # such as "DOP853, tolerance 1e-10"
    reference_fraction: float = 1.0  # fraction of the reference that is solved
    reference_sampling: Array | None = None  # (L, 2)
    reference_image: Array | None = None
    data: Array | None = None  # (N, 2): behind the trajectories
    scale: float = 1.0  # s, the data's scale
    center: tuple[float, float] = (0.0, 0.0)  # ȳ, their mean; trajectories are drawn as ȳ + (x − ȳ)/√(1 + σ²/s²)
    reference_sigmas: Array | None = None  # (L,)
    difference_scale: float = 0.0  # the difference that is white in the difference images
    sample: int = 0
    message: str = ""  # what to do if there is nothing to show, or what went wrong
    swept: tuple[LanePicture, ...] = ()  # a line a solver
    costs: tuple[tuple[str, str], ...] = ()  # of each solver at the evaluations that are typed, by its name

    @property
    def of_sweep(self) -> ComparePicture:
        """The sweep as lanes, which have no trajectories."""
        return replace(
            self,
            lanes=self.swept,
            reference_sampling=None,
            reference_image=None,
            reference_sigmas=None,
            data=None,
        )
