"""A denoiser from a Python file of the user's: run only where it was named, refused clearly where it does not fit."""

from __future__ import annotations

import pickle
import sys

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


def written(folder, text, name="own.py"):
    """The spec of a denoiser whose file holds this text."""
    (folder / name).write_text(text, "utf-8")
    return f"{folder / name}:make"


MODEL = """
import torch
class M:
    shape = (3,)
    def __call__(self, x, sigma):
        {body}
def make(): return M()
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return x[:, :1]", r"returned \(2, 1\); expected a tensor of shape \(2, 3\)"),
        ("return x.tolist()", "returned list"),
        ("return x.to(torch.int64)", "returned numbers of type int64"),
        ("return x.to(torch.complex64)", "returned numbers of type complex64"),
        ("return x / 0", "not finite"),
        ("return x - x.mean(0)", "rows must be independent"),
        ("return x / x.abs().max()", "rows must be independent"),
        (
            "raise RuntimeError('no luck')",
            r"own.py failed when it was asked with two rows, line 6: RuntimeError: no luck",
        ),
        ("import sys; sys.exit(3)", "ended the program when it was asked with two rows, line 6: SystemExit: 3"),
    ],
)
def test_what_it_answers_is_looked_at_when_it_opens(tmp_path, body, said):
    with pytest.raises(CheckpointError, match=said) as caught:
        load_own(written(tmp_path, MODEL.format(body=body)))
    assert "\n" not in str(caught.value)


def test_a_half_precision_network_is_no_batch_that_mixes_its_rows(tmp_path):
    body = "return (x.bfloat16() @ torch.eye(3).bfloat16()).float() / (1 + sigma**2)"
    assert load_own(written(tmp_path, MODEL.format(body=body))).shape == (3,)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_one_that_was_written_for_one_level_is_asked_row_by_row(tmp_path, width):
    """x / (1 + σ²) spreads a tensor of levels over the columns where there are as many, and fails elsewhere."""
    model = load_own(written(tmp_path, MODEL.replace("(3,)", f"({width},)").format(body="return x / (1 + sigma**2)")))
    x, levels = torch.randn(3, width, dtype=torch.float64), torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert torch.allclose(model(x, levels), x / torch.tensor([[2.0], [5.0], [10.0]], dtype=torch.float64))


def test_one_that_takes_levels_is_asked_once(tmp_path):
    body = (
        "self.calls = getattr(self, 'calls', 0) + 1; s = torch.as_tensor(sigma).reshape(-1, 1); return x / (1 + s**2)"
    )
    model = load_own(written(tmp_path, MODEL.format(body=body)))
    before = model.model.calls
    answer = model(torch.ones(2, 3, dtype=torch.float64), torch.tensor([1.0, 3.0]))
    assert model.model.calls == before + 1
    assert torch.allclose(answer[:, 0], torch.tensor([0.5, 0.1], dtype=torch.float64))


@pytest.mark.parametrize("raised", ["SystemExit(2)", "GeneratorExit", "BaseException('odd')", "ImportError('no such')"])
@pytest.mark.parametrize("place", ["{}", "def make(): {}"])
def test_whatever_a_file_raises_is_one_sentence(tmp_path, raised, place):
    with pytest.raises(CheckpointError, match=rf"own\.py (failed|ended the program) .*, line 1: {raised[:9]}"):
        load_own(written(tmp_path, place.format(f"raise {raised}") + "\n"))


def test_a_range_of_levels_that_is_none_is_refused(tmp_path):
    text = MODEL.format(body="return x").replace("shape =", "sigma_max = float('nan')\n    shape =")
    with pytest.raises(CheckpointError, match="sigma_min < sigma_max"):
        load_own(written(tmp_path, text))


DATACLASS = """
from __future__ import annotations
from dataclasses import dataclass
import helper
@dataclass
class M:
    scale: float = helper.SCALE
    shape = (2,)
    def __call__(self, x, sigma): return self.scale * x
def make(): return M()
"""


def test_dataclasses_pickles_and_modules_beside_the_file_work(tmp_path):
    (tmp_path / "helper.py").write_text("SCALE = 0.5\n")
    path = list(sys.path)
    model = load_own(written(tmp_path, DATACLASS))
    assert pickle.loads(pickle.dumps(model.model)) == model.model
    assert model(np.ones((1, 2)), 1.0).tolist() == [[0.5, 0.5]]
    assert sys.path == path


def test_a_module_beside_the_file_is_the_one_of_its_own_folder(tmp_path):
    scales = []
    for folder, scale in ((tmp_path / "a", 0.25), (tmp_path / "b", 0.75)):
        folder.mkdir()
        (folder / "helper.py").write_text(f"SCALE = {scale}\n")
        scales.append(load_own(written(folder, DATACLASS)).model.scale)
    assert scales == [0.25, 0.75]


def test_the_engine_runs_no_file_that_was_not_named_at_the_start(file):
    spec = f"{file}:make_denoiser"
    library = Library()
    library.load_torch(own_thread=False)
    with pytest.raises(CheckpointError):
        library.network(spec)  # such as from the settings of a saved run
    library.trust(spec)
    assert library.network(spec).shape == (2,)


CLASSES = """
class M:
    shape = (2,)
    label_names = {names}
    num_classes = {count}
    def __call__(self, x, sigma, labels=None):
        return x * 0
def make(): return M()
"""


def test_its_classes_may_have_names(tmp_path):
    info = load_own(written(tmp_path, CLASSES.format(names=["cat", 7], count=2))).info
    assert (info.classes, info.label_names) == (2, ("cat", "7"))
    alone = CLASSES.format(names=["cat", "dog", "eel"], count=3).replace("    num_classes = 3\n", "")
    assert load_own(written(tmp_path, alone, "alone.py")).info.classes == 3
    with pytest.raises(CheckpointError, match="3 classes and 2 label_names"):
        load_own(written(tmp_path, CLASSES.format(names=["cat", "dog"], count=3), "other.py"))
