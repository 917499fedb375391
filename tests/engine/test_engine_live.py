"""Answers that follow a pointer come from a searched D*; what a run has computed is computed again untruncated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
import resources
from app.engine.messages import StartRun
from app.rooms.plane.messages import ProbeRequest
from geomodel import runs
from geomodel.denoisers.optimal import optimal
from geomodel.live import live as live_job
from geomodel.settings import RunSettings


def job(driver="optimal"):
    settings = RunSettings(data="two-moons", data_count=50, count=3, steps=6, driver=driver)
    return runs.prepare(settings, gm.datasets.load("two-moons", count=50))


def test_a_small_set_is_answered_by_the_job_itself():
    asked = job()
    assert live_job(asked) is asked


def test_every_use_of_d_in_a_large_set_is_searched(monkeypatch):
    monkeypatch.setattr(optimal, "SEARCHED_NUMBERS", 10)
    asked = job()
    live = live_job(asked)
    assert live.optimal is asked.optimal.searched is not asked.optimal
    assert live.model is live.exact is live.compared is live.optimal
    assert live.gives_posterior_mean(live.exact)
    assert asked.model is asked.optimal  # the run keeps the untruncated one
    x = np.zeros((2, 2))
    np.testing.assert_allclose(live.evaluate(live.model, x, 1.0), asked.evaluate(asked.model, x, 1.0), atol=1e-6)


def test_a_driver_of_another_kind_stays(monkeypatch):
    monkeypatch.setattr(optimal, "SEARCHED_NUMBERS", 10)
    asked = job("gaussian")
    live = live_job(asked)
    assert live.model is asked.model
    assert live.exact is live.optimal is not asked.optimal


@pytest.mark.parametrize("driver", ["optimal", "network"])
def test_the_probe_is_answered_without_the_network_where_it_is_not_asked(bench, driver):
    """D* and what follows from it are the same; what is the network's is not there."""
    checkpoint = str(resources.path("checkpoints", "two-moons.safetensors"))
    settings = RunSettings(data="two-moons", data_count=50, count=3, steps=6, network=checkpoint, driver=driver)
    bench.handle(StartRun(1, settings))
    asked = ProbeRequest(run_id=1, point=(0.2, 0.1), sigma=0.5, path=False)
    whole, quick = (bench.handle(replace(asked, network=network)) for network in (True, False))
    assert whole.seconds > 0 == quick.seconds
    assert whole.network is not None
    assert quick.network is None
    np.testing.assert_array_equal(quick.optimal, whole.optimal)
    assert quick.shift == whole.shift
    assert np.isnan(quick.difference)
    assert (quick.denoised is None) == (driver == "network")
