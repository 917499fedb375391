"""What lies over the plane while its layers are edited: the list, and controls for the chosen layer."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QToolButton, QVBoxLayout

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme, palette
from app.rooms.plane.layer_list import LayerList, LayerRow
from app.session.plane_options import LEAST_OPACITY, USUAL, LayerLook
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel, tooltip

WIDTH = 300  # pixels, as long as the plane has them
HINT = "Space: eye · + −: opacity · Alt ↑ ↓: order\nC: colour · Del: as usual · Esc: close"


class LayersPanel(QFrame):
    """Everything is done by keys in the list; the controls under it are for the mouse."""

    toggled = Signal(str)
    looked = Signal(str, LayerLook)  # a layer's new look
    moved = Signal(str, int)
    reset_wanted = Signal()
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Layers of the plane")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.list = LayerList(theme)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self.list)
        self._opacity = Slider(100, "Opacity of the layer", "How strongly the chosen layer is drawn (+ and −).")
        self._opacity.setMinimum(round(100 * LEAST_OPACITY))
        self._front, self._back = QToolButton(), QToolButton()
        self._front.setText("↑")
        self._back.setText("↓")
        self._color, self._reset = QPushButton("Colour…"), QPushButton("Reset all")
        self._dialog: QColorDialog | None = None
        self._hint = PlainLabel(HINT)
        self._arrange()
        self._connect()
        self.set_theme(theme)

    def _arrange(self) -> None:
        for button, name, text in (
            (self._front, "Move the layer to the front", "One place further to the front (Alt+Up)."),
            (self._back, "Move the layer to the back", "One place further to the back (Alt+Down)."),
            (self._color, "Colour of the layer", "Another colour than the theme's (C)."),
            (
                self._reset,
                "Reset all layers",
                "Every layer as it was at first: shown or hidden, colour, opacity, order.",
            ),
        ):
            button.setAccessibleName(name)
            button.setToolTip(tooltip(name, text))
        self._hint.setFont(tabular(self.font(), 0.85))
        controls = QHBoxLayout()
        controls.setSpacing(6)
        controls.addWidget(self._opacity, 1)
        for button in (self._front, self._back, self._color, self._reset):
            controls.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self._scroll, 1)
        column.addLayout(controls)
        column.addWidget(self._hint)

    def _connect(self) -> None:
        self.list.toggled.connect(self.toggled)
        self.list.moved.connect(self.moved)
        self.list.faded.connect(self._fade)
        self.list.color_wanted.connect(self._ask_color)
        self.list.usual_wanted.connect(lambda name: self.looked.emit(name, USUAL))
        self.list.chosen.connect(self._show_chosen)
        self.list.left.connect(self.left)
        self._opacity.valueChanged.connect(self._slid)
        self._front.clicked.connect(lambda _checked=False: self._move(1))
        self._back.clicked.connect(lambda _checked=False: self._move(-1))
        self._color.clicked.connect(lambda _checked=False: self._ask_color())
        self._reset.clicked.connect(lambda _checked=False: self.reset_wanted.emit())

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.setPalette(palette(theme))
        self.list.set_theme(theme)

    def display(self, rows: tuple[LayerRow, ...]) -> None:
        """Show the rows, the front layer first."""
        before = self.list.sizeHint()
        self.list.display(rows)
        if self.list.sizeHint() != before:
            self.updateGeometry()
        self._show_chosen()

    def sizeHint(self) -> QSize:
        """As high as its rows, so that nothing scrolls where the plane has the room."""
        column = self.layout()
        assert column is not None
        margins = column.contentsMargins()
        below = self._color.sizeHint().height() + self._hint.sizeHint().height()
        around = margins.top() + margins.bottom() + 2 * (column.spacing() + self.frameWidth())
        return QSize(WIDTH, self.list.sizeHint().height() + below + around)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    # ------------------------------------------------------------ the chosen layer

    def _show_chosen(self) -> None:
        row = self.list.row
        if row is not None:
            self._opacity.set_part(row.opacity)
            self._color.setEnabled(row.colored)

    def _fade(self, name: str, by: float) -> None:
        row = self.list.named(name)
        if row is not None:
            self._look(name, opacity=row.opacity + by)

    def _slid(self) -> None:
        row = self.list.row
        if row is not None:
            self._look(row.name, opacity=self._opacity.part())

    def _look(self, name: str, *, opacity: float | None = None, color: str | None = None) -> None:
        row = self.list.named(name)
        if row is not None:
            opacity = row.opacity if opacity is None else min(1.0, max(LEAST_OPACITY, round(opacity, 2)))
            self.looked.emit(name, LayerLook(opacity=opacity, color=row.color if color is None else color))

    def _move(self, by: int) -> None:
        row = self.list.row
        if row is not None:
            self.moved.emit(row.name, by)

    def _ask_color(self, _name: str = "") -> None:
        """The dialog stands beside the plane, which follows it; a refusal brings the former colour back."""
        row = self.list.row
        if row is None or not row.colored:
            return
        if self._dialog is not None:
            self._dialog.reject()
        dialog = QColorDialog(QColor(row.color or "#888888"), self)
        dialog.setWindowTitle(f"Colour of {row.title}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setModal(False)
        dialog.currentColorChanged.connect(lambda color: self._look(row.name, color=color.name()))
        dialog.rejected.connect(lambda: self._look(row.name, color=row.color))
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.show()

    def _forget_dialog(self) -> None:
        self._dialog = None
