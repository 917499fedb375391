"""An axis with a title where there is room for one."""

from __future__ import annotations

from typing import Any, Literal

import pyqtgraph as pg
from PySide6.QtGui import QColor, QFont, QFontMetricsF

from app.plotting.theme import Theme


class TitledAxis(pg.AxisItem):
    """Its title is the first of several texts that fits along it, so the longest stands first."""

    def __init__(self, side: Literal["left", "bottom"], font: QFont, **options: Any) -> None:
        self._titles: tuple[str, ...] = ()  # a resize may come before the axis is built
        self._title_width = QFontMetricsF(font).horizontalAdvance
        super().__init__(side, **options)
        self.enableAutoSIPrefix(False)
        self.label.setFont(font)
        self.label.document().setDocumentMargin(2)

    def set_titles(self, *titles: str) -> None:
        """Quantity and unit, and shorter forms of it; nothing for no title."""
        if titles != self._titles:
            self._titles = titles
            self._choose_title()

    def set_title_theme(self, theme: Theme) -> None:
        """The title has the colour of text."""
        self.label.setDefaultTextColor(QColor(theme.text))

    @property
    def title(self) -> str:
        """What stands along the axis."""
        return self.labelText if self._titles else ""

    def _choose_title(self) -> None:
        upright = self.orientation == "left"
        length = self.size().height() if upright else self.size().width()
        fitting = (text for text in self._titles if self._title_width(text) + 8 <= length)
        text = next(fitting, "")
        if text != self.labelText:
            self.setLabel(text)
        size, middle = self.label.boundingRect(), length / 2
        if upright:
            self.label.setPos(0, middle + size.width() / 2)
        else:
            self.label.setPos(middle - size.width() / 2, self.size().height() - size.height())

    def resizeEvent(self, event: Any = None) -> None:
        if self._titles:
            self._choose_title()
        self.picture = None
