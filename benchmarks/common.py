"""What the benchmarks share: the repository on the path, an offscreen Qt, and a table of times with ratios. No Qt here.

Imported first, because Qt reads its environment when it is loaded.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
os.environ.setdefault("QT_API", "pyside6")

WIDTH = 58


def heading(title: str, *columns: str) -> None:
    """A title, and the heads of the columns."""
    print(f"\n{title:<{WIDTH}}" + "".join(f"{column:>10}" for column in columns), flush=True)


def times(title: str) -> None:
    """The heads of a table of `row`s."""
    heading(title, "median", "least", "most", "budget", "ratio")


def row(name: str, samples: Sequence[float], budget: float | None = None, unit: str = "ms") -> None:
    """Median, least and most of the samples; the budget and the median over it, where there is one."""
    if not samples:
        print(f"{name:<{WIDTH}}{'—':>10}", flush=True)
        return
    figures = [statistics.median(samples), min(samples), max(samples)]
    cells = [f"{figure:.1f}" for figure in figures]
    if budget is not None:
        cells += [f"{budget:g}", f"{figures[0] / budget:.2f}"]
    print(f"{name + ', ' + unit:<{WIDTH}}" + "".join(f"{cell:>10}" for cell in cells), flush=True)
