"""What the window has computed beside runs, copied as code and run by another process, has the same numbers."""

from __future__ import annotations

import csv
import os
import subprocess

import numpy as np
import pytest
from code_of_runs import NETWORK, ROOT
from forks import Loaded
from PySide6.QtGui import QGuiApplication
from real_window import WAIT, finished, kept, opened

from geomodel.experiments.literature import table

pytestmark = pytest.mark.slow
window_of_module = pytest.fixture(scope="module", name="windows")(kept)
SAVING = "\nimport numpy as np\nnp.savez('copied.npz', **{{name: np.asarray(value) for name, value in ({}).items()}})\n"
REFUSALS = {
    "copy_race": "no finished race",
    "copy_sweep": "no finished sweep",
    "copy_design": "No levels have been designed",
    "copy_jumps": "no measured jumps",
    "copy_quality": "not measured",
    "copy_claims": "No claim has been checked",
}


def driven(*drivers):
    """Which denoisers move the samples. Not all move all, because every case is computed three times."""
    return pytest.mark.parametrize("window", drivers, indirect=True)


@pytest.fixture(scope="module")
def other():
    """The other process. It has begun before the window computes anything, and carries each file out in a fork."""
    loaded = Loaded({**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"})
    yield loaded
    loaded.close()


@pytest.fixture
def window(request, qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    window = windows[0]
    if request.param == "network" and not window.state.networks:
        window.player.drafting.open_network(NETWORK["network"])
        qtbot.waitUntil(lambda: bool(window.state.networks), timeout=WAIT)
    driver = "optimal" if request.param == "D*" else "network"
    window.player.drafting.edit({"driver": driver, "count": 4, "steps": 5, "solver": "heun", "beside": False})
    if window.state.run.settings != window.player.drafting.filled():
        window.player.run()
    finished(qtbot, window, lambda run: run.settings == window.player.drafting.filled())
    window.playback.pause()
    return window


def idle(qtbot, window, done):
    qtbot.waitUntil(lambda: done() and not window.player.tasks, timeout=WAIT)


def carried_out(other, folder, *words):
    code, said = other.carry_out(folder, {"GEOMODEL_HOME": str(folder / "home")}, *words)
    assert code == 0, said


def computed_elsewhere(other, folder, window, action, saved):
    """The numbers that the copied script leaves, by another process. saved: the expression of a dict of arrays."""
    window.actions_by_id[action].trigger()
    script = QGuiApplication.clipboard().text()
    assert script.startswith("# "), window.panels.status._message.text()
    (folder / "copied.py").write_text(script + SAVING.format(saved), encoding="utf-8")
    carried_out(other, folder, "copied.py")
    with np.load(folder / "copied.npz") as found:
        return dict(found)


def table_elsewhere(other, folder, window, action):
    """The rows that the copied command line writes, by another process that gets the words a shell reads in it."""
    window.actions_by_id[f"{action}_command"].trigger()
    line = QGuiApplication.clipboard().text()
    assert line.startswith("python main.py experiment "), window.panels.status._message.text()
    line = line.replace("python", r"printf '%s\0'", 1)
    words = subprocess.run(["/bin/sh", "-c", line], cwd=folder, capture_output=True, text=True, check=True).stdout
    main, *arguments = words.removesuffix("\0").split("\0")
    assert main == "main.py"
    carried_out(other, folder, str(ROOT / main), *arguments)
    with (folder / "experiment.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def same(one, other):
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and one.tobytes() == other.astype(one.dtype).tobytes()


def test_nothing_is_copied_before_it_is_there(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    for action, sentence in REFUSALS.items():
        for name in (action, f"{action}_command"):
            windows[0].actions_by_id[name].trigger()
            assert sentence in windows[0].panels.status._message.text()


def test_a_script_that_fails_elsewhere_is_seen(other, tmp_path):
    (tmp_path / "wrong.py").write_text("import sys\nprint(sys.argv[1:])\n1 / 0\n")
    code, said = other.carry_out(tmp_path, {}, "wrong.py", "a b")
    assert code == 1
    assert "['a b']\n" in said
    assert "ZeroDivisionError: division by zero\n" in said


@driven("D*", "network")
def test_a_race_at_equal_evaluations(qtbot, window, other, tmp_path):
    room = window.rooms.compare
    room.race_equal(("euler", "rk4", "dpmpp_2m_sde"), 10)
    idle(qtbot, window, lambda: room.comparison is not None)
    saved = "{str(at): lane.errors for at, lane in enumerate(race.lanes)}"
    found = computed_elsewhere(other, tmp_path, window, "copy_race", saved)
    assert len(found) == 3
    assert all(same(lane.errors, found[str(at)]) for at, lane in enumerate(room.comparison.lanes))
    rows = table_elsewhere(other, tmp_path, window, "copy_race")
    assert [float(row["error"]) for row in rows] == [row["error"] for row in room.comparison.rows()]


@driven("network")
def test_a_sweep(qtbot, window, other, tmp_path):
    room = window.rooms.compare
    room.sweep(("heun", "unipc"), 5, 9)
    idle(qtbot, window, lambda: room.sweeping.sweep is not None)
    found = computed_elsewhere(
        other, tmp_path, window, "copy_sweep", "{line.solver: line.errors for line in sweep.lines}"
    )
    assert all(same(line.errors, found[line.solver]) for line in room.sweeping.sweep.lines)
    rows = table_elsewhere(other, tmp_path, window, "copy_sweep")
    assert [float(row["error"]) for row in rows] == [row["error"] for row in room.sweeping.sweep.rows()]


@pytest.mark.parametrize(
    ("window", "kind"),
    [("D*", "for Euler steps"), ("network", "for the solver"), ("network", "tors")],
    indirect=["window"],
)
def test_designed_levels(qtbot, window, other, tmp_path, kind):
    room, before = window.rooms.schedule, window.state.draft
    options = {"metric": "l1", "coeff": 1.3, "for_solver": kind == "for the solver"}
    room.view.design_wanted.emit("tors" if kind == "tors" else "gits", {} if kind == "tors" else options)
    assert room.picture().working.startswith("TORS: " if kind == "tors" else "GITS for ")
    idle(qtbot, window, lambda: window.state.draft.schedule == "custom")
    found = computed_elsewhere(other, tmp_path, window, "copy_design", "{'levels': levels}")
    assert same(window.state.draft.levels, found["levels"])
    rows = table_elsewhere(other, tmp_path, window, "copy_design")
    assert [float(row["sigma"]) for row in rows] == list(window.state.draft.levels)
    window.player.drafting.edit({"schedule": before.schedule, "steps": 5})


@driven("D*")
def test_jumps(qtbot, window, other, tmp_path):
    room = window.rooms.quality
    room.jumps = None
    room._measure_jumps({"count": 16, "evaluations": 4, "seed": 5})
    idle(qtbot, window, lambda: room.jumps is not None)
    saved = "{name: [getattr(q, name) for q in jumps.qualities] for name in ('sliced', 'frechet')}"
    found = computed_elsewhere(other, tmp_path, window, "copy_jumps", saved)
    for name, values in found.items():
        assert same([getattr(quality, name) for quality in room.jumps.qualities], values)
    rows = [row for row in table_elsewhere(other, tmp_path, window, "copy_jumps") if row["cloud"] == "jump"]
    assert [float(row["sliced"]) for row in rows] == found["sliced"].tolist()


@driven("network")
def test_the_quality_of_a_run(qtbot, window, other, tmp_path):
    room, run = window.rooms.quality, window.state.run.id
    room.measure_run()
    idle(qtbot, window, lambda: run in room.runs)
    saved = "{'x': [q.sliced for q in quality.x], 'denoised': [q.sliced for q in quality.denoised]}"
    found = computed_elsewhere(other, tmp_path, window, "copy_quality", saved)
    for name, values in found.items():
        assert same([quality.sliced for quality in getattr(room.runs[run], name)], values)
    rows = [row for row in table_elsewhere(other, tmp_path, window, "copy_quality") if row["cloud"] == "D"]
    assert same([float(row["sliced"]) for row in rows], found["denoised"])


@driven("network")
def test_claims(qtbot, window, other, tmp_path):
    room = window.rooms.claims
    room.claims = {}
    for number in (1, 2):
        room.check_one(number)
        idle(qtbot, window, lambda number=number: number in room.claims)
    found = computed_elsewhere(other, tmp_path, window, "copy_claims", "{'lines': literature.table(claims)}")
    assert found["lines"].tolist() == list(table(room._found()))
    rows = table_elsewhere(other, tmp_path, window, "copy_claims")
    assert [float(row["measured"]) for row in rows] == [claim.measured for claim in room._found()]
