"""The engine's loop, run synchronously: order of events, cancel, failure, refusal, requests. No thread, no Qt."""

from __future__ import annotations

import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from engine_bench import Bench

import geomodel as gm
import resources
from app.engine.contract import Site, TaskEnded
from app.engine.inbox import Inbox
from app.engine.library import READ, Library
from app.engine.messages import (
    OPENING,
    Cancel,
    CloseNetwork,
    DataOpened,
    Forget,
    InspectNetwork,
    OpenData,
    OpenFailed,
    Opening,
    OpenNetwork,
    OpenRun,
    Ready,
    RunFinished,
    RunOpened,
    RunStarted,
    RunStopped,
    Save,
    Saved,
    Shutdown,
    StartRun,
    Warm,
)
from app.rooms.mean_shift.messages import ImageProbe, MeanShiftRequest
from app.rooms.plane.messages import (
    DensityAnswer,
    DensityRequest,
    InsideAnswer,
    InsideRequest,
    ProbeAnswer,
    ProbeRequest,
)
from app.rooms.schedule.messages import EndErrorTask
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from geomodel import datasets
from geomodel.denoisers.base import Denoiser
from geomodel.settings import RunSettings

TOY = RunSettings(data="two-moons", data_count=60, steps=5, count=3)


class Hooked(Denoiser):
    """D = 0 on points, calling a function before every answer."""

    shape = (2,)

    def __init__(self, hook) -> None:
        self.hook = hook

    def _denoise(self, x, sigma, labels):
        self.hook(float(sigma[0]))
        return torch.zeros_like(x)


def drive_with(monkeypatch, hook, piece=None):
    """Every run is driven by a hooked denoiser in place of D*."""
    prepare = Library.prepare

    def prepared(self, settings, *more):
        job, data = prepare(self, settings, *more)
        model = Hooked(hook)
        model.piece = piece
        return replace(job, model=model), data

    monkeypatch.setattr(Library, "prepare", prepared)


def test_a_run_starts_notifies_every_step_and_finishes(bench):
    bench.handle(Warm(), StartRun(7, TOY))
    assert bench.kinds() == ["Ready", "RunStarted", "RunFinished"]
    started, finished = bench.events[1:]
    assert isinstance(bench.events[0], Ready)
    assert isinstance(started, RunStarted)
    assert isinstance(finished, RunFinished)
    assert started.run_id == finished.run_id == 7
    assert bench.notices == 5
    assert started.record.complete
    assert started.settings.sigma_max == pytest.approx(10 * 1.0, rel=1)  # filled in
    trajectory = finished.trajectory
    assert trajectory.x.shape == (6, 3, 2)
    assert trajectory.evaluations == 10
    assert trajectory.extras["effective_neighbours"].shape == (6, 3)  # at the last level too
    assert trajectory.settings["data"]["fingerprint"].startswith("sha256:")


def test_the_engine_gives_what_the_library_gives(bench):
    trajectory = bench.handle(StartRun(1, TOY)).trajectory
    data = gm.datasets.load("two-moons", count=60, seed=0)
    direct = gm.sample(
        gm.OptimalDenoiser(data.points), trajectory.x[0], trajectory.sigmas, solver="heun", seeds=list(range(3))
    )
    # The same code in the same order: bit for bit.
    assert np.array_equal(trajectory.x, direct.x)
    assert np.array_equal(trajectory.denoised, direct.denoised)
    assert np.array_equal(trajectory.final_denoised, direct.final_denoised)
    assert trajectory.evaluations == direct.evaluations
    assert trajectory.looks == direct.looks


def test_cancel_is_obeyed_before_the_next_evaluation(bench, monkeypatch):
    calls = []

    def hook(sigma):
        calls.append(sigma)
        if len(calls) == 4:
            bench.worker.inbox.put(Cancel(1))

    drive_with(monkeypatch, hook)
    stopped = bench.handle(StartRun(1, TOY))
    assert isinstance(stopped, RunStopped)
    assert stopped.message == ""
    assert len(calls) == 4
    record = next(event for event in bench.events if isinstance(event, RunStarted)).record
    assert record.committed == 2  # of two Heun steps the first stays: the second was not measured yet
    assert np.isfinite(record.x[:2]).all()
    assert stopped.trajectory.x.shape == (2, 3, 2)


