"""A denoiser from a Python file of the user's: run only where it was named, refused clearly where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from app.engine.library import Library
from geomodel.checkpoints import CheckpointError
from geomodel.denoisers.own import load_own

GOOD = """
import torch

class Shrink:
    shape = (2,)
    sigma_max = 10.0

    def __call__(self, x, sigma):
        return x / (1 + sigma**2)  # the optimal denoiser of N(0, I)

def make_denoiser():
    return Shrink()
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mein modell.py"
    path.write_text(GOOD, "utf-8")
    return path


def test_it_answers_as_its_code_does(file):
    model = load_own(f"{file}:make_denoiser")
    x = torch.randn(3, 2, dtype=torch.float64)
    assert torch.equal(model(x, 2.0), x / 5)
    assert np.array_equal(model(x.numpy(), 2.0), x.numpy() / 5)
    assert model.sigma_recommended == (0.002, 10.0)
    assert model.info.format == "own code"


@pytest.mark.parametrize(
    ("text", "function", "said"),
    [
        (GOOD, "missing", "no function"),
        ("def make(): return 3", "make", "callable"),
        ("def make(): return lambda x, sigma: x", "make", "shape"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, text, function, said):
    path = tmp_path / "own.py"
    path.write_text(text, "utf-8")
    with pytest.raises(CheckpointError, match=said):
        load_own(f"{path}:{function}")


def test_a_wrong_shape_is_told(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "class M:\n    shape = (2,)\n    def __call__(self, x, s): return x[:, :1]\ndef make(): return M()\n"
    )
    with pytest.raises(ValueError, match=r"returned \(3, 1\)"):
        load_own(f"{path}:make")(torch.zeros(3, 2), 1.0)


def test_the_engine_runs_no_file_that_was_not_named_at_the_start(file):
    spec = f"{file}:make_denoiser"
    library = Library()
    library.load_torch(own_thread=False)
    with pytest.raises(CheckpointError):
        library.network(spec)  # such as from the settings of a saved run
    library.trust(spec)
    assert library.network(spec).shape == (2,)
