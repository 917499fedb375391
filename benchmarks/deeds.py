"""How long the window does not answer for anything that a person can do, and why: the worst deeds of the real window.

    python benchmarks/deeds.py [--worst 10] [--only places opened running experiments actions pictures]

Every workspace and view is shown for the first time and again, every action of the menus that asks for no file is
taken with points and with images, and there are themes, runs, races, a sweep, trainings and pictures. A deed lasts
until engine and window rest again. Its figure is the longest time that the window's own thread computed between two
looks at its events: on a shared computer, the rest of the gap is others' work. The idle window stands below.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from common import ROOT
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid
from watching import Stalls, real_window, run_for

import resources
from app.export.dialogs import SavePicture
from app.main_window import MainWindow
from app.rooms import ROOMS
from app.shell.actions import ACTIONS
from app.shell.workspaces import WORKSPACES

sys.path.insert(0, str(ROOT / "tests" / "support"))
from endurance import Stall, StallWatch

BUDGET = 0.050  # seconds
LASTS = 8.0  # seconds after which a deed that goes on is cancelled
REST = 0.12  # seconds in which nothing happens after a deed
IDLE = 5.0  # seconds of the idle window
FILES = ("open_checkpoint", "open_model_folder", "open_data", "open_folder", "open_run", "locate", "open_session")
FILES += ("restore_recipe", "save_session", "save_session_as", "save_run", "save_csv", "save_network", "training_save")
ELSEWHERE = ("quit", "cancel", "close_network", "theme")  # done in another place
LANES = ("solver euler", "solver heun", "solver dpmpp_2m", "solver unipc")
POINTS, IMAGES = "two-moons", "fashion-mnist"
KINDS = ("png", "svg", "pdf")

Part = Callable[["Deeds", str], None]


class Deeds:
    """Does things to the window, one after the other, and knows how long each kept it from answering."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self._now = window, ""
        self.done: set[str] = set()
        self.watch = StallWatch(lambda: self._now)

    def do(self, name: str, act: Callable[[], object], more: Callable[[], bool] = lambda: False) -> None:
        """Do something, and wait until all that follows from it is over, and there is no `more` to come."""
        self._now = name
        self.done |= {name} - {""}
        self.window.playback.pause()  # a run that plays paints the window all the time
        self.watch.rest()
        QTimer.singleShot(1, act)  # not 0, which would share one look at the events with what follows
        self.rest(more)
        self._now = ""

    def act(self, name: str, deed: str) -> None:
        """Take an action of the menus."""
        self.do(deed, self.window.actions_by_id[name].trigger)

    def rest(self, more: Callable[[], bool] = lambda: False) -> None:
        """Wait until engine and window have nothing to do. What lasts is cancelled."""
        player, ends = self.window.player, time.monotonic() + LASTS
        while True:
            run_for(REST)
            busy = player.computing is not None or player.opening is not None or bool(player.tasks)
            if not busy and self.window.turns.resting and not more():
                return
            if busy and time.monotonic() > ends:
                self.window.playback.pause()
                player.cancel()

    def worst(self) -> list[Stall]:
        """The longest stall of each deed, the worst deeds first."""
        by_deed: dict[str, Stall] = {}
        for stall in self.watch.worst(len(self.watch.stalls)):
            by_deed.setdefault(stall.gesture, stall)
        return [stall for deed, stall in by_deed.items() if deed]


def close_what_is_over(window: MainWindow) -> None:
    """Close every dialog and menu."""
    for above in QApplication.topLevelWidgets():
        if isValid(above) and above is not window and above.isVisible():
            above.close()


def places(deeds: Deeds, data: str) -> None:
    """Every workspace and view, for the first time and again, and the theme in each workspace."""
    for which in ("first", "again"):
        for workspace in WORKSPACES:
            deeds.act(f"workspace.{workspace.name}", f"workspace {workspace.title}, {which}, {data}")
        for row in ROOMS:
            if row.area != "foot":
                show = partial(deeds.window.layout_of_docks.visit, row.name)
                deeds.do(f"view {row.title}, {which}, {data}", show)
    for workspace in WORKSPACES:
        deeds.act(f"workspace.{workspace.name}", "")
        for theme in ("dark", "light"):
            deeds.act("theme", f"theme {theme} in {workspace.title}, {data}")


def actions(deeds: Deeds, data: str) -> None:
    """Every action of the menus that asks for no file; what can be checked is taken twice."""
    deeds.act("workspace.explore", "")
    for row in ACTIONS:
        action = deeds.window.actions_by_id[row.id]
        if row.id in (*FILES, *ELSEWHERE) or not action.isEnabled():
            continue
        deeds.act(row.id, f"{row.title}, {data}")
        if row.checkable and not row.group:
            deeds.act(row.id, f"{row.title} back, {data}")
        close_what_is_over(deeds.window)


