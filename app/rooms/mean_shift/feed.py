"""Between state and the mean-shift view: whose point is looked at, what is asked, what is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.engine.messages import Array, ImageProbe, MeanShiftAnswer, MeanShiftRequest
from app.rooms.mean_shift.along_feed import AlongSigma
from app.rooms.mean_shift.annealed_feed import Annealed
from app.rooms.mean_shift.view import MeanShiftView
from app.rooms.plane.pictures import MeanShiftPicture, Panel
from app.session.facts import class_name
from app.session.player import Player
from app.session.state import AppState, Run, Selection
from app.shell.layout import seen
from geomodel import images
from geomodel.datasets import DataError

EMPTY = "The mean shift is shown for images. Choose Fashion-MNIST in the model panel."
NEEDS_DATA = "The mean shift needs the reference data of this run."


class MeanShift(QObject):
    """Feeds the mean-shift view; it asks only while the view is seen."""

    level_wanted = Signal(int)  # of the run

    def __init__(self, state: AppState, player: Player, view: MeanShiftView, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._player, self.view = state, player, view
        self._probe = ImageProbe()
        self._sigma: float | None = None  # of the probe; None: the playhead's
        self._probing = self._path = self._jacobian = False
        self._asked: MeanShiftRequest | None = None
        self._answer: MeanShiftAnswer | None = None
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
        view.mode_wanted.connect(self._to_mode)
        view.jacobian_wanted.connect(self._to_jacobian)
        view.annealed_wanted.connect(self._annealed.begin)
        view.level_picked.connect(self._pick)
        self.refresh()

    def refresh(self) -> None:
        """Ask for what is looked at, where it is not known yet."""
        run, selection = self._state.run, self._state.selection
        if not seen(self.view):
            return
        request = None if run is None else self._request(run, selection)
        if request is None:
            message = EMPTY if run is None or len(run.x.shape) != 5 else NEEDS_DATA
            self.view.display(MeanShiftPicture(message=message))
            return
        if request != self._asked:
            self._asked = request
            self._player.submit(request)
        self._along.look_at(request)
        self._annealed.look_at(run, request)

    def release(self) -> None:
        """The window closes."""
        self._player.answered.disconnect(self._answered)
        self._along.release()
        self._annealed.release()

    def _grew(self, run_id: int) -> None:
        if run_id == self._state.selection.run_id:
            self.refresh()

    def _request(self, run: Run, selection: Selection) -> MeanShiftRequest | None:
        if not run.linked or run.source is None or run.committed == 0 or len(run.x.shape) != 5:
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

    def _answered(self, answer: Any) -> None:
        run = self._state.run
        if isinstance(answer, MeanShiftAnswer) and run is not None and answer.request.run_id == run.id:
            self._answer = answer
            self.view.display(self._completed(picture(run, answer)))

    def _completed(self, shown: MeanShiftPicture) -> MeanShiftPicture:
        """A picture with what belongs to other levels too."""
        return replace(shown, along=self._along.picture(), annealed=self._annealed.picture())

    def _show_again(self) -> None:
        if self.view.picture.panels:
            self.view.display(self._completed(self.view.picture))

    def _pick(self, level: int) -> None:
        """A click on the plot over the noise levels: the playhead goes there, or the probe's own σ."""
        shown = self.view.picture.along
        if self._probing and shown is not None:
            self._edit({"sigma": float(shown.sigmas[level])})
        else:
            self.level_wanted.emit(level)

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


def picture(run: Run, answer: MeanShiftAnswer) -> MeanShiftPicture:
    """What the view shows of an answer. Pure."""
    assert run.source is not None
    dataset, request = run.source.dataset, answer.request
    sigma, probe = request.sigma, request.probe
    try:
        neighbours = images.pixels(dataset.points[answer.indices])
    except DataError as error:  # the file behind a large set is no longer what it was
        return MeanShiftPicture(message=str(error))
    positive = run.sigmas[run.sigmas > 0]
    labels = () if dataset.labels is None else tuple(dataset.labels[answer.indices])
    return MeanShiftPicture(
        title=_title(request),
        sigma=sigma,
        sigmas=(float(positive[-1]), float(positive[0])),
        panels=_panels(answer, dataset.std),
        neighbours=neighbours,
        weights=answer.weights,
        labels=tuple(class_name(dataset, label) for label in labels),
        effective_neighbours=answer.effective_neighbours,
        total=len(dataset),
        ranks=answer.ranks,
        spectrum=answer.spectrum,
        classes=_classes(dataset, answer.classes),
        steps=_steps(answer),
        jacobian=_jacobian(answer),
        jacobian_note=_jacobian_note(answer),
        probing=probe is not None,
        data_index=0 if probe is None else probe.data_index,
        second_index=0 if probe is None else probe.second_index,
        share=0.0 if probe is None else probe.share,
        seed=0 if probe is None else probe.seed,
        data_count=len(dataset),
    )


