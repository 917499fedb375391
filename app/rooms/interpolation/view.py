"""Shows where interpolated latents lead: three rows of images or three traces, with their numbers."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.interpolation.pictures import InterpolationPicture
from app.rooms.interpolation.rows import AmountRow
from app.rooms.interpolation.text import TITLES, describe, ends, lost, meaning, numbers
from app.rooms.interpolation.traces import Traces
from app.rooms.interpolation.ways import WayName
from app.widgets.enlarged import Enlarged
from app.widgets.explanation import Explanation
from app.widgets.focus_area import show_area
from app.widgets.form import commit_all, explain
from app.widgets.number_field import IntField
from app.widgets.scrolled import scrolled
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Titled
from geomodel.interpolation import KINDS
from geomodel.settings import Limits

MOST_SEED = 2**31 - 1
FIRST = Limits("First seed", "The latent at amount 0 is the noise of this seed.", 0, MOST_SEED)
SECOND = Limits("Second seed", "The latent at amount 1 is the noise of this seed.", 0, MOST_SEED)
WAYS = (
    "Linear: (1 − a) z₁ + a z₂. Spherical: [sin((1 − a)ψ) z₁ + sin(aψ) z₂]/sin ψ, ψ the angle between the latents. "
    "In-distribution: the linear one over √((1 − a)² + a²), which has the law of the noise for every a."
)
NUMBERS = (
    "Norm of the latent over that of typical noise; distance of the end x₀ to the mean of the data, which is small "
    "where detail is lost; distance of x₀ to the nearest data."
)
AMOUNT = "a of the latents: 0 is the first seed, 1 the second. Drag, or press the keys Up and Down."
LOWEST = 220  # pixels of height of the traces


class InterpolationView(View):
    """Two seeds, the amount, and three ways between them."""

    run_wanted = Signal(int, int)
    cancel_wanted = Signal()
    amount_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture = InterpolationPicture()
        self._print = print_mode
        self.setAccessibleName("Interpolation")
        self.first, self.second = IntField("first", FIRST), IntField("second", SECOND)
        self.button = QPushButton("Interpolate", autoDefault=False)
        self.slider = Slider(1, "Amount", AMOUNT)
        self._names = [WayName(kind, TITLES[name], theme) for kind, name in enumerate(KINDS)]
        self.numbers = [PlainLabel(wordWrap=True) for _ in KINDS]
        self.rows = [AmountRow(theme, f"{TITLES[name]} way as images") for name in KINDS]
        self.traces = Traces(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        self._build()
        self.button.clicked.connect(self._run_or_cancel)
        self.slider.valueChanged.connect(self.amount_picked)
        for row in self.rows:
            row.picked.connect(self.amount_picked)
        self.set_theme(theme)
        self.display(self._picture)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        for field, value in ((self.first, 0), (self.second, 1)):
            field.set_value(value)
            field.editor.setFixedWidth(72)
        self.button.setMinimumHeight(28)
        self.button.setFixedWidth(self.button.sizeHint().width() + 16)
        self.button.setToolTip(tooltip("Interpolate", "Run the sampler from the latents between both seeds. F8"))
        bar = QWidget()
        flow = QFlowLayout(bar)
        flow.setContentsMargins(0, 0, 0, 0)
        flow.setHorizontalSpacing(8)
        flow.setVerticalSpacing(4)
        for widget in (self.first, self.second, self.button):
            flow.addWidget(widget)
        self._said = Explanation(lines=2)
        explain((self.first, self.second), self._said)
        self._caption, self._meaning, self._ends = (PlainLabel(wordWrap=True) for _ in range(3))
        for label in (self._caption, self._ends):
            label.setFont(tabular(self.font(), 0.92))
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._amount = PlainLabel()
        self._amount.setFont(tabular(self.font()))
        self._amount.setMinimumWidth(self._amount.fontMetrics().horizontalAdvance("a = 0.000 "))
        self._plane = Titled("Ends over the data", WAYS, self.traces)
        self._page = QWidget()
        self._lay_out()
        self._body = self._page if self._print else scrolled(self._page, "Three ways between two latents")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for part in (bar, self._said):
            column.addWidget(part)
            part.setHidden(self._print)
        column.addWidget(self._body, 1)
        column.addStretch(0)  # keeps the bar at the top while the body is hidden
        if self._print:  # a print keeps the size it is given, whatever its parts prefer during the layout
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.add(self._plane.title, self._plane)

    def _lay_out(self) -> None:
        slide = QHBoxLayout()
        slide.addWidget(self._amount)
        slide.addWidget(self.slider, 1)
        inside = QVBoxLayout(self._page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        inside.addWidget(self._caption)
        inside.addLayout(slide)
        self.traces.setMinimumHeight(0 if self._print else LOWEST)
        self.traces.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # it prefers 480 pixels
        inside.addWidget(self._plane, 1)
        for name, row, label in zip(self._names, self.rows, self.numbers, strict=True):
            label.setFont(tabular(self.font(), 0.92))
            label.setToolTip(tooltip("", NUMBERS))
            name.setToolTip(tooltip("", WAYS))
            for widget in (name, row, label):
                inside.addWidget(widget)
        for label in (self._ends, self._meaning):
            inside.addWidget(label)
        inside.addStretch(0)

    # ------------------------------------------------------------ the picture

    def display(self, picture: InterpolationPicture) -> None:
        """Show the picture. Another amount moves only frames, symbols and numbers."""
        self._picture = picture
        self.setAccessibleDescription(describe(picture))
        said = picture.message if picture.can_run else ""  # what went wrong is past where nothing can be asked
        self._said.say(picture.working or said or picture.reason)
        self.button.setText("Cancel" if picture.working else "Interpolate")
        self.button.setAccessibleName(self.button.text())
        self.button.setEnabled(bool(picture.working) or picture.can_run)
        found = picture.found
        show_area(self, self._body, there=found is not None)
        if found is None:
            return
        self._caption.setText(picture.caption)
        self._meaning.setText(meaning(found.dimension))
        self._ends.setText(ends(found))
        self._set_slider(picture.at, len(found.amounts))
        self._amount.setText(f"a = {found.amounts[picture.at]:.3g}")
        self._plane.setVisible(found.points is not None)
        if found.points is not None:
            self.traces.show_traces(found, picture.at)
        for kind, (row, label) in enumerate(zip(self.rows, self.numbers, strict=True)):
            row.setVisible(found.images is not None)
            if found.images is not None:
                row.show_images(found.images[kind], picture.at)
            label.setText(lost(found, kind) or numbers(found, kind, picture.at))

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def _set_slider(self, at: int, count: int) -> None:
        self.slider.blockSignals(True)
        self.slider.setRange(0, count - 1)
        self.slider.setPageStep(max(1, count // 10))
        self.slider.setValue(at)
        self.slider.blockSignals(False)
        self.slider.setVisible(not self._print)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.set_background(theme)
        self.traces.set_theme(theme)
        for name, row in zip(self._names, self.rows, strict=True):
            name.set_theme(theme)
            row.set_theme(theme)

    def seeds(self) -> tuple[int, int] | None:
        """The seeds of the fields; None where one of them does not fit, which then says why."""
        fields = (self.first, self.second)
        if not commit_all(fields) or any(field.error for field in fields):
            return None
        return int(self.first.value), int(self.second.value)

    def _run_or_cancel(self) -> None:
        if self._picture.working:
            self.cancel_wanted.emit()
        elif (seeds := self.seeds()) is not None:
            self.run_wanted.emit(*seeds)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self.button.clicked.disconnect(self._run_or_cancel)
        self.slider.valueChanged.disconnect(self.amount_picked)
        for row in self.rows:
            row.picked.disconnect(self.amount_picked)
        self.traces.release()
        if self._enlarged is not None:
            self._enlarged.release()
