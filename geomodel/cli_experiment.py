"""The command ``experiment``: runs what the window runs beside runs, and writes its numbers as a table."""

from __future__ import annotations

import shlex
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geomodel import classes, cli_claims, cli_hints, cli_settings, files, runs, schedules
from geomodel.quality import CONTROL
from geomodel.settings import RunSettings

if TYPE_CHECKING:
    from geomodel.job import Job
    from geomodel.quality import Quality, Yardstick

USAGE_ERROR, INTERRUPTED = 2, 130
FINE_STEPS = {"gits": 60, "tors": 100}  # the least steps of the fine grids from which schedules are designed


def counts(text: str) -> tuple[int, ...]:
    """Numbers of evaluations: 5,10,20."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ArgumentTypeError("write the numbers as 5,10,20.") from error


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of ``experiment``."""
    parser.description = (
        "Runs an experiment on the denoiser, the data and the noise of these settings. race: the samplers of --lane. "
        "sweep: the solvers of --sweep with as many steps as each number of --evaluations buys. gits, tors: designs "
        "levels. jumps: runs that jump to D, with --evaluations each. quality: how good x and D of a run are. claims: "
        "those of --only on this denoiser, whatever it is; the command claims prints a report."
    )
    parser.add_argument("kind", choices=tuple(KINDS), help="which experiment")
    cli_settings.add_arguments(parser)
    parser.add_argument(
        "--lane",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "OPTIONS"),
        help='of race: a sampler, such as --lane five "--solver heun --steps 5"',
    )
    parser.add_argument(
        "--sweep",
        nargs="+",
        action="append",
        default=[],
        metavar=("SOLVER", "NAME=VALUE"),
        help="of sweep: a solver with its options, such as --sweep rk2 alpha=0.5",
    )
    parser.add_argument("--evaluations", type=counts, metavar="LIST", help="of sweep, such as 5,10,20, and of jumps")
    parser.add_argument("--metric", default="dev", choices=("dev", "l1", "l2"), help="of gits (default dev)")
    parser.add_argument("--coeff", type=float, default=1.15, help="of gits (default 1.15)")
    parser.add_argument("--for-solver", action="store_true", help="of gits: design for --solver instead of Euler steps")
    parser.add_argument("--only", type=cli_claims.numbers, metavar="LIST", help="of claims, such as 1,5,17-30")
    parser.add_argument("--out", type=Path, default=Path("experiment.csv"), metavar="FILE", help="the table, as CSV")


