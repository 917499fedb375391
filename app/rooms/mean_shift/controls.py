"""Chooses the point of the mean-shift view, and places an image probe at x = (1 − s) yₖ + s yⱼ + σ z."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QStyle,
    QStyleOptionButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.plotting.pens_and_numbers import tabular
from app.rooms.mean_shift.pictures import MeanShiftPicture
from app.widgets.explanation import Explanation
from app.widgets.form import align, explain
from app.widgets.number_field import IntField
from app.widgets.sigma_slider import SigmaSlider
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel, blend, tooltip
from geomodel.settings import Limits

POINT = "x = (1 − s) yₖ + s yⱼ + σ z, with data images yₖ and yⱼ and seeded noise z."
SEED_HIGH = 2**31 - 1
SHARE_STEPS = 100


INDEXED = (("data_index", "k"), ("second_index", "j"))  # the fields of data images
CHOOSE = "Choose the image by sight, or search by class"


class Radio(QRadioButton):
    """Has an edge that is visible on a dark background too."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        circle = QRectF(self.style().subElementRect(QStyle.SubElement.SE_RadioButtonIndicator, option, self))
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(blend(self.palette(), QPalette.ColorRole.WindowText, QPalette.ColorRole.Window, 0.5))
            painter.drawEllipse(circle.adjusted(0.5, 0.5, -0.5, -0.5))


class MeanShiftControls(QWidget):
    """Selected sample or image probe. For the probe: its images, share, noise and noise level."""

    probing_toggled = Signal(bool)
    probe_edited = Signal(object)
    choice_wanted = Signal(str)  # the field whose image is to be chosen by sight

    def __init__(self) -> None:
        super().__init__()
        self.sample = Radio("selected sample")
        self.sample.setToolTip(tooltip("Selected sample", "The point x of the selected run at the playhead."))
        self.probe = Radio("image probe")
        self.probe.setToolTip(tooltip("Image probe", POINT))
        self.probe.toggled.connect(self.probing_toggled)
        self.fields = {
            "data_index": IntField("data_index", Limits("Image k", f"Number of the data image yₖ. {POINT}", 0, 0)),
            "second_index": IntField(
                "second_index", Limits("Image j", f"Number of the second data image yⱼ. {POINT}", 0, 0)
            ),
            "seed": IntField("seed", Limits("Noise seed", f"Seed of the noise z. {POINT}", 0, SEED_HIGH)),
        }
        for field in self.fields.values():
            field.edited.connect(self._edited)
        align((self.fields["data_index"], self.fields["second_index"]))
        self.choices = {name: _choose_button(name, letter, self) for name, letter in INDEXED}
        self.share = Slider(SHARE_STEPS, "Share of image j", f"s: 0 is image k, 1 is image j. {POINT}")
        self.share.valueChanged.connect(self._share_moved)
        self.sigma = SigmaSlider(
            "Noise level of the probe",
            "σ of the added noise and the bandwidth of the mean shift, on a scale of log σ.",
        )
        self.sigma.sigma_moved.connect(self._sigma_moved)
        self._share_text, self._sigma_text = PlainLabel(), PlainLabel()
        for label, longest in ((self._share_text, "s 0.00"), (self._sigma_text, "σ 0.000000")):
            label.setFont(tabular(self.font()))
            label.setMinimumWidth(label.fontMetrics().horizontalAdvance(longest))
        self.follow = QPushButton("σ of the playhead", autoDefault=False)
        self.follow.setToolTip(tooltip("σ of the playhead", "The probe's σ follows the playhead of the selected run."))
        self.follow.clicked.connect(self._follow)
        self._lay_out()

    def _lay_out(self) -> None:
        choice = QHBoxLayout()
        choice.setSpacing(16)
        choice.addWidget(self.sample)
        choice.addWidget(self.probe)
        choice.addStretch(1)
        share, sigma = QHBoxLayout(), QHBoxLayout()
        for row, widgets in (
            (share, (self._share_text, self.share)),
            (sigma, (self._sigma_text, self.sigma, self.follow)),
        ):
            row.setSpacing(8)
            for widget in widgets:
                row.addWidget(widget, int(isinstance(widget, Slider)))
        self._point = QWidget()
        self._point.setMaximumWidth(560)
        grid = QGridLayout(self._point)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        top = Qt.AlignmentFlag.AlignTop
        for line, (name, _) in enumerate(INDEXED):
            both = QHBoxLayout()
            both.setSpacing(4)
            both.addWidget(self.fields[name], 1)
            both.addWidget(self.choices[name], 0, top)
            grid.addLayout(both, line, 0, top)
            if line == 0:  # in reading order, which is that of Tab
                grid.addWidget(self.fields["seed"], 0, 1, top)
        self._share_text.setMinimumHeight(self.fields["second_index"].editor.sizeHint().height())
        grid.addLayout(share, 1, 1, top)
        grid.addLayout(sigma, 2, 0, 1, 2)
        place = Explanation()
        explain(self.fields.values(), place)
        grid.addWidget(place, 3, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(choice)
        column.addWidget(self._point)

    def display(self, picture: MeanShiftPicture) -> None:
        """Show where the probe stands and emit nothing. A slider that a person holds stays where it is."""
        with QSignalBlocker(self.probe):
            (self.probe if picture.probing else self.sample).setChecked(True)
        self.probe.setEnabled(picture.data_count > 0)
        self._point.setVisible(picture.probing)
        for name, field in self.fields.items():
            if name != "seed":
                field.limits = replace(field.limits, high=max(0, picture.data_count - 1))
            field.set_value(getattr(picture, name))
        self.share.set_part(picture.share)
        if not self.share.isSliderDown():
            self._share_text.setText(f"s {picture.share:.2f}")
        self.sigma.show_sigma(picture.sigma, *picture.sigmas)
        if not self.sigma.isSliderDown():
            self._sigma_text.setText(f"σ {picture.sigma:.4g}")

    def _edited(self, name: str, value: int) -> None:
        if not self.fields[name].error:
            self.probe_edited.emit({name: value})

    def _share_moved(self) -> None:
        self._share_text.setText(f"s {self.share.part():.2f}")
        self.probe_edited.emit({"share": self.share.part()})

    def _sigma_moved(self, sigma: float) -> None:
        self._sigma_text.setText(f"σ {sigma:.4g}")
        self.probe_edited.emit({"sigma": sigma})

    def _follow(self) -> None:
        self.probe_edited.emit({"sigma": None})


def _choose_button(name: str, letter: str, controls: MeanShiftControls) -> QToolButton:
    """Opens the images of the data for a field."""
    button = QToolButton()
    button.setText("…")
    button.setAccessibleName(f"Choose image {letter}")
    button.setToolTip(tooltip(f"Choose image {letter}", f"{CHOOSE}{' (I)' if letter == 'k' else ''}."))
    button.clicked.connect(partial(_want, controls, name))
    return button


def _want(controls: MeanShiftControls, name: str, _checked: bool = False) -> None:
    controls.choice_wanted.emit(name)
