"""The fields and buttons of the quality view."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget
from superqt import QFlowLayout

from app.rooms.quality.pictures import QualityPicture
from app.rooms.quality.text import CLAIM, TITLES
from app.widgets.form import Choice, ChoiceField, Field, commit_all
from app.widgets.number_field import IntField
from app.widgets.text import tooltip
from geomodel.quality import COMPONENTS, QUALITIES
from geomodel.settings import Limits

QUICK = 256  # samples of a quick look
COUNT = Limits(
    "Samples", f"How many samples each run has: {QUICK} is a quick look, a claim needs {CLAIM:,}.", 2, 100_000
)
EVALUATIONS = Limits(
    "Evaluations", "k of every run: k − 1 steps from σ max to the jump, and the evaluation that gives D there.", 2, 1000
)
SEED = Limits(
    "Seed", "Sample k starts from seed + k. The seed also says which data are held out as the control.", 0, 2**31 - 1
)
PLOTTED = ("sliced", "frechet")
DISTANCES = tuple(
    Choice(row.name, TITLES[row.name], f"{row.formula}, in {row.unit}") for row in QUALITIES if row.name in PLOTTED
)
DISTANCE = Limits(
    "Distance",
    "The distance of the samples to the data. Sliced: the root mean square over random directions and quantiles. "
    f"Fréchet: of fitted Gaussians in the data's first {COMPONENTS} principal components.",
    None,
    None,
)


class QualityBar(QWidget):
    """How many samples and evaluations, which distance; measure or cancel, save the table."""

    jumps_wanted = Signal(object)  # dict of count, evaluations, seed
    run_wanted = Signal()
    cancel_wanted = Signal()
    save_wanted = Signal()
    distance_picked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._running = False
        self.count = IntField("count", COUNT)
        self.evaluations = IntField("evaluations", EVALUATIONS)
        self.seed = IntField("seed", SEED)
        self.distance = ChoiceField("distance", DISTANCE, DISTANCES)
        self.numbers: tuple[Field, ...] = (self.count, self.evaluations, self.seed)
        for field, value in zip(self.numbers, (QUICK, 6, 0), strict=True):
            field.set_value(value)
            field.editor.setFixedWidth(72)
        self.distance.set_value("sliced")
        self.distance.editor.setMinimumWidth(150)
        self.distance.edited.connect(self._pick_distance)
        self.jumps = _button("Measure jumps", "Let the samples jump to D at several noise levels, at equal cost. F7")
        self.run = _button("Measure the run", "Measure x and D of the selected run at every noise level. Ctrl+F7")
        self.save = _button("Save table…", "Every number of both pictures as CSV.")
        self.jumps.setFixedWidth(self.jumps.sizeHint().width())  # it also says Cancel
        self.jumps.clicked.connect(self._measure_or_cancel)
        self.run.clicked.connect(self.run_wanted)
        self.save.clicked.connect(self.save_wanted)
        row = QFlowLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setHorizontalSpacing(8)
        row.setVerticalSpacing(4)
        for widget in (*self.numbers, self.jumps, self.run, self.save, self.distance):
            row.addWidget(widget)

    def values(self) -> dict[str, int] | None:
        """The numbers of the fields; None where one of them does not fit, which then says why."""
        if not commit_all(self.numbers) or any(field.error for field in self.numbers):
            return None
        return {field.name: int(field.value) for field in self.numbers}

    def display(self, picture: QualityPicture) -> None:
        """Enable the buttons that can be pressed now."""
        self._running = bool(picture.working)
        self.jumps.setText("Cancel" if self._running else "Measure jumps")
        self.jumps.setAccessibleName(self.jumps.text())
        self.jumps.setEnabled(self._running or picture.can_jump)
        self.run.setEnabled(picture.can_measure_run and not self._running)
        self.save.setEnabled(picture.jumps is not None or picture.run is not None)
        self.distance.set_value(picture.name)

    def release(self) -> None:
        """Disconnect the buttons."""
        self.distance.edited.disconnect(self._pick_distance)
        self.jumps.clicked.disconnect(self._measure_or_cancel)
        self.run.clicked.disconnect(self.run_wanted)
        self.save.clicked.disconnect(self.save_wanted)

    def _pick_distance(self, _: str, name: object) -> None:
        self.distance_picked.emit(str(name))

    def _measure_or_cancel(self) -> None:
        if self._running:
            self.cancel_wanted.emit()
        elif (values := self.values()) is not None:
            self.jumps_wanted.emit(values)


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title, autoDefault=False)
    button.setToolTip(tooltip(title.rstrip("…"), tip))
    button.setAccessibleName(title.rstrip("…"))
    button.setMinimumHeight(28)
    return button
