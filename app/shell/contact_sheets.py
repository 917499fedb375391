"""The contact sheet: which samples at which noise levels, and how large on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from app.rooms.contract import Handlers
from app.session.state import Run
from app.widgets.form import Choice, ChoiceField
from app.widgets.text_field import TextField
from geomodel.settings import Limits

if TYPE_CHECKING:
    from app.main_window import MainWindow

TITLE = "Contact sheet"
LEVELS, SAMPLES = 7, 8  # that are proposed
MOST = 400  # images of a sheet
CELL, BESIDE, ABOVE = 40, 60, 96  # pixels of an image, and of the texts beside and above it, as a column has them
NO_IMAGES = "A contact sheet shows a finished run of images. Open images, and press Run (F5)."
SHOWS = (Choice("x", "x(σ)", "The samples."), Choice("D", "D(x; σ)", "What the denoiser sees in them."))


class ContactSheets(QObject):
    """Opens the dialog of a contact sheet."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def handlers(self) -> Handlers:
        """What each action does."""
        return {"save_sheet": self.save_sheet}

    def save_sheet(self) -> None:
        """Ask for samples, levels and size."""
        window, run = self._window, self._window.state.run
        if run is None or run.trajectory is None or len(run.x.shape) != 5:
            window.documents.say(NO_IMAGES, True)
            return
        from app.export import dialogs  # the window opens without it

        sheet = Sheet(run)
        dialog = dialogs.save_picture(
            window,
            {TITLE: sheet.view},
            lambda _title: window.documents.recipe(""),
            window.documents.figure_done,
            store=window.store,
            own=(sheet.shows, sheet.levels, sheet.samples),
        )
        sheet.setParent(dialog)
        sheet.view.setParent(dialog)
        sheet.view.hide()


class Sheet(QObject):
    """A contact sheet of one run, and the fields that choose from it."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        from app.rooms.strip.sheet import ContactSheet  # as a room, when it is needed

        self._run, count, batch = run, run.committed, run.x.shape[1]  # a run that was cancelled has fewer levels
        self.view = ContactSheet()
        self.shows = ChoiceField("shows", Limits("Shows", "Which of the two trajectories.", None, None), SHOWS)
        self.levels = TextField("levels", Limits("Levels", f"Such as 0 3 6-9; from 0 to {count - 1}.", None, None))
        self.samples = TextField("samples", Limits("Samples", f"Such as 0-3 7; from 0 to {batch - 1}.", None, None))
        even = np.unique(np.linspace(0, count - 1, min(count, LEVELS)).round().astype(int)).tolist()
        self.shows.set_value("D")
        self.levels.set_value(" ".join(map(str, even)))
        self.samples.set_value("0" if batch == 1 else f"0-{min(batch, SAMPLES) - 1}")
        for field in (self.shows, self.levels, self.samples):
            field.edited.connect(self._show)
        self._show()

    def _show(self, *_: object) -> None:
        from app.rooms.strip.picture import sheet_picture

        found = []
        for field, count in ((self.levels, self._run.committed), (self.samples, self._run.x.shape[1])):
            try:
                found.append(chosen(field.value, count))
                field.set_error("")
            except ValueError as error:
                field.set_error(str(error))
        if len(found) == 2 and len(found[0]) * len(found[1]) > MOST:
            self.samples.set_error(f"A sheet has at most {MOST} images; choose fewer levels or samples.")
        elif len(found) == 2:
            self.view.display(sheet_picture(self._run, found[1], found[0], self.shows.value))
            rows, columns, high, wide = self.view.picture.images.shape[:4]
            self.view.resize(CELL * columns + BESIDE, round(CELL * rows * high / wide) + ABOVE)  # its proportions


def chosen(text: str, count: int) -> list[int]:
    """The numbers of a text such as "0 3 6-9", each below `count`. ValueError with a sentence where it is none."""
    found: list[int] = []
    for part in text.replace(",", " ").replace("–", "-").split():
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or "-" not in part)) or len(part) > 20:
            raise ValueError("Type whole numbers such as 0 3 6-9.")
        begin, end = int(first), int(last or first)
        if not begin <= end < count:
            raise ValueError(f"Numbers go from 0 to {count - 1}.")
        found += range(begin, end + 1)
    if not found:
        raise ValueError("Type at least one number.")
    return list(dict.fromkeys(found))
