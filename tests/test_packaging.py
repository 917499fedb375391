"""The wheel: what it carries, and that it runs from another folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("app", "geomodel", "resources", "main.py", "pyproject.toml", "README.md", "LICENSE", "tests")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def run(*command, cwd, **environment):
    result = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: setuptools leaves its traces beside the sources."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name)  # with the caches, which must not travel
        else:
            shutil.copy(ROOT / name, source / name)
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", out, source, cwd=source)
    (found,) = out.iterdir()
    return found


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory):
    """The wheel installed on its own, without its dependencies."""
    target = tmp_path_factory.mktemp("site")
    run("-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", target, wheel, cwd=target)
    return target


def tracked(folder):
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_program_and_its_files_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {name for name in names if ".dist-info/" not in name}
    assert files == tracked("app") | tracked("geomodel") | tracked("resources")
    for needed in (
        "resources/data/fashion-mnist-10k.npz",
        "resources/data/fashion-mnist-LICENSE.txt",
        "resources/checkpoints/two-moons.safetensors",
        "resources/runs/two-moons.npz",
        "resources/help/introduction.html",
    ):
        assert needed in files
    (entry,) = (name for name in names if name.endswith("entry_points.txt"))
    assert "geomodel = app.application:main" in zipfile.ZipFile(wheel).read(entry).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_files_are_found_where_it_is_installed(site, tmp_path):
    code = "import resources; print(resources.path('runs', 'two-moons.npz').stat().st_size, resources.__file__)"
    size, path = run("-c", code, cwd=tmp_path, PYTHONPATH=str(site)).split()
    assert int(size) == (ROOT / "resources/runs/two-moons.npz").stat().st_size
    assert Path(path).is_relative_to(site)


def test_a_run_and_its_figures_from_the_installed_program(site, tmp_path):
    arguments = ["run", "--data", "two-moons", "--steps", "4", "--count", "4", "--out", "x", "--figures"]
    run(
        "-c",
        f"from app.application import main; raise SystemExit(main({arguments}))",
        cwd=tmp_path,
        PYTHONPATH=str(site),
    )
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [
        "measures.csv",
        "measures.png",
        "plane.png",
        "run.npz",
    ]


def test_the_installed_window_opens_and_closes(site, tmp_path):
    code = (
        "from PySide6.QtWidgets import QApplication; qt = QApplication([]);"
        "from app.main_window import MainWindow; window = MainWindow(); window.show(); qt.processEvents();"
        "[window.actions_by_id[name].trigger() for name in ('keys', 'about')]; qt.processEvents(); window.close()"
    )
    environment = {"PYTHONPATH": str(site), "QT_QPA_PLATFORM": "offscreen", "GEOMODEL_HOME": str(tmp_path / "home")}
    run("-c", code, cwd=tmp_path, **environment)
