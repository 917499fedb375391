"""A set that stays in its file, in the engine and the window: run, asked about, trained on, never read as a whole."""

from __future__ import annotations

import os
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from engine_bench import Bench
from PySide6.QtWidgets import QToolTip

from app.engine import opening
from app.engine.contract import Site
from app.engine.messages import (
    OPENING,
    Cancel,
    DataOpened,
    OpenData,
    OpenFailed,
    Opening,
    OpenRun,
    Preparing,
    RunFinished,
    RunOpened,
    RunStopped,
    StartRun,
)
from app.rooms.mean_shift import picture as mean_shift
from app.rooms.mean_shift.messages import ImageProbe, MeanShiftAnswer, MeanShiftRequest
from app.rooms.plane.hover import Hover, card
from app.rooms.plane.messages import DensityRequest, ProbeRequest
from app.rooms.strip import picture as compose_strip
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from app.session.state import Selection
from geomodel import datasets, projection, runs
from geomodel.classes import NO_CLASS
from geomodel.datasets import arrays, common, dataset, file_array
from geomodel.datasets.file_array import FileArray
from geomodel.denoisers.optimal import byte_tables, differences, pruning, untruncated
from geomodel.denoisers.optimal import optimal as optimal_module
from geomodel.recipe import TrainSettings
from geomodel.settings import RunSettings
from geomodel.slices import Slice
from geomodel.training import train

IMAGES = np.random.default_rng(0).integers(0, 256, (80, 12, 12), dtype=np.uint8)
BLOCK = 1440  # numbers: ten images
RECT = (-1.0, -1.0, 2.0, 2.0)


@pytest.fixture
def asked(monkeypatch):
    """Everything is too large for memory, and read in small blocks; the sizes that are asked for at once."""
    sizes = []
    for module in (common, file_array):
        monkeypatch.setattr(module, "check_room", lambda what, size: sizes.append(size))
    for module in (dataset, arrays, optimal_module):
        monkeypatch.setattr(module, "limit", lambda: 100)
    monkeypatch.setattr(file_array, "_UNCHECKED", 0)
    monkeypatch.setattr("geomodel.datasets.common._NUMBERS_AT_ONCE", BLOCK)
    monkeypatch.setattr("geomodel.datasets.facts._BYTES_AT_ONCE", BLOCK)
    monkeypatch.setattr(projection, "_BLOCK_NUMBERS", BLOCK)
    monkeypatch.setattr("geomodel.slices._BLOCK_NUMBERS", BLOCK)
    monkeypatch.setattr(untruncated, "_NUMBERS_IN_BLOCK", BLOCK)
    monkeypatch.setattr(pruning, "_SAMPLE_NUMBERS", BLOCK)
    monkeypatch.setattr(byte_tables, "BYTES_AT_ONCE", 4 * BLOCK)
    monkeypatch.setattr(differences, "FEW", 3)
    monkeypatch.setattr(optimal_module, "RESIDENT_NUMBERS", 0)
    return sizes


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    return tmp_path / "images.npy"


def settings(path, **changes):
    return RunSettings(data=str(path), steps=4, count=3, **changes)


def ask(bench, run_id=1):
    """One request of every kind that reads the data."""
    site = Site("slice", 2, 1)
    requests = (
        NeighboursRequest(run_id=run_id, index=2, sample=1),
        MeanShiftRequest(run_id=run_id, index=2, sample=1, sigma=0.7, path=True, jacobian=True),
        MeanShiftRequest(run_id=run_id, index=0, sample=0, sigma=0.7, probe=ImageProbe(data_index=3)),
        DensityRequest(run_id=run_id, site=site, sigma=0.7, rect=RECT, pixels=(4, 4), arrows=(2, 2), field="driver"),
        ProbeRequest(run_id=run_id, site=site, point=(0.0, 0.0), sigma=0.7, path=False),
    )
    return [bench.handle(request) for request in requests]


