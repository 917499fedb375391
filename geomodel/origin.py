"""What a run says of where it came from: its settings, and the names and fingerprints of its data and its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from geomodel import solvers
from geomodel.error_text import cut
from geomodel.run_start import noise_levels
from geomodel.settings import LONGEST, MOST_SAMPLES, RunSettings, from_json, problems

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.trajectory import Trajectory

MOST_HINTS = 40
MOST_THREADS = 4096
_Word = Annotated[str, Meta(max_length=80)]
LAST_POINT = 2**31 - 1  # at which a run may start


@dataclass(frozen=True, slots=True, kw_only=True)
class DataIdentity:
    """How the data of a run are recognised, whatever file they lie in."""

    name: Annotated[str, Meta(max_length=LONGEST)]
    fingerprint: Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkIdentity:
    """How the file of a run's network is recognised, and what a person answered about it."""

    name: Annotated[str, Meta(max_length=LONGEST)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None
    latents: _Word = ""
    hints: Annotated[dict[_Word, _Word | int | float | bool], Meta(max_length=MOST_HINTS)] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What decides the last bits of a run beside its settings: sums of many numbers depend on who adds which."""

    threads: Annotated[int, Meta(ge=0, le=MOST_THREADS)] = 0  # of torch; 0 where the run does not say
    device: _Word = "cpu"  # of the network
    piece: Annotated[int, Meta(ge=0, le=MOST_SAMPLES)] = 0  # rows that the network takes at once; 0 is all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a run came from. Data or network are None where the run had none."""

    settings: RunSettings
    label_name: str = ""  # of the class that it asks for
    data: DataIdentity | None = None
    network: NetworkIdentity | None = None
    computed: Computed = Computed()


def identity(data: Dataset | None, network: Any = None) -> dict[str, Any]:
    """The names and fingerprints of data and network that a saved run carries, so that they can be recognised."""
    from geomodel import __version__

    found: dict[str, Any] = {"geomodel": __version__}
    if data is not None:
        found["data"] = {"name": data.name, "points": len(data), "fingerprint": data.fingerprint}
    if network is not None:
        found["network"] = {"name": network.info.name, "sha256": network.info.sha256}
        said = {"hints": dict(network.info.hints), "latents": network.info.latents}
        found["network"] |= {name: value for name, value in said.items() if value}
    return found


def computed(network: Any, rows: int) -> dict[str, Any]:
    """What a saved run carries of how it was computed, see `Computed`; rows: its samples."""
    import torch

    found: dict[str, Any] = {"threads": torch.get_num_threads()}
    if network is not None:
        if network.info.device not in (None, "cpu"):
            found["device"] = network.info.device
        if network.piece is not None and network.piece < rows:
            found["piece"] = network.piece
    return found


def origin(trajectory: Trajectory) -> Origin:
    """Where a run came from, as its file says. ValueError with a sentence where it does not say so, or where its
    settings are none that a form could make.
    """
    if not isinstance(trajectory.settings.get("run"), dict):
        raise ValueError("The file holds a trajectory without the settings of a run; open it in a script.")
    return origin_of(trajectory.settings)


def origin_of(said: Mapping[str, Any]) -> Origin:
    """As `origin`, of what a run says, which has its settings as "run"."""
    settings = from_json(said["run"])
    check(settings)
    label_name = said.get("class", "")
    if not isinstance(label_name, str) or len(label_name) > LONGEST:
        raise ValueError("What the run says of its class is no name.")
    return Origin(settings=settings, label_name=label_name, **made_of(said).__dict__)


@dataclass(frozen=True)
class MadeOf:
    """What a run or an experiment was made of, beside its settings."""

    data: DataIdentity | None = None
    network: NetworkIdentity | None = None
    computed: Computed = Computed()


def made_of(said: Mapping[str, Any]) -> MadeOf:
    """What a run's settings, or a job's identity, say of that. ValueError with a sentence where it does not fit."""
    named = {key: said[key] for key in ("data", "network", "computed") if said.get(key) is not None}
    try:
        return msgspec.convert(named, MadeOf)
    except msgspec.ValidationError as error:
        raise ValueError(cut(f"What the run says of where it came from does not fit: {error}.")) from error


def check(settings: RunSettings) -> None:
    """ValueError with a sentence where a form could not make these settings, whatever data and network are open."""
    if found := problems(settings):
        raise ValueError(next(iter(found.values())))
    if settings.start_index > LAST_POINT:
        raise ValueError(f"The run starts at a data point after {LAST_POINT:,}.")
    options = {option.name for option in solvers.row(settings.solver).options}
    if unknown := len(settings.options.keys() - options):
        raise ValueError(f"The solver {settings.solver} does not know {unknown:,} of the options of the run.")
    # the moments of the data stand for True
    given = {name: value for name, value in settings.options.items() if (name, value) != ("analytic_first_step", True)}
    try:
        solvers.complete(settings.solver, given)
    except ValueError as error:
        raise ValueError(cut(str(error))) from error
    noise_levels(settings)
