"""How long the window does not answer because a run has many levels, and why.

    python benchmarks/long_runs.py [--levels 50001] [--steps 10000] [--only opened computed] [--places "view families"]

A saved run of 50,001 levels is opened and played, and a run of 10,000 steps, the most that a form takes, is computed
and played while it grows; both have 4 samples, and both are looked at in every workspace and in every view. Under each
deed stand the times above 50 ms that the window's own thread computed between two looks at its events, and the places
where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from common import ROOT
from watching import real_window, run_for, wait_until

from app.main_window import MainWindow
from app.rooms import ROOMS
from app.shell.workspaces import WORKSPACES
from geomodel.settings import RunSettings, to_json
from geomodel.trajectory import Trajectory

sys.path.insert(0, str(ROOT / "tests" / "support"))
from endurance import KEPT, StallWatch

BUDGET = 0.050  # seconds
SAMPLES, POINTS = 4, 200
PLAYS = 1.5  # seconds that one looks at a run that plays
PLACES = [f"workspace {item.name}" for item in WORKSPACES]
PLACES += [f"view {row.name}" for row in ROOMS if row.area != "foot" and not row.images_only]
LASTS = 15.0  # seconds of a computed run after which it is cancelled


class LongRuns:
    """Looks at runs in every place, one after the other."""

    def __init__(self, window: MainWindow, places: list[str]) -> None:
        self.window, self.places, self._now = window, places, ""
        self.watch = StallWatch(lambda: self._now)

    def do(self, name: str, act: Callable[[], object], over: Callable[[], bool]) -> None:
        """Do something, and wait until it is over, and a while longer."""
        self._now = name
        self.watch.rest()
        began, own = time.perf_counter(), time.thread_time()
        act()
        wait_until(over)
        run_for(PLAYS)
        share = (time.thread_time() - own) / (time.perf_counter() - began)
        stalls, self.watch.stalls = self.watch.worst(KEPT), []
        self._now = ""
        total = sum(stall.own for stall in stalls)
        print(f"{1000 * total:6.0f} ms in stalls, {100 * share:3.0f} % busy  {name}", flush=True)
        told: set[str] = set()
        for stall in stalls:
            cause = stall.seen.most_common(1)[0][0] if stall.seen else ""
            if stall.own > BUDGET and cause not in told:
                told.add(cause)
                places = ", ".join(f"{place} {count}" for place, count in stall.seen.most_common(4))
                print(f"       {1000 * stall.own:6.0f} ms {1000 * stall.seconds:6.0f}  {places}", flush=True)

    def show(self, place: str) -> None:
        """Bring a place in sight."""
        kind, name = place.split()
        if kind == "workspace":
            self.window.actions_by_id[f"workspace.{name}"].trigger()
        else:
            self.window.layout_of_docks.visit(name)
        run_for(0.3)

    def opened(self, path: Path) -> None:
        """A saved run is opened, played, and shown in the next place."""
        window, state = self.window, self.window.state
        for place in self.places:
            self.show(place)
            last = state.run
            self.do(
                f"opened in {place}",
                partial(window.player.saved_runs.open, str(path)),
                lambda last=last: state.run is not last,
            )
            self.do(f"opened, then the next sample in {place}", partial(state.select, sample=1), lambda: True)
            window.playback.pause()
            self.do(f"opened, then its end in {place}", window.playback.go_to_end, lambda: True)
            if state.run is not None:
                window.player.remove(state.run.id)
            run_for(0.3)
        window.player.saved_runs.open(str(path))
        for place in self.places:
            self.do(f"opened, then {place}", partial(self.show, place), lambda: True)

    def computed(self) -> None:
        """A run is computed, and plays while it grows."""
        window, state = self.window, self.window.state
        for place in self.places:
            self.show(place)
            last, until = state.run, time.monotonic() + LASTS

            def over(last: object = last, until: float = until) -> bool:
                if time.monotonic() > until:
                    window.player.cancel()
                return state.run is not None and state.run is not last and window.player.computing is None

            self.do(f"computed in {place}", window.player.run, over)
            window.playback.pause()


def saved(folder: Path, levels: int) -> Path:
    """A run as the program saves it, of more levels than it computes."""
    rng, sigmas = np.random.default_rng(0), np.geomspace(20.0, 0.01, levels)
    ends = rng.standard_normal((SAMPLES, 2))
    x = ends + sigmas[:, None, None] * rng.standard_normal((SAMPLES, 2))
    x += 0.02 * rng.standard_normal(x.shape)
    settings = RunSettings(data="two-moons", sigma_max=20.0, sigma_min=0.01, count=SAMPLES)
    run = Trajectory(
        x=x,
        denoised=np.broadcast_to(ends, (levels - 1, SAMPLES, 2)) + 0.1 * rng.standard_normal((levels - 1, SAMPLES, 2)),
        sigmas=sigmas,
        evaluations=levels - 1,
        evaluations_at=np.arange(levels),
        network_calls=0,
        looks=0,
        final_denoised=None,
        seeds=np.arange(SAMPLES),
        labels=None,
        settings={"run": json.loads(json.dumps(to_json(settings)))},
        extras={
            "effective_neighbours": 1 + 50 * rng.random((levels - 1, SAMPLES)),
            "nearest_x": rng.random((levels, SAMPLES)),
            "nearest_denoised": rng.random((levels - 1, SAMPLES)),
        },
    )
    run.save(folder / "long.npz")
    return folder / "long.npz"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000, help="of the run that is computed (default 10,000)")
    parser.add_argument("--levels", type=int, default=50_001, help="of the run that is opened (default 50,001)")
    parser.add_argument("--only", nargs="+", choices=["opened", "computed"], default=["opened", "computed"])
    parser.add_argument("--places", nargs="+", default=PLACES, help="such as 'workspace explore' 'view families'")
    arguments = parser.parse_args()
    with real_window() as (window, home):
        window.show()
        window.begin([])
        wait_until(lambda: len(window.building.built) == len(ROOMS))
        wait_until(lambda: window.player.computing is None and window.state.run is not None)
        runs = LongRuns(window, arguments.places)
        for place in arguments.places:  # views are built and laid out before anything is measured
            runs.show(place)
        run_for(1.0)
        if "opened" in arguments.only:
            runs.opened(saved(home, arguments.levels))
        if "computed" in arguments.only:
            edit = window.player.drafting.edit
            edit({"data_count": POINTS, "count": SAMPLES})
            run_for(2.0)
            edit({"solver": "euler", "steps": arguments.steps})
            run_for(1.0)
            window.player.cancel()
            runs.computed()
    return 0


if __name__ == "__main__":
    sys.exit(main())