@pytest.mark.parametrize("solver", ["heun", "ipndm", "dpmpp_2m", "unipc", "churn"])
def test_stage_points_that_were_not_kept_are_computed_again(bench, solver):
    settings = RunSettings(data="two-moons", data_count=50, count=3, steps=5, solver=solver)
    bench.handle(StartRun(1, settings))
    record = bench.worker.contexts[1].record
    answer = bench.handle(InsideRequest(1, 3, 2, curve=False, stages=True))
    assert answer.curve is None
    found, kept = answer.detail, record.details[3]
    assert (found.stages, found.sigmas, found.slope_weights) == (kept.stages, kept.sigmas, kept.slope_weights)
    # One sample alone: matrix products of another size, roundings of values up to 20 σ apart.
    assert np.allclose(found.x[:, 0], kept.x[:, 2], atol=1e-9)
    assert np.allclose(found.denoised[:, 0], kept.denoised[:, 2], atol=1e-9)


def test_closing_a_network_frees_it(bench):
    path = str(resources.path("checkpoints", "two-moons.safetensors"))
    opened = bench.handle(OpenNetwork(path))
    assert opened.pace > 0
    settings = RunSettings(data="two-moons", data_count=50, count=2, steps=2, network=path)
    bench.handle(StartRun(1, replace(settings, driver="network")), StartRun(2, settings))
    library, contexts = bench.worker._library, bench.worker.contexts
    network = weakref.ref(library.network(path))
    assert network().piece == 1 << (network().piece.bit_length() - 1)
    bench.handle(CloseNetwork(path))
    assert network() is None
    assert contexts.keys() == {2}  # D* is still asked about its run
    assert contexts[2].job.network is None
    bench.events.clear()
    bench.handle(InsideRequest(1, 0, 0), InsideRequest(2, 0, 0))
    assert bench.kinds() == ["InsideAnswer"]
    bench.handle(StartRun(3, replace(settings, driver="network")))  # opened again where a run needs it
    assert bench.kinds()[-1] == "RunFinished"


def test_closing_a_network_leaves_the_theory_its_pieces(bench):
    path = str(resources.path("checkpoints", "two-moons.safetensors"))
    bench.handle(OpenNetwork(path))
    options = {"deviation": 0.3, "draws": 2}
    bench.handle(StartRun(1, replace(TOY, network=path, driver="smoothed", driver_options=options)))
    before = bench.worker.contexts[1].job
    bench.handle(CloseNetwork(path))
    job = bench.worker.contexts[1].job
    assert [type(part).__name__ for part in job.parts] == ["OptimalDenoiser", "SmoothedDenoiser"]
    assert job.model is before.model


def test_a_cancel_reaches_a_theory_between_its_pieces(bench, monkeypatch):
    from geomodel.denoisers.smoothed import SmoothedDenoiser

    asked, answer = [], SmoothedDenoiser._denoise

    def counted(self, x, sigma, labels):
        asked.append(len(x))
        bench.worker.inbox.put(Cancel(1))
        return answer(self, x, sigma, labels)

    monkeypatch.setattr(SmoothedDenoiser, "_denoise", counted)
    monkeypatch.setattr("geomodel.denoisers.smoothed._ROWS_AT_ONCE", 2)
    stopped = bench.handle(StartRun(1, replace(TOY, driver="smoothed", driver_options={"draws": 2}, count=6)))
    assert isinstance(stopped, RunStopped)
    assert asked == [2]


def test_cancel_is_obeyed_between_the_pieces_of_an_evaluation(bench, monkeypatch):
    calls = []

    def hook(sigma):
        calls.append(sigma)
        if len(calls) == 2:
            bench.worker.inbox.put(Cancel(1))

    drive_with(monkeypatch, hook, piece=1)
    assert isinstance(bench.handle(StartRun(1, TOY)), RunStopped)
    assert len(calls) == 2  # of the three pieces of the first evaluation


def test_what_waits_outlives_a_command_that_fails_during_a_run(bench, monkeypatch):
    def fail(command):
        raise RuntimeError("no")

    monkeypatch.setattr(bench.worker._opener, "inspect", fail)
    waits = (OpenData("two-moons", 60, 0), StartRun(2, TOY))
    once = iter([lambda: [bench.worker.inbox.put(each) for each in (waits[0], InspectNetwork("a", {}), waits[1])]])
    drive_with(monkeypatch, lambda sigma: next(once, lambda: None)())
    assert isinstance(bench.handle(StartRun(1, TOY)), RunStopped)
    assert bench.worker.inbox.drain() == list(waits)


