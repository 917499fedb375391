"""Figures of a saved run without a window: the same engine, the same views, offscreen."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.engine.messages import NeighboursRequest, OpenFailed, OpenRun, RunOpened
from app.engine.worker import Worker
from app.rooms.plane.messages import PictureRequest

SIZE_MM = (170.0, 120.0)
STRIP_MM = (170.0, 60.0)
PLANE_MM = (120.0, 120.0)
DPI = 300.0


def draw(run_path: Path, out: Path) -> list[Path]:
    """plane.png, measures.png and, for images, strip.png of a saved run; returns what was written."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from app.export import figure
    from app.plotting.theme import PRINT
    from app.rooms.measures.view import MeasuresView
    from app.rooms.plane.view import PlaneView
    from app.rooms.strip.view import StripView
    from app.session import facts as compose
    from app.session.state import Run, Selection

    qt = QApplication.instance() or QApplication(["Geomodel"])
    bench = _Bench()
    opened = bench.open(run_path)
    run = Run(1, opened.settings, "complete", trajectory=opened.trajectory, source=opened.data, linked=opened.linked)
    selection = Selection(1, 0, len(run.sigmas) // 2)
    written = []

    def save(view: Any, name: str, size: tuple[float, float]) -> None:
        figure.save_png(view, out / name, size, DPI, opened.trajectory.settings)
        view.release()
        view.deleteLater()
        written.append(out / name)

    basis = compose.run_basis(run)
    if basis is not None:
        plane = PlaneView(PRINT)
        plane.resize(600, 600)
        picture = compose.plane_picture(run, selection, compose.Projected.of(run, basis))
        plane.display(picture)
        if opened.linked:
            request = PictureRequest(
                run_id=1,
                sigma=max(float(run.sigmas[selection.index]), 1e-12),
                rect=plane.request_rect(),
                pixels=(256, 256),
                arrows=(0, 0),
                field="driver",
            )
            plane.display(replace(picture, background=bench.ask(request)))
        save(plane, "plane.png", PLANE_MM)
    measures = MeasuresView(PRINT)
    measures.display(compose.measures_picture(run, compose.measured(run), selection))
    save(measures, "measures.png", SIZE_MM)
    if len(run.x.shape) == 5:
        strip = StripView(PRINT)
        near = bench.ask(NeighboursRequest(1, selection.index, 0)) if opened.linked else None
        strip.display(compose.strip_picture(run, selection, near))
        save(strip, "strip.png", STRIP_MM)
    qt.processEvents()
    return written


class _Bench:
    """The engine's loop, driven by hand."""

    def __init__(self) -> None:
        self._events: list[Any] = []
        self._worker = Worker(self._events.append, lambda: None)

    def open(self, path: Path) -> RunOpened:
        event = self.ask(OpenRun(1, str(path)))
        if isinstance(event, OpenFailed):
            raise ValueError(event.message)
        assert isinstance(event, RunOpened)
        return event

    def ask(self, command: Any) -> Any:
        self._worker.handle(command)
        return self._events[-1]
