"""A study: many samples of one run, written to a folder a shard at a time.

    index.json            the settings of the run, what decides its last bits, how many samples and how many in a shard
    ends-00000.npy        the ends of the first samples (b, *shape)
    run-00000.npz         or their whole run, which the window opens too
    quality-00000.npz     or sums and numbers of theirs, from which a table follows; also theories-*, claims-*.json

Sample k starts from seed + k, and every shard is computed by itself and appears whole or not at all. So a study that
was killed goes on with the shards that are not there, several processes can share the shards, and the files are the
same bytes either way. Memory does not grow with the number of samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from geomodel import files, runs
from geomodel.arrays import Array, Floats
from geomodel.origin import check as check_settings
from geomodel.origin import computed, made_of
from geomodel.settings import MOST_SAMPLES, RunSettings, from_json, to_json
from geomodel.zip_files import FAULTS

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.network import NetworkDenoiser

INDEX = "index.json"
LONGEST_INDEX = 2**20  # bytes
LAST_SEED = 2**31 - 1
Keep = Literal["ends", "runs", "quality", "theories", "claims"]
FILES: dict[Keep, str] = {
    "ends": "ends-{:05d}.npy",
    "runs": "run-{:05d}.npz",
    "quality": "quality-{:05d}.npz",
    "theories": "theories-{:05d}.npz",
    "claims": "claims-{:05d}.json",
}


class StudyError(ValueError):
    """A study that cannot be started, continued or read; the message is one sentence."""


def unreadable(path: Path) -> StudyError:
    """The error for the file of a shard that is damaged."""
    return StudyError(f"{path.name} cannot be read; remove it and start the command again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a study computes.

    settings: of its first shard; `count` is the number of samples in a shard. samples: in all. keep: what is kept of a
    shard, see `FILES`. identity: names and fingerprints of data and network, and how it is computed
    (`geomodel.origin`). asked: what else decides the shards, such as the numbers of claims.
    """

    settings: RunSettings
    samples: int
    keep: Keep
    identity: dict[str, Any]
    asked: dict[str, Any] = field(default_factory=dict)

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
        return folder / FILES[self.keep].format(shard)


def plan(
    settings: RunSettings,
    samples: int,
    keep: Keep,
    data: Dataset | None,
    network: NetworkDenoiser | None,
    asked: dict[str, Any] | None = None,
) -> Plan:
    """The plan of a study. `settings.count` samples are in a shard; asked: as in `Plan`.

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
    return Plan(settings=runs.placed(settings), samples=samples, keep=keep, identity=identity, asked=asked or {})


def begin(folder: Path, wanted: Plan) -> Plan:
    """Write the index, or read the one that is there. The study that is there must be the one that is wanted, except
    for what decides its last bits: it goes on as it began.

    Raises StudyError where another study or something else is in the folder, and OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / INDEX).exists():
        if any(any(folder.glob(name.replace("{:05d}", "*"))) for name in FILES.values()):
            raise StudyError(f"{folder} holds shards without an index; choose another folder.")
        files.write_bytes(folder / INDEX, msgspec.json.format(msgspec.json.encode(_said(wanted)), indent=1))
        return wanted
    there = read(folder).plan
    if _made_of(there) != _made_of(wanted):
        raise StudyError(f"{folder} holds a study of other data or another network; choose another folder.")
    if replace(there, identity={}) != replace(wanted, identity={}):
        raise StudyError(f"{folder} holds a study with other settings; repeat its options, or choose another folder.")
    return there


@dataclass(frozen=True, slots=True)
class Study:
    """A study in a folder, complete or not."""

    folder: Path
    plan: Plan

    @property
    def missing(self) -> tuple[int, ...]:
        """The shards that are not there yet."""
        return tuple(k for k in range(self.plan.shards) if not self.plan.path(self.folder, k).exists())

    @property
    def files(self) -> Iterator[tuple[Path, RunSettings]]:
        """The files of the shards that are there, with the settings of each."""
        for shard in range(self.plan.shards):
            if (path := self.plan.path(self.folder, shard)).exists():
                yield path, self.plan.settings_of(shard)

    def ends(self) -> Iterator[Array]:
        """The ends (b, *shape) of shard after shard, as far as they are there. Ends alone are mapped, not read.
        StudyError where a file cannot be read, or the study keeps neither ends nor runs.
        """
        if self.plan.keep not in ("ends", "runs"):
            raise StudyError(f"The study in {self.folder} keeps numbers for a table of {self.plan.keep}, and no ends.")
        for path, settings in self.files:
            yield self._ends_of(path, settings.count)

    def numbers(self, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[dict[str, Floats]]:
        """The arrays of shard after shard, float64 of these shapes, where -1 is any size. StudyError as in `ends`."""
        for path, _ in self.files:
            try:
                with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                    found = {name: np.asarray(file[name], np.float64) for name in shapes}
            except (*FAULTS, TypeError, OSError, EOFError) as error:
                raise unreadable(path) from error
            for name, shape in shapes.items():
                got = found[name].shape
                if len(got) != len(shape) or any(size not in (-1, own) for size, own in zip(shape, got, strict=True)):
                    raise StudyError(f"{path.name} is no shard of this study; remove it and start the command again.")
            yield found

    def _ends_of(self, path: Path, count: int) -> Array:
        from geomodel.trajectory import Trajectory

        try:
            if self.plan.keep == "runs":
                return np.asarray(Trajectory.load(path).x[-1])
            ends: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise unreadable(path) from error
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
    asked: dict[str, Any] = {}


def _said(study: Plan) -> _Index:
    settings = to_json(study.settings)
    return _Index("geomodel-study", 1, settings, study.samples, study.keep, study.identity, study.asked)


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
    found = Plan(settings=settings, samples=index.samples, keep=index.keep, identity=index.identity, asked=index.asked)
    return Study(folder, found)


def _made_of(study: Plan) -> dict[str, Any]:
    """Data and network of a study, whatever it is computed with."""
    found = asdict(made_of(study.identity))
    del found["computed"]
    return found
