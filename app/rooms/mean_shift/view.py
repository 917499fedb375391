"""The mean-shift view: a point, the denoisers there, the data that make up D*, and the path to the mode."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.mean_shift.along_plot import AlongPlot
from app.rooms.mean_shift.controls import MeanShiftControls
from app.rooms.mean_shift.panels import ClassBars, NeighbourRows
from app.rooms.mean_shift.pictures import MeanShiftPicture
from app.rooms.mean_shift.text import describe
from app.rooms.mean_shift.weight_spectrum import WeightSpectrum
from app.widgets.enlarged import Enlarged
from app.widgets.focus_area import show_area
from app.widgets.image_chooser import ImageChooser, ImageSource
from app.widgets.panel_grid import Flowing, PanelGrid, refit
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title

WIDE = 640  # pixels of width from which classes stand beside the neighbours
OPTIMAL = "D*(x; σ) = Σᵢ wᵢ yᵢ with w = softmax(−‖x − yᵢ‖²/(2σ²)): the mean of the data under their posterior weights."
NEIGHBOURS = (
    "The data with the largest weights wᵢ = softmax(−‖x − yᵢ‖²/(2σ²)). Effective neighbours: exp(−Σᵢ wᵢ log wᵢ)."
)
CLASSES = "The sum of the weights wᵢ over the data of a class: its posterior probability at x."
JACOBIAN = (
    "The leading directions of J = ∂D/∂x: eigenvectors of D*, whose J = Cov(x₀ | x)/σ² is symmetric, and right "
    "singular vectors of the network, whose J need not be. tr J of D* is the soft dimension at scale σ; it goes to 0 "
    "after collapse."
)
ALONG = (
    "Effective neighbours N_eff = exp(−Σᵢ wᵢ log wᵢ) and the posterior of the classes, Σ wᵢ over the data of each: at "
    "the sample's own xₙ, or at y + σz with the image probe's one z. Median N_eff = 2: below it the median over the "
    "run's samples stays under 2, one point is left. σ_S = √Λ, Λ the data's largest variance: classes part. Isotropic "
    "Gaussian formula: s/√(n^(2/d) − 1), where n points of a Gaussian of variance s² in each of d dimensions would "
    "collapse; real data are not such a Gaussian. Click to go to a level."
)
BESIDE = (
    "Annealed mean shift takes the full jump x ← D*(x; σₙ) at every level. The ODE of D*, by Euler over the same "
    "levels, takes the part (σₙ − σₙ₊₁)/σₙ of the same jump: x + (1 − σₙ₊₁/σₙ)(D* − x); shown is its D*(xₙ; σₙ). Full "
    "jumps forget where they came from: D* at large σ is near the data mean from anywhere."
)
ITERATION = "Mean shift repeats x ← D*(x; σ) at this one σ until it rests at a mode of the smoothed data density."


Body = Flowing | NeighbourRows | WeightSpectrum | AlongPlot  # all can be enlarged


class Section(QWidget):
    """A heading, a line beside or under it, and its content."""

    def __init__(self, title: str, formula: str, body: Body) -> None:
        super().__init__()
        self._body = body
        self.heading = Title(title)
        self.heading.setWordWrap(True)
        self.note = PlainLabel(wordWrap=True)
        self.note.setFont(tabular(self.font()))
        self.note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        body.setAccessibleName(title)
        for widget in (self.heading, self.note, body):
            widget.setToolTip(tooltip(title, formula))
        self.head = QHBoxLayout()
        self.head.addWidget(self.heading, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addLayout(self.head)
        self._column.addWidget(self.note)
        self._column.addWidget(body)
        self._column.addStretch(1)
        self.say("")

    def set_enlarged(self, enlarged: bool) -> None:
        """The body takes the room that is left."""
        at = self._column.indexOf(self._body)
        self._column.setStretch(at, int(enlarged))
        self._column.setStretch(at + 1, int(not enlarged))
        self._body.set_enlarged(enlarged)

    def say(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))


class MeanShiftView(View):
    """What D* answers at a point, and which data the answer is made of."""

    probing_toggled = Signal(bool)
    probe_edited = Signal(
        object
    )  # changed fields of data_index, second_index, share, seed, sigma (None: the playhead's)
    choice_wanted = Signal(str)  # data_index or second_index
    mode_wanted = Signal()
    annealed_wanted = Signal()
    level_picked = Signal(int)  # a click on the plot over the noise levels
    jacobian_wanted = Signal()  # on or off

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self.setAccessibleName("Mean shift")
        self._picture = MeanShiftPicture()
        self._print, self._theme = print_mode, theme
        self._chooser: ImageChooser | None = None
        self._controls = MeanShiftControls()
        self._panels = PanelGrid(theme, smallest=96, largest=224, marks=True)
        self._point = Section("The point and its denoisers", OPTIMAL, self._panels)
        self._neighbours, self._classes = NeighbourRows(theme), ClassBars(theme)
        self._spectrum = WeightSpectrum(theme)
        self._all = Section("All weights", NEIGHBOURS, self._spectrum)
        self._directions = PanelGrid(theme, smallest=84, largest=84, marks=True)
        self._steps = PanelGrid(theme, smallest=64, largest=64, marks=False)
        self.along = AlongPlot(theme, print_mode=print_mode)
        self._beside = PanelGrid(theme, smallest=72, largest=72, marks=False, series=2)
        self._painted: tuple[Body, ...] = (
            self.along,
            self._beside,
            self._spectrum,
            self._panels,
            self._neighbours,
            self._classes,
            self._steps,
            self._directions,
        )
        self._near = Section("Nearest data", NEIGHBOURS, self._neighbours)
        self._share = Section("Posterior of the classes", CLASSES, self._classes)
        self._path = Section("Mean shift x ← D*(x; σ)", ITERATION, self._steps)
        self._mode = QPushButton("Mean shift to the mode", autoDefault=False)
        self._mode.setToolTip(tooltip("Mean shift to the mode", ITERATION))
        self._path.head.addWidget(self._mode)
        self._over = Section("Along σ", ALONG, self.along)
        self._both = Section("Annealed mean shift beside the ODE", BESIDE, self._beside)
        self._anneal = QPushButton("Anneal from here", autoDefault=False)
        self._anneal.setToolTip(tooltip("Anneal from here", BESIDE))
        self._both.head.addWidget(self._anneal)
        self._jacobian = Section("Jacobian ∂D/∂x", JACOBIAN, self._directions)
        self._differentiate = QPushButton("Jacobian here", autoDefault=False)
        self._differentiate.setCheckable(True)
        self._differentiate.setToolTip(tooltip("Jacobian here", JACOBIAN))
        self._jacobian.head.addWidget(self._differentiate)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._message.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._lay_out()
        self._controls.probing_toggled.connect(self.probing_toggled)
        self._controls.probe_edited.connect(self.probe_edited)
        self._controls.choice_wanted.connect(self.choice_wanted)
        self._mode.clicked.connect(self._want_mode)
        self._differentiate.clicked.connect(self._want_jacobian)
        self._anneal.clicked.connect(self._want_annealed)
        self.along.picked.connect(self.level_picked)
        self.set_theme(theme)
        self.display(self._picture)

    def _lay_out(self) -> None:
        self._lower = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._lower.setSpacing(16)
        self._lower.addWidget(self._near, 1)
        self._lower.addWidget(self._share, 1)
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(16, 8, 16, 16)
        inside.setSpacing(8)
        inside.addWidget(self._point)
        inside.addSpacing(8)
        inside.addLayout(self._lower)
        inside.addSpacing(8)
        below = (self._all, self._over, self._path, self._both, self._jacobian)
        for section in below:
            inside.addWidget(section)
            inside.addSpacing(8)
        inside.addStretch(1)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if self._print:
            self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(content)
        self._scroll.setAccessibleName("Mean shift at the point")
        self._controls.setContentsMargins(16, 8, 16, 8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget, stretch in ((self._controls, 0), (self._message, 1), (self._scroll, 1)):
            column.addWidget(widget, stretch)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            for section in (self._point, self._near, self._share, *below):
                self._enlarged.add(section.heading, section, section.set_enlarged)

    def display(self, picture: MeanShiftPicture) -> None:
        """Show the picture. Parts that have not changed are not painted again."""
        old, self._picture = self._picture, picture
        self.setAccessibleDescription(describe(picture))
        empty = not picture.panels
        self._message.setText(picture.message)
        self._message.setVisible(empty)
        show_area(self, self._scroll, there=not empty)
        self._controls.setVisible(picture.data_count > 0 and not self._print)
        self._controls.display(picture)
        self._point.heading.setText(
            f"{picture.title} · σ {picture.sigma:.4g}" if picture.title else f"σ {picture.sigma:.4g}"
        )
        if picture.panels is not old.panels:
            self._panels.set_panels(picture.panels)
        if picture.steps is not old.steps:
            self._steps.set_panels(picture.steps)
        if picture.classes is not old.classes:
            self._classes.set_classes(picture.classes)
        self._display_neighbours(picture, old)
        self._share.setVisible(bool(picture.classes))
        self._all.setVisible(picture.spectrum is not None)
        if picture.ranks is not None and picture.spectrum is not None and picture.spectrum is not old.spectrum:
            self._spectrum.set_spectrum(picture.ranks, picture.spectrum, picture.effective_neighbours)
        self._display_along(picture, old)
        self._display_beside(picture, old)
        self._steps.setVisible(bool(picture.steps))
        self._mode.setVisible(not self._print)
        if picture.jacobian is not old.jacobian:
            self._directions.set_panels(picture.jacobian)
        self._directions.setVisible(bool(picture.jacobian))
        self._jacobian.say(picture.jacobian_note)
        self._differentiate.setChecked(bool(picture.jacobian))
        self._differentiate.setVisible(not self._print)
        self._jacobian.setVisible(bool(picture.jacobian) or not self._print)
        self._path.setVisible(bool(picture.steps) or not self._print)

    def set_probing(self, probing: bool) -> None:
        """Let the room show its image probe, or the selected sample."""
        self._controls.probe.setChecked(probing)

    def _display_neighbours(self, picture: MeanShiftPicture, old: MeanShiftPicture) -> None:
        self._near.setVisible(picture.neighbours is not None)
        count = picture.effective_neighbours
        self._near.say("" if math.isnan(count) else f"effective neighbours {count:,.1f} of {picture.total:,}")
        if picture.neighbours is not None and picture.neighbours is not old.neighbours:
            weights = picture.weights if picture.weights is not None else np.zeros(len(picture.neighbours))
            before = self._neighbours.heightForWidth(self._neighbours.width())
            self._neighbours.set_neighbours(picture.neighbours, weights, picture.labels)
            refit(self._neighbours, before)

    def _display_along(self, picture: MeanShiftPicture, old: MeanShiftPicture) -> None:
        self._over.setVisible(picture.along is not None)
        if picture.along is not None:
            if picture.along is not old.along:
                self.along.set_picture(picture.along)
                self._over.say(picture.along.note)
            self.along.set_cursor(picture.sigma, picture.effective_neighbours)

    def _display_beside(self, picture: MeanShiftPicture, old: MeanShiftPicture) -> None:
        shown = picture.annealed
        if shown is not old.annealed:
            self._beside.set_panels((*shown.ode, *shown.annealed))
            self._both.say(shown.note)
        self._beside.setVisible(bool(shown.ode))
        self._anneal.setVisible(not self._print)
        self._both.setVisible(bool(shown.ode) or not self._print)

    def choose(self, name: str, source: ImageSource, current: int) -> None:
        """Let a person choose the image of a field by sight, in a window beside this one."""
        if self._chooser is not None:
            self._chooser.close()
        title = f"Image {'k' if name == 'data_index' else 'j'} of the probe"
        chooser = self._chooser = ImageChooser(self._theme, self, title, source, current)
        chooser.taken.connect(lambda number: self.probe_edited.emit({name: number}))
        chooser.destroyed.connect(partial(self._forget, id(chooser)))
        chooser.show()

    def _forget(self, chooser: int, _gone: object = None) -> None:
        if self._chooser is not None and id(self._chooser) == chooser:
            self._chooser = None

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        if self._chooser is not None:
            self._chooser.set_theme(theme)
        self.set_background(theme)
        for widget in self._painted:
            widget.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= WIDE
        self._lower.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self._controls.probing_toggled.disconnect(self.probing_toggled)
        self._controls.probe_edited.disconnect(self.probe_edited)
        self._controls.choice_wanted.disconnect(self.choice_wanted)
        if self._chooser is not None:
            self._chooser.close()
        self.along.picked.disconnect(self.level_picked)
        if self._enlarged is not None:
            self._enlarged.release()

    def _want_annealed(self) -> None:
        self.annealed_wanted.emit()

    def _want_jacobian(self) -> None:
        self.jacobian_wanted.emit()

    def _want_mode(self) -> None:
        self.mode_wanted.emit()
