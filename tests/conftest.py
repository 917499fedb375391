"""Shared by every test: an offscreen Qt, a home of its own, no cyclic collection while windows are alive."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _collect_between_window_tests(request):
    # The cyclic collector may destroy a visible window inside Qt's event dispatch, which crashes.
    if "qtbot" not in request.fixturenames:
        yield
        return
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture
def bench():
    """An engine without its thread."""
    import torch
    from engine_bench import Bench

    before = torch.is_grad_enabled()  # the engine turns gradients off for its thread: here it is the tests' own
    yield Bench()
    torch.set_grad_enabled(before)
