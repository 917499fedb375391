"""A study: many samples of one run, written to a folder a shard at a time.

    index.json            the settings of the run, what decides its last bits, how many samples and how many in a shard
    ends-00000.npy        the ends of the first samples (b, *shape)
    run-00000.npz         or their whole run, which the window opens too

Sample k starts from seed + k, and every shard is computed by itself and appears whole or not at all. So a study that
was killed goes on with the shards that are not there, several processes can share the shards, and the files are the
same bytes either way. Memory does not grow with the number of samples.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from geomodel import files, runs
from geomodel.arrays import Array
from geomodel.origin import check as check_settings
from geomodel.origin import computed, made_of
from geomodel.settings import MOST_SAMPLES, RunSettings, from_json, to_json

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.network import NetworkDenoiser
    from geomodel.denoisers.optimal import OptimalDenoiser

INDEX = "index.json"
LONGEST_INDEX = 2**20  # bytes
LAST_SEED = 2**31 - 1
Keep = Literal["ends", "runs"]


class StudyError(ValueError):
    """A study that cannot be started, continued or read; the message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a study computes.

    settings: of its first shard; `count` is the number of samples in a shard. samples: in all. keep: the ends alone, or
    whole runs. identity: names and fingerprints of data and network, and how it is computed (`geomodel.origin`).
    """

    settings: RunSettings
    samples: int
    keep: Keep
    identity: dict[str, Any]

    @property
    def shards(self) -> int:
        """How many files the samples fill."""
        return math.ceil(self.samples / self.settings.count)

    def settings_of(self, shard: int) -> RunSettings:
        """The settings of a shard. The last one may have fewer samples."""
        size, begin = self.settings.count, shard * self.settings.count
        return replace(self.settings, seed=self.settings.seed + begin, count=min(size, self.samples - begin))

    def path(self, folder: Path, shard: int) -> Path:
        """The file of a shard."""
        return folder / (f"ends-{shard:05d}.npy" if self.keep == "ends" else f"run-{shard:05d}.npz")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a study stands: samples done, of all; samples a second and seconds left, as this process sees them."""

    done: float
    samples: int
    rate: float
    left: float


def plan(
    settings: RunSettings, samples: int, keep: Keep, data: Dataset | None, network: NetworkDenoiser | None
) -> Plan:
    """The plan of a study. `settings.count` samples are in a shard.

    Raises StudyError where the samples do not fit, and ValueError where the settings do not fit data or network.
    """
    if not 1 <= samples <= MOST_SAMPLES:
        raise StudyError(f"A study has from 1 to {MOST_SAMPLES:,} samples; got {samples:,}.")
    if settings.seed + samples - 1 > LAST_SEED:
        raise StudyError(
            f"The last sample would start from the seed {settings.seed + samples - 1:,}; choose a smaller."
        )
    settings = runs.resolved(replace(settings, count=min(settings.count, samples)), data, network)
    if found := runs.problems(settings, data, network):
        raise StudyError(next(iter(found.values())))
    identity = runs.identity(data, network) | {"computed": computed(network, settings.count)}
    return Plan(settings=runs.placed(settings), samples=samples, keep=keep, identity=identity)


