"""Who may import whom, what stays free of torch and of Qt, and the binding that must not lose references."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from fnmatch import fnmatch

import pytest
from imports import ROOT, circles, graph, imported, imports, modules, packages, parsed, running, sources
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

from app.rooms import ROOMS
from app.shell.workspaces import WORKSPACES

QT = {"PySide6", "shiboken6", "pyqtgraph", "superqt"}
# On Windows torch must come before Qt's libraries: the one import outside the engine, under its own condition.
BEFORE_QT = ("app/application.py", "sys.platform == 'win32'")
# What works on tensors itself; the rest of geomodel's own folder, and every table, imports torch only when asked.
TRAINING = {"training.py", "training_draws.py", "training_start.py", "training_state.py", "training_targets.py"}
WORKS_ON_TENSORS = {"sampling.py", "randomness.py", *TRAINING}

SPOKEN = {"app.engine.contract", "app.engine.messages"}  # frozen dataclasses of numbers and text
SHARED = {"app.export.formats"}  # a table of what can be saved: the engine writes by it, the rooms ask by it
# A room's files by what they may know: the engine's side; the feeds, which hold everything together; the pure functions
# from a run to a picture; and all others, which draw.
ANSWERS = ("answers*.py",)
FEEDS = ("feed*.py", "*_feed.py", "commands.py", "hover.py", "messages.py", "actions.py")
COMPOSES = ("picture.py", "*_picture.py", "projected.py")
# What a drawing file may have from the session, because it is a table of names and no state.
TABLES_OF_THE_SESSION = {"app.session.plane_options"}
# What a composing file may have from the session: the values that a picture is made from, and what follows from them.
VALUES_OF_THE_SESSION = {"Run", "Selection"}

FORBIDDEN = {  # folder of app -> folders that it must not import; the engine's messages are free to all
    "session": {"rooms", "panels", "shell", "widgets", "export"},
    "widgets": {"session", "engine", "rooms", "panels", "shell", "export"},
    "plotting": {"session", "engine", "rooms", "panels", "shell", "export", "widgets"},
    "panels": {"engine", "rooms", "shell", "export"},
    "engine": {"session", "rooms", "panels", "shell", "export", "widgets", "plotting"},
    "export": {"panels"},
    "rooms": {"panels", "export"},
}
ROOMS_TABLE = ("app.engine.tasks", "app.rooms")  # the engine imports each room's answers by the name in this table


def named(path, patterns):
    return any(fnmatch(path.name, pattern) for pattern in patterns)


def of_app(path):
    """The modules of app that a file imports, at its top or in a function."""
    return set(imported(parsed(path), modules("app")))


def room_files():
    """(room, file) of every file in a room's folder."""
    for row in ROOMS:
        for path in sources(f"app/rooms/{row.name}"):
            yield row.name, path


def drawing_files():
    kinds = (*ANSWERS, *FEEDS, *COMPOSES)
    return [path for _, path in room_files() if not named(path, kinds)]


