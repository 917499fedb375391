"""Which theories explain a driver, over as many samples as wanted: sums of squares add up from shard to shard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel import runs, theories
from geomodel.arrays import Array, Floats
from geomodel.csv_files import write_table
from geomodel.run_models import answering
from geomodel.study import Study, StudyError
from geomodel.study_shards import Tell, arrays

if TYPE_CHECKING:
    from geomodel.datasets import Dataset

COLUMNS = ("theory", "sigma", "r2", "error", "distance", "wins", "count", "itself")
FEW = 2  # shards from which an error can be told


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """How well each theory predicts a driver over the samples of a study. Formulas: `geomodel.experiments.explain`.

    names: of the T theories; sigmas (L,); r2 (T, L), pooled over all samples, with `error`, one standard error by the
    jackknife over shards (NaN for one shard); distance (T, L): the mean of ‖D − D_m‖; wins (T, L): of how many samples
    the theory is the nearest; itself (L,): r2 of x as a prediction; count: the samples.
    """

    names: tuple[str, ...]
    sigmas: Floats
    r2: Floats
    error: Floats
    distance: Floats
    wins: Floats
    itself: Floats
    count: int

    def write_csv(self, path: Path) -> None:
        """One row for each theory and level."""
        rows = (
            (
                name,
                sigma,
                *(values[at, level] for values in (self.r2, self.error, self.distance)),
                int(self.wins[at, level]),
                self.count,
                self.itself[level],
            )
            for at, name in enumerate(self.names)
            for level, sigma in enumerate(self.sigmas.tolist())
        )
        write_table(COLUMNS, rows, path)


Asked = dict[str, dict[str, Any]]  # name → options of each theory


def chosen(given: Asked, driver: str, data: Dataset, label: int) -> Asked:
    """The theories that are given, or all that the data and the run's class allow beside the one that drives.

    ValueError where one of them cannot answer or has no such option, or none is left.
    """
    for name, options in given.items():
        row = theories.row(name)
        if why := theories.refusal(name, data):
            raise ValueError(why)
        if label >= 0 and not row.by_class:
            raise ValueError(f"{row.title} answers for no class; leave it or --label out.")
        if unknown := options.keys() - {option.name for option in row.options}:
            raise ValueError(f"{row.title} has no option {min(unknown)}.")
        if wrong := theories.problems(name, options, data):
            raise ValueError(next(iter(wrong.values())))
    found = given or {
        row.name: {}
        for row in theories.THEORIES
        if row.name != driver and not theories.refusal(row.name, data) and (label < 0 or row.by_class)
    }
    if not found:
        raise ValueError("There is no theory to compare with.")
    return found


class Sums:
    """Makes the shards: sums over the samples of a run at each of its levels but the last."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._built: list[Any] = []

    def __call__(self, job: runs.Job, tell: Tell) -> bytes:
        """The file of a shard. Memory holds one level at a time."""
        assert job.data is not None
        models, mean = self._models(job), job.data.mean.ravel()
        levels = len(job.sigmas) - 1
        found: dict[str, list[Any]] = {name: [] for name in ("sigmas", "squares", "lengths", "wins", "scales", "own")}
        for step in runs.steps_of(job, job.model):
            target = _flat(step.denoised)
            squares = []
            for at, model in enumerate(models):
                squares.append(np.square(target - _flat(job.evaluate(model, step.x, step.sigma))).sum(axis=1))
                tell((step.index + (at + 1) / len(models)) / levels)
            nearest = np.argmin(squares, axis=0)
            found["sigmas"].append(step.sigma)
            found["squares"].append(np.sum(squares, axis=1))
            found["lengths"].append(np.sqrt(squares).sum(axis=1))
            found["wins"].append(np.bincount(nearest, minlength=len(models)))
            found["scales"].append(np.square(target - mean).sum())
            found["own"].append(np.square(target - _flat(step.x)).sum())
        return arrays({"count": len(job.x), **found})

    def _models(self, job: runs.Job) -> list[Any]:
        """The theories for the run's class, built once."""
        assert job.data is not None
        if not self._built:
            self._built = [
                theories.build(name, job.data, optimal=job.optimal, **more) for name, more in self._asked.items()
            ]
        return [
            answering(job.settings, name, theory, job.asked.data)
            for name, theory in zip(self._asked, self._built, strict=True)
        ]


def _flat(values: Any) -> Array:
    return np.asarray(values, np.float64).reshape(len(values), -1)


def explained_in(study: Study) -> Explained:
    """The numbers of all shards of a study that are there. StudyError where one cannot be read or there is none."""
    names = tuple(study.plan.asked["theories"])
    levels, kinds = len(runs.noise_levels(study.plan.settings)) - 1, len(names)
    two, one = (levels, kinds), (levels,)
    shapes = {"count": (), "sigmas": one, "squares": two, "lengths": two, "wins": two, "scales": one, "own": one}
    shards = list(study.numbers(shapes))  # a few hundred numbers each
    if not shards:
        raise StudyError(f"There is no shard in {study.folder} yet; start the command again.")
    sums = {name: np.sum([shard[name] for shard in shards], axis=0) for name in shapes if name != "sigmas"}
    squares, scales = (np.stack([shard[name] for shard in shards]) for name in ("squares", "scales"))
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # a driver that always gives the mean leaves nothing to explain
        r2, itself = 1 - sums["squares"] / sums["scales"][:, None], 1 - sums["own"] / sums["scales"]
        without = 1 - (sums["squares"] - squares) / (sums["scales"] - scales)[:, :, None]
        spread = np.square(without - without.mean(axis=0)).sum(axis=0) * (len(shards) - 1) / len(shards)
    return Explained(
        names=names,
        sigmas=shards[0]["sigmas"],
        r2=r2.T,
        error=np.sqrt(spread).T if len(shards) >= FEW else np.full_like(r2.T, np.nan),
        distance=sums["lengths"].T / sums["count"],
        wins=sums["wins"].T,
        itself=itself,
        count=int(sums["count"]),
    )