def test_a_cancel_for_another_run_changes_nothing(bench, monkeypatch):
    drive_with(monkeypatch, lambda sigma: bench.worker.inbox.put(Cancel(99)))
    assert isinstance(bench.handle(StartRun(1, TOY)), RunFinished)


def test_shutdown_during_a_run_ends_the_loop(bench, monkeypatch):
    drive_with(monkeypatch, lambda sigma: bench.worker.inbox.put(Shutdown()))
    bench.worker.inbox.put(StartRun(1, TOY))
    with torch.no_grad():  # the loop turns gradients off for its thread, which here is the tests' own
        bench.worker.loop()
    assert isinstance(bench.events[-1], RunStopped)


def test_requests_are_answered_during_a_run_and_runs_wait(bench, monkeypatch):
    asked = []

    def hook(sigma):
        if not asked:
            asked.append(sigma)
            bench.worker.inbox.put(StartRun(2, TOY))
            bench.worker.inbox.put(NeighboursRequest(1, 0, 0))

    drive_with(monkeypatch, hook)
    bench.worker.inbox.put(StartRun(1, TOY))
    bench.worker.handle(bench.worker.inbox.take())
    assert bench.kinds()[-2:] == ["NeighboursAnswer", "RunFinished"]
    assert bench.worker.inbox.take() == StartRun(2, TOY)


@pytest.mark.parametrize("waiting", [StartRun(2, TOY), EndErrorTask(2, TOY)])
@pytest.mark.parametrize("asked", [(), (NeighboursRequest(1, 0, 0),)])
def test_what_waits_behind_a_run_is_cancelled_before_it_begins(bench, monkeypatch, waiting, asked):
    inbox = bench.worker.inbox

    def hook(sigma):
        if not bench.of(RunStopped) + bench.of(TaskEnded):
            for command in (*asked, waiting, Cancel(2)):
                inbox.put(command)

    drive_with(monkeypatch, hook)
    bench.handle(StartRun(1, TOY))
    assert inbox.drain() == []
    ended = bench.of(RunStopped) + bench.of(TaskEnded)
    assert ended == [RunStopped(2, "") if isinstance(waiting, StartRun) else TaskEnded(waiting)]
    assert bench.kinds()[-1] == "RunFinished"  # the run that computed is not touched


def test_what_waits_behind_an_opening_is_cancelled_before_it_begins(bench, monkeypatch):
    task, load = EndErrorTask(2, TOY), datasets.load

    def slow(name, *, progress, **given):
        for command in (task, Cancel(2)):
            bench.worker.inbox.put(command)
        progress(0.5)
        return load(name, **given)

    monkeypatch.setattr(datasets, "load", slow)
    bench.handle(OpenData("spiral", 20, 0))
    assert bench.of(TaskEnded) == [TaskEnded(task)]
    assert bench.kinds()[-1] == "DataOpened"
    assert bench.worker.inbox.drain() == []


def test_a_nan_stops_the_run_says_where_and_keeps_what_there_is(bench, monkeypatch):
    class Broken(Hooked):
        def _denoise(self, x, sigma, labels):
            bad = float(sigma[0]) < 1
            return torch.full_like(x, float("nan") if bad else 0.0)

    prepare = Library.prepare
    monkeypatch.setattr(
        Library,
        "prepare",
        lambda self, s, *more: (replace(prepare(self, s, *more)[0], model=Broken(lambda _: None)), None),
    )
    stopped = bench.handle(StartRun(1, replace(TOY, solver="euler")))
    assert isinstance(stopped, RunStopped)
    assert "NaN" in stopped.message
    assert "σ" in stopped.message
    record = next(event for event in bench.events if isinstance(event, RunStarted)).record
    assert record.committed > 1
    assert np.isfinite(record.x[: record.committed]).all()


def test_an_unexpected_exception_ends_the_run_not_the_engine(bench, monkeypatch):
    def hook(sigma):
        raise RuntimeError("out of luck")

    drive_with(monkeypatch, hook)
    assert bench.handle(StartRun(1, TOY)) == RunStopped(1, "out of luck", None)
    monkeypatch.undo()
    assert isinstance(bench.handle(StartRun(2, TOY)), RunFinished)


