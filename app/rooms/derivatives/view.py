"""Shows finite differences: the dD/dσ that a solver's steps imply, beside the true and the effective one."""

from __future__ import annotations

import re
from math import nan

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

from app.plotting.headings import Entry, Header
from app.plotting.measure_plot import MeasureChart, wants_log
from app.plotting.pens_and_numbers import Kind, hue, tabular
from app.plotting.sigma_axis import positions
from app.plotting.theme import Theme
from app.plotting.values import Curve
from app.rooms.contract import View
from app.rooms.derivatives.arrows import Arrows
from app.rooms.derivatives.pictures import DerivativesPicture
from app.rooms.derivatives.text import NAMES, describe, sentence, step_text
from app.widgets.enlarged import Enlarged
from app.widgets.layouts import clear
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel, formula_html, tooltip
from app.widgets.titled import Titled
from geomodel.arrays import Array
from geomodel.number_text import fixed

WIDE = 720  # pixels of width from which the vectors stand beside the plots
SHORT = 400  # a print cannot grow, so with less height it has no vectors
METHODS = {"jvp": "Jacobian-vector product"}
TAYLOR = (
    "A step from x at σ to σ′ is x′ = x + (σ′ − σ) e − (σ′ − σ)²/(2σ) Ḋ with e = (x − D)/σ and an estimate of "
    "Ḋ = dD/dσ along the ODE. Implied: the solver's own estimate, a difference of two evaluations. True: at the step's "
    "start. Effective: the one with which the step would land on the exact curve."
)
DISTANCE = "‖Ḋ implied − Ḋ‖/‖Ḋ‖, Ḋ the true derivative at the step's start, or the effective one of the step."
FILL = "Ask the denoiser for the true and the effective derivative of every step. It takes evaluations."
LONE: dict[Kind, str] = {"sampling": "o", "reference": "x", "optimal": "d"}  # symbols of steps without a neighbour


