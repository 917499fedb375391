"""Denoisers in Python files, as people write them around diffusers, k-diffusion, EDM, score networks and plain torch.

The data are N(0, I) in the plane, so that every one must give D(x; σ) = x/(1 + σ²), or is refused in a sentence.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel import runs
from geomodel.checkpoints import CheckpointError
from geomodel.denoisers.own import load_own
from geomodel.denoisers.own_checks import Way
from geomodel.settings import RunSettings

# ε(x_t, t) of variance-preserving noise: x_t = √ᾱ x_0 + √(1 − ᾱ) ε, so ε̂ = √(1 − ᾱ) x_t and D = x − σ ε̂.
DIFFUSERS = """
from dataclasses import dataclass
import torch
from torch import nn

@dataclass
class UNet2DOutput:
    sample: torch.Tensor

class Scheduler:
    def __init__(self):
        betas = torch.linspace(0.0001, 0.02, 1000)
        self.alphas_cumprod = torch.cumprod(1 - betas, dim=0)

class UNet(nn.Module):
    def __init__(self, scheduler):
        super().__init__()
        self.weight = nn.Parameter(torch.eye(2))
        self.alphas = scheduler.alphas_cumprod
    def forward(self, sample, timestep, return_dict=True):
        noise = nn.functional.linear(sample, self.weight) * (1 - self.alphas[timestep.long()]).sqrt()[:, None]
        return UNet2DOutput(sample=noise) if return_dict else (noise,)

class Diffusers:
    shape = (2,)
    def __init__(self):
        self.scheduler = Scheduler()
        self.unet = UNet(self.scheduler)
        self.sigmas = ((1 - self.scheduler.alphas_cumprod) / self.scheduler.alphas_cumprod).sqrt()
        self.sigma_min, self.sigma_max = float(self.sigmas[0]), float(self.sigmas[-1])
    @torch.no_grad()
    def __call__(self, x, sigma):
        sigma = torch.as_tensor(sigma, dtype=torch.float32).reshape(-1).expand(len(x))
        t = (self.sigmas.log()[None] - sigma.log()[:, None]).abs().argmin(1)
        scale = (1 + sigma**2).sqrt()[:, None]
        noise = self.unet((x.float() / scale), t)ANSWER
        return x - sigma[:, None] * noise

def make(): return Diffusers()
"""

KDIFFUSION = """
import torch
from torch import nn

def append_dims(x, target_dims):
    return x[(...,) + (None,) * (target_dims - x.ndim)]

class Inner(nn.Module):  # F = 0 is exact where c_skip is that of N(0, I)
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        nn.init.zeros_(self.layer.weight), nn.init.zeros_(self.layer.bias)
    def forward(self, x, sigma, **kwargs):
        return self.layer(x) + 0 * sigma.log()[:, None]

class Denoiser(nn.Module):
    shape, sigma_data = (2,), 1.0
    def __init__(self, inner_model):
        super().__init__()
        self.inner_model = inner_model
    def get_scalings(self, sigma):
        total = sigma**2 + self.sigma_data**2
        return self.sigma_data**2 / total, sigma * self.sigma_data / total**0.5, 1 / total**0.5
    def forward(self, input, sigma, **kwargs):
        c_skip, c_out, c_in = [append_dims(c, input.ndim) for c in self.get_scalings(sigma)]
        return self.inner_model(input * c_in, sigma, **kwargs) * c_out + input * c_skip

def make(): return Denoiser(Inner()).eval()
"""

EDM = """
import torch
from torch import nn

class EDMPrecond(nn.Module):
    shape, sigma_data = (2,), 1.0
    def __init__(self):
        super().__init__()
        self.model = nn.Linear(2, 2, bias=False)
        nn.init.zeros_(self.model.weight)
    def forward(self, x, sigma, class_labels=None, force_fp32=False, **model_kwargs):
        x = x.to(torch.float32)
        sigma = sigma.to(torch.float32).reshape(-1, 1)
        c_skip = self.sigma_data**2 / (sigma**2 + self.sigma_data**2)
        c_out = sigma * self.sigma_data / (sigma**2 + self.sigma_data**2).sqrt()
        return c_skip * x + c_out * self.model(x / (sigma**2 + 1).sqrt())
    def round_sigma(self, sigma): return torch.as_tensor(sigma)

def make(): return EDMPrecond().eval()
"""

PLAIN = """
import torch
from torch import nn

class Net(nn.Module):
    shape = (2,)
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2, bias=False)
        nn.init.eye_(self.layer.weight)
    def forward(self, x, sigma):
        return self.layer(x) / (1 + sigma**2)

def make(): return Net()
"""

SCORE = """
import math
class Score:
    shape = (2,)
    def score(self, x, sigma): return -x / (1 + sigma**2)
    def __call__(self, x, sigma): return x + sigma**2 * self.score(x, sigma)
