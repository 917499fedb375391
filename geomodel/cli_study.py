"""The options of the command ``run`` for many samples, which are written to a folder shard by shard."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from math import nan
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, cast, get_args

from geomodel import cli_settings, runs, study
from geomodel.cli_experiment import CONTROL
from geomodel.settings import MOST_SAMPLES, RunSettings
from geomodel.study import Keep, Plan, Progress

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.optimal import OptimalDenoiser

SHARD = 256
EVERY = 10.0  # seconds between two lines of progress where it is not a terminal that shows them
WAIT = timedelta(days=30)  # for the other processes of a job, which may have slower shards


def add_arguments(parser: ArgumentParser) -> None:
    """The options of a study."""
    group = parser.add_argument_group(
        "many samples",
        "With --samples, the folder --out gets the samples in shards, an index and quality.csv. The same command goes "
        "on where a killed one stopped. torchrun --nproc-per-node N main.py run … shares the shards among N processes.",
    )
    group.add_argument("--samples", type=int, metavar="N", help="how many samples, from the seeds --seed onwards")
    group.add_argument(
        "--batch", type=int, default=SHARD, metavar="N", help=f"samples that move at once, a shard (default {SHARD})"
    )
    group.add_argument(
        "--keep",
        default="ends",
        choices=get_args(Keep),
        help="ends alone, as NPY, or whole runs, as NPZ (default ends)",
    )
    group.add_argument(
        "--split",
        default="samples",
        choices=("samples", "data"),
        help="what the processes of torchrun share: the samples, or the data of D*, whose parts they merge at every "
        "evaluation (default samples)",
    )


def run(settings: RunSettings, hints: dict[str, object], arguments: Namespace) -> None:
    """Compute a study, or what is missing of it, and measure it. ValueError with a sentence, OSError."""
    for option, given in (("--count", arguments.count), ("--figures", arguments.figures)):
        if given is not None:
            raise ValueError(f"{option} is for one run. With --samples, --batch says how many samples move at once.")
    if not 1 <= arguments.batch <= MOST_SAMPLES:
        raise ValueError(f"--batch lies between 1 and {MOST_SAMPLES:,}; got {arguments.batch:,}.")
    rank, ranks = _part()
    if arguments.split == "data" and (settings.driver != "optimal" or arguments.keep != "ends"):
        raise ValueError("--split data is for the driver optimal and the ends alone: it splits the data of D*.")
    data, network = cli_settings.opened(settings, hints, arguments)
    asked = study.plan(replace(settings, count=arguments.batch), arguments.samples, arguments.keep, data, network)
    folder: Path = arguments.out
    begun = study.begin(folder, asked)
    _as_it_began(begun, network)
    line = _Line(rank, ranks)
    with _together(ranks):
        if arguments.split == "data" and data is not None and ranks > 1:
            part = _merged(data, rank, ranks)
            study.compute(folder, begun, data, network, progress=line, optimal=part, writes=not rank)
        else:
            study.compute(folder, begun, data, network, progress=line, part=(rank, ranks))
    if rank:
        return
    print(folder / study.INDEX)
    if data is not None:
        _measure(folder, data)


def _part() -> tuple[int, int]:
    """The number of this process and of all, as torchrun gives them."""
    try:
        rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    except ValueError:
        rank, ranks = -1, 0
    if not 0 <= rank < ranks:
        raise ValueError("RANK and WORLD_SIZE are set, but not to the number of this process and of all.")
    return rank, ranks


def _as_it_began(begun: Plan, network: object) -> None:
    """A study that goes on is computed with as many threads and in the same pieces as when it began."""
    import torch

    from geomodel.denoisers.network import NetworkDenoiser
    from geomodel.origin import made_of

    computed = made_of(begun.identity).computed
    if computed.threads:
        torch.set_num_threads(computed.threads)
    if isinstance(network, NetworkDenoiser):
        network.piece = computed.piece or None


@contextmanager
def _together(ranks: int) -> Iterator[None]:
    """All processes of a job leave this block together. ValueError where another one has ended."""
    if ranks == 1:
        yield
        return
    import torch.distributed as dist

    dist.init_process_group("gloo", timeout=WAIT)
    try:
        yield
        dist.barrier()
    except RuntimeError as error:
        raise ValueError("Another process of the job has ended. The same command goes on where it stopped.") from error
    finally:
        dist.destroy_process_group()


def _merged(data: Dataset, rank: int, ranks: int) -> OptimalDenoiser:
    """D* of all data, of which this process reads its part. It has no posteriors, which the ends do not need."""
    from geomodel.denoisers.optimal.sharded import ShardedOptimalDenoiser

    if len(data) < ranks:
        raise ValueError(f"{data.name} has {len(data)} points, fewer than processes.")
    rows = slice(len(data) * rank // ranks, len(data) * (rank + 1) // ranks)
    part = ShardedOptimalDenoiser(data.points[rows], None if data.labels is None else data.labels[rows])
    return cast("OptimalDenoiser", part)


def _measure(folder: Path, data: Dataset) -> None:
    from geomodel.experiments.quality import write_qualities
    from geomodel.study_quality import quality_of

    there = study.read(folder)
    found, control = quality_of(there, data)
    for sentence in filter(None, (found.note, control.note)):
        print(sentence, file=sys.stderr)
    path = folder / "quality.csv"
    last = float(runs.noise_levels(there.plan.settings)[-1])
    write_qualities([("ends", last, found), (CONTROL, nan, control)], path)
    print(path)


class _Line:
    """Shows progress on stderr: one line that is rewritten on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, rank: int, ranks: int) -> None:
        self._name = f"process {rank}: " if ranks > 1 else ""
        self._terminal, self._shown = sys.stderr.isatty() and ranks == 1, -float("inf")

    def __call__(self, progress: Progress) -> None:
        now, last = monotonic(), progress.done >= progress.samples
        if not last and now - self._shown < (0.2 if self._terminal else EVERY):
            return
        self._shown = now
        minutes, seconds = divmod(round(progress.left), 60)
        text = f"{self._name}{progress.done:,.0f} of {progress.samples:,} samples  {progress.rate:.1f}/s  "
        text += f"{minutes}:{seconds:02d} left"
        print(f"\r{text} " if self._terminal else text, end="\n" if last or not self._terminal else "", file=sys.stderr)
