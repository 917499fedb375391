"""What the claims share: one run of the model, the same noise moved by D*, and what is measured along them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import numpy as np

from geomodel import geometry, likelihood, memory, schedules
from geomodel.arrays import Array, Floats, Integers
from geomodel.experiments.literature.claim import NotApplicable
from geomodel.experiments.progress import watched
from geomodel.experiments.quality import yardstick_of
from geomodel.run_start import center, recommended_sigmas

if TYPE_CHECKING:
    from torch import Tensor

    from geomodel.datasets import Dataset
    from geomodel.denoisers.optimal import OptimalDenoiser
    from geomodel.formulas import Levels
    from geomodel.quality import Yardstick
    from geomodel.trajectory import Trajectory

STEPS = 100  # Euler steps of the shared run, as for the papers' figures
FEW = 16  # samples of what costs a posterior at every level
FEW_POINTS = 2_000  # data points of the identities about D*, which are compared with plain sums
LEAST, WIDEST = 0.004, 160.0  # σ_min and σ_max of point sets, in units of their standard deviation
SAME = 1e-6  # of the data's size; a model that differs by less from D* is D*
MANY_DIMENSIONS = 64  # from here on the length of noise is nearly σ√d, which the papers' observations need

Value = TypeVar("Value")


class shared(Generic[Value]):
    """A property that is computed once. A refusal is remembered too, so that it costs its time once."""

    def __init__(self, build: Callable[[Any], Value]) -> None:
        self._build, self.__doc__ = build, build.__doc__

    def __get__(self, material: Material, owner: type) -> Value:
        known, name = material.known, self._build.__name__
        if name not in known:
            try:
                known[name] = self._build(material)
            except (NotApplicable, ValueError) as refusal:
                known[name] = refusal
        found = known[name]
        if isinstance(found, NotApplicable | ValueError):
            raise found
        return cast(Value, found)


@dataclass(slots=True)
class Material:
    """The model, the data and everything that more than one claim needs, computed when it is first needed.

    Attributes:
        model: any denoiser; label: the class with which it is called, or None; data: those of that class, or None.
        guided: whether guidance combines several answers of the model.
        count, seed: sample k starts from the noise of seed + k.
        optimal: D* of these data where the caller has it already.
        report: called before every evaluation with the share of the present piece of work that is done.
        known: what has been computed.
    """

    model: Any
    data: Dataset | None
    count: int
    seed: int
    label: int | None
    guided: bool
    optimal: OptimalDenoiser | None
    report: Callable[[float], None]
    known: dict[str, Any]

    # ------------------------------------------------------------ the model and its data

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a sample."""
        if self.data is not None:
            return tuple(self.data.shape)
        shape = getattr(self.model, "shape", None)
        if shape is None:
            raise NotApplicable("neither data nor the model say what shape a sample has")
        return tuple(shape)

    @property
    def dimension(self) -> int:
        """How many numbers a sample has."""
        return math.prod(self.shape)

    @property
    def points(self) -> Any:
        """The data points (N, *shape)."""
        if self.data is None:
            raise NotApplicable("there are no data to compare with")
        return self.data.points

    @shared
    def scale(self) -> float:
        """√Λ, the largest deviation of the data along any direction."""
        if self.data is None:
            raise NotApplicable("there are no data whose size would say which σ is large")
        return self.data.largest_deviation

    @shared
    def few_points(self) -> Floats:
        """At most 2,000 of the points, evenly taken, in float64."""
        stride = -(-len(self.points) // FEW_POINTS)
        return np.asarray(self.points[::stride], np.float64)

    @shared
    def few(self) -> OptimalDenoiser:
        """D* of `few_points`."""
        from geomodel.denoisers.optimal import OptimalDenoiser

        return OptimalDenoiser(self.few_points)

    @shared
    def exact(self) -> OptimalDenoiser:
        """D* of all the data."""
        from geomodel.denoisers.optimal import OptimalDenoiser

        if self.optimal is not None:
            return self.optimal
        return OptimalDenoiser(self.points)

    def many_dimensions(self) -> None:
        """Refuse where there are too few dimensions for what the papers saw."""
        if self.dimension < MANY_DIMENSIONS:
            raise NotApplicable(
                f"it is about many dimensions, where the length of noise is nearly σ√d, and these data have "
                f"{self.dimension} (gaussian-64 and clusters-64 have 64)"
            )

    def labels(self, count: int) -> Integers | None:
        """The class for `count` samples."""
        return None if self.label is None else np.full(count, self.label, np.int64)

    # ------------------------------------------------------------ runs

    @property
    def levels(self) -> tuple[float, float]:
        """(σ_min, σ_max) of the shared run: what the model recommends, else those of the papers, in units of the data.

        The papers' images, with numbers from −1 to 1, deviate by about a half, and their levels are 0.002 and 80.
        """
        if hasattr(self.model, "sigma_recommended"):
            return recommended_sigmas(None, self.model)
        if self.data is None or self.data.kind == "images":
            return recommended_sigmas(self.data)
        return LEAST * self.data.std, WIDEST * self.data.std

    def sigmas(self, steps: int) -> Levels:
        """Karras levels with ρ = 7 over the range of the shared run."""
        low, high = self.levels
        return schedules.karras(steps, sigma_min=low, sigma_max=high)

    def start(self, count: int, first: int = 0) -> Tensor:
        """x at σ_max, (count, *shape) float64, of the seeds from seed + first on."""
        import torch

        from geomodel.randomness import noise

        middle = np.zeros(self.shape) if self.data is None else center(self.data)
        seeds = [(self.seed + first + k) % 2**32 for k in range(count)]
        return noise(seeds, self.shape, self.levels[1]) + torch.as_tensor(middle)

    def watch(self, model: Any, sigmas: Sequence[float] | Levels) -> Any:
        """The model, which reports before every evaluation how far down these levels it is."""
        return watched(model, np.asarray(sigmas, np.float64), 0, lambda _, fraction: self.report(fraction))

    def denoise(self, x: Any, sigma: float) -> Tensor:
        """D(x; σ) of the model in float64, checked."""
        import torch

        from geomodel.solvers.base import checked_denoise

        self.report(0.0)
        labels = self.labels(len(x))
        classes = None if labels is None else torch.as_tensor(labels)
        with torch.no_grad():
            return checked_denoise(self.model, classes)(torch.as_tensor(x), sigma)

    def sampled(self, model: Any, x: Any, sigmas: Levels, solver: str = "euler", **options: Any) -> Trajectory:
        """A run of `model` that reports its progress."""
        from geomodel.sampling import sample

        return sample(self.watch(model, sigmas), x, sigmas, solver=solver, **options)

    def driven(self, x: Any, sigmas: Levels, solver: str = "euler", **options: Any) -> Trajectory:
        """A run of the model for its class."""
        return self.sampled(self.model, x, sigmas, solver, labels=self.labels(len(x)), **options)

    def to_data(self, x: Any) -> Floats:
        """‖x − nearest data point‖ of each row, (B,)."""
        from geomodel.annealing import nearest_data

        away = []
        for first in range(0, len(x), FEW):
            self.report(first / len(x))
            rows = np.asarray(x[first : first + FEW], np.float64)
            near = np.asarray(self.points[nearest_data(self.exact, rows)], np.float64)
            away.append(np.linalg.norm((rows - near).reshape(len(rows), -1), axis=1))
        return np.concatenate(away)

    @shared
    def run(self) -> Trajectory:
        """The shared run: 100 Euler steps of the model, D at the end too."""
        self._check_room(self.count)
        return self.driven(self.start(self.count), self.sigmas(STEPS))

    @shared
    def exact_run(self) -> Trajectory:
        """The same noise moved by D* over the same levels."""
        self._check_room(self.count)
        return self.sampled(self.exact, self.start(self.count), self.sigmas(STEPS))

    def _check_room(self, count: int) -> None:
        need, budget = 2 * (STEPS + 1) * count * self.dimension * 8, memory.budget()
        if need > budget:
            raise NotApplicable(
                f"a run of {count} samples would take {memory.text(need)}, and at most {memory.text(budget)} are used; "
                f"lower the number of samples"
            )

    @shared
    def denoised(self) -> Array:
        """D at every level of the shared run, the last included."""
        final = self.run.final_denoised
        assert final is not None, "the shared run ends above 0 and is displayed"
        return np.concatenate([self.run.denoised, final[None]])

    # ------------------------------------------------------------ measured once

    @shared
    def deviation(self) -> Floats:
        """The trajectory deviation of the shared run, (L, B)."""
        return geometry.deviation(self.run.x)

    @shared
    def slopes(self) -> Floats:
        """‖x − D‖/(σ√d) along the shared run, (L, B)."""
        lengths = geometry.norm(self.run.x - self.denoised)
        return np.asarray(lengths / (self.run.sigmas[:, None] * math.sqrt(self.dimension)))

    @shared
    def cosines(self) -> Floats:
        """cos(slope, x − x_N) along the shared run, (L − 1, B)."""
        return geometry.cosine_to_end(self.run.x, self.run.x[:-1] - self.run.denoised)[:-1]

    @shared
    def subspace(self) -> geometry.Subspace:
        """The shared run in coordinates of its own."""
        return geometry.subspace(self.run.x)

    @shared
    def bundle(self) -> geometry.Shape:
        """The mean shape of the shared run across the displacement."""
        return geometry.shape(self.subspace.across)

    @shared
    def gains(self) -> likelihood.KernelGains:
        """The likelihood gains of the first samples of the shared run."""
        run, rows = self.run, min(FEW, self.count)
        steps = []
        for n in range(len(run.sigmas) - 1):
            self.report(n / len(run.sigmas))
            pair = slice(n, n + 2)
            x, denoised = run.x[pair, :rows], run.denoised[n : n + 1, :rows]
            steps.append(likelihood.kernel_gains(self.exact, x, denoised, run.sigmas[pair]))
        names = (field.name for field in fields(likelihood.KernelGains))
        return likelihood.KernelGains(
            **{name: np.concatenate([getattr(step, name) for step in steps]) for name in names}
        )

    @shared
    def differences(self) -> Floats:
        """‖D − D*‖ on the trajectory of D*, (L − 1, B) of the first samples. Refused where there is none to look at."""
        if self.guided:
            raise NotApplicable("a guided model is no density's denoiser, so D* is not what it should be")
        run, rows = self.exact_run, min(FEW, self.count)
        found = []
        for level, sigma in enumerate(run.sigmas[:-1].tolist()):
            own = self.denoise(np.asarray(run.x[level, :rows], np.float64), sigma).numpy()
            self.report(level / len(run.sigmas))
            found.append(own - run.denoised[level, :rows])
        lengths = geometry.norm(np.stack(found))
        if float(lengths.max()) <= SAME * self.scale:
            raise NotApplicable("the model is D* itself, so there is no difference to look at")
        return lengths

    @shared
    def yardstick(self) -> Yardstick:
        """The data as what the run's samples are measured against."""
        return yardstick_of(self.points, self.count, self.seed)