def pictures(deeds: Deeds, data: str) -> None:
    """Every view is copied; the main one is saved as each kind of file."""
    documents, window, folder = deeds.window.documents, deeds.window, Path(os.environ["GEOMODEL_HOME"])
    deeds.act("workspace.explore", "")
    for row in ROOMS:
        if row.figure is not None:
            deeds.do(f"{row.title} is copied, {data}", partial(documents.copy_figure, row.title))
    for kind in KINDS:
        deeds.do(f"the dialog for a picture is opened, {data}", partial(documents.save_figure, "Plane"))
        run_for(0.5)
        dialog = window.findChildren(SavePicture)[-1]
        dialog._kind.set_value(kind)
        save = partial(dialog._save, str(folder / f"{data}.{kind}"))
        deeds.do(f"the plane is saved as {kind}, {data}", save, more=partial(isValid, dialog))
        close_what_is_over(window)


def experiments(deeds: Deeds, data: str) -> None:
    """A race of four lanes, a race at equal evaluations, a sweep, and what is measured on request."""
    compare = deeds.window.rooms["compare"]
    deeds.act("workspace.solvers", "")
    for lane in LANES:
        deeds.do(f"a lane is added, {data}", partial(compare.add_preset, lane))
    deeds.do(f"a race of four lanes, {data}", compare.race)
    deeds.do(f"the same race again, {data}", compare.race)
    deeds.do(f"a race at equal evaluations, {data}", partial(compare.race_equal, ("euler", "heun", "unipc"), 10))
    deeds.do(f"a sweep, {data}", partial(compare.sweep, ("euler", "heun"), 5, 9))
    while deeds.window.lanes.lanes:
        deeds.do(f"a lane is removed, {data}", partial(deeds.window.lanes.remove, 0))


def running(deeds: Deeds, data: str) -> None:
    """Runs of 16 and 64 samples, and of other settings, while one looks at each workspace."""
    player = deeds.window.player
    for count in (16, 64):
        deeds.do(f"the count becomes {count}, {data}", partial(player.drafting.edit, {"count": count}))
        for workspace in WORKSPACES:
            deeds.act(f"workspace.{workspace.name}", "")
            deeds.do(f"a run of {count} in {workspace.title}, {data}", player.run)
            for at in (0, len(deeds.window.state.run.sigmas) // 2):
                deeds.do(f"the playhead moves in {workspace.title}, {data}", partial(deeds.window.playback.go, at))


def opened(deeds: Deeds, data: str) -> None:
    """The bundled network is opened while a run plays, drives, and is closed."""
    path, player = str(resources.path("checkpoints", f"{data}.safetensors")), deeds.window.player

    def open_it() -> None:
        deeds.window.playback.play()
        player.drafting.open_network(path)

    deeds.do(f"a network is opened while a run plays, {data}", open_it)
    deeds.do(f"the network drives, {data}", partial(player.drafting.edit, {"driver": "network"}))


PARTS = (places, opened, running, experiments, actions, pictures)


def measure(deeds: Deeds, parts: Sequence[Part]) -> None:
    """These parts, with points and with images."""
    window, drafting = deeds.window, deeds.window.player.drafting
    window.show()
    begin = partial(window.begin, [])
    deeds.do("the window opens, and its rooms are built", begin, more=lambda: len(window.building.built) < len(ROOMS))
    for data in (POINTS, IMAGES):
        if data == IMAGES:
            deeds.do(f"{data} is opened", partial(drafting.edit, {"data": data}))
            deeds.do(f"the first run of {data}", window.player.run)
        for part in parts:
            part(deeds, data)
        deeds.act("close_network", f"the network is closed, {data}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worst", type=int, default=10, help="deeds in the table (default 10)")
    parser.add_argument("--only", nargs="+", choices=[part.__name__ for part in PARTS], help="these parts alone")
    arguments = parser.parse_args()
    parts = [part for part in PARTS if not arguments.only or part.__name__ in arguments.only]
    with real_window() as (window, _):
        deeds = Deeds(window)
        measure(deeds, parts)
        stalls = Stalls(window)
        stalls.start()
        run_for(IDLE)
        gap, own = stalls.stop()
    worst = deeds.worst()
    above = sum(stall.own > BUDGET for stall in worst)
    print(f"   own     ms  cause, and the deed; load {os.getloadavg()[0]:.1f}")
    print(*(stall.row for stall in worst[: arguments.worst]), sep="\n")
    print(f"{own:6.0f} {gap:6.0f}  the idle window, {IDLE:g} s")
    print(f"{above} of {len(deeds.done)} deeds above {1000 * BUDGET:g} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
