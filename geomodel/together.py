"""The processes of a job of torchrun: which one this is, and that all of them end where one does.

Each process beats once a second, in a thread of its own: all add up how many have finished. A process that has died
breaks the sum at once, because its connections close, and one that hangs breaks it after five minutes. The others then
end with a sentence, whatever they are computing. They may end at any moment, because files appear whole or not at all.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any, NoReturn

EVERY = 1.0  # seconds between two beats
HANGS = timedelta(minutes=5)  # a process that does not beat for so long
SLOWEST = timedelta(minutes=30)  # until all have opened their data, and for an evaluation of D* over split data
USAGE_ERROR = 2
ENDED = "Another process of the job has ended. The same command goes on where it stopped."
STOPPED = "The job was stopped. The same command goes on where it stopped."


def part() -> tuple[int, int]:
    """The number of this process and of all, as torchrun gives them. ValueError where it is none."""
    try:
        rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    except ValueError:
        rank, ranks = -1, 0
    if not 0 <= rank < ranks:
        raise ValueError("RANK and WORLD_SIZE are set, but not to the number of this process and of all.")
    return rank, ranks


def own_device(device: str) -> str:
    """The device of this process: where several processes ask for "cuda", each takes the card of its number."""
    card = os.environ.get("LOCAL_RANK", "")
    return f"cuda:{card}" if device == "cuda" and part()[1] > 1 and card.isdecimal() else device


@contextmanager
def together(ranks: int) -> Iterator[None]:
    """All processes of a job leave this block together. Where one leaves it by an exception, dies or hangs, the others
    end with a sentence and the exit code 2.
    """
    if ranks == 1:
        yield
        return
    import torch.distributed as dist

    try:
        dist.init_process_group("gloo", timeout=SLOWEST)
        pulse = _Pulse(ranks, dist.new_group(backend="gloo", timeout=HANGS))
    except RuntimeError as error:
        raise ValueError(ENDED) from error
    before = signal.signal(signal.SIGTERM, lambda *_: pulse.end(STOPPED))  # torchrun sends it where a process has died
    pulse.start()
    try:
        yield
        pulse.finish()
    except RuntimeError:
        pulse.join(3 * EVERY)  # where another process has died, this one ends here, with the sentence
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
        pulse.leave()
    dist.destroy_process_group()


class _Pulse(Thread):
    """Beats until all processes have finished. Ends this one where another does not beat any more."""

    def __init__(self, ranks: int, group: Any) -> None:
        super().__init__(daemon=True)
        self._ranks, self._group, self._finished, self._ending = ranks, group, Event(), Lock()

    def run(self) -> None:
        import torch
        import torch.distributed as dist

        finished = 0
        while finished < self._ranks:
            self._finished.wait(EVERY)
            count = torch.tensor([int(self._finished.is_set())])
            try:
                dist.all_reduce(count, group=self._group)
            except RuntimeError:
                self.end(ENDED)
            finished = int(count)

    def finish(self) -> None:
        """Wait for the others."""
        self._finished.set()
        self.join()

    def leave(self) -> None:
        """Let this process end in its own way."""
        self._ending.acquire()

    def end(self, sentence: str) -> NoReturn:
        """End this process with one sentence."""
        with self._ending:
            print(sentence, file=sys.stderr, flush=True)
            os._exit(USAGE_ERROR)
