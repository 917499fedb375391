"""The command ``claims``: checks the claims of the literature on a model and its data, and prints the report."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, get_args

from geomodel import classes, cli_hints, datasets, files
from geomodel.settings import RunSettings, limits

if TYPE_CHECKING:
    from geomodel.experiments.literature import Claim

FAILED, USAGE_ERROR, INTERRUPTED = 1, 2, 130
SAMPLES = 64
Driver = Literal["network", "optimal", "mixture"]


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
        help="which denoiser is checked: the network (default where --model is given), D* of the data (default "
        "otherwise), or the mixture that a generated set was drawn from",
    )
    parser.add_argument("--label", type=int, default=-1, help="the class whose samples and data are used (default all)")
    parser.add_argument("--only", type=numbers, metavar="LIST", help="check these claims only, such as 1,5,17-30")
    parser.add_argument(
        "--count", type=int, default=SAMPLES, help=f"samples of the run that the claims share (default {SAMPLES})"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of its first sample (default 0)")
    parser.add_argument("--data-count", type=int, default=1000, help="points of a generated data set (default 1000)")
    parser.add_argument("--data-seed", type=int, default=0, help="seed of a generated data set (default 0)")
    parser.add_argument("--data-columns", default="", metavar="TEXT", help=limits("data_columns").help)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="also write the report, as Markdown (.md) or as a table (.csv)"
    )
    cli_hints.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Check, and return the exit code: 0, 1 where a self-test fails, 2 for what is refused, 130 after Ctrl+C."""
    from geomodel.experiments import literature

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
    for line in literature.table(found):
        print(line)
    if arguments.out is not None:
        print(arguments.out)
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
    from geomodel.experiments.literature import claims

    data = None
    if arguments.data:
        columns = arguments.data_columns
        data = datasets.load(arguments.data, count=arguments.data_count, seed=arguments.data_seed, columns=columns)
    driver: Driver = arguments.driver or ("network" if arguments.network else "optimal")
    model, name = _model(driver, arguments, data)
    label, numbered = None, None
    if arguments.label >= 0:
        settings = RunSettings(driver=driver, network=arguments.network, label=arguments.label)
        label, numbered = arguments.label, classes.asked(settings, data, model if driver == "network" else None).data
        if data is not None and numbered is None:
            raise ValueError(f"The data {data.name} lack the network's class {label}; choose another one, or none.")
    about = f"{name}; {data.name if data is not None else 'no data'}; {arguments.count} samples, seed {arguments.seed}."
    line = _ProgressLine()
    given = {"count": arguments.count, "seed": arguments.seed, "only": arguments.only}
    found = claims(model, data, label=label, data_label=numbered, progress=line, **given)
    line.clear()
    return found, about


def _model(driver: Driver, arguments: Namespace, data: datasets.Dataset | None) -> tuple[Any, str]:
    """The denoiser that is checked and its name; None where there is neither model nor data."""
    hints = cli_hints.hints(arguments)
    if driver == "network":
        if not arguments.network:
            raise ValueError("The network is to be checked, and there is none; name it with --model.")
        from geomodel.checkpoints import load_checkpoint

        return load_checkpoint(arguments.network, hints=hints), Path(arguments.network).name
    if driver == "mixture":
        if data is None or data.mixture is None:
            raise ValueError("These data were not drawn from a known mixture; take another driver.")
        return data.mixture, "The mixture"
    if data is None:
        return None, "No model"
    from geomodel.denoisers.optimal import OptimalDenoiser

    return OptimalDenoiser(data.points, data.labels), "D*"


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
