"""The measures view: one small plot for each measure over a shared axis of noise levels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import ceil

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup, QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.headings import Entry
from app.plotting.pens_and_numbers import Kind
from app.plotting.sigma_axis import SCALE_TITLES, Scale
from app.plotting.theme import Theme
from app.plotting.values import MeasurePlot
from app.rooms.contract import View
from app.rooms.measures.pictures import MeasuresPicture
from app.rooms.measures.text import describe, left_out_text, values_at
from app.widgets.context_menu import Row
from app.widgets.enlarged import Enlarged
from app.widgets.focus_area import show_area
from app.widgets.layouts import clear
from app.widgets.measure_cell import Cell
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel
from geomodel.measures import MEASURES

CELL_WIDTH, CELL_HEIGHT = 320, 136  # least pixels of a plot
SMALLEST = (180, 136)  # pixels of a plot in a print, under which nobody can read it
REQUESTED = {measure.name for measure in MEASURES if measure.on_request}  # hidden until they are chosen
OFFERED: tuple[Scale, ...] = ("log", "index")  # how the levels can be spread here


class MeasuresView(View):
    """Small plots of the measures over the noise levels, with the playhead's values beside their titles."""

    level_picked = Signal(int)
    measures_chosen = Signal()  # a person has changed which measures are visible

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self.setAccessibleName("Measures")
        self._picture = MeasuresPicture()
        # a picture, and what is visible of it
        self._part: tuple[MeasuresPicture, MeasuresPicture] = (self._picture, self._picture)
        self._theme, self._print = theme, print_mode
        self._scale: Scale = "log"
        self._chosen: frozenset[str] | None = None  # None shows the usual measures
        self._cells: dict[str, Cell] = {}
        self._arranged: tuple[tuple[str, ...], int] = ((), 0)
        self._legend_shows: tuple[list[tuple[Kind | None, str]], str] | None = None  # curves, and a note
        # cells to draw, one in each pass of the event loop, because all at once would stall the window
        self._due: list[str] = []
        self._next = QTimer(self, interval=0, singleShot=True)
        self._next.timeout.connect(self._show_next)
        self._menu = QMenu(self)
        self._build()
        self._enlarged = None if print_mode else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.changed.connect(self._arrange_anew)
        self.set_theme(theme)
        self.display(self._picture)

    def _build(self) -> None:
        self._legend = QFlowLayout()
        self._legend.setHorizontalSpacing(16)
        self._legend.setVerticalSpacing(0)
        self._button = QPushButton("Measures", self)
        self._button.setToolTip("Choose the measures and the axis")
        self._button.setAccessibleName("Choose the measures and the axis")
        self._button.setMenu(self._menu)
        bar = QHBoxLayout()
        bar.addLayout(self._legend, 1)
        bar.addWidget(self._button, 0, Qt.AlignmentFlag.AlignTop)
        if self._print:
            self._button.hide()
        self._page = QWidget()
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._message.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addLayout(bar)
        column.addWidget(self._message, 1)
        self._body = self._page if self._print else scrolled(self._page, "Measures over the noise levels")
        column.addWidget(self._body, 1)

    # ------------------------------------------------------------ the picture

    @property
    def picture(self) -> MeasuresPicture:
        """The present picture with the visible measures only, so that a figure of it shows the same."""
        whole: MeasuresPicture = self._picture
        plots = tuple(self._visible_plots())
        if self._part[0] is not whole or self._part[1].plots != plots:
            self._part = whole, whole if len(plots) == len(whole.plots) else replace(whole, plots=plots)
        return self._part[1]

    def for_print(self, picture: MeasuresPicture, size: QSize) -> MeasuresPicture:
        """The first of the visible measures, as many as can be read."""
        columns, rows = (max(1, side // least) for side, least in zip(size.toTuple(), SMALLEST, strict=True))
        shown = [plot for plot in picture.plots if self.shows(plot.name)]
        return replace(picture, plots=tuple(shown[: columns * rows]))

    def display(self, picture: MeasuresPicture) -> None:
        """Show the picture. A playhead move changes only cursors and values."""
        changed = self._take(picture)
        if changed and self.window().isVisible() and not self._print:  # also behind a tab
            self._due = list(self.visible_measures)
            self._next.start()
        else:
            self._show_cells()

    def fill(self, picture: MeasuresPicture) -> Iterator[None]:
        """Display a picture with a pause after each cell."""
        self._take(picture)
        for plot in self._visible_plots():
            self._show_cell(plot)
            yield
        self.display(picture)  # everything is drawn already

    def _take(self, picture: MeasuresPicture) -> bool:
        """Show everything of the picture but its cells. Returns whether they draw other curves."""
        old, self._picture = self._picture, picture
        names = [plot.name for plot in picture.plots]
        if names != [plot.name for plot in old.plots]:
            self._fill_menu()
        self.setAccessibleDescription(self.describe())
        empty = picture.sigmas is None or not picture.plots
        self._message.setText(picture.message)
        self._message.setVisible(empty)
        show_area(self, self._body, there=not empty)
        if picture.plots is not old.plots:
            self._arrange()
            self._write_legend()
        return picture.plots is not old.plots

    def _show_cells(self) -> None:
        for plot in self._visible_plots():
            if plot.name not in self._due:
                self._show_cell(plot)

    def _show_cell(self, plot: MeasurePlot) -> None:
        picture = self._picture
        if picture.sigmas is not None:
            self._placed(plot.name).show_plot(plot, picture.sigmas, self._scale, picture.sample, picture.index)

    def _show_next(self) -> None:
        name = self._due.pop(0) if self._due else ""
        plot = next((plot for plot in self._visible_plots() if plot.name == name), None)
        if plot is not None:
            self._show_cell(plot)
        if self._due:
            self._next.start()

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self.picture)

    def value_at(self, name: str) -> dict[str, float]:
        """The values at the playhead of the measure's curves, by their labels; NaN where undefined."""
        return values_at(next(plot for plot in self._picture.plots if plot.name == name), self._picture)

    # ------------------------------------------------------------ what is visible

    @property
    def visible_measures(self) -> tuple[str, ...]:
        """The names of the visible measures, in their order."""
        return tuple(plot.name for plot in self._visible_plots())

    @property
    def chosen_measures(self) -> tuple[str, ...] | None:
        """The names that a person has chosen, also of measures that this run lacks; None: the usual ones."""
        return None if self._chosen is None else tuple(sorted(self._chosen))

    def shows(self, name: str) -> bool:
        """Whether a measure is visible where a run has it."""
        return name not in REQUESTED if self._chosen is None else name in self._chosen

    def set_visible_measures(self, names: Iterable[str] | None) -> None:
        """Show only these measures; None shows the usual ones."""
        self._chosen = None if names is None else frozenset(names)
        self._refresh()

    def set_scale(self, scale: Scale) -> None:
        """Spread the levels by log σ or by the step's index."""
        self._scale = scale
        self._refresh()

    def _refresh(self) -> None:
        for action in self._menu.actions():
            if action.data() in SCALE_TITLES:
                action.setChecked(action.data() == self._scale)
            elif action.data():
                action.setChecked(self.shows(action.data()))
        self._arrange()
        self._write_legend()
        self._show_cells()

    def _visible_plots(self) -> list[MeasurePlot]:
        printed = self._print and self._chosen is None  # a figure shows what it is given
        return [plot for plot in self._picture.plots if self.shows(plot.name) or (printed and plot.curves)]

    def _fill_menu(self) -> None:
        self._menu.clear()
        for plot in self._picture.plots:
            self._add_choice(plot.title, plot.name, self.shows(plot.name), partial(self.toggle, plot.name))
        self._menu.addSeparator()
        axis = QActionGroup(self._menu)
        for scale in OFFERED:
            act = partial(self.set_scale, scale)
            axis.addAction(self._add_choice(f"Axis: {SCALE_TITLES[scale]}", scale, scale == self._scale, act))

    def _add_choice(self, title: str, data: str, checked: bool, act: Callable[[], None]) -> QAction:
        action = QAction(title, self._menu, checkable=True, checked=checked)
        action.setData(data)
        action.triggered.connect(lambda _checked=False: act())
        self._menu.addAction(action)
        return action

    def toggle(self, name: str) -> None:
        """Show a measure or hide it, because a person wants so."""
        self.set_visible_measures(set(self.visible_measures) ^ {name})
        self.measures_chosen.emit()

    def menu_rows(self, at: QPoint) -> Sequence[Row]:
        """Which measures, over which axis."""
        return self._menu.actions()

    # ------------------------------------------------------------ layout and colours

    def _arrange(self) -> None:
        """Place the cells in one or two columns. Nothing moves unless the names or the column count changed."""
        names = self.visible_measures
        columns = self._columns(len(names))
        if (names, columns) == self._arranged:
            return
        self._arranged = names, columns
        rows = ceil(len(names) / columns)
        for shown, cell in self._cells.items():
            self._grid.removeWidget(cell)
            cell.setVisible(cell is self._large and shown in names)
        for name in names:
            if name in self._cells or self._print:
                self._placed(name)
        for column in range(max(columns, self._grid.columnCount())):
            self._grid.setColumnStretch(column, int(column < columns))
        for row in range(max(rows, self._grid.rowCount())):
            self._grid.setRowStretch(row, int(row < rows))

    @property
    def _large(self) -> QWidget | None:
        return None if self._enlarged is None else self._enlarged.part

    def _arrange_anew(self) -> None:
        """A cell has come back to where the others may have moved."""
        self._arranged = (), 0
        self._arrange()
        self._show_cells()

    def _columns(self, count: int) -> int:
        """As many columns as are wide enough. Print cannot scroll, so it has enough columns for the rows to be tall
        enough.
        """
        wide = max(1, min(self.width() // CELL_WIDTH, count))
        if not self._print:
            return wide
        return next((c for c in range(wide, count) if self.height() >= ceil(count / c) * CELL_HEIGHT), max(wide, count))

    def _placed(self, name: str) -> Cell:
        """The measure's cell in its place. It is built when it is first drawn, because a dozen at once would stall
        the window.
        """
        if name not in self._cells:
            cell = self._cells[name] = Cell(self._theme, self._page, print_mode=self._print)
            cell.setMinimumHeight(0 if self._print else CELL_HEIGHT)
            cell.picked.connect(self.level_picked)
            if self._enlarged is not None:
                self._enlarged.add(cell.header, cell, cell.set_enlarged)
        cell, (names, columns) = self._cells[name], self._arranged
        if self._grid.indexOf(cell) < 0 and cell is not self._large:
            self._grid.addWidget(cell, names.index(name) // columns, names.index(name) % columns)
            cell.show()
        return cell

    def _write_legend(self) -> None:
        curves = [curve for plot in self._visible_plots() for curve in plot.curves]
        named = ((curve.kind, curve.label) for curve in curves if curve.label)
        wanted: list[tuple[Kind | None, str]] = list(dict.fromkeys(named))
        samples = max((curve.values.shape[1] for curve in curves), default=1)
        if samples > 1:
            wanted.append((None, f"10–90 % of {samples} samples"))
        shown = (wanted, left_out_text(self._picture))
        if shown == self._legend_shows:
            return
        self._legend_shows = shown
        clear(self._legend)
        for kind, label in wanted:
            self._legend.addWidget(Entry(kind, label, self._theme, self))
        if shown[1]:
            note = PlainLabel(shown[1])
            note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            self._legend.addWidget(note)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        for cell in self._cells.values():
            cell.set_theme(theme)
        self._legend_shows = None
        self._write_legend()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self._next.stop()
        self._next.timeout.disconnect(self._show_next)
        if self._enlarged is not None:
            self._enlarged.changed.disconnect(self._arrange_anew)
            self._enlarged.release()
        for cell in self._cells.values():
            cell.picked.disconnect(self.level_picked)
        self._menu.clear()
