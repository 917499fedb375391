"""The copied code of an experiment gives its numbers again, bit for bit, because it is the same arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from code_of_runs import NETWORK, here, settings_of

import geomodel as gm
from geomodel import runs, scripts
from geomodel.experiments import literature
from geomodel.origin import Computed
from geomodel.quality import Yardstick
from geomodel.settings import RunSettings

MOONS = RunSettings(data_count=60, count=40, steps=5, seed=3)
NET = replace(MOONS, **NETWORK, driver="network")
BY_CLASS = replace(MOONS, label=1, final_zero=True)
KINDS = pytest.mark.parametrize("settings", [MOONS, NET, BY_CLASS], ids=["D*", "network", "class"])


def opened(settings):
    data = gm.datasets.load("two-moons", count=settings.data_count)
    return data, gm.load_checkpoint(settings.network) if settings.network else None


def job_of(settings):
    return runs.prepare(settings, *opened(settings))


def equal(one, other):
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()


def test_a_race(tmp_path):
    lanes = (
        ('Heun "5"', MOONS),
        ("own levels\n", settings_of("own levels", tmp_path)),
        ("churn", settings_of("churn", tmp_path)),
        ("jump", settings_of("jump", tmp_path)),
    )
    lanes = tuple((name, runs.resolved(own, opened(MOONS)[0])) for name, own in lanes)
    for settings in (replace(MOONS, count=3), replace(NET, count=3)):
        job = job_of(settings)
        made = [gm.experiments.lane_of(name, own, job) for name, own in lanes]
        labels, noise = job.labels(len(job.x)), runs.noise_of(job)
        expected = gm.experiments.compare(job.model, job.x, made, labels=labels, noise=noise)
        found = here(scripts.race(settings, lanes))["race"]
        assert [result.lane.name for result in found.lanes] == [name for name, _ in lanes]
        for one, other in zip(expected.lanes, found.lanes, strict=True):
            assert equal(one.trajectory.x, other.trajectory.x)
            assert equal(one.errors, other.errors)


@KINDS
@pytest.mark.parametrize("kind", ["gits", "tors"])
def test_designed_levels(settings, kind):
    job = job_of(settings)
    low, high = job.settings.sigma_min, job.settings.sigma_max
    fine = gm.schedules.karras(60 if kind == "gits" else 100, low, high)
    own = {"metric": "l1", "coeff": 1.3} if kind == "gits" else {}
    known = {"fine": fine, "labels": job.labels(len(job.x)), "final_zero": settings.final_zero}
    expected = getattr(gm.schedules, kind)(job.model, job.x, settings.steps, **known, **own)
    assert equal(here(scripts.design(settings, kind, **own))["levels"], expected)


@KINDS
def test_levels_designed_for_a_solver(settings):
    settings = replace(settings, solver="heun", count=8)
    job = job_of(settings)
    known = {"fine": gm.schedules.karras(60, job.settings.sigma_min, job.settings.sigma_max), "solver": "heun"}
    known |= {"labels": job.labels(len(job.x)), "final_zero": settings.final_zero}
    expected = gm.schedules.gits(job.model, job.x, settings.steps, **known)
    assert equal(here(scripts.design(settings, for_solver=True))["levels"], expected)


@KINDS
def test_a_sweep(settings):
    settings = replace(settings, count=3)
    solvers, counts = {"heun": {}, "rk2": {"alpha": 0.5}, "churn": {"s_churn": 3.0}}, (4, 7)
    expected = gm.experiments.sweep_of(job_of(settings), solvers, counts)
    found = here(scripts.sweep(settings, solvers, counts))["sweep"]
    assert [line.solver for line in found.lines] == list(solvers)
    assert all(equal(one.errors, other.errors) for one, other in zip(expected.lines, found.lines, strict=True))


def yardstick_of(job, count):
    rows = gm.classes.rows(job.data, job.asked.data)
    return Yardstick.of(job.data.points, count, rows=rows, seed=job.settings.seed)


@KINDS
def test_jumps(settings):
    settings = replace(settings, solver="euler")
    job = job_of(settings)
    low, high = job.settings.sigma_min, job.settings.sigma_max
    expected = gm.experiments.jump(
        job.model,
        job.x,
        yardstick_of(job, settings.count),
        evaluations=4,
        jump_sigmas=gm.experiments.jump_levels(low, high, job.data.std),
        sigma_max=high,
        labels=job.labels(len(job.x)),
    )
    found = here(scripts.jump(settings, 4))["jumps"]
    assert equal(found.ends, expected.ends)
    assert found.qualities == expected.qualities


@KINDS
def test_quality_over_sigma(settings):
    job = job_of(settings)
    run = runs.compute(settings, *opened(settings))
    expected = gm.experiments.quality_over_sigma(run, yardstick_of(job, settings.count))
    found = here(scripts.quality(settings))["quality"]
    assert found.x == expected.x
    assert found.denoised == expected.denoised


def test_claims():
    only = (2, 1)
    own = literature.of_job(job_of(NET), count=NET.count, seed=NET.seed)
    expected = tuple(literature.each(own, only=only))
    found = here(scripts.claims(NET, only))["claims"]
    assert literature.table(found) == literature.table(expected)
    assert len(found) == 2


def test_every_script_states_what_decides_the_last_bits():
    said = Computed(threads=3)
    for script in (
        scripts.race(MOONS, (("one", MOONS),), computed=said),
        scripts.design(MOONS, computed=said),
        scripts.sweep(MOONS, {"heun": {}}, (5, 6), computed=said),
        scripts.jump(MOONS, 4, computed=said),
        scripts.quality(MOONS, computed=said),
        scripts.claims(MOONS, computed=said),
    ):
        assert "torch.set_num_threads(3)" in script
        assert max(map(len, script.splitlines())) <= 120
        compile(script, "copied.py", "exec")


def test_own_code_is_not_copied():
    own = replace(NET, network="/there/mine.py:make")
    with pytest.raises(ValueError, match="a denoiser of your own code, which is not copied"):
        scripts.claims(own)
