"""A paint device of 96 logical pixels an inch. A widget draws on it as on a screen, and an engine takes the drawing."""

from __future__ import annotations

from PySide6.QtGui import QPaintDevice, QPaintEngine

MM_PER_INCH = 25.4
DPI = 96  # of the device for which the widget draws
Metric = QPaintDevice.PaintDeviceMetric


class PaperDevice(QPaintDevice):
    """A device with this many logical pixels."""

    def __init__(self, engine: QPaintEngine, width: int, height: int) -> None:
        super().__init__()
        self._engine = engine
        self._metrics = {
            Metric.PdmWidth: width,
            Metric.PdmHeight: height,
            Metric.PdmWidthMM: round(width * MM_PER_INCH / DPI),
            Metric.PdmHeightMM: round(height * MM_PER_INCH / DPI),
            Metric.PdmNumColors: 1 << 24,
            Metric.PdmDepth: 32,
            Metric.PdmDpiX: DPI,
            Metric.PdmDpiY: DPI,
            Metric.PdmPhysicalDpiX: DPI,
            Metric.PdmPhysicalDpiY: DPI,
            Metric.PdmDevicePixelRatio: 1,
            Metric.PdmDevicePixelRatioScaled: round(QPaintDevice.devicePixelRatioFScale()),
        }

    def paintEngine(self) -> QPaintEngine:
        return self._engine

    def metric(self, metric: QPaintDevice.PaintDeviceMetric) -> int:
        return self._metrics.get(metric, 0)
