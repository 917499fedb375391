"""The Geomodel window."""

import os

# Before anything imports pyqtgraph or qtpy: they would choose another Qt binding where one is installed.
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
os.environ.setdefault("QT_API", "pyside6")
