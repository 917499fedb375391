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
HOLDS_TENSORS = {"worker.py", "library.py", "answers.py"}
# On Windows torch must come before Qt's libraries: the one import outside the engine, under its own condition.
BEFORE_QT = ("app/application.py", 'sys.platform == "win32"')
NO_TORCH_AT_IMPORT = (
    "__init__.py settings.py schedules.py trajectory.py geometry.py density.py measures.py cli.py cli_train.py runs.py "
    "record.py memory.py recipe.py images.py projection.py reference.py solvers/__init__.py datasets/__init__.py "
    "datasets/dataset.py datasets/toy.py checkpoints/__init__.py checkpoints/header.py denoisers/__init__.py"
).split()


def sources(*folders):
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


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


@pytest.mark.parametrize("path", sources("geomodel", "resources"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_knows_no_window(path):
    assert not {top for top, _ in imports(ast.walk(tree(path)))} & (QT | {"app"})


@pytest.mark.parametrize("path", sources("app"), ids=lambda path: str(path.relative_to(ROOT)))
def test_tensors_stay_in_the_engine(path):
    name = path.relative_to(ROOT).as_posix()
    nodes = list(outside(tree(path), BEFORE_QT[1]) if name == BEFORE_QT[0] else ast.walk(tree(path)))
    loads = {top for top, _ in imports(nodes)}
    if path.parent.name == "engine" and path.name in HOLDS_TENSORS:
        assert not loads & QT  # the loop is tested without Qt
    else:
        assert "torch" not in loads
    if path.parent.name in ("views", "panels", "plotting"):
        modules = {module for _, module in imports(nodes)}
        # A view is fed pictures: it knows the messages, no thread, no worker, no model.
        assert not {m for m in modules if m.startswith("app.engine") and m != "app.engine.messages"}
        assert not {m for m in modules if m.startswith(("geomodel.denoisers", "geomodel.sampling", "geomodel.runs"))}


@pytest.mark.parametrize("name", NO_TORCH_AT_IMPORT)
def test_tables_and_parsers_import_no_torch(name):
    loads = {top for top, _ in imports(at_import(tree(ROOT / "geomodel" / name).body))}
    assert not loads & {"torch", "safetensors"}


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
    assert (result.returncode, result.stderr) == (0, "")
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
