"""Feeds the plot along σ: requests what D* is made of at the view's point, piece by piece, and remembers it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.rooms.mean_shift.along_plot import AlongPlot
from app.rooms.mean_shift.messages import AlongAnswer, AlongRequest, ImageProbe, MeanShiftRequest
from app.rooms.mean_shift.pictures import AlongPicture
from app.session import facts
from app.session.player import Player
from app.session.state import AppState, Run
from app.widgets.sight import seen
from geomodel import measures, schedules
from geomodel.arrays import Array
from geomodel.collapse import isotropic_gaussian_collapse_sigma

PROBE_LEVELS = 24  # levels over which an image probe is followed
REST_MS = 200  # how long a probe must rest before its requests start, because a drag needs the engine itself
KEPT = 64  # how many points keep their answers
Key = tuple[int, int, ImageProbe | None]  # run, sample (−1 for a probe), probe


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The answers so far, from the first level on."""

    effective: Array
    classes: Array | None


class AlongSigma(QObject):
    """Computes the curves for the selected point. Missing levels are requested only when the plot is painted, so a
    hidden plot costs the engine nothing.
    """

    changed = Signal()

    def __init__(self, state: AppState, player: Player, plot: AlongPlot, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._player, self._plot = state, player, plot
        self._known: dict[Key, Known] = {}
        self._key: Key | None = None
        self._asked: tuple[Key, int, int] | None = None  # the point, how many levels, and the first that is missing
        self._marks: tuple[tuple[str, float], ...] = ()
        self._marks_of = (-1, "")
        self._picture: AlongPicture | None = None
        self._picture_of: tuple[Any, ...] = ()
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._ask)
        player.answered.connect(self._answered)
        plot.sighted.connect(self._sighted)

    def look_at(self, at: MeanShiftRequest) -> None:
        """The point in view. Its level does not matter."""
        key = (at.run_id, -1 if at.probe is not None else at.sample, at.probe)
        if key != self._key and at.probe is not None:
            self._rest.start()
        self._key = key
        self._known = {key: known for key, known in self._known.items() if key[0] in self._state.runs}
        self._plot.update()  # a growing run has new levels

    def _sighted(self) -> None:
        if not self._rest.isActive():
            self._ask()

    def _ask(self) -> None:
        """Request the first levels that are not known."""
        run = self._run()
        if run is None or self._key is None or not seen(self._plot):
            return
        _, sample, probe = self._key
        sigmas = self._levels(run)[: run.committed if probe is None else PROBE_LEVELS]
        known = self._known.get(self._key)
        first = 0 if known is None else len(known.effective)
        of = (self._key, len(sigmas), first)  # decides the request, whose levels are listed only where it is sent
        if first < len(sigmas) and of != self._asked:
            self._asked = of
            self._player.submit(
                AlongRequest(
                    run_id=run.id, sample=max(sample, 0), probe=probe, sigmas=tuple(sigmas.tolist()), first=first
                )
            )

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.answered.disconnect(self._answered)
        self._rest.stop()
        self._plot.sighted.disconnect(self._sighted)

    def picture(self) -> AlongPicture | None:
        """What is known of the point. It is the same picture until something changes."""
        run = self._run()
        if run is None or run.source is None or self._key is None:
            return None
        known = self._known.get(self._key)
        of = (self._key, run.status, 0 if known is None else len(known.effective))
        if of != self._picture_of:
            self._picture, self._picture_of = self._composed(run, known), of
        return self._picture

    def _composed(self, run: Run, known: Known | None) -> AlongPicture:
        assert run.source is not None
        sigmas, dataset = self._levels(run), run.source.dataset
        labels = dataset.labels if run.settings.label < 0 else None
        count = 0 if labels is None else int(labels.max()) + 1
        shares = None if known is None else known.classes
        marks = self._marks_now(run)
        return AlongPicture(
            sigmas=sigmas,
            effective=_filled(None if known is None else known.effective, (len(sigmas),)),
            total=facts.data_count(run),
            classes=_filled(shares, (len(sigmas), count)) if count else None,
            names=tuple(dataset.class_name(label) for label in range(count)),
            marks=marks,
            note=" · ".join(name for name, _ in marks),
        )

    def _run(self) -> Run | None:
        return None if self._key is None else self._state.runs.get(self._key[0])

    def _levels(self, run: Run) -> Array:
        """The run's own levels for a sample; for a probe, levels that are even in log σ between the run's ends."""
        if self._key is None or self._key[2] is None:
            return run.sigmas
        positive = run.sigmas[run.sigmas > 0]
        if positive[0] == positive[-1]:
            return positive
        return schedules.build("log_uniform", steps=PROBE_LEVELS - 1, sigma_min=positive[-1], sigma_max=positive[0])

    def _marks_now(self, run: Run) -> tuple[tuple[str, float], ...]:
        if self._marks_of != (run.id, run.status):
            self._marks, self._marks_of = named_levels(run), (run.id, run.status)
        return self._marks

    def _answered(self, answer: Any) -> None:
        if not isinstance(answer, AlongAnswer):
            return
        request = answer.request
        key = (request.run_id, -1 if request.probe is not None else request.sample, request.probe)
        known = self._known.get(key)
        if request.first == (0 if known is None else len(known.effective)):
            self._known[key] = _joined(known, answer)
            self._known = dict(list(self._known.items())[-KEPT:])
        if key == self._key:
            self.changed.emit()


def named_levels(run: Run) -> tuple[tuple[str, float], ...]:
    """The named levels, the noisiest first.

    The median needs the whole run. The other two describe all data, so a run of one class goes without them.
    """
    assert run.source is not None
    dataset, found = run.source.dataset, []
    measured = measures.compute("effective_neighbours", run.trajectory) if run.complete and run.trajectory else {}
    parted, collapsed = facts.stage_levels(run, measures.band(measured[""])[0] if measured else np.zeros(0))
    if collapsed is not None:
        found.append((f"median N_eff = 2 at σ {collapsed:.3g}", collapsed))
    if run.settings.label < 0:
        formula = isotropic_gaussian_collapse_sigma(dataset.distinct, prod(dataset.shape), dataset.std)
        found += [(f"σ_S = √Λ = {parted:.3g}", parted), (f"isotropic Gaussian formula: σ {formula:.3g}", formula)]
    return tuple(sorted(found, key=lambda mark: -mark[1]))


def _joined(known: Known | None, answer: AlongAnswer) -> Known:
    if known is None:
        return Known(answer.effective, answer.classes)
    classes = answer.classes
    if known.classes is not None and classes is not None:
        classes = np.concatenate([known.classes, classes])
    return Known(np.concatenate([known.effective, answer.effective]), classes)


def _filled(values: Array | None, shape: tuple[int, ...]) -> Array:
    """The values, and NaN for the levels that are not known."""
    whole = np.full(shape, np.nan)
    if values is not None:
        whole[: len(values)] = values
    return whole