def outside(tree, condition):
    """Every node that does not stand under `if condition`."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == condition):
            yield node
            yield from outside(node, condition)


def test_the_library_knows_no_window():
    for path in [*sources("geomodel"), *sources("resources")]:
        assert not packages(ast.walk(parsed(path))) & (QT | {"app"}), path


def test_tensors_stay_in_the_engine():
    for path in sources("app"):
        name = path.relative_to(ROOT).as_posix()
        nodes = outside(parsed(path), BEFORE_QT[1]) if name == BEFORE_QT[0] else ast.walk(parsed(path))
        if path.parent.name != "engine" and not named(path, ANSWERS):
            assert "torch" not in packages(nodes), path


def test_the_engine_and_its_answers_know_no_qt():
    """All but the engine's thread, which is Qt's: the loop is tested without it."""
    for path in sources("app"):
        if (path.parent.name == "engine" and path.name not in {"thread.py"}) or named(path, ANSWERS):
            assert not packages(ast.walk(parsed(path))) & QT, path


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_arrows_between_folders_point_one_way(folder):
    for path in sources(f"app/{folder}"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        others = {module for module in of_app(path) - SPOKEN - SHARED if (name, module) != ROOMS_TABLE}
        wrong = {module for module in others if module.split(".")[1] in FORBIDDEN[folder]}
        assert not wrong, path


def is_feed(module):
    """Whether a module is a feed or what the engine computes: not their messages, and not the rows of the actions."""
    path = modules("app")[module]
    return path.name not in {"messages.py", "actions.py"} and named(path, (*FEEDS, *ANSWERS))


def test_a_drawing_file_is_fed_pictures_and_knows_no_model():
    """It knows no feed, no state, no player and no engine, nor what computes in the library."""
    widgets = [path for folder in ("widgets", "plotting", "panels") for path in sources(f"app/{folder}")]
    for path in [*drawing_files(), *widgets]:
        library = {name for name in imports(running(parsed(path))) if name.startswith("geomodel.")}
        assert not {name for name in library if name.split(".")[1] in {"runs", "sampling", "denoisers"}}, path
    for path in drawing_files():
        others = of_app(path) - SPOKEN - TABLES_OF_THE_SESSION
        assert not {m for m in others if m.split(".")[1] not in {"rooms", "plotting", "widgets"} or is_feed(m)}, path


def test_a_picture_is_a_pure_function_of_runs_selections_and_answers():
    for _, path in room_files():
        if named(path, COMPOSES):
            nodes = list(running(parsed(path)))
            assert not packages(nodes) & QT, path
            session = {name for name in imports(nodes) if name.startswith("app.session.state.")}
            assert {name.rpartition(".")[2] for name in session} <= VALUES_OF_THE_SESSION, path
            known = {"app.session.state", "app.session.lane", "app.session.facts", *TABLES_OF_THE_SESSION, *SPOKEN}
            others = of_app(path) - known
            assert not {m for m in others if m.split(".")[1] not in {"rooms", "plotting"} or is_feed(m)}, path


def test_a_room_knows_only_the_messages_of_another():
    for room, path in room_files():
        rooms = {module for module in of_app(path) if module.count(".") >= 3 and module.startswith("app.rooms.")}
        others = {module for module in rooms if module.split(".")[2] != room}
        assert not {module for module in others if not module.endswith(".messages")}, path


@pytest.mark.parametrize(("package", "least"), [("geomodel", 60), ("app", 100)])
def test_no_module_imports_one_that_imports_it(package, least):
    """At any depth and in any function."""
    found = graph(package)
    assert len(found) > least
    assert sum(map(len, found.values())) > least
    assert circles(found) == []


def test_a_circle_is_found_in_functions_too():
    texts = {
        "a": "import b",
        "b": "def later():\n    from c import name",
        "c": "from a import b\nif TYPE_CHECKING:\n    import d",
        "d": "import a",
    }
    found = {name: set(imported(ast.parse(text), texts)) for name, text in texts.items()}
    assert circles(found) == [["a", "b", "c"]]


# Where rooms are listed by name: the table, and the arrangements that are made of it.
LISTS_ROOMS = {"app/rooms/__init__.py", "app/shell/workspaces.py"}
OTHER_MEANINGS = {"schedule", "measures"}  # also fields of the settings, and purposes of a file dialog


def test_nobody_lists_rooms_again():
    """A room may say its own name, in its own folder."""
    names = {row.name for row in ROOMS}
    for path in sources("app"):
        if path.relative_to(ROOT).as_posix() in LISTS_ROOMS:
            continue
        own = {path.parent.name} if path.parent.parent.name == "rooms" else set()
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names - own - OTHER_MEANINGS, (path, node.lineno)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                assert owner not in {"rooms", "room", "views"} or node.attr not in names, (path, node.lineno)


def test_every_name_in_a_workspace_is_a_room():
    names = {row.name for row in ROOMS}
    for workspace in WORKSPACES:
        assert {workspace.centre, *workspace.rooms} <= names


def test_tables_and_parsers_import_no_torch():
    for path in sources("geomodel"):
        own = path.parent == ROOT / "geomodel" and path.name not in WORKS_ON_TENSORS
        if own or path.name == "__init__.py":
            nodes = running(parsed(path), inside_functions=False)
            assert not packages(nodes) & {"torch", "safetensors"}, path


# What runs code that a file holds, or may: files are read by geomodel.inert, which calls nothing.
RUNS_FILES = {"pickle", "cPickle", "_pickle", "shelve", "marshal", "dill", "cloudpickle", "joblib"}
LOADERS = {"torch.load", "torch.jit.load", "torch.export.load", "torch.hub.load", "torch.package.PackageImporter"}


@pytest.mark.parametrize("folder", ["geomodel", "app", "resources", "benchmarks", "docs"])
def test_no_file_is_unpickled(folder):
    for path in sources(folder):
        nodes = list(ast.walk(parsed(path)))
        assert not packages(nodes) & RUNS_FILES, path
        assert not {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)} & LOADERS, path
        assert not set(imports(nodes)) & LOADERS, path
        allowed = [
            node for node in nodes if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "weights_only")
        ]
        assert all(ast.unparse(node) == "allow_pickle=False" for node in allowed), path


def test_the_entry_is_guarded():
    """Without the guard, a process that is spawned would start the program again."""
    body = parsed(ROOT / "main.py").body
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
print(sorted(set(sys.modules) & {"torch", "ssl", "scipy", "matplotlib", "PIL"}))
window.close()
"""


ANSWERING = """
import sys
from app.engine import tasks, worker
answers, _ = tasks.handlers()
print(len(answers) > 5, sorted(set(sys.modules) & {"PySide6", "pyqtgraph"}))
"""


def test_the_engine_answers_without_qt(tmp_path):
    assert run(ANSWERING, tmp_path) == "True []\n"


def test_what_does_not_compute_loads_no_torch(tmp_path):
    assert run(LIBRARY, tmp_path) == "[]\n"


def test_the_window_is_built_without_torch_and_other_large_modules(tmp_path):
    assert run(WINDOW, tmp_path) == "[]\n"


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
