"""The options of commands for many samples, which are written to a folder shard by shard, and how they run."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from geomodel import cli_settings, files, runs, study
from geomodel.quality import CONTROL
from geomodel.settings import MOST_SAMPLES, RunSettings
from geomodel.study import Keep, Plan, Study
from geomodel.study_shards import Content, Progress, compute, ends, whole_runs
from geomodel.together import USAGE_ERROR, part, together

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.network import NetworkDenoiser
    from geomodel.denoisers.optimal import OptimalDenoiser

SHARD = 256
KEPT: dict[Keep, Content] = {"ends": ends, "runs": whole_runs}
INTERRUPTED = 130
EVERY = 10.0  # seconds between two lines of progress where it is not a terminal that shows them


def add_arguments(
    parser: ArgumentParser, *, keep: bool = False, samples: int | None = None, batch: int = SHARD
) -> None:
    """The options of a study. keep: of what is kept of the runs too. samples, batch: the defaults."""
    group = parser.add_argument_group(
        "many samples",
        "The folder --out gets the shards of --batch samples, an index and, at the end, the table. The same command "
        "goes on where a killed one stopped. torchrun --nproc-per-node N main.py … shares the shards among N "
        "processes; with the same --threads they write the same bytes.",
    )
    default = "" if samples is None else f" (default {samples:,})"
    group.add_argument(
        "--samples", type=int, default=samples, metavar="N", help=f"how many, from the seeds --seed onwards{default}"
    )
    group.add_argument("--batch", type=int, metavar="N", help=f"samples that move at once, a shard (default {batch})")
    parser.set_defaults(batch=batch)
    if not keep:
        return
    group.add_argument(
        "--keep", default="ends", choices=tuple(KEPT), help="ends alone, as NPY, or whole runs, as NPZ (default ends)"
    )
    group.add_argument(
        "--split",
        default="samples",
        choices=("samples", "data"),
        help="what the processes of torchrun share: the samples, or the data of D*, whose parts they merge at every "
        "evaluation (default samples)",
    )


def guarded(arguments: Namespace, action: Callable[[], int | None]) -> int:
    """The exit code of a study: 0, what the action says, 2 for what is refused, 130 after Ctrl+C."""
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)  # if this fails, it fails before the work is done
        return action() or 0
    except OSError as error:
        print(files.write_error(arguments.out, error), file=sys.stderr)
    except ValueError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("\nCancelled; the same command goes on where it stopped.", file=sys.stderr)
        return INTERRUPTED
    return USAGE_ERROR


def run(settings: RunSettings, hints: dict[str, object], arguments: Namespace) -> None:
    """Compute a study of ends or runs, or what is missing of it, and measure it. ValueError, OSError."""
    split = arguments.split == "data"
    if split and (settings.driver != "optimal" or arguments.keep != "ends"):
        raise ValueError("--split data is for the driver optimal and the ends alone: it splits the data of D*.")
    check(arguments)
    data, network = cli_settings.opened(settings, hints, arguments)
    there = computed(settings, arguments, data, network, arguments.keep, KEPT[arguments.keep], split=split)
    if there is not None and data is not None:
        _measure(there, data)


def check(arguments: Namespace) -> None:
    """ValueError with a sentence for options that are for one run, and for shards of no size."""
    for option in ("count", "figures"):
        if getattr(arguments, option, None) is not None:
            raise ValueError(f"--{option} is for one run. With --samples, --batch says how many samples move at once.")
    if not 1 <= arguments.batch <= MOST_SAMPLES:
        raise ValueError(f"--batch lies between 1 and {MOST_SAMPLES:,}; got {arguments.batch:,}.")


def computed(
    settings: RunSettings,
    arguments: Namespace,
    data: Dataset | None,
    network: NetworkDenoiser | None,
    keep: Keep,
    content: Content,
    asked: dict[str, Any] | None = None,
    *,
    split: bool = False,
) -> Study | None:
    """Compute a study, or what is missing of it, in the folder --out, as one of the processes of a job. The study, or
    None in every process but the first. ValueError with a sentence, OSError.
    """
    rank, ranks = part()
    plan = study.plan(replace(settings, count=arguments.batch), arguments.samples, keep, data, network, asked)
    folder: Path = arguments.out
    begun = study.begin(folder, plan)
    _as_it_began(begun, network)
    line = _Line(rank, ranks)
    with together(ranks):
        if split and data is not None and ranks > 1:
            own = _merged(data, rank, ranks)
            compute(folder, begun, data, network, content, progress=line, optimal=own, writes=not rank)
        else:
            compute(folder, begun, data, network, content, progress=line, part=(rank, ranks))
    if rank:
        return None
    print(folder / study.INDEX)
    return study.read(folder)


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


def _merged(data: Dataset, rank: int, ranks: int) -> OptimalDenoiser:
    """D* of all data, of which this process reads its part. It has no posteriors, which the ends do not need."""
    from geomodel.denoisers.optimal.sharded import ShardedOptimalDenoiser

    if len(data) < ranks:
        raise ValueError(f"{data.name} has {len(data)} points, fewer than processes.")
    rows = slice(len(data) * rank // ranks, len(data) * (rank + 1) // ranks)
    part = ShardedOptimalDenoiser(data.points[rows], None if data.labels is None else data.labels[rows])
    return cast("OptimalDenoiser", part)


def _measure(there: Study, data: Dataset) -> None:
    from geomodel.experiments.quality import write_qualities
    from geomodel.study_quality import quality_of

    found, control = quality_of(there, data)
    for sentence in filter(None, (found.note, control.note)):
        print(sentence, file=sys.stderr)
    path = there.folder / "quality.csv"
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