def run(arguments: Namespace) -> int:
    """Run the experiment, and return the exit code: 0, 2 for what is refused, 130 after Ctrl+C."""
    import torch

    try:
        settings, hints = cli_settings.settings_from(arguments), cli_hints.hints(arguments)
        cli_settings.check_machine(arguments)
        data, network = cli_settings.opened(settings, hints, arguments)
        with torch.no_grad():
            KINDS[arguments.kind](arguments, runs.prepare(settings, data, network), settings)
    except OSError as error:
        print(files.write_error(arguments.out, error), file=sys.stderr)
        return USAGE_ERROR
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("\nCancelled; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    print(arguments.out)
    return 0


def _race(arguments: Namespace, job: Job, settings: RunSettings) -> None:
    from geomodel.experiments import compare, lane_of

    lanes = [lane_of(name, _sampler(text), job) for name, text in arguments.lane]
    labels, noise = job.labels(len(job.x)), runs.noise_of(job)
    found = compare(job.model, job.x, lanes, labels=labels, noise=noise, failures="keep")
    _say(found.failures)
    found.write_csv(arguments.out)


def _sampler(text: str) -> RunSettings:
    """The settings of a lane from its options."""
    parser = ArgumentParser(prog="--lane", add_help=False)
    cli_settings.add_arguments(parser)
    return cli_settings.settings_from(parser.parse_args(shlex.split(text)))


def _sweep(arguments: Namespace, job: Job, settings: RunSettings) -> None:
    from geomodel.experiments import sweep_of
    from geomodel.experiments.sweep import EVALUATIONS

    solvers = {name: dict(map(cli_settings.option_of, options)) for name, *options in arguments.sweep}
    found = sweep_of(job, solvers, arguments.evaluations or EVALUATIONS, failures="keep")
    _say(found.failures)
    found.write_csv(arguments.out)


def _design(arguments: Namespace, job: Job, settings: RunSettings) -> None:
    from geomodel.csv_files import write_table

    own = job.settings
    assert own.sigma_min is not None
    assert own.sigma_max is not None
    fine = schedules.karras(max(2 * own.steps, FINE_STEPS[arguments.kind]), own.sigma_min, own.sigma_max)
    labels = job.labels(len(job.x))
    more: dict[str, Any] = {"fine": fine, "labels": labels, "final_zero": own.final_zero}
    if arguments.kind == "gits":
        more |= {"metric": arguments.metric, "coeff": arguments.coeff}
        if arguments.for_solver:
            more |= {"solver": own.solver, "solver_options": runs.solver_options(own, job.data)}
    levels = getattr(schedules, arguments.kind)(job.model, job.x, own.steps, **more)
    write_table(("level", "sigma"), enumerate(levels.tolist()), arguments.out)


def _jumps(arguments: Namespace, job: Job, settings: RunSettings) -> None:
    from geomodel.experiments import jump, jump_levels
    from geomodel.experiments.quality import write_qualities

    own = job.settings
    assert own.sigma_min is not None
    assert own.sigma_max is not None
    yardstick, control = _yardstick(job, settings.seed)
    found = jump(
        job.model,
        job.x,
        yardstick,
        solver=own.solver,
        evaluations=(arguments.evaluations or (6,))[0],
        jump_sigmas=jump_levels(own.sigma_min, own.sigma_max, float(job.data.std) if job.data is not None else 1.0),
        sigma_max=own.sigma_max,
        rho=own.rho,
        options=runs.solver_options(own, job.data),
        labels=job.labels(len(job.x)),
    )
    lines = [("jump", sigma, good) for sigma, good in zip(found.jump_sigmas.tolist(), found.qualities, strict=True)]
    write_qualities([*lines, (CONTROL, nan, control)], arguments.out)


def _quality(arguments: Namespace, job: Job, settings: RunSettings) -> None:
    from geomodel.experiments.quality import quality_over_sigma, write_qualities

    yardstick, control = _yardstick(job, settings.seed)
    record = runs.new_record(job)
    runs.advance(job, job.model, record)
    found = quality_over_sigma(runs.finish(job, record), yardstick)
    lines = [
        (cloud, sigma, good)
        for cloud, qualities in (("x", found.x), ("D", found.denoised))
        for sigma, good in zip(found.sigmas.tolist(), qualities, strict=True)
    ]
    write_qualities([*lines, (CONTROL, nan, control)], arguments.out)


def _claims(arguments: Namespace, job: Job, settings: RunSettings) -> None:
    from geomodel.experiments import literature

    own = literature.of_job(job, count=settings.count, seed=settings.seed)
    literature.write(tuple(literature.each(own, only=arguments.only)), arguments.out, "")


def _yardstick(job: Job, seed: int) -> tuple[Yardstick, Quality]:
    from geomodel.quality import Yardstick

    if job.data is None:
        raise ValueError("Quality is a distance to data; choose reference data with --data.")
    rows = classes.rows(job.data, job.asked.data)
    made = Yardstick.of(job.data.points, len(job.x), rows=rows, seed=seed)
    return made, made.measure(made.held_out)


def _say(failures: Any) -> None:
    for name, why in failures.items():
        print(f"{name}: {why}", file=sys.stderr)


Kind = Callable[[Namespace, "Job", RunSettings], None]
KINDS: dict[str, Kind] = {
    "race": _race,
    "sweep": _sweep,
    "gits": _design,
    "tors": _design,
    "jumps": _jumps,
    "quality": _quality,
    "claims": _claims,
}
