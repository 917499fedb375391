"""Judges whether the chosen network denoises the open data, whenever the engine has nothing else to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Judge, NetworkOpened
from app.session.player import Player
from app.session.state import AppState
from geomodel.judgement import Judgement
from geomodel.settings import DataKey, RunSettings

NAME = "judging the network"  # in the status bar
NO_DATA = DataKey("", 1, 0)

Waiting = Literal["", "waiting", "stopped"]
Pair = tuple[str, str, tuple[tuple[str, object], ...], DataKey]  # path, SHA-256, answers, data


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the chosen network on the open data: a judgement, or a sentence, or why there is none yet."""

    judgement: Judgement | None = None
    message: str = ""
    waiting: Waiting = ""


class Judging(QObject):
    """Asks the engine once for each network and data. A run, an opening or another task comes first."""

    changed = Signal()

    def __init__(self, state: AppState, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._player = state, player
        self._verdicts: dict[Pair, Verdict] = {}
        self._asked: tuple[Judge, Pair] | None = None  # what the engine computes now
        self._soon = QTimer(self, singleShot=True, interval=0)  # once the run that a change brings about has begun
        self._soon.timeout.connect(self._consider)
        state.network_changed.connect(self._changed)
        state.data_changed.connect(self._changed)
        player.progress_changed.connect(self._consider)
        player.task_event.connect(self._ended)

    def release(self) -> None:
        """Judge no more, because the window closes."""
        self._soon.stop()

    @property
    def verdict(self) -> Verdict:
        """Of the chosen network and the open data."""
        pair = self._pair()
        return self._verdicts.get(pair, Verdict(waiting="waiting")) if pair is not None else Verdict()

    def again(self) -> None:
        """Judge after a person has stopped it."""
        pair = self._pair()
        if pair is not None and self.verdict.waiting == "stopped":
            self._verdicts.pop(pair)
            self._changed()

    def _pair(self) -> Pair | None:
        network = self._state.network
        if network is None:
            return None
        info = network.info
        return network.path, str(info.sha256), tuple(sorted(info.hints.items())), self._data_for(network)

    def _data_for(self, network: NetworkOpened) -> DataKey:
        data = self._state.data
        return data.key if data is not None and tuple(data.dataset.shape) == tuple(network.info.shape) else NO_DATA

    def _changed(self) -> None:
        self._soon.start()
        self.changed.emit()

    def _consider(self) -> None:
        """Begin, or let another task go first."""
        player, pair = self._player, self._pair()
        if self._asked is not None:
            if len(player.tasks) > 1 or pair != self._asked[1]:
                self._give_up()
            return
        busy = player.computing is not None or player.opening is not None or bool(player.tasks)
        if pair is None or pair in self._verdicts or busy or not player.device:
            return
        settings = RunSettings(network=pair[0], **pair[3]._asdict())
        task = Judge(self._state.next_id(), settings)
        self._asked = task, pair
        player.begin(task, NAME)

    def _give_up(self) -> None:
        assert self._asked is not None
        task, _ = self._asked
        self._asked = None
        self._player.forget_task(task.task_id)

    def _ended(self, event: TaskEnded | TaskProgress) -> None:
        if self._asked is None:
            return
        task, pair = self._asked
        if isinstance(event, TaskProgress):
            if event.task_id == task.task_id:
                self._player.tasks[task.task_id] = f"{NAME}, {100 * event.fraction:.0f} %"
            return
        if event.task is not task:
            return
        self._asked = None
        by_hand = event.result is None and not event.message and self._player.computing is None
        if isinstance(event.result, Judgement):
            self._verdicts[pair] = Verdict(event.result)
        elif event.message:
            self._verdicts[pair] = Verdict(message=event.message)
        elif by_hand:
            self._verdicts[pair] = Verdict(waiting="stopped")
        self.changed.emit()
