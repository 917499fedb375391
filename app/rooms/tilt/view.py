"""The tilt view: the reward's sliders, the ends in the plane, and numbers and shares of the four densities."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.tilt.cloud import Cloud
from app.rooms.tilt.knobs import KnobSliders
from app.rooms.tilt.pictures import TiltPicture
from app.rooms.tilt.shares import ShareBars
from app.rooms.tilt.table import Table
from app.rooms.tilt.text import FORMULA, HELP, LATE, caption, describe
from app.widgets.enlarged import Enlarged
from app.widgets.explanation import Explanation
from app.widgets.focus_area import show_area
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Titled

BESIDE = 640  # pixels of width from which the numbers stand beside the plane
PATIENCE_MS = 400  # until it is said that numbers are being computed
RESET_TIP = "Return to a = (1, 0), c = 0 and a β that suits the data"


class TiltView(View):
    """Shows a `TiltPicture`."""

    knob_turned = Signal(str, int)
    arrow_dragged = Signal(float, float)
    reset_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture, self._print, self._wide = TiltPicture(), print_mode, False
        self.setAccessibleName("Tilt")
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._caption, self._note = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        for label in (self._message, self._caption, self._note):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self._caption, self._note):
            label.setFont(tabular(self.font(), 0.92))
        self.knobs = KnobSliders()
        self.knobs.turned.connect(self.knob_turned)
        self._reset = QPushButton("Reset", autoDefault=False)
        self._reset.setToolTip(tooltip("Reset", RESET_TIP))
        self._reset.clicked.connect(self._reset_clicked)
        self.said = Explanation(lines=2)
        self.said.say(FORMULA)
        self.said.usual.setToolTip(tooltip("Reward and tilt", HELP["cloud"]))
        self.cloud = Cloud(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        self.cloud.handle_moved.connect(self._dragged)
        self.cloud.range_changed.connect(self._tell)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._tell)
        self.table = Table(theme)
        self.bars = ShareBars(theme)
        self._build()
        self.set_theme(theme)
        self.display(self._picture)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self.cloud.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._plane = Titled("Ends in the plane", HELP["cloud"], self.cloud)
        self._shares = Titled("Shares of the components", HELP["shares"], self.bars)
        foot = QHBoxLayout()
        foot.addWidget(self.said, 1)
        foot.addWidget(self._reset, 0, Qt.AlignmentFlag.AlignTop)
        if self._print:
            self._reset.hide()
            self.knobs.hide_sliders()
        self._parts = (
            _column(self.knobs, foot),
            _column(self._plane, self._note),
            _column(self.table, self._shares),
        )
        self._page = QWidget()
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._arrange(self._print)
        self._body = self._page if self._print else scrolled(self._page, "Tilt of the data's distribution")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self._message, 1)
        column.addWidget(self._body, 1)
        if self._print:
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.add(self._plane.title, self._plane)

    # ------------------------------------------------------------ the picture

    def display(self, picture: TiltPicture) -> None:
        """Show the picture. Of the same data only what the reward changes is drawn again."""
        waited, self._picture = self._picture.late, picture
        self.setAccessibleDescription(describe(picture))
        there = not picture.message
        self._message.setText(picture.message)
        self._message.setVisible(not there)
        show_area(self, self._body, there=there)
        if not there:
            return
        self._caption.setText(caption(picture))
        self.knobs.display(picture)
        self.said.set_error("tilt", picture.error)
        rows = () if picture.answer is None else picture.answer.rows
        self.table.display(rows)
        self.bars.show_shares(rows, picture.names)
        self.cloud.show_tilt(picture)
        if not picture.late:
            self._patience.stop()
        elif not waited:
            self._patience.start()
        self._tell()

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def _tell(self) -> None:
        """Say what is missing from the plane. A short wait is not told, so that nothing blinks in a drag."""
        answer = self._picture.answer
        beyond = 0 if answer is None else sum(self.cloud.beyond(ends) for ends in answer.ends)
        waits = self._picture.late and (self._print or not self._patience.isActive())
        self._note.setText(LATE if waits else f"{beyond} ends lie outside; the wheel zooms." if beyond else " ")

    def _dragged(self, x: float, y: float, _let_go: bool) -> None:
        self.arrow_dragged.emit(x, y)

    def _reset_clicked(self) -> None:
        self.reset_wanted.emit()

    # ------------------------------------------------------------ layout and colours

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self._print or self.width() >= BESIDE
        if wide != self._wide:
            self._arrange(wide)

    def _arrange(self, wide: bool) -> None:
        """Place the plane between reward and numbers, or beside both."""
        self._wide = wide
        reward, plane, numbers = self._parts
        places = ((0, 1, 1), (0, 0, 2), (1, 1, 1)) if wide else ((0, 0, 1), (1, 0, 1), (2, 0, 1))
        for part, (row, column, rows) in zip((reward, plane, numbers), places, strict=True):
            self._grid.addWidget(part, row, column, rows, 1)
        self._grid.addWidget(self._caption, 3, 0, 1, 2 if wide else 1)
        self._grid.setRowStretch(1, 1)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, int(wide))

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.set_background(theme)
        for part in (self.cloud, self.table, self.bars):
            part.set_theme(theme)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self.knobs.turned.disconnect(self.knob_turned)
        self.knobs.release()
        self._reset.clicked.disconnect(self._reset_clicked)
        self.cloud.handle_moved.disconnect(self._dragged)
        self.cloud.range_changed.disconnect(self._tell)
        self._patience.stop()
        self._patience.timeout.disconnect(self._tell)
        self.cloud.release()
        if self._enlarged is not None:
            self._enlarged.release()


def _column(*parts: QWidget | QLayout) -> QWidget:
    """Parts under each other; the first one takes the room that is left."""
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    for part in parts:
        column.addLayout(part) if isinstance(part, QLayout) else column.addWidget(part)
    return widget
