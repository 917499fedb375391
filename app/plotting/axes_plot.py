"""A plot with an axis below it and one on its left, for curves over the noise levels, steps or costs."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsGridLayout, QGraphicsItem, QGraphicsScene, QWidget

Margins = tuple[float, float, float, float]  # left, top, right, bottom


def without_index(scene: QGraphicsScene) -> None:
    """Let a scene look through all of its items. An index of their places must be told of each move beforehand, which
    pyqtgraph's lines and texts do afterwards: an item that is not found where it was may be painted once it is deleted.
    """
    scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)


class AxesPlot(pg.GraphicsView):
    """A box between its two axes. It neither zooms nor takes the focus.

    pyqtgraph's own plot also makes fifty widgets for a menu that nobody can open here, which takes five times as long.
    """

    def __init__(self, bottom: pg.AxisItem, left: pg.AxisItem, margins: Margins, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.enableMouse(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        without_index(self.scene())
        self.box = pg.ViewBox(enableMenu=False, enableMouse=False)
        self.box.disableAutoRange()
        self.bottom, self.left = bottom, left
        self.plot = pg.GraphicsWidget()
        layout = QGraphicsGridLayout(self.plot)
        layout.setContentsMargins(*margins)
        layout.setSpacing(0)
        layout.addItem(self.box, 0, 1)
        layout.setRowStretchFactor(0, 1)
        layout.setColumnStretchFactor(1, 1)
        for axis, row, column in ((left, 0, 0), (bottom, 1, 1)):
            axis.linkToView(self.box)
            axis.setFlag(QGraphicsItem.GraphicsItemFlag.ItemNegativeZStacksBehindParent)
            layout.addItem(axis, row, column)
        bottom.setZValue(0.5)
        left.setZValue(-1)  # it draws lines across the plot, which belong behind the curves
        self.setCentralItem(self.plot)
