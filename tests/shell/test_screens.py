"""The window's first size and its remembered place fit the screens that are there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QMainWindow

from app.shell.layout import VERSION
from app.shell.screens import first_size
from app.shell.settings_store import SettingsStore

FRAME = QSize(8, 32)


@pytest.mark.parametrize(
    ("available", "size"),
    [((1024, 700), (1016, 668)), ((1280, 800), (1272, 768)), ((1440, 900), (1432, 868)), ((1920, 1080), (1440, 900))],
)
def test_the_first_window_is_as_large_as_is_useful_and_fits(available, size):
    assert first_size(QSize(*available), FRAME).toTuple() == size


SHOWN = """
import json
from PySide6.QtWidgets import QApplication
qt = QApplication(["x"])
qt.setStyle("Fusion")
from app.main_window import MainWindow
from in_sight import faults
window = MainWindow()
window.show()
found = []
for name in ("solvers", "mean_shift", "geometry", "explore"):
    window.layout_of_docks.switch(name)
    while not window.turns.resting:  # the views of a workspace are filled one a turn
        qt.processEvents()
    for _ in range(5):
        qt.processEvents()
    found += faults(window)
print(json.dumps([window.frameGeometry().getRect(), window.screen().availableGeometry().getRect(), found]))
window.close()
"""


def shown(home, size, scale=1):
    """Frame of the window, its screen, and what is wrong in it, from a process with a screen of so many pixels."""
    screen = {"name": "one", "x": 0, "y": 0, "width": size[0] * scale, "height": size[1] * scale, "dpr": 1}
    screens = home / "screens.json"
    screens.write_text(json.dumps({"windowFrameMargins": True, "screens": [screen]}))
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", SHOWN],
        cwd=home,
        env={
            **os.environ,
            "GEOMODEL_HOME": str(home / "home"),
            "PYTHONPATH": f"{root}:{root / 'tests' / 'support'}",
            "QT_QPA_PLATFORM": f"offscreen:configfile={screens}",
            "QT_SCALE_FACTOR": str(scale),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    frame, available, found = json.loads(result.stdout.splitlines()[-1])
    return QRect(*frame), QRect(*available), found


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [(1024, 700), (1280, 800)])
@pytest.mark.slow
def test_a_new_window_lies_on_its_screen_with_everything_in_sight(tmp_path, size, scale):
    frame, screen, found = shown(tmp_path, size, scale)
    assert screen.size().toTuple() == size
    assert screen.contains(frame)
    assert found == []


def test_a_window_of_a_larger_screen_comes_back_onto_a_small_one(qtbot, tmp_path):
    far = QMainWindow()
    qtbot.addWidget(far)
    far.setGeometry(4000, 3000, 2600, 1500)
    geometry = far.saveGeometry().toBase64().toStdString()
    SettingsStore(tmp_path / "home" / "settings.json").change(geometry=geometry, layout_version=VERSION)
    frame, screen, found = shown(tmp_path, (1024, 700))
    assert screen.contains(frame)
    assert found == []