def test_the_engine_opens_runs_and_answers_without_reading_all(bench, path, asked):
    opened = bench.handle(OpenData(str(path), 1000, 0))
    assert isinstance(opened, DataOpened)
    assert isinstance(opened.dataset.stored, FileArray)
    assert max(asked) == IMAGES.nbytes  # principal components are those of at most 20,000 points: here of all
    asked.clear()
    finished = bench.handle(StartRun(1, settings(path, start="exact")))
    assert isinstance(finished, RunFinished)
    kinds = [type(answer).__name__ for answer in ask(bench)]
    assert kinds == ["NeighboursAnswer", "MeanShiftAnswer", "MeanShiftAnswer", "DensityAnswer", "ProbeAnswer"]
    assert max(asked) < IMAGES.nbytes / 2  # also with weights on many points


def test_a_cancel_ends_the_preparation_of_the_optimal_denoiser(bench, path, asked):
    bench.handle(OpenData(str(path), 1000, 0))
    bench.worker.inbox.put(Cancel(1))
    bench.events.clear()
    assert isinstance(bench.handle(StartRun(1, settings(path))), RunStopped)
    assert "RunStarted" not in bench.kinds()
    assert isinstance(bench.handle(StartRun(2, settings(path))), RunFinished)


def test_every_part_of_the_preparation_can_be_the_last(path, asked):
    points, calls = datasets.load(path).points, []
    optimal_module.OptimalDenoiser(points, between=lambda: calls.append(1))
    assert len(calls) >= 4 * 8  # mean, lengths, sums and heads, of eight blocks
    for last in range(len(calls)):
        left = list(range(last))
        with pytest.raises(IndexError):
            optimal_module.OptimalDenoiser(points, between=left.pop)


@pytest.mark.parametrize("in_memory", [False, True])
def test_the_preparation_tells_which_share_is_done(path, asked, monkeypatch, in_memory):
    if in_memory:
        for module in (dataset, arrays, optimal_module):
            monkeypatch.setattr(module, "limit", lambda: 2**30)
    points, seen = datasets.load(path).points, []
    optimal_module.OptimalDenoiser(points, progress=seen.append)
    assert seen == sorted(seen)
    assert len(seen) >= 4 * 8
    assert seen[0] == 0
    assert 0.9 < seen[-1] <= 1
    assert max(np.diff(seen)) < 0.2
    for last in (1, len(seen)):
        left = seen[: last - 1]
        with pytest.raises(IndexError):
            optimal_module.OptimalDenoiser(points, progress=lambda _, left=left: left.pop())


def test_the_mean_that_the_opening_has_computed_is_not_computed_again(path, asked, monkeypatch):
    read, found = file_array._File.read, []
    for progress in (None, common.silent):  # with it, the facts are computed while the file opens
        points, lengths = datasets.load(path, progress=progress).points, []

        def counted(self, position, content, *, lengths=lengths):
            lengths.append(len(content))
            return read(self, position, content)

        with monkeypatch.context() as patch:
            patch.setattr(file_array._File, "read", counted)
            optimal = optimal_module.OptimalDenoiser(points)
        found.append((optimal, sum(lengths)))
    (plain, once_more), (shared, fewer) = found
    assert once_more - fewer == IMAGES.nbytes
    assert torch.equal(shared.center, plain.center)
    np.testing.assert_array_equal(shared(IMAGES[:3, None] / 100, 0.7), plain(IMAGES[:3, None] / 100, 0.7))


def test_the_engine_tells_how_far_the_preparation_is(bench, path, asked, monkeypatch):
    monkeypatch.setattr(opening, "TELL_SECONDS", -1.0)
    bench.handle(OpenData(str(path), 1000, 0))
    bench.events.clear()
    assert isinstance(bench.handle(StartRun(1, settings(path))), RunFinished)
    told = bench.of(Preparing)
    assert {event.name for event in told} == {str(path)}
    fractions = [event.fraction for event in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) > 3 * 8  # lengths, sums and heads, of eight blocks
    kinds = bench.kinds()
    assert kinds[kinds.index("RunStarted") - len(told) : kinds.index("RunStarted")] == ["Preparing"] * len(told)
    bench.events.clear()
    bench.handle(StartRun(2, settings(path)))
    assert bench.of(Preparing) == []  # D* is kept