def make(): return Score()
"""

GOOD = {
    "diffusers": DIFFUSERS.replace("ANSWER", ".sample"),
    "diffusers, return_dict=False": DIFFUSERS.replace("t)ANSWER", "t, return_dict=False)[0]"),
    "k-diffusion": KDIFFUSION,
    "EDM": EDM,
    "a float32 network": PLAIN,
    "a network in double": PLAIN.replace("return Net()", "return Net().double()"),
    "bfloat16 inside": PLAIN.replace("self.layer(x)", "self.layer.bfloat16()(x.bfloat16()).float()"),
    "a score": SCORE,
    "TorchScript": PLAIN.replace("sigma)", "sigma: float)").replace("return Net()", """
    scripted = torch.jit.script(Net())
    class Model:
        shape = (2,)
        def __call__(self, x, sigma): return scripted(x, sigma)
    return Model()"""),
    "a function with attributes": "def model(x, sigma): return x / (1 + sigma**2)\nmodel.shape = [2]\n"
                                  "def make(): return model\n",
}  # fmt: skip
REFUSED = {
    "diffusers, the output object itself": (
        PLAIN.replace("return self.layer(x) / (1 + sigma**2)", "return {'sample': x}"), "returned dict; expected"),
    "noise of another shape": (PLAIN.replace("self.layer(x)", "self.layer(x)[:, :1]"), "returned (2, 1); expected"),
    "a checkpoint that is not there": (PLAIN.replace("return Net()", "return torch.load('net.ckpt')"),
                                       "failed in make", "net.ckpt"),
    "an import that is not installed": ("import diffusers_of_nobody\ndef make(): pass\n", "No module named"),
    "a script with arguments": (
        "import argparse\nargparse.ArgumentParser().add_argument('--ckpt')\nimport sys\nsys.exit(2)\n",
        "ended the program"),
    "no shape": (PLAIN.replace("    shape = (2,)\n", ""), "must return a callable denoiser with a `shape`"),
    "a class, not an instance": (PLAIN.replace("return Net()", "return Net"), "own.py"),
    "batch normalisation while it trains": (
        PLAIN.replace("return self.layer(x)", "return nn.BatchNorm1d(2)(self.layer(x.float()))"), "own.py"),
}  # fmt: skip


def written(folder, text):
    (folder / "own.py").write_text(text, "utf-8")
    return f"{folder / 'own.py'}:make"


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.filterwarnings("ignore:`torch.jit.*` is:DeprecationWarning")
def test_a_denoiser_gives_its_answer(case, tmp_path):
    model = load_own(written(tmp_path, GOOD[case]))
    # a bfloat16 keeps 8 bits; diffusers' 1,000 levels are within 1 % of any other in the middle
    close = 0.02 if case.startswith(("diffusers", "bfloat16")) else 1e-6
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 2)) * 3)
    for sigma in (0.3, 3.0):
        expected = x / (1 + sigma**2)
        answer = model(x, sigma)
        assert (answer.dtype, answer.shape) == (x.dtype, x.shape)
        assert (answer - expected).abs().max() < close * x.abs().max()
    levels = torch.tensor([0.3, 0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
    expected = x / (1 + levels[:, None] ** 2)
    assert (model(x, levels) - expected).abs().max() < close * x.abs().max()


WAYS = {
    "diffusers": Way(),
    "k-diffusion": Way(torch.float32, number=False),
    "EDM": Way(number=False),  # it converts x itself
    "a float32 network": Way(torch.float32, levels=False),  # two levels are spread over the two columns
    "a score": Way(levels=False),
}


@pytest.mark.parametrize("case", WAYS)
def test_it_is_asked_as_it_wants_to_be(case, tmp_path):
    assert load_own(written(tmp_path, GOOD[case]))._way == WAYS[case]


@pytest.mark.parametrize("case", ["diffusers", "k-diffusion", "EDM", "a float32 network"])
@pytest.mark.parametrize("solver", ["heun", "rk45"])
def test_a_run_of_it_ends_where_the_ode_does(case, solver, tmp_path):
    """dx/dσ = x σ/(1 + σ²) has the solution x ∝ √(1 + σ²)."""
    model = load_own(written(tmp_path, GOOD[case]))
    settings = RunSettings(data="", driver="network", network="own", solver=solver, steps=40, count=3)
    run = runs.compute(settings, None, model)
    start, end = run.sigmas[[0, -1]]
    exact = run.x[0] * np.sqrt((1 + end**2) / (1 + start**2))
    assert np.abs(run.x[-1] - exact).max() < 0.05 * np.abs(exact).max()


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_denoise_is_one_sentence(case, tmp_path):
    text, *parts = REFUSED[case]
    with pytest.raises(CheckpointError) as caught:
        load_own(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    for part in ("own.py", *parts):
        assert part in str(caught.value)


def test_its_run_is_saved_like_any_other(tmp_path):
    model = load_own(written(tmp_path, KDIFFUSION))
    settings = RunSettings(data="", driver="network", network="own", steps=3, count=2)
    runs.compute(settings, None, model).save(tmp_path / "run.npz")
    assert gm.Trajectory.load(tmp_path / "run.npz").x.shape == (4, 2, 2)
