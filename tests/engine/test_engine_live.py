"""Answers that follow a pointer come from a searched D*; what a run has computed is computed again untruncated."""

from __future__ import annotations

import numpy as np

import geomodel as gm
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
