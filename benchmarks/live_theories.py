"""How live the sliders of theories are: a new run, its field and its basins on two moons after each step of a slider.

    python benchmarks/live_theories.py [--repeats 5] [--processor]

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

from common import row, times

import geomodel as gm
from geomodel import runs
from geomodel.basins import carried
from geomodel.density import grid_points
from geomodel.settings import RunSettings

Clock = Callable[[], float]

SIGMA, RECT = 0.5, (-4.5, -4.0, 9.0, 8.0)
STEP = 1000.0  # milliseconds until the first new picture
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--processor", action="store_true")
    given = parser.parse_args()
    live_sliders(given.repeats, time.process_time if given.processor else time.perf_counter)


if __name__ == "__main__":
    main()
