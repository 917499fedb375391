"""The consistency view: the curves that shrink, the gap over the iterations, three ways to the end, and the plane of
ends.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.cloud_canvas import CloudCanvas
from app.plotting.headings import Entry
from app.plotting.pens_and_numbers import Kind, tabular
from app.plotting.theme import Theme
from app.rooms.consistency.bar import TrainingBar
from app.rooms.consistency.chart import TITLE, GapChart
from app.rooms.consistency.curves import CurvesCanvas
from app.rooms.consistency.field import FieldCanvas
from app.rooms.consistency.pictures import ConsistencyPicture, FieldPicture
from app.rooms.consistency.text import CLOUDS, CURVES, FIELD, GAP, SHOW_D, describe
from app.rooms.contract import View
from app.widgets.enlarged import Enlarged
from app.widgets.focus_area import show_area
from app.widgets.form import CheckBox
from app.widgets.scrolled import scrolled
from app.widgets.sigma_slider import SigmaSlider
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title
from geomodel.number_text import fixed

CHART_HEIGHT, CANVAS_HEIGHT, CLOUD_HEIGHT = 130, 240, 120  # pixels
CLOUD_KINDS: tuple[Kind, ...] = ("network", "network", "sampling")
LEGEND: tuple[tuple[Kind, str], ...] = (("network", "f"), ("denoising", "D, the control"))


class ConsistencyView(View):
    """Shows a `ConsistencyPicture`."""

    start_wanted = Signal()
    pause_wanted = Signal()
    discard_wanted = Signal()
    denoised_wanted = Signal(bool)
    field_wanted = Signal(bool)
    sigma_wanted = Signal(float)
    level_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture, self._theme, self._print = ConsistencyPicture(), theme, print_mode
        self.setAccessibleName("Consistency")
        self._bar = TrainingBar()
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._caption, self._level, self._clouds_words, self._field_words = (PlainLabel(wordWrap=True) for _ in "1234")
        for label in (self._message, self._caption):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self._caption, self._level, self._clouds_words, self._field_words):
            label.setFont(tabular(self.font(), 0.92))
        font = tabular(self.font(), 0.85)
        self.chart = GapChart(theme, font, print_mode=print_mode)
        self.curves = CurvesCanvas(theme, font, print_mode=print_mode)
        self.clouds = tuple(CloudCanvas(theme, font, kind, print_mode=print_mode) for kind in CLOUD_KINDS)
        self.field = FieldCanvas(theme, font, print_mode=print_mode)
        self._entries = tuple(Entry(kind, label, theme) for kind, label in LEGEND)
        self._denoised, self._coloured = CheckBox("D"), CheckBox("Colour the plane")
        self._denoised.setToolTip(tooltip("D in place of f", SHOW_D))
        self._coloured.setToolTip(tooltip("Colour the plane by its ends", FIELD))
        self._sigma = SigmaSlider("Noise level of the coloured plane", "σ at which the exact ODE starts in every cell.")
        self._sigma_text = PlainLabel()
        self._sigma_text.setFont(tabular(self.font(), 0.92))
        self._sigma_text.setMinimumWidth(self._sigma_text.fontMetrics().horizontalAdvance("σ 0.0000"))
        self._titles = tuple(Title(text) for text in (TITLE, "Curves over the levels", "Three ways to the end"))
        self._field_title = Title("Ends of the exact ODE")
        for title, tip in zip((*self._titles, self._field_title), (GAP, CURVES, CLOUDS, FIELD), strict=True):
            title.setToolTip(tooltip(title.text(), tip))
        self._cloud_titles = tuple(PlainLabel(wordWrap=True) for _ in self.clouds)
        self._connect()
        self._build()
        self.set_theme(theme)
        self.display(self._picture)

    def _connect(self) -> None:
        self._bar.start_wanted.connect(self.start_wanted)
        self._bar.pause_wanted.connect(self.pause_wanted)
        self._bar.discard_wanted.connect(self.discard_wanted)
        self._denoised.clicked.connect(self._denoised_clicked)
        self._coloured.clicked.connect(self._coloured_clicked)
        self._sigma.sigma_moved.connect(self.sigma_wanted)

    def _denoised_clicked(self, checked: bool) -> None:
        self.denoised_wanted.emit(checked)

    def _coloured_clicked(self, checked: bool) -> None:
        self.field_wanted.emit(checked)

    # ------------------------------------------------------------ layout

    def _build(self) -> None:
        self._page, self._trained, self._plane = QWidget(), QWidget(), QWidget()
        self._build_trained()
        self._build_plane()
        inside = QVBoxLayout(self._page)
        inside.setContentsMargins(*([0] * 4 if self._print else [6] * 4))  # for the frame of the focus
        inside.setSpacing(12)
        inside.addWidget(self._message, 1)
        inside.addWidget(self._trained, 5)
        inside.addWidget(self._plane, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self._bar)
        self._bar.setHidden(self._print)
        self._whole = self._page if self._print else scrolled(self._page, "Consistency")
        column.addWidget(self._whole, 1)
        if self._print:
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
            for control in (self._denoised, self._coloured, self._sigma, self._sigma_text):
                control.hide()
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            gap, curves, clouds = self._titles
            self._enlarged.add(gap, self.chart, self.chart.set_titled)
            self._enlarged.add(curves, self.curves, None)
            self._enlarged.add(clouds, self._row, None)
            self._enlarged.add(self._field_title, self.field, None)

    def _build_trained(self) -> None:
        legend = QFlowLayout()
        legend.setHorizontalSpacing(16)
        above = QHBoxLayout()
        above.addWidget(self._titles[1], 1)
        above.addWidget(self._denoised)
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for canvas, words in zip(self.clouds, self._cloud_titles, strict=True):
            words.setFont(tabular(self.font(), 0.85))
            cell = QVBoxLayout()
            cell.setSpacing(0)
            cell.addWidget(words)
            cell.addWidget(canvas, 1)
            row.addLayout(cell, 1)
        column = QVBoxLayout(self._trained)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._caption)
        column.addLayout(legend)
        for entry in self._entries:
            legend.addWidget(entry)
        column.addLayout(above)
        self._add(column, self.curves, CANVAS_HEIGHT)
        self._add(column, self._level, 0)
        self._add(column, self._titles[0], 0)
        self._add(column, self.chart, CHART_HEIGHT)
        self._add(column, self._titles[2], 0)
        self._add(column, self._row, CLOUD_HEIGHT)
        self._add(column, self._clouds_words, 0)

    def _build_plane(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(8)
        for widget, stretch in ((self._coloured, 0), (self._sigma_text, 0), (self._sigma, 1)):
            controls.addWidget(widget, stretch)
        column = QVBoxLayout(self._plane)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._field_title)
        column.addLayout(controls)
        self._add(column, self.field, CANVAS_HEIGHT)
        column.addWidget(self._field_words)
        column.addStretch()

    def _add(self, column: QVBoxLayout, part: QWidget, height: int) -> None:
        """A part of the column, as high as this at least."""
        part.setMinimumHeight(0 if self._print else height)
        column.addWidget(part, height)

    # ------------------------------------------------------------ display

    def display(self, picture: ConsistencyPicture) -> None:
        """Show the picture. A move of the playhead changes dots and words."""
        self._picture = picture
        self.setAccessibleDescription(describe(picture))
        self._bar.display(
            start=picture.start,
            ready=picture.ready,
            running=picture.running,
            begun=picture.begun,
            words=picture.words,
        )
        self._message.setText(picture.message)
        self._message.setVisible(bool(picture.message))
        self._trained.setVisible(picture.gap is not None)
        self._show_field(picture.field)
        show_area(self, self._whole, there=True)
        if picture.gap is None or picture.curves is None:
            return
        self._caption.setText(f"{picture.caption}.")
        self.chart.show_gap(picture.gap)
        self._level.setText(f"{picture.level_words}.")
        self._denoised.setChecked(picture.denoised)
        self.curves.show_curves(picture.curves)
        for canvas, label, cloud in zip(self.clouds, self._cloud_titles, picture.clouds, strict=True):
            label.setText(f"{cloud.title}: {cloud.words}")
            canvas.show_points(cloud.points, picture.curves.data)
            canvas.setAccessibleName(cloud.title)
        self._clouds_words.setText(f"{picture.clouds_words}.")

    def _show_field(self, field: FieldPicture) -> None:
        self._plane.setVisible(field.possible and (field.answer is not None or not self._print))
        self._coloured.setChecked(field.wanted)
        self._sigma.show_sigma(field.sigma, field.lowest, field.highest)
        self._sigma_text.setText(f"σ {fixed(field.sigma, 3)}")
        for part in (self.field, self._field_words):
            part.setVisible(field.wanted)
        self._field_words.setText(f"{field.words}." if field.words else "")
        self.field.show_field(field)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        self.chart.set_theme(theme)
        for canvas in (self.curves, *self.clouds, self.field):
            canvas.set_theme(theme)
        for entry in self._entries:
            entry.set_theme(theme)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self._bar.release()
        self._denoised.clicked.disconnect(self._denoised_clicked)
        self._coloured.clicked.disconnect(self._coloured_clicked)
        self._sigma.sigma_moved.disconnect(self.sigma_wanted)
        for canvas in (self.curves, *self.clouds, self.field):
            canvas.release()
        if self._enlarged is not None:
            self._enlarged.release()
