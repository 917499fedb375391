"""The strip view: the selected sample as images over the noise levels, and the data that make up D*."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QTabBar, QToolButton, QVBoxLayout, QWidget

from app.plotting.montage import Montage
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.strip.level_sheet import LevelSheet
from app.rooms.strip.pictures import StripPicture
from app.rooms.strip.text import describe
from app.widgets.focus_area import show_area
from app.widgets.neighbours import PANEL, Neighbours
from app.widgets.sample_grid import SampleGrid
from app.widgets.text import PlainLabel

NARROW = 520  # with less width, the neighbours stand below the images
WIDE = 900  # pixels of width from which neighbours and samples stand side by side
SIDES = ("Nearest data", "All samples")


class StripView(View):
    """Rows of images over the noise levels, with the nearest data and every sample at the playhead beside them.

    The two stand side by side if there is room, otherwise under two tabs.
    """

    level_picked = Signal(int)
    sample_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self.setAccessibleName("Strip")
        self._picture = StripPicture()
        self._montage = Montage(theme, print_mode=print_mode)
        self._montage.level_picked.connect(self.level_picked)
        self._montage.enlarge_wanted.connect(self.enlarge)
        self._sheet: LevelSheet | None = None
        self._theme = theme
        self._neighbours = Neighbours(theme)
        self._grid = SampleGrid(theme)
        self._grid.sample_picked.connect(self.sample_picked)
        self._note, self._samples_note = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        for label in (self._note, self._samples_note, self._message):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._headings = [PlainLabel(title) for title in SIDES]
        self._pages = [
            _column(self._headings[0], self._note, self._neighbours),
            _column(self._headings[1], self._samples_note, self._grid),
        ]
        self._tabs = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        for title in SIDES:
            self._tabs.addTab(title.split()[-1].capitalize())
        self._tabs.setAccessibleName("Beside the strip")
        self._tabs.currentChanged.connect(self._arrange)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(4)
        side.addWidget(self._tabs)
        pages = QHBoxLayout()
        pages.setSpacing(16)
        for page in self._pages:
            pages.addWidget(page, 1)
        side.addLayout(pages, 1)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(8, 8, 8, 8)
        self._row.setSpacing(16)
        self._row.addWidget(self._message, 1)
        self._row.addWidget(self._montage, 1)
        self._row.addWidget(self._side)
        self._size = QToolButton(self._montage)  # under the captions, where no image comes
        self._size.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._size.setVisible(not print_mode)
        self._montage.viewport().installEventFilter(self)
        self.set_theme(theme)
        self.display(self._picture)

    def display(self, picture: StripPicture) -> None:
        """Show the picture. A playhead move moves the frame, and the neighbours if they have changed."""
        old, self._picture = self._picture, picture
        if self._sheet is not None:
            self._sheet.display(picture)
        self.setAccessibleDescription(describe(picture))
        empty = picture.sigmas is None or not picture.rows
        self._message.setText(picture.message)
        self._message.setVisible(empty)
        show_area(self, self._montage, there=not empty)
        if (
            picture.sigmas is not None
            and not empty
            and (picture.rows is not old.rows or picture.sigmas is not old.sigmas)
        ):
            self._montage.set_rows(picture.sigmas, picture.rows, picture.levels)
        self._montage.set_index(picture.index, picture.denoised_note)
        self._note.setText(picture.neighbours_note)
        self._samples_note.setText(picture.samples_note)
        if picture.samples is not None:
            self._grid.set_samples(picture.samples, picture.sample)
        if picture.neighbours is not None and picture.neighbours is not old.neighbours:
            weights = picture.neighbour_weights
            assert weights is not None
            self._neighbours.set_neighbours(picture.neighbours, weights, picture.neighbour_labels)
        self._arrange()

    def set_size_action(self, action: QAction) -> None:
        """What chooses between all levels and large images, as a button in the strip."""
        action.setIconText("Large")
        self._size.setDefaultAction(action)
        self._size.adjustSize()

    def set_large(self, large: bool) -> None:
        """Large images that scroll, or all levels at once."""
        self._montage.set_large(large)

    def enlarge(self) -> None:
        """Show the images of the playhead's level in a window of their own."""
        if self._sheet is None:
            sheet = self._sheet = LevelSheet(self._theme, self)
            sheet.level_picked.connect(self.level_picked)
            sheet.destroyed.connect(self._forget_sheet)
            sheet.display(self._picture)
        self._sheet.show()
        self._sheet.activateWindow()

    def _forget_sheet(self) -> None:
        self._sheet = None

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def _arrange(self) -> None:
        """Show both, or only that of the tab."""
        picture, wide = self._picture, self.width() >= WIDE
        there = (picture.neighbours is not None or bool(picture.neighbours_note), picture.samples is not None)
        self._side.setVisible(bool(picture.rows) and any(there))
        self._tabs.setVisible(not wide and all(there))
        for at, page in enumerate(self._pages):
            page.setVisible(there[at] and (wide or not all(there) or self._tabs.currentIndex() == at))
            self._headings[at].setVisible(self._tabs.isHidden())
        beside = self.width() >= NARROW
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        side = min(PANEL, self.width() // 3) * (2 if wide and all(there) else 1)
        self._side.setMinimumWidth(side if beside else 0)
        self._side.setMaximumWidth(side if beside else self.width())

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        if self._sheet is not None:
            self._sheet.set_theme(theme)
        self.set_background(theme)
        self._montage.set_theme(theme)
        self._neighbours.set_theme(theme)
        self._grid.set_theme(theme)

    def minimumSizeHint(self) -> QSize:
        """In a narrow window the side becomes narrow, so that its present width is no least one."""
        return QSize(PANEL, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the button in the lower left corner of the images."""
        if event.type() == QEvent.Type.Resize:
            self._size.move(4, self._montage.viewport().height() - self._size.height() - 2)
        return False

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        if self._sheet is not None:
            self._sheet.close()
        self._montage.viewport().removeEventFilter(self)
        self._montage.level_picked.disconnect(self.level_picked)
        self._montage.enlarge_wanted.disconnect(self.enlarge)
        self._grid.sample_picked.disconnect(self.sample_picked)
        self._tabs.currentChanged.disconnect(self._arrange)


def _column(heading: QLabel, note: QLabel, body: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(heading)
    column.addWidget(note)
    column.addWidget(body, 1)
    return page
