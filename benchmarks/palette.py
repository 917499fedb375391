"""How soon the command palette answers a keystroke, beside a plain scan of the titles for the same letters."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from math import ceil
from statistics import median

from common import row, times

# isort: split
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.main_window import MainWindow
from app.shell.palette_search import PaletteEntry, search
from app.shell.palette_sources import entries

LEAST = 300  # entries
BUDGET = 30.0  # ms
TYPED = ("s", "si", "sig", "dpm", "open ch", "claim 12", "uniform log sigma", "qqqq", "the of a")
REPEATS = 20


def timed(act: Callable[..., object], *arguments: object) -> float:
    """The milliseconds of one call."""
    begin = time.perf_counter()
    act(*arguments)
    return 1000 * (time.perf_counter() - begin)


def scan(listed: Sequence[PaletteEntry], typed: str) -> list[PaletteEntry]:
    """The baseline: the entries whose title contains the letters, in no order of merit."""
    return [entry for entry in listed if typed in entry.title.casefold()]


def press(field: QWidget, letter: str) -> None:
    """A keystroke, and everything that follows from it until the window is painted."""
    QTest.keyClicks(field, letter)
    QApplication.processEvents()


def measure(window: MainWindow) -> None:
    """Print the times of a scan, of a search, of a keystroke until it is painted, and of listing everything."""
    found = list(entries(window))
    listed = (found * ceil(LEAST / len(found)))[: max(LEAST, len(found))]
    pairs = [(timed(scan, listed, typed), timed(search, listed, typed)) for typed in TYPED for _ in range(REPEATS)]
    scans, searches = zip(*pairs, strict=True)
    palette, keys = window.command_palette, []
    palette.toggle()
    for typed in TYPED:
        palette.field.clear()
        keys += [timed(press, palette.field, letter) for letter in typed]
    times(f"{len(listed)} entries, {len(TYPED)} texts")
    row("a plain scan of the titles", [1000 * each for each in scans], unit="µs")
    row("a search", searches)
    row("a keystroke until it is painted", keys, BUDGET)
    row("listing everything", [timed(entries, window) for _ in range(REPEATS)])
    print(f"a search takes {median(searches) / median(scans):.0f} times a plain scan")


def main() -> None:
    """Open the window without an engine, with settings of its own."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["GEOMODEL_HOME"] = home
        application = QApplication([])
        window = MainWindow()
        window.resize(1280, 800)
        window.show()
        window.activateWindow()
        application.processEvents()
        measure(window)
        window.close()


if __name__ == "__main__":
    main()