class StepPlot(QWidget):
    """Numbers of the steps over the noise levels: a header with those at the playhead, and the chart."""

    def __init__(self, title: str, unit: str, text: str, theme: Theme, *, print_mode: bool) -> None:
        super().__init__()
        self._title, self._unit = title, unit
        self._shown: tuple[Array | None, ...] = ()
        self._values: dict[Kind, Array] = {}
        self._index, self._enlarged = 0, False
        self.header = Header(theme)
        self.header.setToolTip(tooltip(f"{title} ({unit})" if unit else title, text))
        self.chart = MeasureChart(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        self._lone = {kind: pg.ScatterPlotItem(pen=None, symbol=symbol, size=8) for kind, symbol in LONE.items()}
        for item in self._lone.values():
            item.setZValue(3)
            self.chart.box.addItem(item, ignoreBounds=True)
        self.chart.set_quantity(title, unit)
        self.setAccessibleName(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.chart, 1)
        self.setMinimumHeight(0 if print_mode else 112)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self.header.set_theme(theme)
        self.chart.set_theme(theme)
        for kind, item in self._lone.items():
            item.setBrush(hue(kind, theme))

    def show_steps(self, sigmas: Array, index: int, curves: dict[Kind, Array | None]) -> None:
        """Show curves (steps,). If only the index is new, only the cursor moves."""
        shown = (sigmas, *curves.values())
        if len(shown) != len(self._shown) or any(a is not b for a, b in zip(shown, self._shown, strict=True)):
            self._shown = shown
            self._values = {kind: values for kind, values in curves.items() if values is not None}
            self._draw(sigmas)
        self.chart.set_index(index)
        self._index = index
        self._write_values()

    def set_enlarged(self, enlarged: bool) -> None:
        """With room, the axes have titles and the curves their names."""
        self._enlarged = enlarged
        self.chart.set_titled(enlarged)
        self._write_values()

    def _write_values(self) -> None:
        at = self._index
        texts = {kind: fixed(float(v[at]) if at < len(v) else nan) for kind, v in self._values.items()}
        self.header.set_values(tuple((k, f"{NAMES[k]} {t}" if self._enlarged else t) for k, t in texts.items()))
        self.setAccessibleDescription(", ".join(f"{NAMES[kind]} {text}" for kind, text in texts.items()))

    def _draw(self, sigmas: Array) -> None:
        finite = np.concatenate([v[np.isfinite(v)] for v in self._values.values()] or [np.empty(0)])
        log = wants_log(finite[finite > 0])
        # An Euler step implies Ḋ = 0, which a logarithmic axis cannot show; the header and the note say it.
        drawn = {kind: np.where(values > 0, values, nan) if log else values for kind, values in self._values.items()}
        curves = tuple(Curve(kind=kind, label="", values=values[:, None]) for kind, values in drawn.items())
        self.chart.set_data(sigmas, "log", curves if len(finite) else (), 0)
        for kind, item in self._lone.items():
            values = drawn.get(kind, np.empty(0))
            at = lone(values)
            item.setVisible(bool(len(at)))
            item.setData(positions(sigmas)[at], np.log10(values[at]) if log else values[at])
        self.header.set_title(self._title, ", ".join(filter(None, (self._unit, "log scale" if log else ""))))


class DerivativesView(View):
    """A solver's steps as finite differences of dD/dσ."""

    level_picked = Signal(int)
    fill_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture = DerivativesPicture()
        self._theme, self._print = theme, print_mode
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if print_mode else Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Derivatives")
        self._planar = False  # vectors were shown for some step, so their place is kept at the others
        self._build()
        for plot in self._plots:
            plot.chart.picked.connect(self.level_picked)
        self._fill.clicked.connect(self._want_fill)
        self.set_theme(theme)
        self.display(self._picture)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self._title, self._formula = PlainLabel(wordWrap=True), QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self._title.setFont(tabular(self.font(), bold=True))
        self._step = PlainLabel(wordWrap=True)
        self._note = PlainLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self._note.setAccessibleName("What this step says of its derivative")
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        for label in (self._step, self._message):
            label.setFont(tabular(self.font()))
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._title.setToolTip(tooltip("The solver as a finite difference", TAYLOR))
        self._formula.setToolTip(tooltip("The solver's estimate of Ḋ", TAYLOR))
        self._fill = QPushButton("Fill all steps", autoDefault=False)
        self._fill.setToolTip(tooltip("Fill all steps", FILL))
        self._fill.setAccessibleName("Fill all steps")
        self._plots = (
            StepPlot("‖dD/dσ‖", "data units per unit of σ", TAYLOR, self._theme, print_mode=self._print),
            StepPlot("Relative distance", "", DISTANCE, self._theme, print_mode=self._print),
        )
        self._arrows = Arrows(self._theme)
        self._arrows.setAccessibleName("The derivatives of the selected step as vectors")
        self._vectors = Titled("Ḋ of the step in the plane", TAYLOR, self._arrows)
        self._legend = QFlowLayout()
        self._legend.setHorizontalSpacing(16)
        self._legend.setVerticalSpacing(0)
        self._page = QWidget()
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._fill, 0, Qt.AlignmentFlag.AlignTop)
        plots = QVBoxLayout()
        plots.setSpacing(8)
        for plot in self._plots:
            plots.addWidget(plot, 1)
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(8)
        self._body.addLayout(plots, 2)
        self._body.addWidget(self._vectors, 1)
        inside = QVBoxLayout(self._page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        inside.addLayout(head)
        for label in (self._formula, self._step, self._note):
            inside.addWidget(label)
        inside.addLayout(self._legend)
        inside.addLayout(self._body, 1)
        self._whole = self._page if self._print else scrolled(self._page, "Derivatives of the steps")
        self._whole.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self._message, 1)
        column.addWidget(self._whole, 1)
        if self._print:  # a print keeps the size it is given, whatever its parts prefer during the layout
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            for plot in self._plots:
                self._enlarged.add(plot.header, plot, plot.set_enlarged)
            self._enlarged.add(self._vectors.title, self._vectors)

    # ------------------------------------------------------------ the picture

    def display(self, picture: DerivativesPicture) -> None:
        """Show the picture. A playhead move changes only cursors, values, note and vectors."""
        old, self._picture = self._picture, picture
        self.setAccessibleDescription(describe(picture))
        self._message.setText(picture.message)
        self._message.setVisible(picture.sigmas is None)
        self._whole.setVisible(picture.sigmas is not None)
        if picture.sigmas is None:
            return
        self._write(picture)
        if picture.method != old.method:
            self._write_legend()
        norms, distances = self._plots
        sigmas, index = picture.sigmas, picture.index
        norms.show_steps(
            sigmas,
            index,
            {"sampling": picture.implied, "reference": picture.true, "optimal": picture.effective},
        )
        distances.show_steps(sigmas, index, {"reference": picture.to_true, "optimal": picture.to_effective})
        self._planar = bool(picture.arrows) or (self._planar and sigmas is old.sigmas)
        self._place_arrows()
        if picture.arrows is not old.arrows:
            self._arrows.set_arrows(picture.arrows)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def _write(self, picture: DerivativesPicture) -> None:
        self._title.setText(picture.solver)
        self._formula.setText(re.sub(r"_(\w)", r"<sub>\1</sub>", formula_html(picture.formula)))
        self._formula.setVisible(bool(picture.formula))
        pending = " · computing …" if picture.pending and not self._print else ""
        self._step.setText(step_text(picture) + pending)
        self._note.setText(sentence(picture))
        self._note.setVisible(bool(self._note.text()) or not self._print)
        self._fill.setVisible(picture.can_fill and not self._print)
        self._fill.setEnabled(not picture.pending)

    # ------------------------------------------------------------ looks

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        for widget in (*self._plots, self._arrows):
            widget.set_theme(theme)
        self._write_legend()

    def _write_legend(self) -> None:
        method = METHODS.get(self._picture.method, self._picture.method)
        labels = {**NAMES, "reference": f"true ({method})" if method else "true"}
        clear(self._legend)
        for kind, label in labels.items():
            self._legend.addWidget(Entry(kind, label, self._theme, self._page))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= WIDE
        self._body.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        if not self._print:  # a note that comes and goes must not move the plots
            self._note.setMinimumHeight((1 if wide else 2) * self.fontMetrics().lineSpacing())
        self._place_arrows()

    def _place_arrows(self) -> None:
        fits = not self._print or self.width() >= WIDE or self.height() >= SHORT
        self._vectors.setVisible(self._planar and fits)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        for plot in self._plots:
            plot.chart.picked.disconnect(self.level_picked)
        self._fill.clicked.disconnect(self._want_fill)
        if self._enlarged is not None:
            self._enlarged.release()

    def _want_fill(self) -> None:
        self.fill_wanted.emit()


def lone(values: Array) -> Array:
    """Indices of finite values without a finite neighbour, because a line does not show them."""
    known = np.concatenate(([False], np.isfinite(values), [False]))
    return np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])
