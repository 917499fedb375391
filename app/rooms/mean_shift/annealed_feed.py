"""Requests annealed mean shift beside the ODE from the view's point, level by level."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.plotting.sigma_axis import sigma_text
from app.plotting.values import Panel
from app.rooms.mean_shift.messages import AnnealedAnswer, AnnealedRequest, MeanShiftRequest
from app.rooms.mean_shift.pictures import AnnealedPicture
from app.session.player import Player
from app.session.state import Run
from geomodel import images

SHOWN = 12  # most levels that are shown


class Annealed(QObject):
    """Carries out one walk at a time, of one point at one level. Another point needs another press of the button."""

    changed = Signal()

    def __init__(self, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self._player = player
        self._run: Run | None = None
        self._at: MeanShiftRequest | None = None
        self._asked: AnnealedRequest | None = None
        self._pieces: list[AnnealedAnswer] = []
        self._picture = AnnealedPicture()
        player.answered.connect(self._answered)

    def look_at(self, run: Run, at: MeanShiftRequest) -> None:
        """The point in view."""
        at = replace(at, path=False, jacobian=False)  # other requests about the same point
        if at != self._at:
            self._run, self._at, self._asked, self._pieces = run, at, None, []
            self._picture = AnnealedPicture()

    def begin(self) -> None:
        """Walk from here down the remaining levels."""
        run, at = self._run, self._at
        if run is None or at is None or self._asked is not None:
            return
        sigmas = (at.sigma, *run.sigmas[run.sigmas < at.sigma].tolist())
        self._ask(
            AnnealedRequest(
                run_id=run.id,
                index=at.index,
                sample=at.sample,
                probe=at.probe,
                sigmas=sigmas,
                shown=spread(len(sigmas)),
            )
        )

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.answered.disconnect(self._answered)

    def picture(self) -> AnnealedPicture:
        """What is known of the walk."""
        return self._picture

    def _ask(self, request: AnnealedRequest) -> None:
        self._asked = request
        self._player.submit(request)

    def _answered(self, answer: Any) -> None:
        if not isinstance(answer, AnnealedAnswer) or answer.request != self._asked or self._run is None:
            return
        self._pieces.append(answer)
        if answer.following < len(answer.request.sigmas):
            self._ask(replace(answer.request, first=answer.following, stand=answer.stand))
        self._picture = picture(self._run, self._pieces)
        self.changed.emit()


def spread(levels: int) -> tuple[int, ...]:
    """The levels to show: the first, the last, and evenly spaced ones between."""
    return tuple(np.unique(np.linspace(0, levels - 1, min(levels, SHOWN)).round().astype(int)).tolist())


def picture(run: Run, pieces: list[AnnealedAnswer]) -> AnnealedPicture:
    """The two rows as far as they are known, and a note about them. Pure."""
    sigmas = pieces[0].request.sigmas
    ode, annealed = [], []
    for piece in pieces:
        frames = zip(images.pixels(piece.denoised), images.pixels(piece.annealed), strict=True)
        for level, (on_ode, jumped), distance in zip(piece.shown, frames, piece.distances.tolist(), strict=True):
            named = f"σ {sigma_text(sigmas[level])}"
            ode.append(Panel(caption=named, kind="denoising", image=on_ode, note="D* on ODE"))
            note = f"apart {distance:.2g}"
            annealed.append(Panel(caption="annealed", kind="optimal", image=jumped, note=note))
    return AnnealedPicture(ode=tuple(ode), annealed=tuple(annealed), note=_sentence(run, pieces[-1]))


def _sentence(run: Run, last: AnnealedAnswer) -> str:
    """A sentence that says how far the walk is, or where the two end."""
    if last.ends is None or run.source is None:
        return f"level {last.following} of {len(last.request.sigmas)}"
    dataset, (annealed, ode) = run.source.dataset, last.ends
    first, second = (_named(dataset, index) for index in (ode, annealed))
    if annealed == ode:
        return f"Both end at data point {first}."
    apart = f"{last.distances[-1]:.3g} apart"
    return f"The ODE ends at data point {first} and annealed mean shift at {second}. The two ends are {apart}."


def _named(dataset: Any, index: int) -> str:
    if dataset.labels is None or dataset.labels[index] < 0:
        return f"{index}"
    return f"{index} ({dataset.class_name(int(dataset.labels[index]))})"
