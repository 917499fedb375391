"""Films of the rooms: what can be filmed in the window as it stands, and the dialog that asks how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPoint, QRectF

from app.rooms import ROOMS
from app.rooms.contract import Handlers
from app.session import recipe
from app.shell.file_dialogs import SAVE
from app.widgets.sight import seen

if TYPE_CHECKING:
    from app.export.film_dialog import SaveFilm, Scene
    from app.export.stage import Shot
    from app.main_window import MainWindow

ARRANGEMENT = "window"  # all views that are in sight, as they are arranged
MOST_LEVELS = 400  # of a film; of more, as many are taken, evenly spread
NO_RUN = "There is no finished run to film; press Run (F5) first."


class Films(QObject):
    """Opens the dialog for a film."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.dialog: SaveFilm | None = None

    def handlers(self) -> Handlers:
        """What each action does."""
        return {"save_film": self.save_film}

    def save_film(self, room: str = "") -> None:
        """Ask how to film a room: the one with this name, or else the one with the focus, or the one in the centre."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        from app.export.film_dialog import SaveFilm  # the window opens without it

        titles = {row.name: row.title for row in ROOMS if row.figure is not None and row.follows}
        titles[ARRANGEMENT] = "Every view in sight"
        layout = self._window.layout_of_docks
        wanted = (room, layout.room_in_use(), layout.current.centre, ARRANGEMENT)
        current = next(name for name in wanted if name in titles)
        window = self._window
        self.dialog = SaveFilm(window, titles, current, self._scene, window.player, self._saved, window.store)
        self.dialog.finished.connect(self._closed)
        self.dialog.show()

    def _closed(self) -> None:
        self.dialog = None

    def release(self) -> None:
        """Stop a film, because the window closes."""
        if self.dialog is not None:
            self.dialog.stop()

    def _saved(self, path: str) -> None:
        self._window.documents.say(f"Saved {path}.", cause=SAVE)

    def _scene(self, name: str) -> Scene:
        """What is filmed, as the window stands."""
        from app.export.film_dialog import Scene
        from app.export.stage import shot

        run = self._window.state.run
        if run is None or run.trajectory is None:
            return Scene(shots=(), levels=(), recipe="", message=NO_RUN)
        count = len(run.sigmas)
        levels = np.unique(np.linspace(0, count - 1, min(count, MOST_LEVELS)).astype(int)).tolist()
        if name == ARRANGEMENT:
            shots = self._arrangement(levels)
        else:
            shots = [shot(self._window.rooms[name], self._window.state, levels)]
        if all(found.message for found in shots):
            return Scene(shots=(), levels=(), recipe="", message=f"There is nothing to film. {shots[0].message}")
        text = recipe.text(self._window.documents.recipe(name))
        return Scene(shots=shots, levels=levels, recipe=text)

    def _arrangement(self, levels: list[int]) -> list[Shot]:
        """The views in sight, each where it is among the others."""
        from app.export.stage import shot

        window, places = self._window, dict[str, QRectF]()
        workspace = window.layout_of_docks.current
        for name in (workspace.centre, *workspace.rooms):
            view = window.rooms[name].view
            if view.window() is window and seen(view):
                places[name] = QRectF(view.mapTo(window, QPoint(0, 0)), view.size())
        whole = QRectF()
        for place in places.values():
            whole = whole.united(place)
        parts = {name: _part(place, whole) for name, place in places.items()}
        return [shot(window.rooms[name], window.state, levels, part) for name, part in parts.items()]


def _part(place: QRectF, whole: QRectF) -> QRectF:
    """Which part of the whole a place is."""
    across, down = whole.width(), whole.height()
    return QRectF(
        (place.x() - whole.x()) / across,
        (place.y() - whole.y()) / down,
        place.width() / across,
        place.height() / down,
    )
