"""The command ``train``: its arguments, its progress line and its exit code. It imports torch when training starts."""

from __future__ import annotations

import signal
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import get_type_hints

from geomodel import datasets
from geomodel.checkpoints.info import CheckpointError
from geomodel.recipe import IMAGES, TrainError, TrainProgress, TrainSettings, from_options
from geomodel.settings import limits

USAGE_ERROR, INTERRUPTED = 2, 130
SHORT = {"learning_rate": ["--lr"]}
NOTHING_LEARNT = (
    "A network that always answers the mean has a loss of 1, so this one has learnt nothing; "
    "train longer, or with a smaller --learning-rate."
)


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of ``train``; the training settings come from the fields of `TrainSettings`."""
    parser.add_argument("--data", required=True, metavar="NAME", help="a named data set, or a file of points")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the checkpoint to write")
    parser.add_argument("--count", type=int, default=1000, help="points of a generated data set (default: 1000)")
    parser.add_argument("--data-seed", type=int, default=0, help="seed of a generated data set (default: 0)")
    parser.add_argument("--data-columns", default="", metavar="TEXT", help=limits("data_columns").help)
    parser.add_argument("--device", default="cpu", help="where to train: cpu, cuda, mps (default: cpu)")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted training of FILE")
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads (default: PyTorch's choice)")
    parser.add_argument(
        "--preview", type=Path, metavar="FILE", help="a checkpoint of the training so far, written every five minutes"
    )
    parser.add_argument(
        "--start-from",
        default="",
        metavar="FILE",
        help="a checkpoint of this command, whose weights are the first ones: it is trained further",
    )
    group = parser.add_argument_group("training", "Points are learned by an MLP, images by a U-Net.")
    hints, defaults = get_type_hints(TrainSettings, include_extras=True), TrainSettings()
    for field in fields(TrainSettings):
        flags = [*SHORT.get(field.name, []), "--" + field.name.replace("_", "-")]
        kind, text = hints[field.name].__origin__, hints[field.name].__metadata__[0].description
        if kind is bool:
            group.add_argument(*flags, action="store_true", default=SUPPRESS, help=text)
        else:
            images = f"; images: {IMAGES[field.name]:g}" if field.name in IMAGES else ""
            text += f" (default: {getattr(defaults, field.name):g}{images})"
            group.add_argument(*flags, dest=field.name, type=kind, default=SUPPRESS, metavar="N", help=text)


def run(arguments: Namespace) -> int:
    """Train, and return the exit code: 0, 2 for arguments that do not fit (a sentence on stderr), 130 after Ctrl+C."""
    state = arguments.out.with_name(arguments.out.name + ".state")
    try:
        options = {key: value for key, value in vars(arguments).items() if key in _FIELDS}
        from_options(options)  # refuses wrong settings before the data are read
        _check_output(arguments.out, state, arguments.resume)
        if arguments.preview is not None:
            _check_place(arguments.preview)
        columns = arguments.data_columns
        data = datasets.load(arguments.data, count=arguments.count, seed=arguments.data_seed, columns=columns)
        settings = from_options(options, images=data.kind == "images")
        _train(arguments, data, settings, state)
    except (TrainError, CheckpointError, datasets.DataError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        if state.exists():
            print(f"Stopped. The same command with --resume continues from {state}.", file=sys.stderr)
        return INTERRUPTED
    return 0


_FIELDS = {field.name for field in fields(TrainSettings)}


def _check_output(out: Path, state: Path, resume: bool) -> None:
    _check_place(out)
    if resume and not state.exists():
        raise TrainError(f"There is nothing to resume: {state} does not exist. Leave out --resume to start anew.")
    if state.exists() and not resume:
        raise TrainError(f"{state} holds an interrupted training: add --resume to continue it, or remove it.")


def _check_place(file: Path) -> None:
    if file.is_dir() or not file.parent.is_dir():
        wrong = file if file.is_dir() else file.parent
        raise TrainError(f"{file} cannot be written: {wrong} is not a place for a file.")


def _train(arguments: Namespace, data: datasets.Dataset, settings: TrainSettings, state: Path) -> None:
    import torch

    from geomodel.training import train

    if arguments.threads is not None:
        if arguments.threads < 1:
            raise TrainError(f"--threads is {arguments.threads}; at least 1 is needed.")
        torch.set_num_threads(arguments.threads)
    start = None
    if arguments.start_from:
        from geomodel.checkpoints import load_checkpoint

        start = load_checkpoint(arguments.start_from)
    line = _ProgressLine()
    with _interrupts(line):
        info = train(
            data,
            settings,
            out=arguments.out,
            progress=line.show,
            state_path=state,
            device=arguments.device,
            preview=arguments.preview,
            start=start,
        )
    loss = info.recipe["loss"]
    assert isinstance(loss, float)
    print(f"{info.path}: {info.parameters} numbers, loss {loss:.4f}, {settings.iterations} iterations")
    low, high = info.sigma_recommended
    print(f"trained on {data.name} ({info.data_count} points), σ from {low:.3g} to {high:.3g} recommended")
    if loss >= 1:
        print(NOTHING_LEARNT, file=sys.stderr)


class _ProgressLine:
    """Shows progress on stderr: one line that is rewritten on a terminal, a new line every ten seconds elsewhere."""

    def __init__(self) -> None:
        self.interrupted = False
        self.terminal = sys.stderr.isatty()
        self.shown = -float("inf")

    def show(self, progress: TrainProgress) -> None:
        last = progress.iteration == progress.iterations
        if monotonic() - self.shown >= (0.2 if self.terminal else 10.0) or last:
            self.shown = monotonic()
            minutes, seconds = divmod(round(progress.remaining), 60)
            text = (
                f"{progress.iteration}/{progress.iterations}  loss {progress.loss:.4f}  "
                f"{progress.rate:.1f} it/s  {minutes}:{seconds:02d} left"
            )
            end = "\n" if last or not self.terminal else ""
            print(f"\r{text:<70}" if self.terminal else text, end=end, file=sys.stderr, flush=True)
        if self.interrupted:
            raise KeyboardInterrupt


@contextmanager
def _interrupts(line: _ProgressLine) -> Iterator[None]:
    """Makes Ctrl+C wait for the end of the iteration, so that the saved state is whole. A second one does not wait."""

    def remember(number: int, frame: FrameType | None) -> None:
        line.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
