"""The schedule view: schedules on one axis of noise levels. A person can drag the draft's; designed ones show their
costs.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.schedule.cost import HELP, HINT, LEAST, CostMap
from app.rooms.schedule.knobs import ScheduleRows
from app.rooms.schedule.pictures import SchedulePicture
from app.rooms.schedule.text import describe, error_band
from app.widgets.enlarged import Enlarged
from app.widgets.explanation import Explanation
from app.widgets.focus_area import show_area
from app.widgets.form import Choice, ChoiceField, commit_all, explain
from app.widgets.number_field import FloatField
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Titled
from geomodel.settings import Limits

BESIDE = 560  # pixels of width from which the map may stand beside the rows
METRICS = (
    Choice("dev", "dev", "How much farther a jump lands from the line through the trajectory's ends than the teacher."),
    Choice("l1", "l1", "Distance of the jump's end to the teacher, the sum over the dimensions."),
    Choice("l2", "l2", "Distance of the jump's end to the teacher, Euclidean."),
)
METRIC = Limits("Metric", "What a jump between two levels costs.", None, None)
FOR = Limits("For", "With which steps the levels will be used.", None, None)
STEPS = (
    Choice("euler", "Euler steps", "The smallest sum of Euler errors, as GITS is published. It computes one run."),
    Choice(
        "solver",
        "the form's solver",
        "Then moves the levels until the end error of the solver in the form is least. It computes some hundred runs.",
    ),
)
COEFFICIENT = Limits(
    "Coefficient",
    "Interval k costs coefficientᵏ times its local error: 1.15 makes up for errors being carried on to the end; "
    "above 1 later intervals weigh more, below 1 earlier ones.",
    0.1,
    10.0,
)
ROWS = "The levels of the draft and of the lanes, from noise at the left to data at the right."
BAR_SIGNALS = ("design_wanted", "copy_wanted", "paste_wanted", "save_wanted", "load_wanted", "reset_wanted")
GITS = (
    "Levels with the smallest sum of Euler errors along a teacher's trajectory, by dynamic programming. They are "
    "designed for Euler steps, unless you choose the form's solver."
)
TORS = "Levels between which the trajectory turns by equal parts of its total rotation."


class DesignBar(QWidget):
    """The buttons for the draft's schedule."""

    design_wanted = Signal(str, object)
    copy_wanted = Signal()
    paste_wanted = Signal()
    save_wanted = Signal()
    load_wanted = Signal()
    reset_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.metric_field = ChoiceField("metric", METRIC, METRICS)
        self.metric_field.set_value("dev")
        self.coefficient_field = FloatField("coeff", COEFFICIENT, step=0.05)
        self.coefficient_field.set_value(1.15)
        self.for_field = ChoiceField("for", FOR, STEPS)
        self.for_field.set_value("euler")
        self.for_field.setFixedWidth(160)
        for field in (self.metric_field, self.coefficient_field, self.for_field):
            field.editor.setMinimumHeight(28)
        self.metric_field.label.hide()
        self.metric_field.set_gap(0)
        self.metric_field.setFixedWidth(72)
        self.coefficient_field.setMaximumWidth(240)
        self.gits = self._button("GITS", GITS, self._design_gits)
        self.tors = self._button("TORS", TORS, self._design_tors)
        self.copy = self._button(
            "Copy", "Copy the draft's levels to the clipboard, in full precision.", self.copy_wanted
        )
        self.paste = self._button("Paste", "Take levels from the clipboard as the draft's schedule.", self.paste_wanted)
        self.save = self._button("Save…", "Write the draft's levels to a file.", self.save_wanted)
        self.load = self._button("Load…", "Take levels from a file as the draft's schedule.", self.load_wanted)
        self.reset = self._button("Reset", "Return to the formula of the sampler's form.", self.reset_wanted)
        self._flow = QFlowLayout(self)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setHorizontalSpacing(8)
        self._flow.setVerticalSpacing(8)
        for widget in (self.gits, self.for_field, self.metric_field, self.coefficient_field, self.tors):
            self._flow.addWidget(widget)
        for widget in (self.copy, self.paste, self.save, self.load, self.reset):
            self._flow.addWidget(widget)

    def _button(self, text: str, help_text: str, then: Any) -> QPushButton:
        button = QPushButton(text, autoDefault=False)
        button.setToolTip(tooltip(text.rstrip("…"), help_text))
        button.setAccessibleName(text.rstrip("…"))
        button.setMinimumHeight(28)
        button.setMaximumWidth(button.fontMetrics().horizontalAdvance(text) + 24)
        button.clicked.connect(then)
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMinimumHeight(self._flow.heightForWidth(self.width()))  # else a low view lets the rows overlap

    def allow(self, picture: SchedulePicture) -> None:
        """Enable the buttons that can be used now."""
        has_draft = any(row.hue < 0 for row in picture.rows)
        for button in (self.gits, self.tors, self.paste, self.load):
            button.setEnabled(picture.editable and not picture.working)
        for button in (self.copy, self.save):
            button.setEnabled(has_draft)
        self.reset.setEnabled(picture.editable and picture.edited)

    def _design_gits(self) -> None:
        if commit_all((self.metric_field, self.coefficient_field)) and not self.coefficient_field.error:
            chosen = {"metric": self.metric_field.value, "coeff": self.coefficient_field.value}
            self.design_wanted.emit("gits", {**chosen, "for_solver": self.for_field.value == "solver"})

    def _design_tors(self) -> None:
        self.design_wanted.emit("tors", {})


