"""The compare view: samplers that start from the same noise, and how far each is from the reference."""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.compare.bar import CompareBar, Preset
from app.rooms.compare.columns import PrintedTable
from app.rooms.compare.equal import EqualPanel
from app.rooms.compare.images import LaneImages, images_caption
from app.rooms.compare.lanes import Plotted
from app.rooms.compare.pages import Pages
from app.rooms.compare.paths import LanePaths
from app.rooms.compare.pictures import ComparePicture
from app.rooms.compare.plot_pane import PlotPane
from app.rooms.compare.table import LaneTable
from app.rooms.compare.text import describe, shared
from app.rooms.contract import View
from app.widgets.enlarged import Enlarged
from app.widgets.text import Message, PlainLabel, tooltip

WIDE = 720  # pixels of width from which the selected sample stands beside the plot
EMPTY = "Add solvers to compare, then press Race."
BAR_SIGNALS = ("race_wanted", "cancel_wanted", "add_wanted", "preset_wanted", "save_wanted")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownComparison(ComparePicture):
    """A picture together with the choices made in the view, so that a figure of it shows the same."""

    plotted: Plotted = "sigma"
    lane: int = -1


class CompareView(View):
    """Errors over σ or evaluations, a table of the lanes, the selected sample's trajectories and images."""

    race_wanted = Signal()
    cancel_wanted = Signal()
    add_wanted = Signal()
    preset_wanted = Signal(str)
    remove_wanted = Signal(int)
    save_wanted = Signal()
    lane_picked = Signal(int)
    use_wanted = Signal(int)  # the lane's sampler, in the form
    cell_edited = Signal(int, int, int)  # lane, column, number
    solver_wanted = Signal(int, str)  # another solver in a lane
    equal_race_wanted = Signal(object, int)  # names of solvers; evaluations
    sweep_wanted = Signal(object, int, int)  # names of solvers; the first and the last number of evaluations
    plot_chosen = Signal()
    costs_wanted = Signal()  # for another number of evaluations

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture, self._print = ComparePicture(), print_mode
        self._plotted: Plotted = "sigma"
        self._lane = -1
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if print_mode else Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Compare")
        self._shape: tuple[bool, bool] | None = None  # wide, with pages beside the table
        self._pane = PlotPane(theme, print_mode=print_mode)
        self.chart = self._pane.chart
        self.table = LaneTable(theme)
        self.printed = PrintedTable(theme)
        self.paths = LanePaths(theme, tabular(self.font(), 0.85))
        self.images = LaneImages(theme)
        self._images_page, self._images_note = QWidget(), PlainLabel(wordWrap=True)
        self.bar = CompareBar()
        self.equal: EqualPanel | None = None  # built when it is opened
        self._build_words()
        self._build()
        self._connections = [
            (self.table.lane_picked, self._pick),
            (self.table.remove_wanted, self.remove_wanted),
            (self.table.use_wanted, self.use_wanted),
            (self.table.edited, self.cell_edited),
            (self.table.solver_wanted, self.solver_wanted),
            (self.bar.equal_toggled, self._show_equal),
            *((getattr(self.bar, name), getattr(self, name)) for name in BAR_SIGNALS),
            (self._pane.combo.activated, self._choose),
            (self.chart.lane_picked, self._pick),
            (self.paths.lane_picked, self._pick),
        ]
        for said, then in self._connections:
            said.connect(then)
        self.set_theme(theme)
        self.display(self._picture)

    def _build_words(self) -> None:
        self._caption = QElidingLabel()
        self._caption.setTextFormat(Qt.TextFormat.PlainText)
        self._empty = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        for label in (self._caption, self._empty, self._images_note):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self._caption, self._images_note):
            label.setFont(tabular(self.font(), 0.92))
        self._wrong = Message()

    def _build(self) -> None:
        images = QVBoxLayout(self._images_page)
        images.setContentsMargins(0, 0, 0, 0)
        images.addWidget(self._images_note)
        images.addWidget(self.images, 1)
        self._beside, self._below = Pages(), Pages()
        self._across, self._body = QSplitter(Qt.Orientation.Horizontal), QSplitter(Qt.Orientation.Vertical)
        beside: tuple[tuple[QWidget, int], ...] = ((self._pane, 3), (self._beside, 2))
        for widget, stretch in beside:
            self._across.addWidget(widget)
            self._across.setStretchFactor(self._across.count() - 1, stretch)
        for widget, stretch in ((self._across, 3), (self._below, 2)):
            self._body.addWidget(widget)
            self._body.setStretchFactor(self._body.count() - 1, stretch)
        for splitter in (self._across, self._body):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(8)
        self._whole = whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 8, 8, 8)
        whole.setSpacing(8)
        for part in (self.bar, self._caption, self._wrong):
            whole.addWidget(part)
        whole.addWidget(self._empty, 1)
        whole.addWidget(self._across if self._print else self._body, 1)
        if self._print:
            whole.addWidget(self.printed)
        self.bar.setHidden(self._print)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.add(self._pane.title, self._pane)
            for pages in (self._beside, self._below):
                self._enlarged.add(pages.tabs, pages, self.images.set_enlarged)

    # ------------------------------------------------------------ the picture

    @property
    def picture(self) -> ComparePicture:
        """The present picture, with what is plotted and which lane is picked."""
        if (self._plotted, self._lane) == ("sigma", -1):
            plain: ComparePicture = self._picture
            return plain
        known = {field.name: getattr(self._picture, field.name) for field in fields(ComparePicture)}
        return ShownComparison(**known, plotted=self._plotted, lane=self._lane)

    def display(self, picture: ComparePicture) -> None:
        """Show the picture. Progress touches only its rows."""
        self._picture = picture
        if isinstance(picture, ShownComparison):
            self._plotted, self._lane = picture.plotted, picture.lane
            self._pane.set_plotted(self._plotted)
        shown = self._shown
        self.chart.display(shown, self._plotted)
        if self._print:
            self.printed.display(shown)
        else:
            self.table.display(shown)
            self._lane = self.table.lane()  # none, if it was removed
            self.paths.display(shown)
            self.images.display(shown)
        self._show_words()
        self._mark()
        self._arrange()

    @property
    def _shown(self) -> ComparePicture:
        """The lanes that are plotted: those of the race, or of the sweep."""
        picture: ComparePicture = self._picture
        return picture.of_sweep if self._plotted == "sweep" else picture

    @property
    def plotted(self) -> Plotted:
        """What is plotted."""
        return self._plotted

    def plot(self, plotted: Plotted) -> None:
        """Plot this."""
        if plotted != self._plotted:
            self._plotted, self._lane = plotted, -1
            self._pane.set_plotted(plotted)
            self.display(self._picture)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._shown)

    def _show_words(self) -> None:
        picture = self._shown
        self.setAccessibleDescription(describe(picture))
        there = bool(self._picture.lanes or self._picture.swept)
        self._empty.setText(picture.message or EMPTY)
        self._empty.setVisible(not there)
        self._body.setVisible(there)
        self._wrong.say(picture.message if there else "", is_error=True)
        _say(self._caption, shared(picture) if there else "")
        self._caption.setVisible(there and bool(self._caption.toolTip()))
        self._pane.say(picture, self._plotted)
        self._images_note.setText(images_caption(picture))
        self.bar.display(picture)
        if self.equal is not None:
            self.equal.show_costs(dict(picture.costs), picture.running)

    def _mark(self) -> None:
        """Draw the picked lane thick."""
        self.chart.set_lane(self._lane)
        self.paths.set_lane(self._lane)

    # ------------------------------------------------------------ what a person does

    def set_presets(self, presets: tuple[Preset, ...]) -> None:
        """Set the lines of the menu "Add": id, title and tooltip of each."""
        self.bar.set_presets(presets)

    def open_equal(self) -> EqualPanel:
        """The panel of equal evaluations, open."""
        self.bar.equal.setChecked(True)
        assert self.equal is not None
        return self.equal

    def fold_equal(self) -> None:
        """Give the room of the panel to what it has asked for."""
        self.bar.equal.setChecked(False)

    def _show_equal(self, there: bool) -> None:
        if self.equal is None:
            self.equal = EqualPanel()
            for said, then in (
                (self.equal.race_wanted, self.equal_race_wanted),
                (self.equal.sweep_wanted, self.sweep_wanted),
                (self.equal.changed, self.costs_wanted),
            ):
                said.connect(then)
                self._connections.append((said, then))
            self._whole.insertWidget(1, self.equal)
        self.equal.setVisible(there)
        self.costs_wanted.emit()

    def _choose(self) -> None:
        self.plot(self._pane.combo.currentData())
        self.plot_chosen.emit()

    def _pick(self, lane: int) -> None:
        """A person clicked a lane in the table or in a plot; −1 means none."""
        self._lane = lane
        self.table.select(lane)
        self._mark()
        if lane >= 0:
            self.lane_picked.emit(lane)

    # ------------------------------------------------------------ layout and colours

    def _arrange(self) -> None:
        """Place the pages beside the plot if there is room, otherwise under it with the table."""
        if self._print:
            return
        lanes, wide = self._shown.lanes, self.width() >= WIDE
        extra: list[tuple[str, QWidget]] = []
        if any(lane.sampling is not None for lane in lanes):
            extra.append(("Trajectories", self.paths))
        if any(lane.image is not None for lane in lanes):
            extra.append(("Images", self._images_page))
        # The place that loses pages comes first, because a page has one place at a time.
        table: list[tuple[str, QWidget]] = [("Table", self.table)]
        if wide:
            self._below.set_pages(table)
        self._beside.set_pages(extra if wide else [])
        if not wide:
            self._below.set_pages([*table, *extra])
        shape = (wide, bool(extra))
        if lanes and shape != self._shape:  # otherwise the splitters stay where a person dragged them
            self._shape = shape
            self._share(wide)

    def _share(self, wide: bool) -> None:
        width, height = self.width(), self.height() - 96  # without bar and caption
        self._across.setSizes([3 * width // 5, 2 * width // 5])
        below = min(self.table.full_height(), 2 * height // 5) if wide else height // 2
        self._body.setSizes([height - below, below])

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.set_background(theme)
        for part in (self.chart, self.table, self.paths, self.images):
            part.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        for said, then in self._connections:
            said.disconnect(then)
        self._connections.clear()
        if self.equal is not None:
            self.equal.release()
        if self._enlarged is not None:
            self._enlarged.release()
        for owner in (self._beside, self._below, self.table, self.paths, self.bar):
            owner.release()


def _say(label: QElidingLabel, words: str) -> None:
    label.setText(words)
    label.setToolTip(tooltip("", words) if words else "")
