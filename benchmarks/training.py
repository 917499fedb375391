"""How fast a network is trained in the window, beside the bare loop of the same training, and how smooth the window is.

The bare loop runs before and after, because other programs use the cores too. For the same reason both are counted in
seconds of their thread's processor time as well, which is what they would take on a core of their own. While the window
trains, a run is played, so that every view is drawn again and again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

from common import row, times
from watching import Stalls, run_for, wait_until

# isort: split
import torch
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from app.rooms.training.answers import Kept
from app.rooms.training.view import TrainingView
from geomodel import datasets
from geomodel.recipe import TrainSettings
from geomodel.training import Training

DATA, POINTS = "gaussian-ring", 1_000
PACE = 64.0  # iterations a second, the least that is wanted
STALL = 50.0  # ms, the budget of the longest stall
IDLE_SECONDS = 3.0


def bare(settings: TrainSettings, iterations: int) -> tuple[float, float]:
    """Iterations a second of the loop alone, and a second of processor time, with as many threads as the engine has."""
    training = Training(datasets.load(DATA, count=POINTS), settings)
    training.advance()
    begin, own = time.perf_counter(), time.thread_time()
    for _ in range(iterations):
        training.advance()
    return iterations / (time.perf_counter() - begin), iterations / (time.thread_time() - own)


class Spent:
    """Adds up the processor time of the methods that make up the task: iterations and snapshots."""

    def __init__(self) -> None:
        self.seconds = 0.0
        for owner, name in ((Training, "advance"), (Kept, "look")):
            setattr(owner, name, self._timed(getattr(owner, name)))

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any) -> Any:
            begin = time.thread_time()
            try:
                return method(*given)
            finally:
                self.seconds += time.thread_time() - begin

        return timed


def opened() -> MainWindow:
    """The window at the workspace Training, with the data and a run that is played."""
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    window.begin([])
    wait_until(lambda: window.state.run is not None and window.state.run.complete and bool(window.player.device))
    window.player.drafting.edit({"data": DATA, "data_count": POINTS})
    wait_until(lambda: window.state.data is not None and window.state.data.name == DATA)
    wait_until(lambda: window.player.computing is None and window.state.run is not None and window.state.run.complete)
    window.actions_by_id["workspace.training"].trigger()
    window.playback.play()
    run_for(1.0)
    return window


def trained(window: MainWindow, iterations: int) -> tuple[float, tuple[float, float]]:
    """Seconds that the task takes, snapshots included, and the longest stall of the window meanwhile."""
    view = window.views["training"]
    assert isinstance(view, TrainingView)
    view.form.fields[0].set_value(iterations)
    window.actions_by_id["training"].trigger()
    wait_until(lambda: view.picture.paths is not None and view.picture.state == "running")
    stalls, begin = Stalls(), time.perf_counter()
    stalls.start()
    wait_until(lambda: view.picture.state == "ended")
    seconds = time.perf_counter() - begin
    return seconds, stalls.stop()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        app = QApplication([])
        settings = TrainSettings(iterations=arguments.iterations, batch=256)
        window = opened()
        stalls = Stalls()
        stalls.start()
        run_for(IDLE_SECONDS)
        idle = stalls.stop()
        tasks, longest, threads = [], [], torch.get_num_threads()
        loops = [bare(settings, arguments.iterations) for _ in range(arguments.repeats)]
        spent = Spent()
        for _ in range(arguments.repeats):
            spent.seconds = 0.0
            seconds, stall = trained(window, arguments.iterations)
            tasks.append((arguments.iterations / seconds, arguments.iterations / spent.seconds))
            longest.append(stall)
        loops.append(bare(settings, arguments.iterations))
        times(f"{DATA}, {POINTS:,} points, batch 256, default MLP, {threads} thread(s)")
        for name, paces in (("bare loop", loops), ("task in the window, snapshots included", tasks)):
            row(name, [pace for pace, _ in paces], PACE, "1/s")
            row("  a second of its processor time", [pace for _, pace in paces], PACE, "1/s")
        row("longest stall while a run is played alone", [idle[0]], STALL)
        row("longest stall while it trains too", [gap for gap, _ in longest], STALL)
        row("  of it computed by the window's thread", [own for _, own in longest], STALL)
        window.close()
        app.processEvents()


if __name__ == "__main__":
    main()
