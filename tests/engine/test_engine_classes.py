"""What the engine answers about a run whose class has another number, or none, among the data."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
from animals import IN_DATA, IN_NETWORK, points, write_network, write_table

import geomodel as gm
from app.engine.contract import Site
from app.engine.messages import OpenRun, RunFinished, RunOpened, RunStarted, StartRun
from app.rooms.mean_shift.messages import AlongRequest, AnnealedRequest, MeanShiftRequest
from app.rooms.plane.messages import BasinsRequest, DensityRequest, ProbeRequest
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from geomodel.annealing import beside_ode
from geomodel.denoisers.optimal.jacobian import PosteriorCovariance
from geomodel.settings import RunSettings

RECT = (-8.0, -8.0, 16.0, 16.0)


@pytest.fixture
def settings(tmp_path):
    """The network drives, and the data stand beside it."""
    return RunSettings(
        data=write_table(tmp_path / "animals.csv"),
        network=write_network(tmp_path / "net.safetensors"),
        driver="network",
        count=3,
        steps=4,
    )


def density(field, site=None):
    return DensityRequest(
        run_id=1, site=site or Site(), sigma=0.5, rect=RECT, pixels=(33, 33), arrows=(3, 3), field=field
    )


def of(name):
    stored, labels = points()
    return stored[labels == IN_DATA.index(name)]


def test_density_posterior_and_probe_are_of_the_class_of_that_name(bench, settings):
    bench.handle(StartRun(1, replace(settings, label=IN_NETWORK.index("dog"))))
    assert bench.of(RunStarted)[0].asked.words == "class dog"
    found = bench.handle(density("optimal"))
    _, column = np.unravel_index(found.density.argmax(), found.density.shape)
    assert abs(RECT[0] + 16 * (column + 0.5) / 33 - of("dog")[:, 0].mean()) < 0.5  # the dogs' cluster, at x = 4
    alone = gm.OptimalDenoiser(np.round(of("dog"), 6))  # as the table writes them
    assert np.allclose(found.denoised, alone(found.at, 0.5), atol=1e-9)
    network = bench.worker.contexts[1].job.network
    difference = bench.handle(density("difference"))
    expected = np.asarray(network(difference.at, 0.5, labels=[0] * 9)) - alone(difference.at, 0.5)
    assert np.allclose(difference.denoised - difference.at, expected, atol=1e-9)
    probe = bench.handle(ProbeRequest(run_id=1, point=(1.0, 1.0), sigma=0.5, path=False))
    assert np.allclose(probe.optimal, alone(np.array([[1.0, 1.0]]), 0.5)[0], atol=1e-9)
    near = bench.handle(NeighboursRequest(1, 2, 0))
    assert (points()[1][near.indices[near.weights > 0]] == IN_DATA.index("dog")).all()


def test_the_mean_shift_is_over_the_class_of_that_name(bench, settings):
    run = bench.handle(StartRun(1, replace(settings, label=IN_NETWORK.index("dog")))).trajectory
    alone = gm.OptimalDenoiser(np.round(of("dog"), 6))
    x, sigmas = run.x[:, 1].astype(float), run.sigmas
    along = bench.handle(AlongRequest(run_id=1, sample=1, sigmas=tuple(sigmas.tolist())))
    expected = [float(alone.posterior(x[n : n + 1], sigmas[n]).effective_neighbours) for n in range(len(sigmas))]
    assert np.allclose(along.effective, expected, rtol=1e-9)
    shift = bench.handle(MeanShiftRequest(run_id=1, index=2, sample=1, sigma=float(sigmas[2]), jacobian=True))
    assert np.allclose(shift.optimal, alone(x[2:3], sigmas[2])[0], atol=1e-9)
    jacobian = PosteriorCovariance(alone, np.round(of("dog"), 6), x[2:3], float(sigmas[2]))
    assert shift.optimal_jacobian.trace == pytest.approx(jacobian.trace, rel=1e-6)
    levels = tuple(sigmas[1:].tolist())
    steps = list(beside_ode(alone, x[1:2], levels))
    walk = bench.handle(AnnealedRequest(run_id=1, index=1, sample=1, sigmas=levels, shown=(0, 3)))
    assert np.allclose(walk.denoised, [steps[0].denoised[0], steps[-1].denoised[0]], atol=1e-9)
    assert [points()[1][end] for end in walk.ends] == [IN_DATA.index("dog")] * 2


def test_a_class_that_the_data_lack_is_drawn_without_d_star(bench, settings, caplog):
    with caplog.at_level(logging.INFO):
        finished = bench.handle(StartRun(1, replace(settings, label=IN_NETWORK.index("bee"))))
    note = bench.of(RunStarted)[0].asked.note
    assert note == "The data animals.csv have no class 'bee' (only ant, cat, dog), so nothing is compared with D*."
    assert note in caplog.messages
    assert isinstance(finished, RunFinished)
    assert not finished.trajectory.extras
    caplog.clear()
    for field, arrows in (("driver", 9), ("network", 9), ("optimal", 0), ("difference", 0)):
        found = bench.handle(density(field))
        assert (found.density, len(found.at), len(found.denoised)) == (None, arrows, arrows)
    probe = bench.handle(ProbeRequest(run_id=1, point=(1.0, 1.0), sigma=0.5, path=True))
    assert (probe.optimal, probe.weights, probe.path) == (None, None, None)
    assert probe.network is not None
    assert bench.handle(BasinsRequest(run_id=1, site=Site(), sigma=0.5, rect=RECT)).message
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_class_that_the_network_lacks_is_drawn_without_the_network(bench, settings):
    bench.handle(StartRun(1, replace(settings, driver="optimal", label=IN_DATA.index("ant"))))
    probe = bench.handle(ProbeRequest(run_id=1, point=(1.0, 1.0), sigma=0.5, path=False))
    assert (probe.network, probe.optimal is None) == (None, False)
    assert len(bench.handle(density("network")).at) == 0
    assert len(bench.handle(density("optimal")).at) == 9


@pytest.mark.parametrize("mode", ["marginal", "slice"])
def test_images_of_a_class_that_the_data_lack_have_no_density(mode, bench, settings, tmp_path):
    """Points of four numbers have a plane of principal components, as images do."""
    stored, labels = points()
    np.savez(tmp_path / "four.npz", x=np.hstack([stored, stored]), y=labels)
    network = write_network(tmp_path / "four.safetensors", shape=(4,))
    asked = replace(settings, data=str(tmp_path / "four.npz"), network=network, label=2)  # numbers count as names
    bench.handle(StartRun(1, asked))
    site = Site() if mode == "marginal" else Site("slice", 2, 1)
    found = bench.handle(density("driver", site))
    assert found.density is None
    assert len(found.at) == (0 if mode == "marginal" else 9)


def test_one_d_star_serves_runs_of_all_classes(bench, settings):
    bench.handle(StartRun(1, replace(settings, driver="optimal", label=-1)))
    first = bench.worker.contexts[1].job.optimal
    bench.handle(StartRun(2, replace(settings, label=IN_NETWORK.index("bee"))))
    bench.handle(StartRun(3, replace(settings, label=IN_NETWORK.index("dog"))))
    assert bench.worker.contexts[3].job.optimal is first


@pytest.mark.parametrize("open_again", [True, False])
def test_a_saved_run_opens_with_its_class_by_name(open_again, bench, settings, tmp_path):
    finished = bench.handle(StartRun(1, replace(settings, label=IN_NETWORK.index("dog"))))
    finished.trajectory.save(tmp_path / "run.npz")
    opened = bench.handle(OpenRun(2, str(tmp_path / "run.npz"), link=open_again))
    assert isinstance(opened, RunOpened)
    assert (opened.linked, opened.asked.name, opened.asked.data) == (open_again, "dog", IN_DATA.index("dog"))
    if open_again:
        near = bench.handle(NeighboursRequest(2, 2, 0))
        assert isinstance(near, NeighboursAnswer)
        assert (points()[1][near.indices[near.weights > 0]] == IN_DATA.index("dog")).all()