def begin(folder: Path, wanted: Plan) -> Plan:
    """Write the index, or read the one that is there. The study that is there must be the one that is wanted, except
    for what decides its last bits: it goes on as it began.

    Raises StudyError where another study or something else is in the folder, and OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / INDEX).exists():
        if any(folder.glob("ends-*.npy")) or any(folder.glob("run-*.npz")):
            raise StudyError(f"{folder} holds shards without an index; choose another folder.")
        files.write_bytes(folder / INDEX, msgspec.json.format(msgspec.json.encode(_said(wanted)), indent=1))
        return wanted
    there = read(folder).plan
    if _made_of(there) != _made_of(wanted):
        raise StudyError(f"{folder} holds a study of other data or another network; choose another folder.")
    if replace(there, identity={}) != replace(wanted, identity={}):
        raise StudyError(f"{folder} holds a study with other settings; repeat its options, or choose another folder.")
    return there


def compute(
    folder: Path,
    study: Plan,
    data: Dataset | None,
    network: NetworkDenoiser | None,
    *,
    progress: Callable[[Progress], None] | None = None,
    part: tuple[int, int] = (0, 1),
    optimal: OptimalDenoiser | None = None,
    writes: bool = True,
) -> None:
    """Compute the shards that are not in the folder.

    progress: called after every step of a shard; what it raises stops the study, which can go on later.
    part: (r, n) computes the shards r, r + n, r + 2n, … where n processes share the study.
    optimal: D* of the data, where it is there already. writes: whether this process writes the files.
    """
    import torch

    mine = range(part[0], study.shards, part[1])
    missing = [shard for shard in mine if not study.path(folder, shard).exists()]
    total = sum(study.settings_of(shard).count for shard in mine)
    there = total - sum(study.settings_of(shard).count for shard in missing)
    started, done = monotonic(), 0.0

    def tell(count: int, share: float) -> None:
        if progress is not None:
            now = done + share * count
            rate = now / max(monotonic() - started, 1e-9)
            progress(Progress(there + now, total, rate, (total - there - now) / max(rate, 1e-9)))

    with torch.no_grad():
        for shard in missing:
            job = runs.prepare(study.settings_of(shard), data, network, optimal)
            optimal, count = job.optimal, len(job.x)
            content = _computed(job, study.keep, partial(tell, count))
            if writes:
                files.write_bytes(study.path(folder, shard), content)
            done += count


def _computed(job: runs.Job, keep: Keep, tell: Callable[[float], None]) -> bytes:
    """What the file of a shard holds. `tell` is called with the share of its steps that are done."""
    content, steps = io.BytesIO(), len(job.sigmas) - 1
    if keep == "runs":
        record = runs.new_record(job)
        runs.advance(job, job.model, record, lambda: tell((record.committed - 1) / steps))
        runs.finish(job, record).save_into(content)
        return content.getvalue()
    for step in runs.steps_of(job, job.model, display="off"):  # no level but the present one is in memory
        x = step.x_next
        tell((step.index + 1) / steps)
    np.save(content, np.asarray(x.numpy(), job.record_dtype))
    return content.getvalue()


@dataclass(frozen=True, slots=True)
class Study:
    """A study in a folder, complete or not."""

    folder: Path
    plan: Plan

    @property
    def missing(self) -> tuple[int, ...]:
        """The shards that are not there yet."""
        return tuple(k for k in range(self.plan.shards) if not self.plan.path(self.folder, k).exists())

    def ends(self) -> Iterator[Array]:
        """The ends (b, *shape) of shard after shard, as far as they are there. Ends alone are mapped, not read."""
        for shard in range(self.plan.shards):
            path = self.plan.path(self.folder, shard)
            if path.exists():
                yield self._ends_of(path, self.plan.settings_of(shard).count)

    def _ends_of(self, path: Path, count: int) -> Array:
        from geomodel.trajectory import Trajectory

        try:
            if self.plan.keep == "runs":
                return np.asarray(Trajectory.load(path).x[-1])
            ends: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise StudyError(f"{path.name} cannot be read; remove it and start the command again.") from error
        if len(ends) != count or ends.dtype.kind != "f":
            raise StudyError(f"{path.name} is no shard of this study; remove it and start the command again.")
        return ends


class _Index(msgspec.Struct, forbid_unknown_fields=True):
    format: Literal["geomodel-study"]
    version: Literal[1]
    run: dict[str, Any]
    samples: Annotated[int, Meta(ge=1, le=MOST_SAMPLES)]
    keep: Keep
    identity: dict[str, Any]


def _said(study: Plan) -> _Index:
    return _Index("geomodel-study", 1, to_json(study.settings), study.samples, study.keep, study.identity)


def read(folder: str | Path) -> Study:
    """The study in a folder. StudyError with one sentence where there is none."""
    folder = Path(folder)
    path = folder / INDEX
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_INDEX + 1)
        if len(content) > LONGEST_INDEX:
            raise StudyError(f"{path} is too long for the index of a study.")
        index = msgspec.json.decode(content, type=_Index)
        settings = from_json(index.run)
        check_settings(settings)
        made_of(index.identity)
    except OSError as error:
        raise StudyError(files.read_error(path, error)) from error
    except StudyError:
        raise
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StudyError(f"{path} is not the index of a study: {error}") from error
    return Study(folder, Plan(settings=settings, samples=index.samples, keep=index.keep, identity=index.identity))


def _made_of(study: Plan) -> dict[str, Any]:
    """Data and network of a study, whatever it is computed with."""
    found = asdict(made_of(study.identity))
    del found["computed"]
    return found
