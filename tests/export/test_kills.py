"""A program that is killed while it saves leaves the file as it was before, or the new one, whatever is saved."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from random import Random

import pytest
from forks import BEGIN, Forks

ROOT = Path(__file__).parents[2]
KILLS = 6
WRITING = """
import itertools, sys
from PySide6.QtWidgets import QApplication
import geomodel as gm
import resources
from app.export import figure, formats
from app.plotting.theme import LIGHT
from app.rooms.measures.view import MeasuresView
from geomodel import checkpoints
from geomodel.settings import RunSettings

names = [str(resources.path("checkpoints", f"{name}.safetensors")) for name in ("two-moons", "fashion-mnist")]
networks = [gm.load_checkpoint(name) for name in names]
data = gm.datasets.load("two-moons", count=500)
settings = [RunSettings(data="two-moons", steps=5, count=count) for count in (400, 900)]
runs = [gm.runs.compute(each, data) for each in settings]
{BEGIN}
kind, path = sys.stdin.readline().strip().split(" ", 1)
if kind == "picture":
    qt = QApplication([])
    view = MeasuresView(LIGHT)
    one, other = (lambda dpi=dpi: figure.save_png(view, path, (80, 60), dpi, {}) for dpi in (96, 150))
elif kind == "network":
    one, other = (lambda net=net: checkpoints.save(net, path) for net in networks)
else:
    one, other = (lambda run=run: formats.row(kind).write(run, path) for run in runs)
one()
print("one", flush=True)
sys.stdin.readline()
other()
print("other", flush=True)
sys.stdin.readline()
for save in itertools.cycle((one, other)):
    save()
""".replace("{BEGIN}", BEGIN)


@pytest.fixture(scope="module")
def writing(tmp_path_factory):
    """One process for all kinds: it has loaded what takes long."""
    home = tmp_path_factory.mktemp("home")
    with Forks(WRITING, env={**os.environ, "PYTHONPATH": str(ROOT), "GEOMODEL_HOME": str(home)}) as process:
        yield process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no process can be killed so there")
@pytest.mark.parametrize("kind", ["run", "measures", "network", "picture"])
def test_a_kill_leaves_the_old_file_or_the_new(tmp_path, writing, kind):
    path, random, found = tmp_path / "saved", Random(kind), set()
    for _ in range(KILLS):
        whole = set()
        writing.go_on()
        writing.go_on(f"{kind} {path}")
        assert writing.said() == "one"
        whole.add(path.read_bytes())
        writing.go_on()
        assert writing.said() == "other"
        whole.add(path.read_bytes())
        assert len(whole) == 2
        writing.go_on()
        time.sleep(random.uniform(0.05, 0.3))
        writing.kill()
        assert path.read_bytes() in whole
        found |= {half.name for half in tmp_path.glob("*.tmp")}
    assert found or kind == "picture"  # a kill did fall into the writing, which is too short for a picture
