"""The controls of Space: what the colour means, what may be turned, and what else moves the same noise."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget
from superqt import QFlowLayout

from app.rooms.space.messages import CONTROLS, TURNS, Control
from app.rooms.space.pictures import OWNERS, SpacePicture
from app.widgets.form import CheckBox, ComboBox
from app.widgets.text import PlainLabel, tooltip

COLOURINGS: dict[str, tuple[str, str]] = {
    "sigma": ("σ", "The noise level of each segment"),
    "class": ("Class", "The class of the data point nearest to the sample's end"),
    "run": ("Run", "What moved the noise: this run, one of the controls, or a pinned run"),
}
TURN_NAMES: dict[str, tuple[str, str]] = {
    "none": ("Off", "Each curve as its components are found: the largest coordinate of each is positive"),
    "signs": ("Signs", "The sign of each component is chosen so that the curves agree with their mean"),
    "orthogonal": (
        "Procrustes",
        "O = UVᵀ of AᵀR = USVᵀ: each curve A is turned, and mirrored where that fits better, onto the mean R",
    ),
}
CONTROL_TIPS: dict[Control, str] = {
    "gaussian": "The same noise moved by the Gaussian with the mean and covariance of the data, in closed form: no "
    "evaluations. Where its shape is the run's, the covariance alone draws it.",
    "optimal": "The same noise moved by D* of the data, with the solver and levels of the run. It takes evaluations.",
    "walk": "A random walk from the same start with steps as long as the run's: it says what the shares of principal "
    "components and a common shape are worth.",
}

PINNED_TIP = (
    "Pinned runs of samples of the same shape, each along its own displacement and in its own components, in one box. "
    "The numbers are those of the selected run and of its controls."
)


class SpaceBar(QWidget):
    """Two lists and the boxes to tick."""

    colouring_chosen = Signal(str)
    turns_chosen = Signal(str)
    control_toggled = Signal(str, bool)
    pinned_toggled = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._colourings = _list("Colour by", COLOURINGS)
        self._turns = _list("Align", TURN_NAMES)
        self._colourings.activated.connect(self._choose_colouring)
        self._turns.activated.connect(self._choose_turns)
        self.buttons: dict[Control, CheckBox] = {}
        row = QFlowLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setHorizontalSpacing(8)
        row.setVerticalSpacing(4)
        for title, box in (("Colour", self._colourings), ("Align", self._turns)):
            row.addWidget(_beside(title, box))
            row.addWidget(box)
        for control in CONTROLS:
            button = CheckBox(OWNERS[control])
            button.setMinimumHeight(self._turns.sizeHint().height())
            button.setAccessibleName(f"Control: {OWNERS[control]}")
            button.clicked.connect(partial(self._toggle, control))
            if not self.buttons:
                row.addWidget(_beside("Controls", self._turns))
            self.buttons[control] = button
            row.addWidget(button)
        self.pinned = CheckBox(OWNERS["pinned"])
        self.pinned.setMinimumHeight(self._turns.sizeHint().height())
        self.pinned.setAccessibleName(OWNERS["pinned"])
        self.pinned.clicked.connect(self.pinned_toggled)
        row.addWidget(self.pinned)

    def display(self, picture: SpacePicture) -> None:
        """Show what is chosen, and what cannot be."""
        self._colourings.setCurrentIndex(list(COLOURINGS).index(picture.colouring))
        self._turns.setCurrentIndex(TURNS.index(picture.turns))
        item = self._colourings.model().item(list(COLOURINGS).index("class"))  # type: ignore[attr-defined]
        item.setEnabled(not picture.class_refusal)
        title, tip = COLOURINGS["class"]
        item.setToolTip(tooltip(title, f"{tip}: {picture.class_refusal}." if picture.class_refusal else tip))
        for state in picture.controls:
            button = self.buttons[state.control]
            button.setChecked(state.wanted)
            button.setEnabled(not state.refusal)
            name = OWNERS[state.control]
            why = state.refusal or CONTROL_TIPS[state.control]
            button.setToolTip(tooltip(f"Control: {name}", why))

        self.pinned.setChecked(picture.pinned and not picture.pinned_refusal)
        self.pinned.setEnabled(not picture.pinned_refusal)
        self.pinned.setToolTip(tooltip(OWNERS["pinned"], picture.pinned_refusal or PINNED_TIP))

    def release(self) -> None:
        """Disconnect everything."""
        self.pinned.clicked.disconnect()
        self._colourings.activated.disconnect(self._choose_colouring)
        self._turns.activated.disconnect(self._choose_turns)
        for button in self.buttons.values():
            button.clicked.disconnect()

    def _choose_colouring(self, row: int) -> None:
        self.colouring_chosen.emit(list(COLOURINGS)[row])

    def _choose_turns(self, row: int) -> None:
        self.turns_chosen.emit(TURNS[row])

    def _toggle(self, control: Control, _checked: bool = False) -> None:
        self.control_toggled.emit(control, self.buttons[control].isChecked())


def _list(name: str, lines: dict[str, tuple[str, str]]) -> ComboBox:
    box = ComboBox()
    box.setAccessibleName(name)
    for row, (title, tip) in enumerate(lines.values()):
        box.addItem(title)
        box.setItemData(row, tooltip(title, tip), Qt.ItemDataRole.ToolTipRole)
    box.setToolTip(tooltip(name, " ".join(f"{title}: {tip}." for title, tip in lines.values())))
    return box


def _beside(title: str, part: QWidget) -> PlainLabel:
    """The title of a control, as high as that, so that both stand on one line."""
    label = PlainLabel(title, alignment=Qt.AlignmentFlag.AlignVCenter)
    label.setMinimumHeight(part.sizeHint().height())
    return label
