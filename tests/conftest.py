"""Shared by every test: an offscreen Qt, a home of its own, no cyclic collection while windows are alive."""

from __future__ import annotations

import gc
import os
from collections import Counter
from itertools import count
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QGraphicsView
from shiboken6 import delete, isValid

from app.shell.imports import without_features

without_features()


def pytest_xdist_auto_num_workers(config):
    """Two processes for a folder; none beside this one for single files, which would wait for their start."""
    return 2 if any(Path(argument).is_dir() for argument in config.args) else 0


_WITH_SHARED: set[Path] = set()  # the files of tests that share a fixture, such as a window


def pytest_fixture_setup(fixturedef, request):
    if fixturedef.scope == "module":
        _WITH_SHARED.add(request.path)


def pytest_collection_finish():
    """The tests themselves and what they have imported stay for good."""
    gc.freeze()


# Files of few tests that take long. They begin first, because a file is worked off by one process, and one that begins
# last leaves the other process without work.
LONG = (
    "test_random_hands.py",
    "test_more_random_hands.py",
    "test_checkpoints_lies.py",
    "test_room.py",
    "test_memorised.py",
    "test_cli_claims.py",
    "test_copied_experiments.py",
    "test_window.py",
    "test_checkpoints_window.py",
    "test_experiments_commitment.py",
    "test_half_typed.py",
    "test_together.py",
    "test_bundled_quality.py",
    "test_trajectory_regularity.py",
    "test_bundled_theories.py",
    "test_packaging.py",
    "test_kills.py",
    "test_hostile_runs.py",
    "test_notebook.py",
    "test_study.py",
    "test_session_files.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The long files, and then those of most tests."""
    tests = Counter(item.path for item in items)
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: (places.get(item.path.name, len(LONG)), -tests[item.path]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """Collect cycles after a window test, never during it, when that may destroy a visible window and crash.

    What was alive before the test, mostly imported modules and all tests, is left out of the collection, which would
    take a second more. The program freezes and unfreezes too, and each end of an engine would bring all that back. So
    it does neither, unless the test has the mark `freezes`. Where a window was opened for all tests of a file, the
    file's end looks at everything.
    """
    if "qtbot" not in item.fixturenames:
        return (yield)
    last = nextitem is None or nextitem.path != item.path
    gc.disable()
    try:
        with pytest.MonkeyPatch.context() as patch:
            if item.get_closest_marker("freezes") is None:
                patch.setattr(gc, "freeze", lambda: None)
                patch.setattr(gc, "unfreeze", lambda: None)
            return (yield)
    finally:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # closed windows are let go first
        if last:
            _delete_views()
        if last and item.path in _WITH_SHARED:
            gc.unfreeze()
        gc.enable()
        gc.collect()
        gc.freeze()


def _delete_views():
    """Delete the hidden views that a file of tests has left, in Qt's order: Python's collector would take a plot and
    its scene apart in any order, and the process would crash.
    """
    for widget in QApplication.topLevelWidgets():
        if isValid(widget) and widget.isHidden() and widget.findChild(QGraphicsView) is not None:
            delete(widget)


_NUMBERS = count()


@pytest.fixture(autouse=True)
def _own_home(request, tmp_path_factory, monkeypatch):
    """In the test's own folder; most tests have none, and making one for each takes longer than many of them."""
    if "tmp_path" in request.fixturenames:
        home = request.getfixturevalue("tmp_path") / "home"
    else:
        home = tmp_path_factory.getbasetemp() / f"home-{next(_NUMBERS)}"
    monkeypatch.setenv("GEOMODEL_HOME", str(home))


@pytest.fixture
def one_thread():
    """The number of threads afterwards is that before, whatever `--threads` asks for."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def bench():
    """An engine without its thread."""
    from engine_bench import Bench

    return Bench()
