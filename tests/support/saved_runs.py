"""Small saved runs as arrays and as files, whole and damaged, and the sentence with which a file is refused."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from geomodel import run_files
from geomodel.trajectory import Trajectory

ARRAYS = ("x", "denoised", "sigmas", "evaluations_at", "final_denoised", "seeds", "labels")


def make_run(**changes) -> Trajectory:
    rng = np.random.default_rng(1)
    fields = {
        "x": rng.standard_normal((4, 2, 3)),
        "denoised": rng.standard_normal((3, 2, 3)),
        "sigmas": np.array([3.0, 2.0, 1.0, 0.5]),
        "evaluations": 6,
        "evaluations_at": np.array([0, 2, 4, 6]),
        "network_calls": 12,
        "looks": 1,
        "final_denoised": rng.standard_normal((2, 3)),
        "seeds": np.array([5, 2**62]),
        "labels": np.array([0, -1]),
        "settings": {"solver": "heun", "σ": [1.5, None, True], "title": "Läufe"},
        "extras": {"effective_neighbours": rng.uniform(1, 3, (3, 2)), "optimal": np.ones((4, 2, 3), np.float32)},
    }
    return Trajectory(**{**fields, **changes})


def entries_of(run: Trajectory) -> dict[str, np.ndarray]:
    """The entries of a saved run."""
    arrays = {
        "format": np.array(run_files.FORMAT),
        "version": np.array(run_files.VERSION),
        "settings": np.array(json.dumps(run.settings)),
        "evaluations": np.asarray(run.evaluations),
        "network_calls": np.array(run.network_calls),
        "looks": np.array(run.looks),
    }
    arrays |= {name: getattr(run, name) for name in ARRAYS}
    arrays |= {f"extra.{name}": values for name, values in run.extras.items()}
    return arrays


def refused(path) -> str:
    """The sentence with which a file is refused: one line, one full stop, beginning with the file's name."""
    with pytest.raises(ValueError) as caught:
        Trajectory.load(path)
    sentence = str(caught.value)
    assert type(caught.value) is ValueError
    assert sentence.startswith(path.name)
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert "\n" not in sentence
    return sentence


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def write_zip(path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
