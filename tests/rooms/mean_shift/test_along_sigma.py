"""Between state and view: what is asked of a point along σ and how often, what is remembered, what is shown."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import pytest
from gestures import open_window
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from window_runs import TOY, computed, pictures

from app.engine.context import Context
from app.plotting.sigma_axis import sigma_text
from app.plotting.theme import LIGHT
from app.rooms.mean_shift import along_feed as along_sigma
from app.rooms.mean_shift import annealed_feed as annealed
from app.rooms.mean_shift import answers_along as engine
from app.rooms.mean_shift.along_plot import AlongPlot
from app.rooms.mean_shift.annealed_feed import Annealed
from app.rooms.mean_shift.messages import AlongRequest, AnnealedRequest, ImageProbe, MeanShiftRequest
from app.session import facts as compose
from app.session.state import AppState
from geomodel import collapse, runs
from geomodel.annealing import annealed_mean_shift, nearest_data
from geomodel.datasets import Dataset


class Asked(QObject):
    """A player that answers when it is told to."""

    answered = Signal(object)

    def __init__(self, run) -> None:
        super().__init__()
        self.waiting: list = []
        self.count = 0
        self._run, self.job = run, runs.prepare(run.settings, run.source.dataset)

    def submit(self, request) -> None:
        self.waiting.append(request)
        self.count += 1

    def answer(self) -> None:
        """The newest request, as the inbox keeps it."""
        request, self.waiting = self.waiting[-1], []
        find = engine.along if isinstance(request, AlongRequest) else engine.annealed
        self.answered.emit(find(request, Context(self.job, None, self._run.record)))

    def answer_all(self) -> None:
        while self.waiting:
            self.answer()


def labelled():
    """The pictures, in three classes."""
    opened = pictures()
    classes = {"labels": np.arange(len(opened.dataset)) % 3, "label_names": ("ant", "bee", "cow")}
    return replace(opened, dataset=replace(opened.dataset, **classes))


@pytest.fixture
def run():
    return computed(labelled(), replace(TOY, steps=7))


class Followed(along_sigma.AlongSigma):
    """What follows a point, with a view that shows it at once."""

    def __init__(self, state, player, plot, page) -> None:
        super().__init__(state, player, plot, page)
        self.changed.connect(self.show)

    def look(self, at) -> None:
        self.look_at(at)
        self.show()

    def show(self) -> None:
        self._plot.set_picture(self.picture())
        self._plot.repaint()


@pytest.fixture
def followed(qtbot, run):
    """A state with the run, its player, a plot on the screen, and what follows it."""
    state = AppState()
    state.add_run(run)
    state.select(run_id=run.id, sample=1, index=2)
    page = QWidget()
    page.resize(420, 400)
    plot = AlongPlot(LIGHT)
    QVBoxLayout(page).addWidget(plot)
    open_window(qtbot, page)
    player = Asked(run)
    player.job.optimal.piece = 12  # three levels a piece
    return player, Followed(state, player, plot, page), page


def at(run, index=2, sample=1, probe=None, sigma=None):
    sigma = float(run.sigmas[index]) if sigma is None else sigma
    return MeanShiftRequest(run_id=run.id, index=index, sample=sample, sigma=sigma, probe=probe)


def test_a_sample_is_asked_for_once_whatever_the_playhead_does(run, followed):
    player, along, _ = followed
    for index in range(len(run.sigmas)):
        along.look(at(run, index))
    assert player.count == 1  # the same question
    player.answer_all()
    assert player.count == 3  # eight levels, three at a time
    for index in range(len(run.sigmas)):
        along.look(at(run, index))
        along.show()
    assert player.count == 3
    shown = along.picture()
    along.look_at(at(run, 5))
    assert along.picture() is shown  # what has not changed is not painted again
    assert np.allclose(shown.effective, run.extras["effective_neighbours"][:, 1], rtol=1e-9)
    x = run.x[4, 1:2].astype(float)
    expected = collapse.class_posterior(player.job.optimal, run.source.dataset.labels, x, float(run.sigmas[4]))
    assert np.allclose(shown.classes[4], expected[0], atol=1e-12)
    assert (shown.total, shown.names) == (30, ("ant", "bee", "cow"))
    assert np.array_equal(shown.sigmas, run.sigmas)


def test_what_is_known_so_far_is_shown(run, followed):
    player, along, _ = followed
    told = []
    along.changed.connect(lambda: told.append(int(np.isfinite(along.picture().effective).sum())))
    along.look(at(run))
    assert np.isnan(along.picture().effective).all()
    assert np.isnan(along.picture().classes).all()
    player.answer_all()
    assert told == [3, 6, 8]


def test_another_point_replaces_the_first_and_both_are_remembered(run, followed):
    player, along, _ = followed
    along.look(at(run))
    player.answer()
    along.look(at(run, sample=3))
    player.answer_all()  # the rest of the first was dropped
    assert np.isfinite(along.picture().effective).all()
    along.look(at(run))
    assert np.isfinite(along.picture().effective).sum() == 3  # its first piece is still known
    player.answer_all()
    count = player.count
    for sample in (3, 1, 3):
        along.look(at(run, sample=sample))
    assert player.count == count


def test_an_answer_that_comes_twice_counts_once(run, followed):
    player, along, _ = followed
    along.look(at(run))
    reply = engine.along(player.waiting[-1], Context(player.job, None, run.record))
    for _ in range(2):
        player.answered.emit(reply)
    assert np.isfinite(along.picture().effective).sum() == 3
    player.answer_all()
    assert np.allclose(along.picture().effective, run.extras["effective_neighbours"][:, 1], rtol=1e-9)


def test_an_image_probe_is_swept_between_the_runs_ends_once_it_rests(qtbot, run, followed):
    player, along, _ = followed
    for share in (0.1, 0.2, 0.3):  # as it is dragged
        along.look(at(run, probe=ImageProbe(data_index=4, second_index=5, share=share, seed=2), sigma=0.7))
    probe = ImageProbe(data_index=4, seed=2)
    along.look(at(run, probe=probe, sigma=0.7))
    along.look(at(run, probe=probe, sigma=0.3))
    assert not player.count
    qtbot.waitUntil(lambda: player.count > 0)
    player.answer_all()
    assert player.count == 8  # 24 levels, whatever the probe's own σ
    shown = along.picture()
    assert len(shown.sigmas) == along_sigma.PROBE_LEVELS == 24
    assert (shown.sigmas[0], shown.sigmas[-1]) == (run.sigmas[0], run.sigmas[-1])
    assert np.allclose(np.diff(np.log(shown.sigmas)), np.diff(np.log(shown.sigmas))[0])
    assert shown.effective[-1] == pytest.approx(1)


def test_nothing_is_asked_behind_a_tab(qtbot, run, followed):
    player, along, page = followed
    page.hide()
    along.look(at(run))
    assert not player.count
    page.show()
    qtbot.waitUntil(lambda: player.count == 1)  # painted: it asks by itself


def test_a_growing_run_is_asked_for_what_is_new(qtbot, followed):
    player, along, _ = followed
    growing = computed(labelled(), replace(TOY, steps=7), levels=3)
    along._state.add_run(growing)  # it has the same id
    player._run = growing
    along.look(at(growing))
    player.answer_all()
    assert np.isfinite(along.picture().effective).sum() == 3
    assert [name for name, _ in along.picture().marks] == [name for name, _ in along_sigma.named_levels(growing)]
    assert not any("median" in name for name, _ in along.picture().marks)  # it needs the end
    along.show()
    assert player.count == 1
    QApplication.processEvents()  # what was to be painted is painted
    along._state.add_run(longer := computed(labelled(), replace(TOY, steps=7), levels=5))
    player._run = longer
    along.look_at(at(longer))
    qtbot.waitUntil(lambda: bool(player.waiting))  # the plot still misses levels, and is painted again
    assert player.waiting[-1].first == 3
    player.answer_all()
    assert np.isfinite(along.picture().effective).sum() == 5
    along._state.add_run(computed(labelled(), replace(TOY, steps=7)))
    assert any("median" in name for name, _ in along.picture().marks)


def test_a_run_that_is_gone_is_forgotten(run, followed):
    player, along, _ = followed
    along.look(at(run))
    player.answer_all()
    along._state.remove_run(run.id)
    assert along.picture() is None
    other = computed(labelled(), TOY)
    other.id = 9
    along._state.add_run(other)
    along.look(at(other))
    assert all(key[0] == 9 for key in along._known)


def test_the_named_levels_are_the_librarys(run):
    dataset, named = run.source.dataset, along_sigma.named_levels(run)
    by_name = {name.split(" ")[0]: sigma for name, sigma in named}
    median = np.median(run.extras["effective_neighbours"], axis=1)
    assert by_name["median"] == pytest.approx(collapse.crossing(run.sigmas, median), rel=1e-12)
    assert by_name["σ_S"] == pytest.approx(collapse.speciation_sigma(dataset.points), rel=1e-6)
    formula = collapse.isotropic_gaussian_collapse_sigma(30, prod(dataset.shape), dataset.std)
    assert by_name["isotropic"] == formula
    assert [sigma for _, sigma in named] == sorted((sigma for _, sigma in named), reverse=True)
    assert all(f"{sigma:.3g}" in name for name, sigma in named)


def test_a_run_of_one_class_counts_its_own_data(followed):
    _, along, _ = followed
    one = computed(labelled(), replace(TOY, label=1))
    one.id = 2
    along._state.add_run(one)
    assert compose.data_count(one) == 10
    assert [name.split(" ")[0] for name, _ in along_sigma.named_levels(one)] == ["median"]
    along.look(at(one))
    shown = along.picture()
    assert (shown.classes, shown.names, shown.total) == (None, (), 10)


def test_data_without_classes_have_neighbours_alone(followed):
    _, along, _ = followed
    plain = computed(pictures(), TOY)
    plain.id = 2
    along._state.add_run(plain)
    along.look(at(plain))
    assert (along.picture().classes, along.picture().names) == (None, ())


# ---------------------------------------------------------------- annealed mean shift


@pytest.fixture
def walk(run):
    player = Asked(run)
    return player, Annealed(player, player)


@pytest.mark.parametrize("moment", [-1.0, 1e9])
def test_the_walk_goes_on_until_it_ends(run, walk, monkeypatch, moment):
    monkeypatch.setattr(engine, "MOMENT", moment)
    player, beside = walk
    beside.look_at(run, at(run))
    assert not beside.picture().ode
    beside.begin()
    beside.begin()  # once
    seen = []
    beside.changed.connect(lambda: seen.append(beside.picture().note))
    player.answer_all()
    levels = run.sigmas[2:]
    assert player.count == len(seen) == (len(levels) if moment < 0 else 1)
    assert all(note == f"level {n + 1} of {len(levels)}" for n, note in enumerate(seen[:-1]))
    shown = beside.picture()
    assert [panel.caption for panel in shown.ode] == [f"σ {sigma_text(sigma)}" for sigma in levels.tolist()]
    assert {panel.caption for panel in shown.annealed} == {"annealed"}
    assert shown.annealed[0].note == "apart 0"
    path = annealed_mean_shift(player.job.optimal, run.x[2, 1:2].astype(float), levels)
    end = int(nearest_data(player.job.optimal, path[-1])[0])
    assert f"{end} ({('ant', 'bee', 'cow')[end % 3]})" in shown.note


def test_another_point_empties_it(run, walk):
    player, beside = walk
    beside.look_at(run, at(run))
    beside.begin()
    beside.look_at(run, replace(at(run), path=True, jacobian=True))  # the same point
    player.answer_all()
    assert beside.picture().ode
    beside.look_at(run, at(run, index=3))
    assert not beside.picture().ode
    beside.begin()
    stale = player.waiting[-1]
    beside.look_at(run, at(run, index=4))
    player.answer_all()
    assert not beside.picture().ode  # what comes late belongs to no one
    assert stale.index == 3


def test_a_probe_walks_down_the_levels_below_it(run, walk):
    player, beside = walk
    sigma = float(np.sqrt(run.sigmas[3] * run.sigmas[4]))
    beside.look_at(run, at(run, probe=ImageProbe(data_index=3), sigma=sigma))
    beside.begin()
    assert player.waiting[0].sigmas == (sigma, *run.sigmas[4:].tolist())
    assert isinstance(player.waiting[0], AnnealedRequest)


def test_at_most_twelve_levels_are_shown():
    assert annealed.spread(1) == (0,)
    assert annealed.spread(12) == tuple(range(12))
    many = annealed.spread(101)
    assert len(many) == 12
    assert (many[0], many[-1]) == (0, 100)
    assert max(np.diff(many)) - min(np.diff(many)) <= 1


def test_ends_are_told_apart(run, walk):
    player, beside = walk
    beside.look_at(run, at(run))
    beside.begin()
    last = engine.annealed(player.waiting[0], Context(player.job, None, run.record))
    same = annealed.picture(run, [replace(last, ends=(4, 4))]).note
    assert same == "Both end at data point 4 (bee)."
    away = np.append(last.distances[:-1], 12.3456)
    other = annealed.picture(run, [replace(last, ends=(4, 5), distances=away)]).note
    assert (
        other == "The ODE ends at data point 5 (cow) and annealed mean shift at 4 (bee). The two ends are 12.3 apart."
    )
    nameless = Dataset(name="x", kind="points", stored=np.eye(6))
    assert annealed._named(nameless, 4) == "4"
