"""The checkpoint that a person is opening: what it says of itself, and what the person answers about the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from app.engine.messages import (
    DataOpened,
    InspectNetwork,
    NetworkInspected,
    NetworkOpened,
    OpenFailed,
    OpenNetwork,
    RunOpened,
)
from app.session.player import Player
from app.session.state import AppState
from geomodel.checkpoints import Survey
from geomodel.checkpoints.plan import Answer, Answers
from geomodel.checkpoints.questions import wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A checkpoint that is looked at.

    Attributes:
        path: its file. survey: what it says, with the newest answers that it accepts.
        answers: what the person has answered so far. tried: whether the survey is of these answers.
        reading: whether the engine reads it. message: why it was not opened, or why an answer was refused.
        unfit: whether it is open, but does not fit the reference data.
    """

    path: str
    survey: Survey | None
    answers: Answers = field(default_factory=dict)
    tried: bool = True
    reading: bool = False
    message: str = ""
    unfit: bool = False


class Inspecting(QObject):
    """Follows a checkpoint from the first look until it is open. Answers are remembered by the file's SHA-256."""

    changed = Signal()

    def __init__(
        self,
        state: AppState,
        player: Player,
        recall: Callable[[str], Answers],
        remember: Callable[[str, Answers], object],
        parent: QObject,
    ) -> None:
        """`recall` gives the answers for a SHA-256, none where there are none; `remember` keeps them."""
        super().__init__(parent)
        self.found: Inspected | None = None
        self._opens = False  # whether the file is opened as soon as the newest answers have been tried
        self._beside: NetworkOpened | None = None  # the network that was chosen when the file was looked at
        self._state, self._player, self._recall, self._remember = state, player, recall, remember
        player.inspected.connect(self._inspected)
        player.opened.connect(self._opened)
        player.open_failed.connect(self._failed)
        player.open_cancelled.connect(self._cancelled)
        state.network_changed.connect(self._network_changed)

    # ------------------------------------------------------------ what a person does

    def answer(self, changes: Mapping[str, Answer | None]) -> None:
        """Answer questions, or take answers back, and look at the file again."""
        if self.found is not None:
            answers = {**self.found.answers, **changes}
            self._try({hint: value for hint, value in answers.items() if value is not None})

    def _try(self, answers: Answers) -> None:
        assert self.found is not None
        self._show(replace(self.found, answers=answers, tried=False, message=""))
        self._player.submit(InspectNetwork(self.found.path, answers))

    def open(self) -> None:
        """Open the file with the answers, or say which ones lack."""
        if self.found is not None and not self.found.reading:
            self._opens = True
            self._open_if_tried()

    def _open_if_tried(self) -> None:
        found = self.found
        if not self._opens or found is None or not found.tried or found.survey is None:
            return
        self._opens = False
        if found.survey.lacks:
            titles = ", ".join(wording(question.hint).title for question in found.survey.lacks)
            self._show(replace(found, message=f"Answer first: {titles}."))
        else:
            self._show(replace(found, reading=True, message=""))
            self._player.submit(OpenNetwork(found.path, answers=found.answers))

    @property
    def ready(self) -> bool:
        """Whether nothing lacks that the file needs."""
        found = self.found
        return found is not None and found.survey is not None and not found.survey.lacks and not found.reading

    def change(self) -> None:
        """Ask again about the network that is chosen."""
        network = self._state.network
        if network is not None:
            self.found = Inspected(path=network.path, survey=None)
            self._try(dict(network.info.hints))

    def dismiss(self) -> None:
        """Put the file away."""
        if self.found is not None:
            self._show(None)

    # ------------------------------------------------------------ what the engine says

    def _show(self, found: Inspected | None) -> None:
        if found is None or self.found is None or found.path != self.found.path:
            self._beside, self._opens = self._state.network, False
        self.found = found
        self.changed.emit()

    def _network_changed(self) -> None:
        """A person who chooses another network has put this file away."""
        network, found = self._state.network, self.found
        if found is not None and not found.reading and network not in (None, self._beside):
            self._show(None)

    def _inspected(self, event: NetworkInspected) -> None:
        survey, found = event.survey, self.found
        if event.opening:
            self._begin(event)
        elif found is not None and (found.path, found.answers) == (event.path, event.answers):
            # Answers that the file refuses leave the questions as they were.
            self._opens &= survey is not None
            self._show(replace(found, survey=survey or found.survey, tried=True, message=event.message))
            self._open_if_tried()

    def _begin(self, event: NetworkInspected) -> None:
        """A file is opened. If it lacks answers, those of the last time are taken, or likely ones are proposed."""
        answers = event.answers
        if event.sha256:  # what is said now wins over what was said then
            answers = {**self._recall(event.sha256), **answers}
        again = answers != event.answers
        reading = again or not event.sha256
        self._show(Inspected(path=event.path, survey=event.survey, answers=answers, reading=reading))
        if again:
            self._player.submit(OpenNetwork(event.path, answers=answers))
        elif event.sha256 and event.survey is not None and (likely := _likely(event.survey)):
            self._try({**likely, **answers})

    def _cancelled(self, path: str) -> None:
        if self.found is not None and self.found.path == path:
            self._show(None)

    def _opened(self, event: DataOpened | NetworkOpened | RunOpened) -> None:
        if isinstance(event, NetworkOpened):
            if event.info.hints:
                self._remember(str(event.info.sha256), event.info.hints)
            if self.found is not None and self.found.path == event.path:
                fits = self._state.network is event
                self._show(None if fits else replace(self.found, reading=False, message="", unfit=True))

    def _failed(self, event: OpenFailed) -> None:
        if event.slot != "network":
            return
        if self.found is not None and self.found.path == event.name:
            self._show(replace(self.found, reading=False, message=event.message))
        else:
            self._show(Inspected(path=event.name, survey=None, message=event.message))


def _likely(survey: Survey) -> Answers:
    """The answers for the one published network whose tensors have the sizes of this file; none where there are none
    or several.
    """
    whole = [preset for preset in survey.presets if preset.whole]
    return whole[0].answers if len(whole) == 1 else {}