@pytest.mark.parametrize(
    ("error", "need"),
    [
        (MemoryError(), ""),
        (MemoryError("Unable to allocate 12.5 GiB for an array with shape (9, 9)"), "12.5 GiB at once"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99999 bytes."), "99999 bytes"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), "2.00 GiB at once"),
    ],
)
def test_out_of_memory_says_what_to_lower_and_the_engine_lives_on(bench, monkeypatch, error, need):
    def hook(sigma):
        raise error

    drive_with(monkeypatch, hook)
    stopped = bench.handle(StartRun(1, TOY))
    assert "3 trajectories need more memory than is free" in stopped.message
    assert need in stopped.message
    assert "Lower trajectories" in stopped.message
    monkeypatch.undo()
    assert isinstance(bench.handle(StartRun(2, TOY)), RunFinished)


def test_a_run_that_needs_too_much_memory_is_refused_with_the_size(bench):
    stopped = bench.handle(StartRun(1, replace(TOY, count=10**9)))
    assert isinstance(stopped, RunStopped)
    assert "1,000,000,000 trajectories" in stopped.message
    assert "GB" in stopped.message or "TB" in stopped.message


def test_data_open_without_torch_and_bad_names_are_refused(bench, tmp_path):
    opened = bench.handle(OpenData("spiral", 50, 1))
    assert isinstance(opened, DataOpened)
    assert opened.plane_points.shape == (50, 2)
    assert not opened.plane_points.flags.writeable
    refused = bench.handle(OpenData(str(tmp_path / "no.csv"), 1, 0))
    assert isinstance(refused, OpenFailed)
    assert "no.csv" in refused.message
    assert isinstance(bench.handle(OpenNetwork(str(tmp_path))), OpenFailed)


def test_picture_probe_inside_and_neighbours(bench):
    bench.handle(StartRun(1, TOY))
    picture = bench.handle(
        DensityRequest(run_id=1, sigma=0.5, rect=(-3, -3, 6, 6), pixels=(20, 10), arrows=(4, 3), field="driver")
    )
    assert isinstance(picture, DensityAnswer)
    assert picture.density.shape == (10, 20)
    assert picture.density.max() == 0
    assert picture.denoised.shape == (12, 2)
    probe = bench.handle(ProbeRequest(run_id=1, point=(0.2, 0.1), sigma=0.5, path=True))
    assert isinstance(probe, ProbeAnswer)
    assert np.allclose(probe.denoised, probe.optimal)  # the driver is D*
    assert probe.weights.sum() == pytest.approx(1)  # 60 points: all are listed
    assert np.allclose(probe.path[1], probe.optimal)  # the first mean-shift iteration is D*
    inside = bench.handle(InsideRequest(1, 2, 1))
    assert isinstance(inside, InsideAnswer)
    assert inside.curve.shape == (33, 2)
    assert inside.error < 1e-5  # 16 against 32 sub-steps of order 4 on an interval of ratio 5: about 3e-6
    near = bench.handle(NeighboursRequest(1, 5, 0))
    assert isinstance(near, NeighboursAnswer)
    assert near.weights[0] == pytest.approx(1)  # the end of the exact sampler is a data point


def test_the_probe_answers_with_what_the_run_is_compared_with(bench):
    bench.handle(StartRun(1, replace(TOY, compared_with="gaussian")))
    probe = bench.handle(ProbeRequest(run_id=1, point=(0.2, 0.1), sigma=0.5, path=False))
    data = bench.worker.contexts[1].data.dataset
    x = np.array([[0.2, 0.1]])
    assert np.allclose(probe.fitted, gm.Gaussians.fit(data.points)(x, 0.5)[0])
    assert np.allclose(probe.optimal, gm.OptimalDenoiser(data.points)(x, 0.5)[0])  # the mean shift is that of D*


def test_a_slice_answers_as_the_whole_space_does(bench, tmp_path):
    cloud = np.random.default_rng(0).standard_normal((40, 5))
    np.save(tmp_path / "cloud.npy", cloud)
    finished = bench.handle(StartRun(1, replace(TOY, data=str(tmp_path / "cloud.npy"), count=2)))
    x, sigma = finished.trajectory.x[2, 1], float(finished.trajectory.sigmas[2])
    site = Site("slice", 2, 1)
    plane = bench.worker.contexts[1].data.opened.plane
    here = tuple(plane.project(x))
    probe = bench.handle(ProbeRequest(run_id=1, site=site, point=here, sigma=sigma, path=False))
    logits = -((cloud - x) ** 2).sum(1) / (2 * sigma**2)
    weights = np.exp(logits - logits.max())
    mean = weights @ cloud / weights.sum()
    assert np.allclose(probe.optimal, plane.project(mean), atol=1e-10)
    assert probe.shift == pytest.approx(np.linalg.norm(mean - x), rel=1e-10)
    rect = (here[0] - 0.5, here[1] - 0.5, 1.0, 1.0)
    request = DensityRequest(run_id=1, site=site, sigma=sigma, rect=rect, pixels=(4, 4), arrows=(1, 1), field="driver")
    assert np.allclose(bench.handle(request).denoised[0], probe.optimal, atol=1e-10)
    count = len(bench.events)
    bench.handle(ProbeRequest(run_id=1, point=here, sigma=sigma, path=False))  # the marginal has no such point
    assert len(bench.events) == count


def test_requests_about_unknown_runs_are_dropped(bench):
    bench.handle(NeighboursRequest(5, 0, 0), Forget(5))
    assert bench.events == []


def test_save_and_reopen_links_to_the_same_data(bench, tmp_path):
    trajectory = bench.handle(StartRun(1, TOY)).trajectory
    for name, kind, start in (("run.npz", "run", b"PK"), ("run.csv", "run", b"PK"), ("a.npz", "measures", b"le")):
        assert bench.handle(Save(trajectory, str(tmp_path / name), kind)) == Saved(str(tmp_path / name))
        assert (tmp_path / name).read_bytes()[:2] == start  # what was asked for decides, not the name
    opened = bench.handle(OpenRun(2, str(tmp_path / "run.npz")))
    assert isinstance(opened, RunOpened)
    assert opened.linked
    assert opened.missing == ""
    assert np.array_equal(opened.trajectory.x, trajectory.x)
    assert isinstance(bench.handle(NeighboursRequest(2, 1, 0)), NeighboursAnswer)
    missing = bench.handle(Save(trajectory, str(tmp_path / "no folder" / "run.npz")))
    assert "could not be written" in missing.message


def test_a_run_whose_data_are_gone_says_which_fingerprint_is_missing(bench, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("0,1\n1,0\n2,2\n")
    trajectory = bench.handle(StartRun(1, replace(TOY, data=str(points)))).trajectory
    bench.handle(Save(trajectory, str(tmp_path / "run.npz")))
    points.write_text("0,1\n1,0\n2,3\n")
    opened = Bench().handle(OpenRun(1, str(tmp_path / "run.npz")))
    assert not opened.linked
    assert trajectory.settings["data"]["fingerprint"][:19] in opened.missing


def test_a_foreign_npz_is_refused(bench, tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    refused = bench.handle(OpenRun(1, str(tmp_path / "other.npz")))
    assert isinstance(refused, OpenFailed)
    assert "other.npz" in refused.message


def test_the_newest_request_of_a_kind_wins_and_commands_keep_their_order():
    inbox = Inbox()
    inbox.put(OpenData("a", 1, 0))
    for index in range(3):
        inbox.put(NeighboursRequest(1, index, 0))
        inbox.put(InsideRequest(1, index, 0))
    inbox.put(Shutdown())
    assert inbox.drain() == [OpenData("a", 1, 0), NeighboursRequest(1, 2, 0), InsideRequest(1, 2, 0), Shutdown()]
    inbox.put(Shutdown())
    inbox.put_back([Warm(), Forget(1)])
    assert inbox.drain() == [Warm(), Forget(1), Shutdown()]


def test_a_request_that_is_renewed_keeps_its_place_among_requests():
    """Else one that follows a pointer would wait behind every slower one that comes meanwhile."""
    inbox = Inbox()
    inbox.put(NeighboursRequest(1, 0, 0))
    inbox.put(InsideRequest(1, 0, 0))
    renewed = NeighboursRequest(1, 1, 0)
    assert inbox.put(renewed) == [NeighboursRequest(1, 0, 0)]
    assert inbox.put(renewed) == [renewed]
    assert inbox.drain() == [renewed, InsideRequest(1, 0, 0)]
    inbox.put(NeighboursRequest(1, 0, 0))
    inbox.put(OpenRun(2, "run.npz"))  # what the newer request is about may be made here
    inbox.put(NeighboursRequest(2, 1, 0))
    assert inbox.drain() == [OpenRun(2, "run.npz"), NeighboursRequest(2, 1, 0)]


def test_the_mean_shift_at_a_sample_and_at_an_image_probe(bench):
    finished = bench.handle(StartRun(1, TOY))
    data = bench.worker.contexts[1].data.dataset
    x, sigma = finished.trajectory.x[2, 1], float(finished.trajectory.sigmas[2])
    answer = bench.handle(MeanShiftRequest(run_id=1, index=2, sample=1, sigma=sigma))
    logits = -((data.points - x) ** 2).sum(1) / (2 * sigma**2)
    weights = np.exp(logits - logits.max())
    weights /= weights.sum()
    assert np.allclose(answer.optimal, weights @ data.points, atol=1e-12)  # D* written out
    assert np.allclose(answer.classes, [weights[data.labels == c].sum() for c in (0, 1)], atol=1e-12)
    assert np.array_equal(answer.weights, np.sort(answer.weights)[::-1])
    probe = ImageProbe(data_index=3, second_index=8, share=0.25, seed=5)
    answer = bench.handle(MeanShiftRequest(run_id=1, index=0, sample=0, sigma=0.1, probe=probe, path=True))
    noise = gm.noise(5, (2,), 0.1)[0].numpy()
    assert np.allclose(answer.x, 0.75 * data.points[3] + 0.25 * data.points[8] + noise, atol=1e-15)
    assert np.allclose(answer.path[0], answer.x)
    assert np.allclose(answer.path[1], answer.optimal)


def test_opening_tells_how_far_it_is_and_can_be_cancelled(bench, monkeypatch):
    from app.engine import opening

    monkeypatch.setattr(opening, "TELL_SECONDS", -1.0)
    load = datasets.load

    def slow(name, *, progress, **given):
        for fraction in (0.2, 0.6):
            progress(fraction)
            if fraction == 0.2 and name == "rings":
                bench.worker.inbox.put(Cancel(OPENING))
        return load(name, **given)

    monkeypatch.setattr(datasets, "load", slow)
    bench.handle(OpenData("spiral", 20, 0))
    told = [event.fraction for event in bench.events if isinstance(event, Opening)]
    assert told == [0.2 * READ, 0.6 * READ, 0.99, 1.0]  # after the reading, the plane and the points in it
    assert "DataOpened" in bench.kinds()
    bench.events.clear()
    bench.handle(OpenData("rings", 20, 0))
    assert bench.kinds() == ["Opening", "Opening"]  # begun, and ended without data
    bench.worker.inbox.put(Shutdown())
    bench.handle(OpenData("pinwheel", 20, 0))
    assert bench.worker.inbox.take() == Shutdown()  # still there for the loop


def test_the_jacobian_is_told_where_it_is_asked_for(bench):
    path = str(resources.path("checkpoints", "two-moons.safetensors"))
    bench.handle(OpenNetwork(path))
    settings = replace(TOY, driver="network", network=path)
    bench.handle(StartRun(1, settings))
    context = bench.worker.contexts[1]
    sigma = float(context.record.sigmas[2])
    plain = bench.handle(MeanShiftRequest(run_id=1, index=2, sample=1, sigma=sigma))
    assert plain.optimal_jacobian is None
    assert plain.network_jacobian is None
    assert plain.spectrum[0] == plain.weights[0]
    assert plain.ranks[-1] == len(context.job.optimal)
    answer = bench.handle(MeanShiftRequest(run_id=1, index=2, sample=1, sigma=sigma, jacobian=True))
    x = context.record.x[2, 1:2].astype(np.float64)
    h = 1e-4 * sigma
    for model, trace in (
        (context.job.exact, answer.optimal_jacobian.trace),
        (context.job.network, answer.network_jacobian.trace),
    ):
        steps = np.eye(2) * h
        ahead, behind = (np.asarray(model(x + way * steps, sigma)) for way in (1, -1))
        # A central difference: curvature over h², and float32 roundings of a network over h.
        assert trace == pytest.approx(np.trace((ahead - behind) / (2 * h)), abs=5e-3)
    end = bench.handle(MeanShiftRequest(run_id=1, index=2, sample=1, sigma=0.0, jacobian=True))
    assert end.optimal_jacobian is None
