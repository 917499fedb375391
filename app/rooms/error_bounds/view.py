"""The step bounds view: sliders over the distances of both samplers, and a page of score errors of one size."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QGridLayout, QLayout, QTabBar, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.headings import Entry
from app.plotting.pens_and_numbers import Kind, tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.error_bounds.controls import DialSlider
from app.rooms.error_bounds.dials import D_STOPS, DIALS, T_STOPS
from app.rooms.error_bounds.heat import DIMENSION_AXIS, STEPS_AXIS, HeatMap
from app.rooms.error_bounds.pictures import ERROR, STEPS, BoundsPicture
from app.rooms.error_bounds.plot import LEAST, Axis, Line, Plot
from app.rooms.error_bounds.text import (
    DENSITY,
    ERROR_LEGEND,
    HEAT,
    LEGEND,
    OVER_DIMENSION,
    OVER_FREQUENCY,
    OVER_STEPS,
    PAGES,
    caption,
    describe,
    numbers,
    value_of,
)
from app.widgets.enlarged import Enlarged
from app.widgets.focus_area import show_area
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title, Titled

TV_AXIS = Axis(title="TV", low=1e-4, high=1.0, labels=(1e-4, 1e-3, 0.01, 0.1, 1.0), log=True)
SHARE_AXIS = Axis(title="TV", low=0.0, high=1.0, labels=(0.0, 0.25, 0.5, 0.75, 1.0))
FREQUENCY_AXIS = Axis(title="frequency ω", low=1.0, high=100.0, labels=(1, 2, 5, 10, 20, 50, 100), log=True)
PLACE_AXIS = Axis(title="x", low=-4.0, high=4.0, labels=(-4, -3, -2, -1, 0, 1, 2, 3, 4))
DENSITY_AXIS = Axis(title="density", low=0.0, high=2.0, labels=(0.0, 0.5, 1.0, 1.5, 2.0))


class BoundsView(View):
    """Shows a `BoundsPicture`."""

    dial_moved = Signal(str, float)
    page_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture: BoundsPicture | None = None
        self._theme, self._print = theme, print_mode
        self.setAccessibleName("Step bounds")
        self.tabs = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        self.tabs.setAccessibleName("Pages of the step bounds")
        for title in PAGES:
            self.tabs.addTab(title)
        self._heading = Title()
        self._caption, self._numbers = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        for label in (self._caption, self._numbers):
            label.setFont(tabular(self.font(), 0.92))
        self.over_steps = Plot(theme, "TV over steps", STEPS_AXIS, TV_AXIS)
        self.over_dimension = Plot(theme, "TV over dimensions", DIMENSION_AXIS, TV_AXIS)
        self.heat = HeatMap(theme)
        self.density = Plot(theme, "Density that is produced", PLACE_AXIS, DENSITY_AXIS)
        self.over_frequency = Plot(theme, "TV over the frequency", FREQUENCY_AXIS, SHARE_AXIS)
        self._plots = (self.over_steps, self.over_dimension, self.heat, self.density, self.over_frequency)
        self.sliders: dict[str, DialSlider] = {}
        self._pages = (
            self._made(
                LEGEND,
                (
                    Titled("TV over steps T", OVER_STEPS, self.over_steps),
                    Titled("TV over dimensions d", OVER_DIMENSION, self.over_dimension),
                    Titled("TV of the ODE sampler: T across, d up", HEAT, self.heat),
                ),
            ),
            self._made(
                ERROR_LEGEND,
                (
                    Titled("Density; peaks above 2 are cut", DENSITY, self.density),
                    Titled("TV over the frequency ω", OVER_FREQUENCY, self.over_frequency),
                ),
            ),
        )
        self._build()
        self._connect()
        self.set_theme(theme)

    def _made(self, legend: tuple[tuple[Kind, str, str], ...], parts: tuple[Titled, ...]) -> QWidget:
        """A page: what the hues mean, and the plots."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        entries = QFlowLayout()
        entries.setHorizontalSpacing(16)
        entries.setVerticalSpacing(0)
        column.addLayout(entries)
        for kind, label, tip in legend:
            entry = Entry(kind, label, self._theme, page)
            entry.setToolTip(tooltip(label, tip))
            entries.addWidget(entry)
        for part in parts:
            part.setMinimumHeight(0 if self._print else LEAST)
            column.addWidget(part, 1)
        return page

    def _build(self) -> None:
        self._dials = QWidget()
        grid = QGridLayout(self._dials)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, dial in enumerate(DIALS):
            self.sliders[dial.name] = DialSlider(dial, row, grid)
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(*([0] * 4 if self._print else [6] * 4))
        inside.setSpacing(6)
        for part in (self._heading, self._dials, self._caption, self._numbers):
            inside.addWidget(part)
        for page in self._pages:
            inside.addWidget(page, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.tabs)
        self._whole = body if self._print else scrolled(body, "Step bounds")
        column.addWidget(self._whole, 1)
        for there, parts in (
            (self._print, (self._heading, self._caption)),
            (not self._print, (self.tabs, self._dials)),
        ):
            for part in parts:
                part.setVisible(there)
        if self._print:
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            for part in self.findChildren(Titled):
                self._enlarged.add(part.title, part)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self.page_picked)
        for slider in self.sliders.values():
            slider.chosen.connect(self.dial_moved)
        self.over_steps.picked.connect(self._pick_steps)
        self.over_dimension.picked.connect(self._pick_dimension)
        self.heat.picked.connect(self._pick_both)
        self.over_frequency.picked.connect(self._pick_frequency)

    # ------------------------------------------------------------ the picture

    def display(self, picture: BoundsPicture) -> None:
        """Show the picture."""
        self._picture = picture
        chosen = picture.chosen
        self.setAccessibleDescription(describe(picture))
        show_area(self, self._whole, there=True)
        with QSignalBlocker(self.tabs):
            self.tabs.setCurrentIndex(chosen.page)
        self._heading.setText(PAGES[chosen.page])
        self._caption.setText(caption(chosen))
        self._numbers.setText(numbers(picture))
        for dial in DIALS:
            self.sliders[dial.name].show_value(value_of(chosen, dial))
            self.sliders[dial.name].set_there(there=(dial.name == "frequency") == (chosen.page == ERROR))
        for at, page in enumerate(self._pages):
            page.setVisible(at == chosen.page)
        self._draw_steps(picture) if chosen.page == STEPS else self._draw_error(picture)

    def _draw_steps(self, picture: BoundsPicture) -> None:
        chosen = picture.chosen
        row, column = (self.sliders[name].value() for name in ("steps", "dimension"))
        self.over_steps.show_lines(
            (
                Line("reference", T_STOPS, picture.in_steps),
                Line("runs.0", T_STOPS, picture.ode[:, column]),
                Line("runs.1", T_STOPS, picture.sde[:, column]),
            ),
            chosen.steps,
        )
        self.over_dimension.show_lines(
            (
                Line("reference", D_STOPS, picture.in_dimension),
                Line("runs.0", D_STOPS, picture.ode[row]),
                Line("runs.1", D_STOPS, picture.sde[row]),
            ),
            chosen.dimension,
        )
        self.heat.show_map(picture.ode, chosen.steps, chosen.dimension)

    def _draw_error(self, picture: BoundsPicture) -> None:
        found, swept = picture.oscillation, picture.swept
        self.density.show_lines(
            (Line("runs.0", found.places, found.produced), Line("reference", found.places, found.target))
        )
        control = Line("reference", FREQUENCY_AXIS.ends, FREQUENCY_AXIS.ends * 0 + picture.without)
        lines = (control, Line("runs.0", swept[:, 0], swept[:, 1])) if len(swept) else (control,)
        self.over_frequency.show_lines(lines, picture.chosen.frequency or None)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return "" if self._picture is None else describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        for plot in self._plots:
            plot.set_theme(theme)
        for entry in self.findChildren(Entry):
            entry.set_theme(theme)

    # ------------------------------------------------------------ gestures

    def _pick_steps(self, steps: float, _up: float) -> None:
        self._move("steps", steps)

    def _pick_dimension(self, dimension: float, _up: float) -> None:
        self._move("dimension", dimension)

    def _pick_both(self, steps: float, dimension: float) -> None:
        self._move("steps", steps)
        self._move("dimension", dimension)

    def _pick_frequency(self, frequency: float, _up: float) -> None:
        self._move("frequency", frequency)

    def _move(self, name: str, value: float) -> None:
        slider = self.sliders[name]
        slider.setValue(slider.dial.nearest(value))

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self.tabs.currentChanged.disconnect(self.page_picked)
        for slider in self.sliders.values():
            slider.chosen.disconnect(self.dial_moved)
            slider.release()
        self.over_steps.picked.disconnect(self._pick_steps)
        self.over_dimension.picked.disconnect(self._pick_dimension)
        self.heat.picked.disconnect(self._pick_both)
        self.over_frequency.picked.disconnect(self._pick_frequency)
        if self._enlarged is not None:
            self._enlarged.release()
