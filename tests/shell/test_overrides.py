"""An error in an override that Qt calls out of a call from Python reaches the caller, and does not end the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QGraphicsItem

from app.main_window import MainWindow
from app.widgets import overrides

SCRIPT = """
import shiboken6
from PySide6.QtWidgets import QApplication, QWidget

from app.widgets.overrides import guard

application = QApplication([])
gone = QWidget()
shiboken6.delete(gone)


class Shown(QWidget):
    def showEvent(self, event):
        {}


guard()
guard()  # a second time: nothing is wrapped twice
try:
    Shown().show()
except {} as error:
    print("caught", error)
"""
ERRORS = (('int("x")', "ValueError"), ("[][3]", "IndexError"), ("gone.show()", "RuntimeError"), ("{}[1]", "KeyError"))


@pytest.mark.parametrize(("statement", "error"), ERRORS)
def test_an_error_of_c_code_in_an_override_is_raised(statement, error):
    script = SCRIPT.format(statement, error)
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("caught")


WHILE_AN_ERROR_IS_UNDER_WAY = """
from PySide6.QtWidgets import QApplication, QWidget

from app.widgets.overrides import guard


class Child(QWidget):
    def paintEvent(self, event):
        painted.append(self)


class Parent(QWidget):
    def paintEvent(self, event):
        raise ValueError("no")


guard()
application, painted = QApplication([]), []
for _ in range(20):
    parent = Parent()
    children = [Child(parent) for _ in range(3)]  # whose override is looked for while the parent's error is under way
    try:
        parent.grab()
    except ValueError:
        pass
alone = Child()
alone.grab()
assert alone in painted
print("alive")
"""


def test_overrides_outlive_the_errors_of_others():
    ran = subprocess.run(
        [sys.executable, "-c", WHILE_AN_ERROR_IS_UNDER_WAY],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.strip() == "alive", (ran.returncode, ran.stderr)


def test_every_override_of_the_window_is_guarded(qtbot):
    window = MainWindow()
    qtbot.addWidget(window)
    assert all(window.rooms.values())
    left = [
        f"{kind.__module__}.{kind.__name__}.{name}"
        for kind in overrides._subclasses(QObject, QGraphicsItem)
        if kind.__module__.startswith(("app.", "pyqtgraph."))
        for name, found in vars(kind).items()
        if name.endswith("Event") and isinstance(found, FunctionType) and found not in overrides._held
    ]
    assert not left
    window.close()
