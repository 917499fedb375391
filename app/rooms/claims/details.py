"""The chosen claim in full: its formula, what was found and why, and where it is made."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.rooms.claims import text
from app.rooms.claims.pictures import ClaimRow
from app.widgets.text import PlainLabel, formula_html


class Details(QScrollArea):
    """Words about one claim. They may be selected, and scrolled where there is little room."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setAccessibleName("The chosen claim")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._title, self._formula = PlainLabel(wordWrap=True), QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self._numbers, self._reason = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        self._source = PlainLabel(wordWrap=True)
        self._title.setFont(tabular(self.font(), bold=True))
        self._source.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        for label in (self._title, self._formula, self._numbers, self._reason, self._source):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.addStretch(1)
        self.setWidget(page)

    def display(self, row: ClaimRow | None) -> None:
        """Show a row; nothing for None."""
        if row is None:
            for label in (self._title, self._formula, self._numbers, self._reason, self._source):
                label.clear()
            return
        statement, claim = row.statement, row.claim
        verdict = "" if claim is None else f": {claim.verdict}"
        self._title.setText(f"{statement.number}. {statement.title}{verdict}")
        self._formula.setText(formula_html(statement.formula))
        self._numbers.setText(text.numbers(row))
        self._reason.setText("" if claim is None else claim.reason)
        self._source.setText(f"{text.meaning(row)} Source: {statement.source}.")
        self._numbers.setVisible(bool(self._numbers.text()))
        self._reason.setVisible(bool(self._reason.text()))
        self.setAccessibleDescription(" ".join((self._title.text(), self._numbers.text(), self._reason.text())))
