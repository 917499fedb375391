"""Who may import whom, what stays free of torch, and the binding that must not lose references."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

ROOT = Path(__file__).parents[1]
QT = {"PySide6", "shiboken6", "pyqtgraph", "superqt"}
# The parts of the engine that hold tensors; everything else in the window sees NumPy and records.
HOLDS_TENSORS = {"worker.py", "library.py", "tasks.py"}
# On Windows torch must come before Qt's libraries: the one import outside the engine, under its own condition.
BEFORE_QT = ("app/application.py", 'sys.platform == "win32"')
# What works on tensors itself; the rest of geomodel's own folder, and every table, imports torch only when asked.
WORKS_ON_TENSORS = {"sampling.py", "randomness.py", "training.py"}


def sources(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def imports(nodes):
    """(top-level package, dotted module) of every import among the nodes."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0], node.module


def tree(path):
    return ast.parse(path.read_text("utf-8"))


def at_import(body):
    """The statements that run when the module is imported."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from at_import(ast.iter_child_nodes(node))


def outside(tree, condition):
    """Every node that does not stand under `if condition`."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == condition.replace('"', "'")):
            yield node
            yield from outside(node, condition)


def test_the_library_knows_no_window():
    for path in [*sources("geomodel"), *sources("resources")]:
        assert not {top for top, _ in imports(ast.walk(tree(path)))} & (QT | {"app"}), path


def test_tensors_stay_in_the_engine():
    for path in sources("app"):
        name = path.relative_to(ROOT).as_posix()
        nodes = outside(tree(path), BEFORE_QT[1]) if name == BEFORE_QT[0] else ast.walk(tree(path))
        loads = {top for top, _ in imports(nodes)}
        if (path.parent.name == "engine" and path.name in HOLDS_TENSORS) or path.name.startswith("answers"):
            assert not loads & QT, path  # the loop is tested without Qt
        else:
            assert "torch" not in loads, path


SPOKEN = {"app.engine.messages", "app.rooms.plane.messages"}  # frozen dataclasses of numbers and text


def test_a_view_is_fed_pictures_and_knows_no_model():
    for path in (path for folder in ("widgets", "panels", "plotting") for path in sources(f"app/{folder}")):
        modules = {module for _, module in imports(ast.walk(tree(path)))}
        assert not {m for m in modules if m.startswith("app.engine")} - SPOKEN, path
        assert not modules & {"geomodel.runs", "geomodel.sampling"}, path
        assert not {m for m in modules if m.startswith("geomodel.denoisers")}, path


def test_tables_and_parsers_import_no_torch():
    for path in sources("geomodel"):
        own = path.parent == ROOT / "geomodel" and path.name not in WORKS_ON_TENSORS
        if own or path.name == "__init__.py":
            assert not {top for top, _ in imports(at_import(tree(path).body))} & {"torch", "safetensors"}, path


def test_the_entry_is_guarded():
    """Without the guard, a process that is spawned would start the program again."""
    body = tree(ROOT / "main.py").body
    calls = [node for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    assert not calls
    assert any(isinstance(node, ast.If) and "__main__" in ast.unparse(node.test) for node in body)


def run(code, tmp_path):
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "GEOMODEL_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


LIBRARY = """
import sys
import geomodel as gm
gm.settings.problems(gm.settings.RunSettings())
gm.settings.from_json(gm.settings.to_json(gm.settings.RunSettings(steps=3)))
gm.schedules.karras(18)
gm.solvers.names(), gm.solvers.complete("ipndm", {"order": 2})
gm.datasets.names(), gm.datasets.load("two-moons").fingerprint, gm.datasets.load("gaussian-ring").gaussians
gm.CheckpointError, gm.Step
import resources
run = gm.Trajectory.load(resources.path("runs", "two-moons.npz"))
gm.geometry.deviation(run.x)
gm.measures.compute("deviation", run)
gm.checkpoints.inspect(resources.path("checkpoints", "two-moons.safetensors"))
import geomodel.cli
geomodel.cli.parser().parse_args(["run", "--steps", "3"])
print(sorted(set(sys.modules) & {"torch", "PySide6", "scipy"}))
"""

WINDOW = """
import sys
from PySide6.QtWidgets import QApplication
application = QApplication([])
from app.main_window import MainWindow
window = MainWindow()
window.show()
application.processEvents()
print("torch" in sys.modules)
window.close()
"""


def test_what_does_not_compute_loads_no_torch(tmp_path):
    assert run(LIBRARY, tmp_path) == "[]\n"


def test_the_window_is_built_without_torch(tmp_path):
    assert run(WINDOW, tmp_path) == "False\n"


class Emitter(QObject):
    fired = Signal(bool)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None and True are immortal from Python 3.12 on")
def test_calls_into_qt_lose_no_references(qapp):
    """PySide6 6.12 takes a reference from None at every void call and one from True at every emit: it dies in use."""
    parent = QWidget()
    child, item, emitter = QWidget(parent), QGraphicsRectItem(), Emitter()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for i in range(2000):
        child.parent()
        item.setPos(i, i)
        emitter.fired.emit(True)
    after = sys.getrefcount(None), sys.getrefcount(True)
    # A leaking binding loses 2,000 or more; other objects that come and go meanwhile are a handful.
    assert after[0] > before[0] - 200
    assert after[1] > before[1] - 200
