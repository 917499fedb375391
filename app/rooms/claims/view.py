"""The claims view: a table of what the literature says, and the chosen claim in full."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget
from superqt import QElidingLabel, QFlowLayout

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.claims.details import Details
from app.rooms.claims.pictures import ClaimRow, ClaimsPicture
from app.rooms.claims.sheet import ClaimsSheet
from app.rooms.claims.table import ClaimTable
from app.rooms.claims.text import describe
from app.rooms.contract import View
from app.widgets.form import ComboBox
from app.widgets.text import PlainLabel, tooltip

SAMPLES = {16: "16, quick", 64: "64", 256: "256, thorough"}
SAMPLES_TIP = (
    "How many samples the shared run has, from the noise of as many seeds. The jump to D takes 32 times as many. The "
    "papers' figures need some tens."
)


class ClaimsView(View):
    """Checks claims, saves the report, and opens the view that shows what a claim is about."""

    all_wanted = Signal()
    one_wanted = Signal(int)  # the number of a claim
    cancel_wanted = Signal()
    show_wanted = Signal(int)  # the number of a claim
    save_wanted = Signal(str)  # the name of a format
    samples_chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture = ClaimsPicture()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if print_mode else Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Claims")
        self.table, self.details = ClaimTable(theme), Details()
        self.sheet = ClaimsSheet(theme) if print_mode else None
        self._build()
        self.table.claim_picked.connect(self._picked)
        self.table.show_wanted.connect(self.show_wanted)
        self.set_theme(theme)
        self.display(self._picture)

    def _build(self) -> None:
        self._all = _button("Check all", "Check every claim, one after the other (F12).")
        self._one = _button("Check one", "Check the chosen claim.")
        self._show = _button("Show", "Open the view that shows what the chosen claim is about, at its σ (Enter).")
        self._markdown = _button("Save report…", "All results with formulas, reasons and sources, as Markdown.")
        self._csv = _button("Save table…", "All results as CSV, with every digit.")
        self._samples = ComboBox()
        for count, title in SAMPLES.items():
            self._samples.addItem(title, count)
        self._samples.setToolTip(tooltip("Samples", SAMPLES_TIP))
        self._samples.setAccessibleName("Samples")
        label = PlainLabel("Samples")
        label.setBuddy(self._samples)
        label.setToolTip(tooltip("Samples", SAMPLES_TIP))
        self._all.clicked.connect(self._all_or_cancel)
        self._one.clicked.connect(self._check_one)
        self._show.clicked.connect(self._show_chosen)
        self._markdown.clicked.connect(self._save_report)
        self._csv.clicked.connect(self._save_table)
        self._samples.activated.connect(self._choose_samples)
        samples = QWidget()
        beside = QHBoxLayout(samples)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(8)
        beside.addWidget(label)
        beside.addWidget(self._samples)
        bar = QWidget()
        row = QFlowLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setHorizontalSpacing(8)
        row.setVerticalSpacing(4)
        for widget in (self._all, self._one, self._show, self._markdown, self._csv, samples):
            row.addWidget(widget)
        self._caption, self._summary = QElidingLabel(), QElidingLabel()
        for words in (self._caption, self._summary):
            words.setTextFormat(Qt.TextFormat.PlainText)
            words.setFont(tabular(self.font()))
        self._caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self.table)
        self._split.addWidget(self.details)
        self._split.setStretchFactor(0, 5)
        self._split.setStretchFactor(1, 2)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(8)
        self.details.setMinimumHeight(96)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(4)
        column.addWidget(bar)
        column.addWidget(self._caption)
        column.addWidget(self._summary)
        column.addWidget(self._split, 1)
        if self.sheet is not None:
            column.addWidget(self.sheet, 1)
            bar.hide()
            self._split.hide()

    # ------------------------------------------------------------ showing

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.set_background(theme)
        self.table.set_theme(theme)
        if self.sheet is not None:
            self.sheet.set_theme(theme)

    def display(self, picture: ClaimsPicture) -> None:
        """Show a picture. The chosen row stays chosen."""
        self._picture = picture
        self.table.display(picture.rows)
        if self.sheet is not None:
            self.sheet.display(picture.rows)
        self._caption.setText(" · ".join(filter(None, (picture.caption, picture.message))))
        self._summary.setText(picture.summary)
        self._all.setText("Cancel" if picture.running else "Check all")
        self._all.setAccessibleName(self._all.text())
        known = any(row.claim is not None for row in picture.rows)
        for button in (self._markdown, self._csv):
            button.setEnabled(known)
        self._samples.setCurrentIndex(max(0, self._samples.findData(picture.samples)))
        self._samples.setEnabled(not picture.running)
        self._describe_chosen()

    def _describe_chosen(self) -> None:
        row = self.chosen
        self.details.display(row)
        self._one.setEnabled(row is not None and not self._picture.running)
        self._show.setEnabled(row is not None and bool(row.statement.view))

    @property
    def chosen(self) -> ClaimRow | None:
        """The row that is chosen."""
        number = self.table.number
        return next((row for row in self._picture.rows if row.statement.number == number), None)

    def choose(self, number: int) -> None:
        """Choose a claim and give its row the focus."""
        self.table.choose(number)
        self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture, self.chosen)

    # ------------------------------------------------------------ gestures

    def _picked(self, number: int) -> None:
        self._describe_chosen()

    def _all_or_cancel(self) -> None:
        (self.cancel_wanted if self._picture.running else self.all_wanted).emit()

    def _check_one(self) -> None:
        if (row := self.chosen) is not None:
            self.one_wanted.emit(row.statement.number)

    def _show_chosen(self) -> None:
        if (row := self.chosen) is not None:
            self.show_wanted.emit(row.statement.number)

    def _save_report(self) -> None:
        self.save_wanted.emit("claims_report")

    def _save_table(self) -> None:
        self.save_wanted.emit("claims_table")

    def _choose_samples(self) -> None:
        self.samples_chosen.emit(self._samples.currentData())

    def release(self) -> None:
        """Disconnect what refers back to this view."""
        self.table.claim_picked.disconnect(self._picked)
        self.table.show_wanted.disconnect(self.show_wanted)
        self.table.release()
        self._samples.activated.disconnect(self._choose_samples)
        for button, slot in (
            (self._all, self._all_or_cancel),
            (self._one, self._check_one),
            (self._show, self._show_chosen),
            (self._markdown, self._save_report),
            (self._csv, self._save_table),
        ):
            button.clicked.disconnect(slot)


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title, autoDefault=False)
    button.setToolTip(tooltip(title, tip))
    button.setAccessibleName(title)
    return button
