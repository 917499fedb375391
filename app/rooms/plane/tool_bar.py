"""The row above the plane: the tool of the mouse and what belongs to it, for the probe its noise level and its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QStackedWidget, QToolButton, QWidget

from app.plotting.pens_and_numbers import tabular
from app.rooms.plane.drawing_bar import DrawingBar, DrawingBarPicture
from app.widgets.elided import ElidedLabel
from app.widgets.form import CheckBox
from app.widgets.sigma_slider import SigmaSlider
from app.widgets.text import PlainLabel

BESIDE = 560  # pixels of width from which the probe's controls stand beside the tools
SHORT = 400  # … from which the layers have a word
LEAST = 280  # … that tools and controls need each
TOOLS = ("tool.select", "tool.probe", "tool.start", "tool.branch")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolBarPicture:
    """What the row shows of the tool. `sigma` is None if nothing is probed; `branch` says what can be done with that
    tool and is empty for others; `locate` offers to look for files.
    """

    drawing: DrawingBarPicture | None = None  # for the drawing tool
    locate: bool = False
    branch: str = ""
    sigma: float | None = None
    lowest: float = 0.01
    highest: float = 1.0
    follows: bool = True  # the probe's σ is the playhead's


class ToolBar(QWidget):
    """The row has the same height for every tool, so that the plane beneath it never moves."""

    sigma_wanted = Signal(object)  # a noise level, or None to follow the playhead

    def __init__(self) -> None:
        super().__init__()
        self._nothing, self._probe, self._branch = QWidget(), QWidget(), QWidget()
        self.drawing = DrawingBar()
        self._slider = SigmaSlider(
            "Noise level of the probe", "Bandwidth σ of the mean shift at the probe (Ctrl+Up, Ctrl+Down)"
        )
        self._slider.sigma_moved.connect(self._moved)
        self._value = PlainLabel()
        self._value.setFont(tabular(self.font()))
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance("σ 0.0000000"))
        self._follow = CheckBox("follow")
        self._follow.setAccessibleName("The probe follows the playhead")
        self._follow.setToolTip("The probe's σ is the playhead's (Ctrl+0)")
        self._follow.toggled.connect(self._followed)
        self._path = QToolButton()
        self._locate = QToolButton(self)
        self._layers = QToolButton()
        self._in_use = False  # the tool has controls
        self._buttons: list[QToolButton] = []  # of the tools
        self._renoise, self._drop, self._hint = QToolButton(), QToolButton(), ElidedLabel()
        probe, branch = QHBoxLayout(self._probe), QHBoxLayout(self._branch)
        for row, widgets in (
            (probe, (self._value, self._slider, self._follow, self._path)),
            (branch, (self._renoise, self._drop, self._hint)),
        ):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
            for widget in widgets:
                row.addWidget(widget, int(widget in (self._slider, self._hint)))
        self._own = QStackedWidget()
        self._own.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._pages = (self._nothing, self._probe, self._branch, self.drawing)
        for page in self._pages:
            self._own.addWidget(page)
        self._claim_room()
        self._tools = QHBoxLayout()
        self._tools.setSpacing(2)  # four tools stand in 280 pixels
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(16, 4, 8, 0)
        self._rows.addLayout(self._tools)
        beside = QHBoxLayout()
        beside.setSpacing(8)
        beside.addWidget(self._locate)
        beside.addWidget(self._own, 1)
        self._rows.addLayout(beside, 1)
        self.display(ToolBarPicture())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The probe's controls beside the tools where both have room, else beneath them."""
        super().resizeEvent(event)
        self._name_layers()
        self._rows.setContentsMargins(4 if self.width() < SHORT else 16, 4, 4 if self.width() < SHORT else 8, 0)
        beside = self.width() >= BESIDE
        self._rows.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        self._make_room()

    def _make_room(self) -> None:
        """The controls of a drawing need the whole row, so the tools are away until it is ready."""
        draws = self._own.currentWidget() is self.drawing
        for button in self._buttons:
            button.setVisible(not (draws and self.width() >= BESIDE))
        self._rows.invalidate()
        self.updateGeometry()

    def _name_layers(self) -> None:
        """The button of the layers in one sign where the tools, or the controls of a tool, need the room."""
        narrow = self.width() < SHORT or (self._in_use and self.width() >= BESIDE)
        self._layers.setText("≡" if narrow else "Layers")

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST, super().minimumSizeHint().height())

    def set_actions(self, actions: Mapping[str, QAction]) -> None:
        """A button for each tool with its key, those of probe and branch, and one for the files that a run lacks."""
        for name in TOOLS:
            button = QToolButton(autoRaise=True)
            action = actions[name]
            action.setIconText(f"{action.text().partition(' ')[0]} {action.shortcut().toString()}")
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            self._tools.addWidget(button)
            self._buttons.append(button)
        self._tools.addStretch(1)
        self._tools.addWidget(self._layers)
        actions["locate"].setIconText("Locate…")
        self._locate.setDefaultAction(actions["locate"])
        actions["layers"].setIconText("Layers")
        self._layers.setDefaultAction(actions["layers"])
        actions["probe_path"].setIconText("Path")
        self._path.setDefaultAction(actions["probe_path"])
        actions["branch_renoise"].setIconText("Renoise")
        self._renoise.setDefaultAction(actions["branch_renoise"])
        actions["branch_drop"].setIconText("Drop")
        self._drop.setDefaultAction(actions["branch_drop"])
        self.drawing.set_undo(actions["undo"])
        beside = max(page.minimumSizeHint().width() for page in (self._probe, self._branch))
        self._own.setMinimumWidth(beside)  # the drawing's controls have the place of the tools too
        self._own.setFixedHeight(self._path.sizeHint().height())

    def display(self, picture: ToolBarPicture) -> None:
        """Show the probe's noise level and emit nothing."""
        self._locate.setVisible(picture.locate)
        self._in_use = picture.sigma is not None or bool(picture.branch) or picture.drawing is not None
        self._name_layers()
        self._hint.setText(picture.branch)
        if picture.drawing is not None:
            self.drawing.display(picture.drawing)
        self._turn_to(picture)
        if picture.sigma is None:
            return
        self._slider.show_sigma(picture.sigma, picture.lowest, picture.highest)
        self._value.setText(f"σ {picture.sigma:.4g}")
        with QSignalBlocker(self._follow):
            self._follow.setChecked(picture.follows)

    def _turn_to(self, picture: ToolBarPicture) -> None:
        """The controls of the tool."""
        page = self._branch if picture.branch else self._nothing if picture.sigma is None else self._probe
        page = page if picture.drawing is None else self.drawing
        if page is not self._own.currentWidget():
            self._own.setCurrentWidget(page)
            self._claim_room()
            self._make_room()

    def _claim_room(self) -> None:
        """Only the controls in sight need room; else the widest ones would take it from the tools."""
        across = QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored
        for page in self._pages:
            page.setSizePolicy(across[page is not self._own.currentWidget()], QSizePolicy.Policy.Preferred)

    def _moved(self, sigma: float) -> None:
        self.sigma_wanted.emit(sigma)

    def _followed(self, follows: bool) -> None:
        self.sigma_wanted.emit(None if follows else self._slider.sigma)