def test_a_cancel_in_the_middle_ends_the_preparation_and_what_is_told_of_it(bench, path, asked, monkeypatch):
    monkeypatch.setattr(opening, "TELL_SECONDS", -1.0)
    bench.handle(OpenData(str(path), 1000, 0))
    bench.events.clear()
    post = bench.worker.post

    def cancelling(event):
        post(event)
        if isinstance(event, Preparing) and 0.5 < event.fraction < 1:
            bench.worker.inbox.put(Cancel(1))

    monkeypatch.setattr(bench.worker, "post", cancelling)
    assert isinstance(bench.handle(StartRun(1, settings(path))), RunStopped)
    fractions = [event.fraction for event in bench.of(Preparing)]
    assert 0.5 < fractions[-2] < 0.7  # the first that was told after the half
    assert fractions[-1] == 1.0
    assert "RunStarted" not in bench.kinds()


def test_a_saved_run_whose_d_star_is_prepared_says_so_and_a_cancel_leaves_the_file_alone(
    bench, path, asked, monkeypatch, tmp_path
):
    bench.handle(StartRun(1, settings(path))).trajectory.save(tmp_path / "run.npz")
    monkeypatch.setattr(opening, "TELL_SECONDS", -1.0)
    for cancelled in (True, False):
        other = Bench()
        other.handle(OpenData(str(path), 1000, 0))
        other.events.clear()
        if cancelled:
            other.worker.inbox.put(Cancel(OPENING))
        opened = other.handle(OpenRun(2, str(tmp_path / "run.npz")))
        assert isinstance(opened, RunOpened)
        assert opened.linked is not cancelled
        assert ("the preparation of D* was cancelled" in opened.missing) is cancelled
        assert bool(other.of(Opening)) is not cancelled


def test_rows_that_cost_one_reading_are_computed_together(path, asked, monkeypatch):
    monkeypatch.setattr(runs, "PIECE_NUMBERS", 1)
    chosen, data = settings(path), datasets.load(path)
    assert isinstance(data.stored, FileArray)
    assert runs.prepare(chosen, data).optimal.piece == runs.READ_TOGETHER
    for module in (dataset, arrays):
        monkeypatch.setattr(module, "limit", lambda: 2**30)
    assert runs.prepare(chosen, datasets.load(path)).optimal.piece == 1


def test_its_answers_are_those_of_the_set_in_memory(bench, path, asked, monkeypatch):
    bench.handle(StartRun(1, settings(path)))
    here = ask(bench)
    x = bench.of(RunFinished)[0].trajectory.x
    for module in (dataset, arrays):  # but not D*: untruncated, while codes of the file are searched
        monkeypatch.setattr(module, "limit", lambda: 2**30)
    bench.handle(StartRun(2, settings(path.rename(path.with_name("same.npy")))))
    assert isinstance(bench.worker.contexts[2].data.dataset.stored, np.ndarray)
    close = partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-6 * 12)  # a search's tolerance, distances to 8
    close(bench.of(RunFinished)[1].trajectory.x, x)
    there = ask(bench, 2)
    assert [type(answer) for answer in here] == [type(answer) for answer in there]
    for one, other in zip(here[:3], there[:3], strict=True):
        np.testing.assert_array_equal(one.indices, other.indices)
        close(one.weights, other.weights)
    close(here[3].denoised, there[3].denoised)
    close(here[4].optimal, there[4].optimal)


def test_a_file_that_becomes_shorter_during_a_run_ends_the_run_and_can_be_opened_again(bench, path, asked, monkeypatch):
    advance, full = runs.advance, path.read_bytes()

    def cut(job, model, record, notify, *rest):
        def cutting():
            notify()
            os.truncate(path, 1000)

        return advance(job, model, record, cutting, *rest)

    monkeypatch.setattr(runs, "advance", cut)
    stopped = bench.handle(StartRun(1, settings(path)))
    assert isinstance(stopped, RunStopped)
    assert "'images.npy' has become shorter since it was opened" in stopped.message
    assert "open it again" in stopped.message
    monkeypatch.setattr(runs, "advance", advance)

    count = len(bench.events)
    ask(bench)
    assert len(bench.events) == count  # no picture, and the engine lives on
    assert "has become shorter" in bench.handle(StartRun(2, settings(path))).message
    refused = bench.handle(OpenData(str(path), 1000, 0))
    assert isinstance(refused, OpenFailed)
    assert "is cut off" in refused.message
    whole = path.with_name("whole.npy")
    whole.write_bytes(full)
    whole.replace(path)  # another file under the name
    assert isinstance(bench.handle(OpenData(str(path), 1000, 0)), DataOpened)
    assert isinstance(bench.handle(StartRun(3, settings(path))), RunFinished)


