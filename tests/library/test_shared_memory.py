"""A denoiser may work in place on what it is given and may return one buffer again and again: nothing changes by it.

Models are often written so: ``x *= c_in`` saves memory, and a captured CUDA graph always answers in the same buffer.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from problems import Gaussian

import geomodel as gm
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.blend import Blend
from geomodel.denoisers.network_jacobian import network_jacobian
from geomodel.denoisers.own import load_own
from geomodel.reference import exact_curve
from geomodel.sampling import iterate, sample

SIGMAS = gm.schedules.karras(8, 0.01, 20.0)
X = gm.noise(range(4), (2,), 20.0)
LABELS = torch.tensor([0, 1, -1, 1])
OFFSETS = torch.tensor([1.0, -2.0, 0.25], dtype=torch.float64)  # of the classes 0, 1 and none


class Plain:
    """D of N(0, I), moved by an offset for each class."""

    shape, num_classes, analytic = (2,), 2, True

    def calls_at(self, sigma):
        return 1

    def __call__(self, x, sigma, labels=None):
        column = torch.as_tensor(sigma, dtype=torch.float64).reshape(-1, 1)
        offset = 0.0 if labels is None else OFFSETS[torch.where(labels < 0, 2, labels)][:, None]
        return x / (1 + column**2) + offset


class Rude(Plain):
    """The same, which writes over x, sigma and labels and answers in the tensor that it was given."""

    def __call__(self, x, sigma, labels=None):
        answer = super().__call__(x, sigma, labels)
        x.copy_(answer)
        for given in (sigma, labels):
            if isinstance(given, torch.Tensor):
                given.fill_(0)
        return x


class Buffered(Plain):
    """The same, which answers in one buffer for each size of batch."""

    def __init__(self):
        self.buffers = {}

    def __call__(self, x, sigma, labels=None):
        buffer = self.buffers.setdefault(tuple(x.shape), torch.empty_like(x))
        return buffer.copy_(super().__call__(x, sigma, labels))


KINDS = [Rude, Buffered]


def drawn(name):
    return {"noise": gm.Brownian(range(4))} if gm.solvers.row(name).stochastic else {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", gm.solvers.names())
def test_a_run_is_that_of_the_plain_denoiser(name, kind):
    options = {"solver": name, "labels": LABELS, **drawn(name)}
    if name == "churn":
        options["s_churn"] = 5.0
    x = X.clone()
    found, expected = sample(kind(), x, SIGMAS, **options), sample(Plain(), X, SIGMAS, **options)
    assert np.array_equal(found.x, expected.x)
    assert np.array_equal(found.denoised, expected.denoised)
    assert np.array_equal(found.final_denoised, expected.final_denoised)
    assert torch.equal(x, X)
    assert LABELS.tolist() == [0, 1, -1, 1]
    steps = list(iterate(kind(), X, SIGMAS, **options))
    kept = [step.denoised.clone() for step in steps]
    (last,) = list(iterate(kind(), None, SIGMAS, resume=steps[-2], **options))
    assert torch.equal(last.x_next, steps[-1].x_next)
    for step, denoised in zip(steps, kept, strict=True):  # nothing is written to later
        assert torch.equal(step.denoised, denoised)
        for stage in step.stages:
            assert torch.equal(stage.denoised, Plain()(stage.x, stage.sigma, LABELS))


def test_a_gaussian_is_solved_to_its_closed_form():
    # D = x/(1 + σ²) has x(σ) = x(S) √((1 + σ²)/(1 + S²)).
    exact = Gaussian(torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64))
    for kind in KINDS:
        found = sample(kind(), X, SIGMAS, solver="dop853").x[-1]
        np.testing.assert_allclose(found, exact.solution(X, 20.0, 0.01), rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sigma", [3.0, torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)])
def test_guidance_and_blends_of_it(kind, sigma):
    plain, rude, x = Plain(), kind(), X.clone()
    expected = plain(X, sigma, labels=torch.full((4,), -1))
    expected = expected + 3 * (plain(X, sigma, labels=LABELS) - expected)
    assert torch.equal(gm.Guided(rude, 3.0)(x, sigma, labels=LABELS), expected)
    halves = (plain(X, sigma, labels=LABELS) + 3 * plain(X, sigma, labels=LABELS)) / 4
    for mixed in (Blend(rude, plain, 0.25), Blend(rude, rude, 0.25), Blend(plain, rude, 0.25)):
        np.testing.assert_allclose(mixed(x, sigma, labels=LABELS), halves, rtol=1e-15)
    assert torch.equal(x, X)


OWN = """
import torch
class Model:
    shape = (2,)
    def __init__(self): self.buffer = None
    def __call__(self, x, sigma):
        x *= 1/(1 + torch.as_tensor(sigma, dtype=x.dtype).reshape(-1, 1)**2)
        if isinstance(sigma, torch.Tensor):
            sigma.zero_()
        if self.buffer is None or self.buffer.shape != x.shape:
            self.buffer = torch.empty_like(x)
        return self.buffer.copy_(x)
def make(): return Model()
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    return load_own(f"{tmp_path / 'own.py'}:make")


def test_an_own_denoiser_changes_nothing_of_the_callers(own):
    x, sigma = X.clone(), torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    first, levels = own(x, 2.0), sigma.clone()
    second = own(x, levels)
    assert torch.equal(x, X)
    assert torch.equal(levels, sigma)
    assert torch.equal(first, X * (1 / 5))
    assert torch.equal(second, X * (1 / (1 + sigma[:, None] ** 2)))
    array = X.numpy().copy()
    own(array, 2.0)
    assert np.array_equal(array, X.numpy())


def test_an_own_denoiser_in_pieces_keeps_each_pieces_answer(own):
    own.piece = 2
    assert torch.equal(own(X, 2.0), X * (1 / 5))


def test_the_exact_curve_of_a_step_and_the_jacobian():
    for kind in KINDS:
        assert torch.equal(exact_curve(kind(), X, 20.0, 0.0), exact_curve(Plain(), X, 20.0, 0.0))
    assert network_jacobian(Rude(), X[0], 2.0).trace == pytest.approx(2 / 5, rel=1e-12)


def test_draws_from_one_buffer_are_copied():
    draws = np.random.default_rng(0).standard_normal((8, 4, 2))
    buffer = np.empty((4, 2))

    def reused():
        for draw in draws:
            buffer[:] = draw
            yield buffer

    found, expected = (
        sample(Plain(), X, SIGMAS, solver="euler_ancestral", noise=given).x for given in (reused(), list(draws))
    )
    assert np.array_equal(found, expected)


def test_our_own_denoisers_write_to_nothing_they_are_given():
    data = gm.datasets.load("two-moons", count=30)
    models = [gm.OptimalDenoiser(data.points), gm.MixtureDenoiser([[0.0, 0.0]], 1.0)]
    for model in models:
        assert isinstance(model, Denoiser)
        for sigma in (torch.zeros(4), torch.full((4,), 2.0)):
            x, levels = X.clone(), sigma.clone()
            first = model(x, levels)
            kept = first.clone()
            model(x + 1, levels)
            assert torch.equal(first, kept)
            first.zero_()
            assert torch.equal(x, X)
            assert torch.equal(levels, sigma)
    posterior = models[0].posterior(X, 2.0)
    posterior.mean.zero_()
    assert bool(models[0](X, 2.0).any())
