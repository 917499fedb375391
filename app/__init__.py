"""The Geomodel window."""

import os

# This comes before pyqtgraph or qtpy is imported, because they would choose another Qt binding if one is installed.
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
os.environ.setdefault("QT_API", "pyside6")

# Before numpy is imported: its threads would spin beside the window's and torch's, and on two cores all stand still.
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))