def test_the_window_says_so_where_it_would_show_the_data(qtbot, bench, path, asked, monkeypatch):
    finished = bench.handle(StartRun(1, settings(path)))
    neighbours, shift, *_ = ask(bench)
    assert isinstance(neighbours, NeighboursAnswer)
    assert isinstance(shift, MeanShiftAnswer)
    opened = bench.worker.contexts[1].data.opened
    trajectory = finished.trajectory
    run = SimpleNamespace(
        id=1, committed=5, status="complete", source=opened, caption="", settings=settings(path),
        sigmas=trajectory.sigmas, x=trajectory.x, denoised=trajectory.denoised, extras={}, trajectory=trajectory,
        compared=True, asked=NO_CLASS, latents="",
    )  # fmt: skip
    picture = compose_strip.strip_picture(run, Selection(1, 1, 2), neighbours)
    np.testing.assert_array_equal(picture.neighbours, IMAGES[neighbours.indices[:12]])
    np.testing.assert_array_equal(mean_shift.mean_shift_picture(run, shift).neighbours, IMAGES[shift.indices])
    assert "data point 79" in card(opened.dataset, 79)

    os.truncate(path, 1000)
    picture = compose_strip.strip_picture(run, Selection(1, 1, 2), neighbours)
    assert picture.neighbours is None
    assert "has become shorter" in picture.neighbours_note
    assert "has become shorter" in mean_shift.mean_shift_picture(run, shift).message
    shown = []
    monkeypatch.setattr(QToolTip, "showText", lambda place, text, widget: shown.append(text))
    hover = SimpleNamespace(_state=SimpleNamespace(run=run), _plane=None, _weight=lambda index: None)
    Hover._show(hover, (0.0, 0.0, 79))
    assert "has become shorter" in shown[0]


# ------------------------------------------------------------------------------------------------ the library


def test_projection_and_slice_read_in_blocks(path, asked):
    data, whole = datasets.load(path), IMAGES[:, None] / np.float32(127.5) - np.float32(1)
    basis = projection.principal_components(whole)
    asked.clear()
    projected = basis.project(data.points)
    # float32 numbers in one order or another; the same here, as the blocks are
    np.testing.assert_array_equal(projected, basis.project(whole))
    assert projection.explained_by(basis, data.points) == projection.explained_by(basis, whole)
    rows = np.arange(1, 80, 3)
    for chosen in (None, rows):
        given = projected if chosen is None else projected[rows]
        part = Slice.through(whole[7], basis, data.points, given, chosen)
        same = Slice.through(whole[7], basis, whole if chosen is None else whole[rows], given)
        np.testing.assert_array_equal(part.outside, same.outside)
    assert max(asked) <= BLOCK


def test_training_reads_its_batches_from_the_file(tmp_path, asked, monkeypatch):
    path, small = tmp_path / "a.npy", TrainSettings(iterations=3, batch=8, width=8, depth=1, warmup=1)
    np.save(path, np.random.default_rng(1).standard_normal((3000, 2)).astype(np.float32))
    large = datasets.load(path)
    large.measure(dataset.silent)
    assert isinstance(large.stored, FileArray)
    assert large.largest_deviation > 0  # principal components read up to 20,000 points at once
    asked.clear()
    train(large, small, out=tmp_path / "large")
    assert max(asked) <= 4 * BLOCK
    for module in (dataset, arrays):
        monkeypatch.setattr(module, "limit", lambda: 2**30)
    in_memory = datasets.load(path)
    in_memory.measure(dataset.silent)
    assert isinstance(in_memory.points, np.ndarray)
    train(in_memory, small, out=tmp_path / "small")
    assert (tmp_path / "large").read_bytes() == (tmp_path / "small").read_bytes()
    os.truncate(path, 1000)
    with pytest.raises(datasets.DataError, match="has become shorter"):
        train(large, small, out=tmp_path / "third")
