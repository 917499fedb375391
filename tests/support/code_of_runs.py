"""Small runs of many kinds, and their copied code carried out here or in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import geomodel as gm
import resources
from geomodel.checkpoints.hints import nested
from geomodel.origin import origin
from geomodel.settings import RunSettings

ROOT = Path(__file__).parents[2]
NETWORK = {"network": str(resources.path("checkpoints", "two-moons.safetensors"))}
LEVELS = (20.0, 7.3, 1 / 3, 0.1, 1e-05, 0.0)
STRANGE = 'it\'s a "table"; $(rm) `ls` \\n & ünï #1.csv'  # a file's name
QUICK: dict[str, dict] = {  # what is run in every test of the suite
    "optimal": {"start": "exact", "seed": 5, "rho": 3.0},
    "gaussian by a multistep": {"driver": "gaussian", "solver": "dpmpp_2m", "options": {"lower_order_final": True}},
    "classes": {"driver": "classes", "label": 1, "schedule": "cosine", "start": "origin"},
    "mixture": {"data": "gaussian-ring", "driver": "mixture", "beside": False, "solver": "unipc"},
    "network": {
        **NETWORK,
        "driver": "network",
        "solver": "ipndm",
        "options": {"order": 2},
        "compared_with": "gaussian",
    },
    "blend": {**NETWORK, "driver": "blend", "blend": 0.1 + 0.2, "final_zero": True},
    "network alone": {**NETWORK, "data": "", "driver": "network", "solver": "euler"},
    "own levels": {"schedule": "custom", "levels": LEVELS, "solver": "dpm2", "options": {"r": 1 / 3}},
    "jump": {"jump_at": 2, "solver": "euler"},
    "churn": {"solver": "churn", "options": {"s_churn": 3.0, "s_max": float("inf")}},
    "adaptive": {"solver": "rk45", "options": {"rtol": 1e-3}, "schedule": "log_uniform"},
    "a clicked point": {"start": "point", "start_point": (-1.5, 0.1), "sigma_max": 7.7, "sigma_min": 0.3},
    "columns of a strange table": {"data": STRANGE, "data_columns": "a, b; class kind", "label": 1, "start": "exact"},
}
MORE: dict[str, dict] = {
    "guidance": {"label": 0, "guidance": 2.5, "solver": "heun", "compared_with": "classes"},
    "one data point": {"start": "data", "start_index": 7, "solver": "deis_tab"},
    "a stochastic multistep": {"solver": "dpmpp_2m_sde", "options": {"eta": 0.3}, "driver": "gaussian"},
    "ancestral": {"solver": "euler_ancestral", "seed": 2**31 - 1},
    "an analytic first step": {"solver": "ab", "options": {"analytic_first_step": True, "order": 3}},
    "bh1": {"solver": "unipc", "options": {"variant": "bh1", "prediction": "eps"}, "data": "spiral"},
    "D* beside nothing": {**NETWORK, "driver": "optimal", "data_seed": 3, "schedule": "polyexponential"},
    "all columns of a table": {
        "data": STRANGE,
        "data_columns": "1, 3-4",
        "solver": "dop853",
        "options": {"atol": 1e-5},
    },
}
KINDS = QUICK | MORE


def settings_of(kind: str, folder: Path) -> RunSettings:
    """The settings of a kind; its table is written into the folder."""
    changes = dict(KINDS[kind])
    if changes.get("data") == STRANGE:
        rows = (f"{n / 7},k{n % 2},{n / 3},{n % 4}\n" for n in range(30))
        (folder / STRANGE).write_text("a,kind,b,c\n" + "".join(rows), encoding="utf-8")
        changes["data"] = str(folder / STRANGE)
    return RunSettings(**{"data_count": 40, "steps": 5, "count": 3, **changes})


def computed(settings: RunSettings, hints=None, piece=None):
    """The run of the settings, and what it says of where it came from."""
    data = settings.data_key.load() if settings.data else None
    network = None
    if settings.network:
        network = gm.load_checkpoint(settings.network, hints=nested(hints or {}))
        network.piece = piece
    run = gm.runs.compute(settings, data, network)
    return run, origin(run)


def same(run, again) -> bool:
    """Whether two runs have the same arrays and counts, bit for bit."""
    pairs = [(run.x, again.x), (run.denoised, again.denoised), (run.sigmas, again.sigmas)]
    pairs += [(run.final_denoised, again.final_denoised), (run.evaluations_at, again.evaluations_at)]
    pairs += [(run.extras[name], again.extras[name]) for name in run.extras]
    return run.extras.keys() == again.extras.keys() and all(map(_equal, *zip(*pairs, strict=True)))


def _equal(one, other) -> bool:
    if one is None or other is None:
        return one is other
    one, other = np.asarray(one), np.asarray(other)
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def here(script: str) -> dict:
    """The names that the script leaves, run in this process without its pictures."""
    names: dict = {}
    exec(compile(script.partition("# Pictures")[0], "copied.py", "exec"), names)
    return names


def elsewhere(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """A process in another folder, for which this program is installed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "GEOMODEL_HOME": str(folder / "home")}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def python_in(folder: Path, script: str):
    """The run of a script, run in a process of its own from a file."""
    (folder / "copied.py").write_text(f"{script}\nrun.save('copied.npz')\n", encoding="utf-8")
    elsewhere(folder, sys.executable, "copied.py")
    return gm.Trajectory.load(folder / "copied.npz")


def shell_in(folder: Path, command: str):
    """The run of a command line, read by a POSIX shell."""
    command = command.replace("python main.py", f"'{sys.executable}' '{ROOT / 'main.py'}'", 1)
    elsewhere(folder, "/bin/sh", "-c", command)
    return gm.Trajectory.load(folder / "run.npz")
