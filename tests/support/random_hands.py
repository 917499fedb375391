"""Works the real window with random hands, in a process of its own, and says what went wrong.

    PYTHONPATH=.:tests/support python tests/support/random_hands.py FOLDER SEED [--actions 150]

FOLDER holds what `hand_files.py` writes. The same seed makes the same gestures; what they meet depends on how quickly
the engine answers. Each gesture is printed before it is made, so that the last lines say what killed the process.
Every few hundred gestures the hands put everything away, so that what there is more of then has leaked. The longest
stalls come last.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random

from endurance import HEADS, Sample, StallWatch, growth, sample
from hand_actions import act, in_popup
from hand_faults import Faults
from hand_gestures import Hands
from pausing import pause
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox

from app.engine.messages import OpenFailed, Saved
from app.main_window import MainWindow
from app.shell.imports import without_features
from geomodel.settings import RunSettings

STALL = 15.0  # seconds of the whole process's own time after which a window that does not answer is a fault
STUCK = 150.0  # seconds of the clock after which it is one in any case: other programs may have the cores
COMPUTED = 1.0  # seconds that the window's own thread may compute without answering: twenty times the aim
LATE = "torch._dynamo"  # 117,000 objects that a first training imports: they stay, and are no leak
TIDY = 250  # gestures after which everything is put away
# Over 1,000 gestures, when everything is put away. Caches fill: 120 MB, 3,600 objects and 115 widgets were seen.
GROWTH = {"resident": 250.0, "objects": 20_000.0, "widgets": 250.0}
ENDS = 90.0  # seconds of the process's own time within which a cancelled engine must be idle, and a small run complete
DRAGGED = 1.0  # seconds after which a gesture that has not returned is taken for the dragging of a text


class Session:
    """The window, the hands and what is watched meanwhile."""

    def __init__(self, files: Path, out: Path, faults: Faults) -> None:
        self.faults, self._places = faults, (files, out)
        self.watch = StallWatch(lambda: faults.last[-1] if faults.last else "")
        self.samples: list[Sample] = []
        self._acting, self._began = False, 0.0  # whether a gesture has not returned, and since when
        self._answers = QTimer()
        self._answers.setInterval(40)
        self._answers.timeout.connect(self._answer)
        self.open()

    def open(self) -> None:
        """Open a window, and put the hands to it."""
        self.window = MainWindow()
        self.window.resize(1280, 800)
        self.hands = Hands(self.window, *self._places, self.faults.say)
        self._names = {path: _names(path) for path in self.hands.good}
        self.window.player.open_failed.connect(self._open_failed)
        self.window.player.saved.connect(self._saved)
        self.window.engine.died.connect(lambda why: self.faults.add(f"the engine died: {why}"))
        self._answers.start()
        self.window.show()
        self.window.begin([])

    def _open_failed(self, event: OpenFailed) -> None:
        wrong_columns = event.table and "column" in event.message  # the hands have typed some
        if Path(event.name) in self.hands.good and self._takes(event) and not wrong_columns:
            self.faults.add(f"a good file was refused: {event}")

    def _takes(self, event: OpenFailed) -> bool:
        """Whether the file is what it was opened as."""
        if _names(Path(event.name)) != self._names[Path(event.name)]:
            return False  # the hands have saved something in this folder
        suffix = Path(event.name).suffix
        kind = "network" if suffix == ".safetensors" else "run" if suffix == ".npz" else "data"
        return kind == event.slot

    def _saved(self, event: Saved) -> None:
        if event.message and Path(event.path).parent == self.hands.out:
            self.faults.add(f"not saved: {event}")

    def _answer(self) -> None:
        """Go on where a gesture waits in a menu, a dragging or a question of Qt's own. Warnings in boxes are faults."""
        popup, box = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if self._acting and popup is not None:
            in_popup(self.hands, popup)
        elif self._acting and time.perf_counter() - self._began > DRAGGED and box is None:
            self.faults.say("Esc ends the dragging")
            QTest.keyClick(self.window, Qt.Key.Key_Escape)
        if isinstance(box, QMessageBox):
            if isinstance(box.parentWidget(), QFileDialog):
                box.reject()
            elif box.icon() in (QMessageBox.Icon.Warning, QMessageBox.Icon.Critical):
                self.faults.add(f"a box says: {box.text()}")

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """What is done inside must not keep the window from answering."""
        faulthandler.dump_traceback_later(STALL)
        begun, own = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
        took, own = time.perf_counter() - begun, time.process_time() - own
        if own > STALL or took > STUCK:
            self.faults.add(f"no answer for {took:.1f} s, of which the process had {own:.1f}; the stack was printed")

    def until(self, met: Callable[[], bool], what: str) -> None:
        """Let the window work until a condition is met."""
        ends, ends_anyway = time.process_time() + ENDS, time.monotonic() + STUCK
        while not met() and not self.faults.found:
            with self.answering():
                pause(10)
            if time.process_time() > ends or time.monotonic() > ends_anyway:
                faulthandler.dump_traceback()
                self.faults.add(f"{what} within {ENDS:g} s: {self.state_of_engine()}")

    def state_of_engine(self) -> str:
        """What the engine is doing, in words."""
        player = self.window.player
        command = self.window.engine._worker.current
        return f"computing {player.computing}, opening {player.opening}, tasks {player.tasks}, at {command}"

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        player = self.window.player
        return player.computing is None and player.opening is None and not player.tasks

    def act(self, seed: int, count: int) -> None:
        """Make the gestures of a seed."""
        for number in range(count):
            with self.answering():
                random = Random(f"{seed}:{number}")
                self.acting(partial(act, self.hands, random))
                pause(random.choice((0, 0, 0, 1, 5, 20)))
            if not self.window.isVisible():
                self.faults.say("the hands have closed the window, and a new one opens")
                self.let_go()
                self.open()
                self.watch.rest()
            if number % TIDY == TIDY - 1:
                self.tidy()
                import_module(LATE)
                self.samples.append(sample(number + 1))
                self.watch.rest()
            if self.faults.found:
                return

    def acting(self, gesture: Callable[[], None]) -> None:
        """Make a gesture, which may open a menu that blocks."""
        self._acting, self._began = True, time.perf_counter()
        gesture()
        self._acting = False

    def tidy(self) -> None:
        """Close what is open, cancel and wait until everything has ended, and put everything away but two moons."""
        window = self.window
        while (above := QApplication.activePopupWidget() or QApplication.activeModalWidget()) is not None:
            above.close()
            pause(1)
        self.faults.say("cancel, and wait for the engine")
        window.player.cancel()
        self.until(lambda: self.idle or self._cancel_again(), "The engine was not idle")
        self.faults.say("put everything away, and open two moons")
        for sheet in QApplication.topLevelWidgets():
            if isinstance(sheet, QDialog):
                sheet.close()
        for run_id in tuple(window.state.runs):
            window.player.remove(run_id)
        for path in tuple(window.state.networks):
            window.player.close_network(path)
        settings = RunSettings(data="two-moons", data_count=100, steps=5, count=4)
        window.player.drafting.use(settings)
        self.until(lambda: self._has(settings), "No data")
        pause(50)

    def _has(self, settings: RunSettings) -> bool:
        """Whether the data of these settings are open. What was still on its way to the engine may have replaced them,
        as a checkpoint does that brings its data; then they are opened again.
        """
        state = self.window.state
        if state.data is not None and state.data.key == settings.data_key:
            return True
        if self.idle and state.draft.data_key != settings.data_key:
            self.window.player.drafting.use(settings)
        return False

    def end(self) -> None:
        """Everything must end, and a small run must still be computed."""
        self.tidy()
        self.faults.say("run")
        window = self.window
        window.player.run()
        self.until(lambda: window.player.computing is None, "The last run did not end")
        run = window.state.run
        if not self.faults.found and (run is None or run.status not in ("complete", "recorded")):
            self.faults.add(f"the last run is {run and run.status}: {run and run.message}; {window.state.errors}")
        with self.answering():
            window.grab()

    def judge(self) -> None:
        """Look for leaks and for long stalls, and print what there was."""
        print(HEADS, *(each.row for each in self.samples), sep="\n")
        for name, most in GROWTH.items():
            grows = growth(self.samples, name)
            print(f"growth over 1,000 gestures: {name} {grows:+.1f}")
            if grows > most:
                self.faults.add(f"{name} grow by {grows:.0f} over 1,000 gestures, more than {most:.0f}: a leak")
        worst = self.watch.worst(10)
        print("   own     ms  where, and the last gesture", *(each.row for each in worst), sep="\n", flush=True)
        if worst and worst[0].own > COMPUTED:
            self.faults.add(f"the window computed for {worst[0].own:.1f} s without answering: {worst[0].row}")

    def _cancel_again(self) -> bool:
        """A judgement is asked for again when the engine is idle, so that a cancel may come between two."""
        self.window.player.cancel()
        return False

    def close(self) -> None:
        """Close the window, which joins the engine, and let everything go."""
        self.faults.say("close")
        if not self.window.close():  # a person has asked to be asked, and says yes
            box = self.window.unsaved._box  # there may be other questions
            next(each for each in box.buttons() if box.buttonRole(each) == QMessageBox.ButtonRole.AcceptRole).click()
        self.let_go()

    def let_go(self) -> None:
        """Delete a window that was closed."""
        self._answers.stop()
        if self.window.engine.isRunning():
            self.faults.add(f"the engine runs after the window was closed: {self.state_of_engine()}")
            return  # a window whose engine runs cannot be let go
        self.window.deleteLater()
        del self.window, self.hands
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()


def _names(path: Path) -> list[str]:
    """What a folder holds."""
    return sorted(str(each) for each in path.rglob("*"))


def _work(session: Session, seed: int, actions: int) -> None:
    """Work a window, judge it and close it."""
    session.act(seed, actions)
    if not session.faults.found:
        session.judge()
    if not session.faults.found and seed % 3:  # every third closes the window in the midst of it
        session.end()
    if not session.faults.found:
        session.close()


def main() -> int:
    """Work one window. Returns 1 where something went wrong, after saying what."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path)
    parser.add_argument("seed", type=int)
    parser.add_argument("--actions", type=int, default=150)
    parser.add_argument("--quiet", action="store_true", help="print no gestures")
    arguments = parser.parse_args()
    faulthandler.enable()
    without_features()
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    qt = QApplication([])
    qt.setStyle("Fusion")
    qt.setQuitOnLastWindowClosed(False)
    faults = Faults(quiet=arguments.quiet)
    faults.watch()
    with tempfile.TemporaryDirectory() as out:
        try:
            _work(Session(arguments.files, Path(out), faults), arguments.seed, arguments.actions)
        finally:
            faults.report(arguments.seed, sys.exception())
    return 0


if __name__ == "__main__":
    sys.exit(main())
