"""Makes figures of a saved run without a window. It uses the same rooms and the same engine on an offscreen
platform.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.engine.messages import Kind
from app.rooms import ROOMS

DPI = 300.0
PIXELS_PER_MM = 5  # size of the views behind the figures; it decides how fine a density is


def draw(
    run_path: Path, out: Path, made_of: Mapping[Kind, str] | None = None, kinds: Sequence[str] = ("png",)
) -> list[Path]:
    """Write a figure for each room that can show something of the run, at half of its levels, and return what was
    written. `made_of` says where data and network of the run lie; `kinds` are formats of the table.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication, QWidget

    from app.export import formats
    from app.export.figure import Figure
    from app.export.offstage import Offstage

    qt = QApplication.instance() or QApplication(["Geomodel"])
    stage = Offstage()
    rows = [(row, row.figure) for row in ROOMS if row.with_run and row.figure is not None]
    rooms = [(row.name, size, stage.room(row)) for row, size in rows]
    wall = QWidget()
    wall.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)  # widgets are laid out under it, but no window appears
    wall.resize(2000, 2000)
    wall.show()
    for _, size, room in rooms:
        room.view.resize(*(round(PIXELS_PER_MM * side) for side in size))
        room.view.setParent(wall)
        room.view.show()
    run = stage.open(run_path, made_of)
    stage.go(len(run.sigmas) // 2)
    recipe = run.trajectory.settings if run.trajectory is not None else None
    written = []
    for name, size, room in rooms:
        room.refresh()
        stage.settle()
        picture = room.picture()
        if not getattr(picture, "message", ""):
            room.view.display(picture)
            figure = Figure(view=room.view, size_mm=size, dpi=DPI, recipe=recipe)
            for kind in map(formats.row, kinds):
                written.append(out / f"{name}{kind.suffix}")
                kind.write(figure, str(written[-1]))
    for _, _, room in rooms:
        room.release()
    wall.hide()
    wall.deleteLater()
    qt.processEvents()
    return written