class ScheduleView(View):
    """Rows of noise levels, the map of costs, and a bar."""

    levels_dragged = Signal(object)
    levels_dropped = Signal(object)
    design_wanted = Signal(str, object)
    cancel_wanted = Signal()
    copy_wanted = Signal()
    paste_wanted = Signal()
    save_wanted = Signal()
    load_wanted = Signal()
    reset_wanted = Signal()
    level_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self.setAccessibleName("Schedule")
        self._picture = SchedulePicture()
        self._theme, self._print = theme, print_mode
        self.bar = DesignBar()
        self.rows = ScheduleRows(theme, print_mode=print_mode)
        self.cost = CostMap(theme, print_mode=print_mode)
        self._build()
        self._connections = [
            (self.rows.dragged, self.levels_dragged),
            (self.rows.dropped, self.levels_dropped),
            (self.rows.picked, self.level_picked),
            (self._cancel.clicked, self.cancel_wanted),
            *((getattr(self.bar, name), getattr(self, name)) for name in BAR_SIGNALS),
        ]
        for said, passed in self._connections:
            said.connect(passed)
        self.set_theme(theme)
        self.display(self._picture)

    def _build(self) -> None:
        self._working = PlainLabel()
        self._working.setFont(tabular(self.font()))
        self._cancel = QPushButton("Cancel", autoDefault=False)
        self._cancel.setToolTip("Stop designing the schedule; the draft stays as it is.")
        self._cancel.setAccessibleName("Cancel the design of the schedule")
        self._progress = QWidget()
        row = QHBoxLayout(self._progress)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._working)
        row.addWidget(self._cancel)
        row.addStretch(1)
        self._message = Explanation()
        explain((self.bar.metric_field, self.bar.coefficient_field), self._message)
        self._empty = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._empty.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._page = QWidget()
        self._panes = QBoxLayout(QBoxLayout.Direction.TopToBottom, self._page)
        self._panes.setContentsMargins(0, 0, 0, 0)
        self._panes.setSpacing(8)
        self._levels = Titled("Noise levels", ROWS, self.rows)
        self._map = Titled("Cost of a jump", f"{HINT} {HELP}", self.cost)
        self._panes.addWidget(self._levels)
        self._panes.addWidget(self._map, 1)
        self._body = self._page if self._print else scrolled(self._page, "Schedules")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for part in (self.bar, self._progress, self._message):
            column.addWidget(part)
        column.addWidget(self._empty, 1)
        column.addWidget(self._body, 1)
        self.bar.setVisible(not self._print)
        self._levels.title.setVisible(not self._print)  # each row on paper has its name
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.add(self._levels.title, self._levels, self.rows.set_titled)
            self._enlarged.add(self._map.title, self._map, self.cost.set_titled)

    # ------------------------------------------------------------ the picture

    @property
    def picture(self) -> SchedulePicture:
        """The present picture."""
        shown: SchedulePicture = self._picture
        return shown

    def display(self, picture: SchedulePicture) -> None:
        """Show the picture. The map of costs is drawn again only if it changed."""
        self._picture = picture
        self.setAccessibleDescription(describe(picture))
        empty = not picture.rows
        self._empty.setText(picture.message)
        self._empty.setVisible(empty)
        show_area(self, self._body, there=not empty)
        self._message.say("" if empty else picture.message)
        self._message.setVisible(not self._print or bool(self._message.usual.sentence))
        self._working.setText(picture.working)
        self._progress.setVisible(bool(picture.working) and not self._print)
        self.bar.allow(picture)
        if picture.cost is not None:
            self.cost.show_cost(picture.cost)
            self._map.title.setText(picture.cost.title)
        self._map.setVisible(picture.cost is not None)
        self.rows.show_picture(picture, error_band(picture))
        self._arrange()

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    # ------------------------------------------------------------ layout and colours

    def _arrange(self) -> None:
        """Place the map under the rows, or beside them if the view is broad and not tall enough for both."""
        needed = self.rows.needed + LEAST + 2 * self._map.title.sizeHint().height() + 24
        bar = 0 if self._print else self.bar.sizeHint().height()
        low = self.height() - bar < needed and self.width() >= BESIDE and self._picture.cost is not None
        wanted = QBoxLayout.Direction.LeftToRight if low else QBoxLayout.Direction.TopToBottom
        if wanted != self._panes.direction():
            self._panes.setDirection(wanted)
            self._panes.setStretch(0, int(low))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        self.rows.set_theme(theme)
        self.cost.set_theme(theme)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        for said, passed in self._connections:
            said.disconnect(passed)
        self._connections.clear()
        if self._enlarged is not None:
            self._enlarged.release()
