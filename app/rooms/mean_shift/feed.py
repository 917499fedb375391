"""Feeds the mean-shift room: chooses the point, requests what is missing, shows the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import numpy as np
from PySide6.QtCore import QObject

from app.engine.contract import Answer
from app.rooms.contract import Handlers, Services
from app.rooms.mean_shift.along_feed import AlongSigma
from app.rooms.mean_shift.annealed_feed import Annealed
from app.rooms.mean_shift.film_feed import MeanShiftReel
from app.rooms.mean_shift.messages import ImageProbe, KeptProbe, MeanShiftAnswer, MeanShiftRequest
from app.rooms.mean_shift.picture import mean_shift_picture
from app.rooms.mean_shift.pictures import MeanShiftPicture
from app.rooms.mean_shift.view import MeanShiftView
from app.session.facts import about
from app.session.state import Run, Selection
from app.widgets.image_chooser import ImageSource
from app.widgets.sight import seen
from geomodel import classes, images
from geomodel.arrays import Array, Integers
from geomodel.datasets import DataError, Dataset

EMPTY = "The mean shift is shown for images. Choose Fashion-MNIST in the model panel."
WAITING = "The mean shift is shown as soon as the engine has computed it."
CHOICE = "choice"  # the cause of errors about choosing an image
NEEDS_DATA = "The mean shift needs the reference data of this run."


class MeanShiftRoom(QObject):
    """Shows the mean shift at the selected sample or at an image probe. It requests only while a person can see the
    view.
    """

    def __init__(self, services: Services) -> None:
        super().__init__()
        state, player = services.state, services.player
        self._services = services
        self._state, self._player, self._playback = state, player, services.playback
        self.view = view = MeanShiftView(services.theme)
        self._probe = ImageProbe()
        self._sigma: float | None = None  # the probe's noise level; None means the playhead's
        self._probing = self._path = self._jacobian = False
        self._asked: MeanShiftRequest | None = None
        self._answer: MeanShiftAnswer | None = None
        self._shown = MeanShiftPicture()  # what the answer alone shows
        self._along = AlongSigma(state, player, view.along, self)
        self._annealed = Annealed(player, self)
        self._along.changed.connect(self._show_again)
        self._annealed.changed.connect(self._show_again)
        state.run_grew.connect(self._grew)
        for fact in (state.selection_changed, state.runs_changed):
            fact.connect(self.refresh)
        player.answered.connect(self._answered)
        view.probing_toggled.connect(self._toggle)
        view.probe_edited.connect(self._edit)
        view.choice_wanted.connect(self._choose)
        view.mode_wanted.connect(self._to_mode)
        view.jacobian_wanted.connect(self._to_jacobian)
        view.annealed_wanted.connect(self._annealed.begin)
        view.level_picked.connect(self._pick)
        self.refresh()

    def refresh(self) -> None:
        """Request the point in view if its answer is missing."""
        run, selection = self._state.run, self._state.selection
        if not seen(self.view):
            return
        request = None if run is None else self._request(run, selection)
        if run is None or request is None:
            self.view.display(self.picture())
            return
        if request != self._asked:
            self._asked = request
            self._player.submit(request)
        self._along.look_at(request)
        self._annealed.look_at(run, request)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.answered.disconnect(self._answered)
        self._along.release()
        self._annealed.release()
        self.view.release()

    def handlers(self) -> Handlers:
        """The key that chooses the probe's image by sight. The other controls stand in the view."""
        return {"choose_image": self._choose_first}

    def _choose_first(self) -> None:
        self._services.bring_forward("mean_shift")
        run = self._state.run
        if run is None or run.source is None or len(run.x.shape) != 5:
            self._services.say(EMPTY, True, CHOICE)
            return
        self._services.settle(CHOICE)
        if not self._probing:
            self._toggle(True)
        self._choose("data_index")

    def _choose(self, name: str) -> None:
        """Show the run's data as small images."""
        run = self._state.run
        if run is not None and run.source is not None:
            self.view.choose(name, image_source(run.source.dataset), getattr(self._probe, name))

    def keep(self) -> bytes:
        """The image probe, for a session."""
        return msgspec.json.encode(KeptProbe(probe=self._probe, sigma=self._sigma, probing=self._probing))

    def understand(self, kept: bytes) -> Callable[[], None]:
        """What brings the probe of a session back. ValueError where there is none."""
        return partial(self._restore, msgspec.json.decode(kept, type=KeptProbe))

    def _restore(self, kept: KeptProbe) -> None:
        self._probe, self._sigma = kept.probe, kept.sigma
        self.view.set_probing(kept.probing)
        self.refresh()

    def picture(self) -> MeanShiftPicture:
        """The answer about the selected run with what belongs to other levels too; without one, what to do."""
        run = self._state.run
        if run is None or self._request(run, self._state.selection) is None:
            return MeanShiftPicture(
                message=EMPTY if run is None or len(run.x.shape) != 5 else run.caption or NEEDS_DATA
            )
        if about(self._answer, run) is None:
            return MeanShiftPicture(message=WAITING)
        return replace(self._shown, along=self._along.picture(), annealed=self._annealed.picture())

    def reel(self) -> MeanShiftReel | None:
        """The point in view at every level of the selected run."""
        run = self._state.run
        request = None if run is None else self._request(run, self._state.selection)
        if run is None or request is None:
            return None
        follows = not self._probing or self._sigma is None
        return MeanShiftReel(run, request, follows, self._along.picture(), self._annealed.picture())

    def _grew(self, run_id: int) -> None:
        if run_id == self._state.selection.run_id:
            self.refresh()

    def _request(self, run: Run, selection: Selection) -> MeanShiftRequest | None:
        if not run.linked or run.source is None or not run.compared or run.committed == 0 or len(run.x.shape) != 5:
            return None
        playhead, jacobian = float(run.sigmas[selection.index]), self._jacobian
        sigma = playhead if self._sigma is None or not self._probing else self._sigma
        if not self._probing:
            index, sample = selection.index, selection.sample
            return MeanShiftRequest(
                run_id=run.id, index=index, sample=sample, sigma=sigma, path=self._path, jacobian=jacobian
            )
        last = len(run.source.dataset) - 1
        probe = replace(
            self._probe,
            data_index=min(self._probe.data_index, last),
            second_index=min(self._probe.second_index, last),
        )
        return MeanShiftRequest(
            run_id=run.id, index=0, sample=0, sigma=sigma, probe=probe, path=self._path, jacobian=jacobian
        )

    def _answered(self, answer: Answer) -> None:
        run = self._state.run
        if isinstance(answer, MeanShiftAnswer) and run is not None and about(answer, run):
            self._answer, self._shown = answer, mean_shift_picture(run, answer)
            self.view.display(self.picture())

    def _show_again(self) -> None:
        """Until the first answer about another run is there, the picture of the old one stays as a whole."""
        run = self._state.run
        if run is not None and about(self._answer, run):
            self.view.display(self.picture())

    def _pick(self, level: int) -> None:
        """On a click on the plot over the noise levels, move the playhead there, or the probe's own σ."""
        shown = self.view.picture.along
        if self._probing and shown is not None:
            self._edit({"sigma": float(shown.sigmas[level])})
        else:
            self._playback.go(level)

    def _toggle(self, probing: bool) -> None:
        self._probing, self._path, self._jacobian = probing, False, False
        self.refresh()

    def _edit(self, changes: dict[str, Any]) -> None:
        self._path = self._jacobian = False
        if "sigma" in changes:
            self._sigma = changes.pop("sigma")
        self._probe = replace(self._probe, **changes)
        self.refresh()

    def _to_jacobian(self) -> None:
        self._jacobian = not self._jacobian
        self.refresh()

    def _to_mode(self) -> None:
        self._path = True
        self.refresh()


def image_source(dataset: Dataset) -> ImageSource:
    """The data for the eye, and for a search by class."""

    def words(number: int) -> str:
        name = "" if dataset.labels is None else f", {dataset.class_name(int(dataset.labels[number]))}"
        return f"data point {number:,}{name}"

    def fetch(numbers: Integers) -> Array:
        try:
            return pixels_of(dataset.points[numbers])
        except DataError:  # the file behind a large set has changed
            return np.zeros((len(numbers), 1, 1), np.uint8)

    height, width = pixels_of(dataset.points[:1]).shape[1:3]
    return ImageSource(partial(classes.matching, dataset), fetch, words, (width, height))


def pixels_of(points: Array) -> Array:
    """Images of any number of channels as pixels."""
    return images.pixels(points if points.shape[1] in (1, 3) else images.side_by_side(points))