def _title(request: MeanShiftRequest) -> str:
    probe = request.probe
    if probe is None:
        return f"sample {request.sample} at level {request.index}"
    if probe.share == 0:
        return f"data point {probe.data_index} + σz"
    return f"{1 - probe.share:.0%} of data point {probe.data_index}, {probe.share:.0%} of {probe.second_index} + σz"


def _panels(answer: MeanShiftAnswer, scale: float) -> tuple[Panel, ...]:
    x, optimal, network = answer.x, answer.optimal, answer.network
    shrunk = images.shrunk(x[None], [answer.request.sigma], scale)
    panels = [
        Panel(caption="x", kind="sampling", image=images.pixels(shrunk)[0], note="shown as x · s/√(s² + σ²)"),
        Panel(
            caption="D*(x; σ)",
            kind="optimal",
            image=images.pixels(optimal[None])[0],
            note=f"‖D* − x‖ {np.linalg.norm(optimal - x):.4g}",
        ),
    ]
    if network is not None:
        difference = network.astype(np.float64) - optimal
        panels[1:1] = [
            Panel(
                caption="Dθ(x; σ)",
                kind="network",
                image=images.pixels(network[None])[0],
                note=f"clipped {100 * images.clipped_share(network):.3g} %",
            )
        ]
        panels.append(
            Panel(
                caption="Dθ − D*",
                kind="reference",
                image=images.pixels(difference[None])[0],
                note=f"‖Dθ − D*‖ {np.linalg.norm(difference):.4g}; grey is 0",
            )
        )
    return tuple(panels)


def _jacobian(answer: MeanShiftAnswer) -> tuple[Panel, ...]:
    """Each direction as an image, its largest value white or black."""
    found: list[Panel] = []
    optimal, network = answer.optimal_jacobian, answer.network_jacobian
    sets = [] if optimal is None else [("optimal", "λ", optimal.values, optimal.vectors)]
    sets += [] if network is None else [("network", "s", network.values, network.right)]
    for kind, letter, values, vectors in sets:
        frames = images.pixels(vectors / np.abs(vectors).reshape(len(vectors), -1).max(1).reshape(-1, 1, 1, 1))
        found += [
            Panel(caption=f"{letter} {value:.3g}", kind=kind, image=frame)
            for value, frame in zip(values, frames, strict=True)
        ]
    return tuple(found)


def _jacobian_note(answer: MeanShiftAnswer) -> str:
    optimal, network = answer.optimal_jacobian, answer.network_jacobian
    words = [] if optimal is None else [f"D*: soft dimension tr J = {optimal.trace:.3g}"]
    if network is not None:
        words.append(
            f"Dθ: tr J = {network.trace:.3g} ± {network.trace_error:.1g}, "
            f"‖J − Jᵀ‖/‖J‖ = {network.asymmetry:.2g} ± {network.asymmetry_error:.1g}"
        )
    return " · ".join(words)


def _steps(answer: MeanShiftAnswer) -> tuple[Panel, ...]:
    if answer.path is None:
        return ()
    frames = images.pixels(answer.path[1:])
    moves = np.linalg.norm(np.diff(answer.path, axis=0).reshape(len(frames), -1), axis=1)
    return tuple(
        Panel(caption=f"{at + 1}", kind="optimal", image=frame, note=f"moved {move:.3g}")
        for at, (frame, move) in enumerate(zip(frames, moves, strict=True))
    )


def _classes(dataset: Any, shares: Array | None) -> tuple[tuple[str, float], ...]:
    if shares is None:
        return ()
    return tuple((class_name(dataset, int(label)), float(shares[label])) for label in np.argsort(-shares))
