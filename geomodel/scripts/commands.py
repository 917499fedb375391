"""Writes experiments as command lines that give their numbers again, as tables.

Each takes what the function of the same name in `geomodel.scripts.experiments` takes, and raises ValueError as
`geomodel.scripts.command_line` does.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from geomodel.origin import Computed, NetworkIdentity
from geomodel.scripts.command import joined, option_text, options, words
from geomodel.scripts.stated import SAMPLER
from geomodel.settings import Option, RunSettings


def race(
    settings: RunSettings,
    lanes: Sequence[tuple[str, RunSettings]],
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A command that races the lanes."""
    own = [word for name, lane in lanes for word in ("--lane", name, shlex.join(options(lane, SAMPLER)))]
    return _line("race", settings, network, computed, own)


def sweep(
    settings: RunSettings,
    solvers: Mapping[str, Mapping[str, Option]],
    evaluations: Sequence[int],
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A command that sweeps solvers over numbers of evaluations."""
    own = [
        word
        for solver, given in solvers.items()
        for word in ("--sweep", solver, *(option_text(name, value) for name, value in given.items()))
    ]
    return _line("sweep", settings, network, computed, [*own, "--evaluations", ",".join(map(str, evaluations))])


def design(
    settings: RunSettings,
    kind: Literal["gits", "tors"] = "gits",
    *,
    metric: str = "dev",
    coeff: float = 1.15,
    for_solver: bool = False,
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A command that designs levels."""
    own = ["--metric", metric, "--coeff", repr(float(coeff))] if kind == "gits" else []
    return _line(kind, settings, network, computed, [*own, *(["--for-solver"] if for_solver else [])])


def jump(
    settings: RunSettings,
    evaluations: int,
    *,
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A command that lets runs jump to D."""
    return _line("jumps", settings, network, computed, ["--evaluations", str(evaluations)])


def quality(settings: RunSettings, network: NetworkIdentity | None = None, computed: Computed | None = None) -> str:
    """A command that measures how good x and D of a run are."""
    return _line("quality", settings, network, computed, [])


def claims(
    settings: RunSettings,
    only: Collection[int] | None = None,
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A command that checks claims."""
    own = [] if only is None else ["--only", ",".join(map(str, sorted(only)))]
    return _line("claims", settings, network, computed, own)


def _line(
    kind: str, settings: RunSettings, network: NetworkIdentity | None, computed: Computed | None, own: list[str]
) -> str:
    return joined([*words(settings, network, computed or Computed(), "experiment", kind), *own])
