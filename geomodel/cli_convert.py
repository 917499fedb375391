"""The command ``convert``: writes any checkpoint that can be opened as one of Geomodel's own format."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from time import monotonic

from geomodel import cli_hints
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo

USAGE_ERROR, INTERRUPTED = 2, 130


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of ``convert``."""
    parser.add_argument("network", metavar="IN", help="a checkpoint of any program, or a folder of diffusers")
    parser.add_argument("out", type=Path, metavar="OUT", help="the file to write, such as network.safetensors")
    cli_hints.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Convert, and return the exit code: 0, 2 for what is refused (a sentence on stderr), 130 after Ctrl+C."""
    try:
        info = _convert(Path(arguments.network), arguments.out, cli_hints.hints(arguments))
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("\nCancelled; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    print(info.path)
    print(_summary(info))
    for remark in info.remarks:
        print(remark)
    return 0


def _convert(source: Path, out: Path, hints: dict[str, object]) -> CheckpointInfo:
    from geomodel import checkpoints

    _check_place(source, out)
    checkpoints.inspect(source, hints=hints)  # loads no torch, so that a refusal is quick
    model = checkpoints.load(source, "cpu", hints, _ProgressLine("Reading"))
    return checkpoints.save(model, out, progress=_ProgressLine("Writing"))


def _check_place(source: Path, out: Path) -> None:
    if out.is_dir() or not out.parent.is_dir():
        wrong = out if out.is_dir() else out.parent
        raise CheckpointError(f"{out} cannot be written: {wrong} is not a place for a file.")
    if out.exists() and source.exists() and out.samefile(source):
        raise CheckpointError(f"{out} is the file to convert; choose another name for the new one.")


def _summary(info: CheckpointInfo) -> str:
    low, high = info.sigma_recommended
    size = "×".join(map(str, info.shape))
    classes = f", {info.classes} classes" if info.classes else ""
    return (
        f"{info.family}, {info.architecture}: {info.parameters:,} numbers, {size}{classes}, "
        f"σ from {low:.3g} to {high:.3g} recommended"
    )


class _ProgressLine:
    """Shows progress on a terminal, in one line that is rewritten."""

    def __init__(self, verb: str) -> None:
        self._verb, self._shown = verb, monotonic()

    def __call__(self, share: float) -> None:
        if sys.stderr.isatty() and monotonic() - self._shown > 0.2:
            self._shown = monotonic()
            print(f"\r{self._verb} {share:4.0%}", end="\r", file=sys.stderr, flush=True)
