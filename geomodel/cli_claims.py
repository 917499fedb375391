"""The command ``claims``: checks the claims of the literature on a model and its data, and prints the report."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, get_args

from geomodel import cli_hints, cli_settings, cli_study, files, runs
from geomodel.settings import Driver, RunSettings, limits

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.network import NetworkDenoiser
    from geomodel.experiments.literature import Claim, Material

FAILED, USAGE_ERROR, INTERRUPTED = 1, 2, 130
SAMPLES = 64


def numbers(text: str) -> tuple[int, ...]:
    """Numbers of claims: 1,5,17-30."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ArgumentTypeError(f"{part!r} is no number of a claim; write them as 1,5,17-30.")
        found += range(int(first), int(last if dash else first) + 1)
    return tuple(found)


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of ``claims``."""
    parser.description = (
        "Checks the claims of the literature: identities of this program (self-tests), theorems, what the papers "
        "observed, and toys. The exit code is 1 where a self-test fails. Without data and model it checks the toys."
    )
    parser.add_argument("--data", default="", metavar="NAME", help="a named data set, or a file of points or images")
    parser.add_argument("--model", dest="network", default="", metavar="FILE", help="a checkpoint")
    parser.add_argument(
        "--driver",
        choices=get_args(Driver),
        help="which denoiser is checked (default: network where there is one, else optimal, which is D* of the data)",
    )
    parser.add_argument("--label", type=int, default=-1, help="the class whose samples and data are used (default all)")
    parser.add_argument("--only", type=numbers, metavar="LIST", help="check these claims only, such as 1,5,17-30")
    parser.add_argument("--count", type=int, help=f"samples of the run that the claims share (default {SAMPLES})")
    parser.add_argument("--seed", type=int, default=0, help="seed of its first sample (default 0)")
    parser.add_argument("--data-count", type=int, default=1000, help="points of a generated data set (default 1000)")
    parser.add_argument("--data-seed", type=int, default=0, help="seed of a generated data set (default 0)")
    parser.add_argument("--data-columns", default="", metavar="TEXT", help=limits("data_columns").help)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="also write the report, as Markdown (.md) or as a table (.csv); with --samples: a folder (default claims)",
    )
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads, which decide the last bits")
    cli_study.add_arguments(parser, batch=SAMPLES)
    cli_hints.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Check, and return the exit code: 0, 1 where a self-test fails, 2 for what is refused, 130 after Ctrl+C."""
    from geomodel.experiments import literature

    if arguments.samples is not None:
        arguments.out = arguments.out or Path("claims")
        return cli_study.guarded(arguments, lambda: _batches(arguments))
    arguments.count = SAMPLES if arguments.count is None else arguments.count
    try:
        if arguments.out is not None:
            _check_place(arguments.out)
        found, about = _checked(arguments)
        if arguments.out is not None:
            literature.write(found, arguments.out, about)
    except OSError as error:
        print(files.write_error(arguments.out, error), file=sys.stderr)
        return USAGE_ERROR
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("\nCancelled; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    if arguments.out is None:
        return _said(found, ())
    return _said(found, (arguments.out,))


def _batches(arguments: Namespace) -> int:
    """Check the claims on many samples, batch by batch, and pool the reports."""
    from geomodel.experiments import literature
    from geomodel.study_claims import Reports, claims_in

    cli_study.check(arguments)
    data, network, settings = _opened(arguments)
    if data is None and network is None:
        raise ValueError("Toys have no samples; choose a denoiser with --data or --model.")
    only = None if arguments.only is None else sorted(set(arguments.only))
    reports = Reports(only, settings.seed)
    there = cli_study.computed(settings, arguments, data, network, "claims", reports, {"only": only})
    if there is None:
        return 0
    found = claims_in(there)
    about = f"{arguments.samples:,} samples in batches of {arguments.batch:,}, seed {arguments.seed}."
    places = tuple(there.folder / name for name in ("claims.md", "claims.csv"))
    for place in places:
        literature.write(found, place, about)
    return _said(found, places)


def _said(found: Sequence[Claim], places: Iterable[Path]) -> int:
    """Print the report and where it is written; the exit code."""
    from geomodel.experiments import literature

    for line in literature.table(found):
        print(line)
    for place in places:
        print(place)
    if failed := literature.failed_self_tests(found):
        which = ", ".join(str(claim.number) for claim in failed)
        print(
            f"Self-tests that do not hold: {which}. Something is wrong with the model or the program.", file=sys.stderr
        )
        return FAILED
    return 0


def _check_place(out: Path) -> None:
    from geomodel.experiments.literature import check_suffix

    check_suffix(out)
    if out.is_dir() or not out.parent.is_dir():
        wrong = out if out.is_dir() else out.parent
        raise ValueError(f"{out} cannot be written: {wrong} is not a place for a file.")


def _checked(arguments: Namespace) -> tuple[tuple[Claim, ...], str]:
    """The claims, and a sentence that says of what."""
    from geomodel.experiments.literature import each

    own, name = _material(arguments)
    about = f"{name}; {arguments.count} samples, seed {arguments.seed}."
    line = _ProgressLine()
    found = tuple(each(own, only=arguments.only, progress=line))
    line.clear()
    return found, about


def _material(arguments: Namespace) -> tuple[Material, str]:
    """What the claims share, and the names of model and data."""
    from geomodel.experiments.literature import material, of_job

    given = {"count": arguments.count, "seed": arguments.seed}
    data, network, settings = _opened(arguments)
    if data is None and network is None:
        return material(None, None, **given), "No model and no data"
    job = runs.prepare(replace(settings, count=1), data, network)
    driver = settings.driver
    names = [driver if driver != "network" else Path(arguments.network).name, "no data" if data is None else data.name]
    return of_job(job, **given), ", ".join(filter(None, (*names, job.asked.words)))


def _opened(arguments: Namespace) -> tuple[Dataset | None, NetworkDenoiser | None, RunSettings]:
    """Data, network and what asks them."""
    driver: Driver = arguments.driver or ("network" if arguments.network else "optimal")
    settings = RunSettings(
        data=arguments.data,
        data_count=arguments.data_count,
        data_seed=arguments.data_seed,
        data_columns=arguments.data_columns,
        network=arguments.network,
        driver=driver,
        label=arguments.label,
        seed=arguments.seed,
    )
    machine = Namespace(device="cpu", piece=None, threads=arguments.threads)
    cli_settings.check_machine(machine)
    return (*cli_settings.opened(settings, cli_hints.hints(arguments), machine), settings)


class _ProgressLine:
    """Shows on a terminal which claim is being checked, in one line that is rewritten."""

    def __init__(self) -> None:
        self._shown, self._terminal = monotonic(), sys.stderr.isatty()

    def __call__(self, number: int, fraction: float) -> None:
        if self._terminal and monotonic() - self._shown > 0.1:
            self._shown = monotonic()
            print(f"\rclaim {number}  {fraction:4.0%} ", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Empty the line, because the report follows."""
        if self._terminal:
            print("\r" + " " * 20 + "\r", end="", file=sys.stderr, flush=True)
