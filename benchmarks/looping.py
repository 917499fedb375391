"""Live answers of the engine while a run loops: how many a second, and the longest gap between two.

    python benchmarks/looping.py [SET] [--seconds 3] [--levels 5]

The engine is turned by hand, and its clock is the processor time of its thread, so that other programs do not count.
A level comes every 1/LEVELS second, with density, field and neighbours (256 × 230 pixels, 22 × 18 arrows); at every
1/60 second the pointer moves, which asks for the probe in a slice and for the mean shift beside the marginal plane.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

import numpy as np
from common import row, times

from app.engine.contract import Answer, Event, Request, Site
from app.engine.messages import OpenData, RunFinished, StartRun
from app.engine.worker import Worker
from app.rooms.mean_shift.messages import MeanShiftAnswer, MeanShiftRequest
from app.rooms.plane.messages import DensityRequest, ProbeAnswer, ProbeRequest
from app.rooms.strip.messages import NeighboursRequest
from geomodel.settings import RunSettings

ANSWERS = 30.0  # a second
HERTZ = 60.0
RECT = (-15.0, -15.0, 30.0, 30.0)
PIXELS, ARROWS = (256, 230), (22, 18)


class Playing:
    """One engine with a run, and the answers that follow the pointer."""

    def __init__(self, name: str) -> None:
        self.posted: list[Event] = []
        self.worker = Worker(self.posted.append, lambda: None)
        self.worker.handle(OpenData(name, 1000, 0))
        self.worker.handle(StartRun(1, RunSettings(data=name, steps=17, count=4)))
        self.sigmas = next(event for event in self.posted if isinstance(event, RunFinished)).trajectory.sigmas

    def level(self, mode: str, index: int) -> list[Request]:
        """What the plane asks for at a level."""
        site, sigma = Site(mode, index, 1), float(self.sigmas[index])
        density = DensityRequest(
            run_id=1, site=site, sigma=sigma, rect=RECT, pixels=PIXELS, arrows=ARROWS, field="driver"
        )
        return [density, NeighboursRequest(run_id=1, index=index, sample=1)]

    def pointer(self, mode: str, index: int, turn: float) -> Request:
        """What a move of the pointer asks for."""
        site, sigma = Site(mode, index, 1), float(self.sigmas[index])
        if mode == "slice":
            return ProbeRequest(run_id=1, site=site, point=(float(np.sin(turn)), 2.0), sigma=sigma, path=False)
        return MeanShiftRequest(run_id=1, index=index, sample=1, sigma=sigma * (1 + 0.01 * float(np.sin(turn))))

    def play(self, mode: str, levels: float, seconds: float) -> tuple[float, float]:
        """Answers a second, and the longest gap in milliseconds. levels: a second; 0: the run stands still."""
        clock, level, moved, answered = 0.0, 0, 0, [0.0]
        while clock < seconds:
            index = 1 + level % 16
            if levels and clock * levels >= level:
                level += 1
                index = 1 + level % 16
                for request in self.level(mode, index):
                    self.worker.submit(request)
            if clock * HERTZ >= moved:
                moved = int(clock * HERTZ) + 1
                self.worker.submit(self.pointer(mode, index, clock))
            if not self.worker.inbox.waiting:
                clock = max(clock, min(moved / HERTZ, level / levels if levels else np.inf)) + 1e-6
                continue
            self.posted.clear()
            start = time.thread_time()
            self.worker.handle(self.worker.inbox.take())
            clock += time.thread_time() - start
            kinds = ProbeAnswer | MeanShiftAnswer
            answered += [clock for event in self.posted if isinstance(event, Answer) and isinstance(event, kinds)]
        return (len(answered) - 1) / clock, 1000 * float(np.diff(answered).max())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", nargs="?", default="fashion-mnist", help="a data set's name or file of images")
    parser.add_argument("--seconds", type=float, default=3.0, help="of the engine's processor time, each (default 3)")
    parser.add_argument("--levels", type=float, default=5.0, help="levels a second (default 5, the speed 1 ×)")
    arguments = parser.parse_args()
    playing = Playing(arguments.set)
    times(f"Answers of one engine thread, load {os.getloadavg()[0]:.1f}")
    for mode in ("slice", "marginal"):
        for levels in (0.0, arguments.levels):
            playing.play(mode, levels, 0.5)
            answers, gap = playing.play(mode, levels, arguments.seconds)
            name = f"{mode}, {f'{levels:g} levels a second' if levels else 'no run loops'}"
            row(f"{name}: answers", [answers], ANSWERS, "1/s")
            row("   longest gap", [gap])
    return 0


if __name__ == "__main__":
    sys.exit(main())
