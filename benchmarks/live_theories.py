"""How live the sliders of theories are: a new run, its field and its basins on two moons after each step of a slider.

    python benchmarks/live_theories.py [--repeats 5] [--processor]

Then the patch slider of the room *Theories* over the bundled images, from a key on it to the room painted with the new
picture, the engine and the window one after the other.

What the engine computes for the window, without the window. `run`: 64 samples, Heun over 18 levels, D* beside them.
`field`: 22 × 18 arrows at σ = 0.5. `basins`: 11 × 8 cells, which is their first picture, and 33 × 24. With
`--processor` the time of the processor is measured, for a computer that does other things.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from common import row, times
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from watching import Paints

import geomodel as gm
from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.rooms.theories import feed
from geomodel import runs
from geomodel.basins import carried
from geomodel.density import grid_points
from geomodel.settings import RunSettings

Clock = Callable[[], float]

SIGMA, RECT = 0.5, (-4.5, -4.0, 9.0, 8.0)
STEP = 1000.0  # milliseconds until the first new picture
PATCH = 150.0  # of a patch
PATCH_LEVELS = 8  # steps of the run
SLIDERS: dict[str, tuple[str, tuple[float, ...]]] = {  # theory → the option that is dragged, and where to
    "smoothed": ("deviation", (0.2, 0.3, 0.4, 0.5, 0.6)),
    "bandwidth": ("factor", (1.5, 1.7, 2.0, 2.3, 2.6)),
    "nearest": ("k", (5, 8, 12, 20, 30)),
}


def milliseconds(work: Callable[[], object], clock: Clock) -> float:
    """How long it takes."""
    started = clock()
    work()
    return 1000 * (clock() - started)


def steps(theory: str, repeats: int, clock: Clock) -> Iterator[dict[str, float]]:
    """The times of each step of a slider."""
    data = gm.datasets.load("two-moons")
    option, values = SLIDERS[theory]
    optimal = gm.OptimalDenoiser(data.points, data.labels)
    settings = RunSettings(driver=theory)
    runs.compute(settings, data)
    at = grid_points(RECT, 22, 18)
    low, _ = runs.recommended_sigmas(data)
    for value in (values * repeats)[:repeats]:
        changed = replace(settings, driver_options={option: value})
        model = gm.theories.build(theory, data, optimal=optimal, **{option: value})
        carry = partial(carried, model, sigma=SIGMA, sigma_min=low, settles=model.calls_at(SIGMA) == 1)
        yield {
            "run": milliseconds(partial(runs.compute, changed, data), clock),
            "field": milliseconds(partial(model, at, SIGMA), clock),
            "basins, first": milliseconds(partial(carry, grid_points(RECT, 11, 8)), clock),
            "basins, finer": milliseconds(partial(carry, grid_points(RECT, 33, 24)), clock),
        }


def live_sliders(repeats: int = 5, clock: Clock = time.perf_counter) -> None:
    """A table for each theory with a slider."""
    for theory, (option, _) in SLIDERS.items():
        times(f"{theory}, {option}")
        found = list(steps(theory, repeats, clock))
        for name in found[0]:
            row(f"{theory}: {name}", [each[name] for each in found])
        shown = [each["run"] + each["field"] + each["basins, first"] for each in found]
        row(f"{theory}: run, field and first basins", shown, STEP)


def patch_slider(repeats: int, clock: Clock) -> None:
    """A key on the slider, until the new picture is painted, at each level of a run."""
    application = QApplication([])
    feed.IMAGES = (1, PATCH_LEVELS)
    stage = Offstage()
    room = stage.room(next(each for each in ROOMS if each.name == "theories"))
    room.view.resize(700, 800)
    room.view.show()
    stage.services.player.drafting.edit({"data": "fashion-mnist"})
    stage.settle()
    stage.services.player.drafting.edit({"steps": PATCH_LEVELS, "count": 1, "solver": "heun"})
    stage.services.player.run()
    stage.settle()
    stage.services.playback.pause()
    room.handlers()["theories"]()
    stage.settle()
    times("patch slider, 10,000 images of 784 pixels")
    run, slider, painted = stage.services.state.run, room.view._patch._slider, Paints(room.view._panels)
    assert run is not None

    def step(key: Qt.Key) -> None:
        before, paints = room.picture().panels[-1].caption, painted.count
        QTest.keyClick(slider, key)
        stage.settle()
        assert room.picture().panels[-1].caption != before
        application.processEvents()
        assert painted.count > paints

    for level in np.unique([0, PATCH_LEVELS // 2, PATCH_LEVELS - 1]):
        stage.go(int(level))
        stage.settle()
        keys = (Qt.Key.Key_Up, Qt.Key.Key_Down) * repeats
        found = [milliseconds(partial(step, key), clock) for key in keys]
        row(f"patch: a step at σ = {run.sigmas[level]:.3g}", found, PATCH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--processor", action="store_true")
    given = parser.parse_args()
    clock = time.process_time if given.processor else time.perf_counter
    patch_slider(given.repeats, clock)
    live_sliders(given.repeats, clock)


if __name__ == "__main__":
    main()
