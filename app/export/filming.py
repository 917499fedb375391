"""Makes a film without stopping the window: one frame is drawn at each turn of the event loop, and a thread writes the
file.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from app.engine.contract import Answer, Request
from app.engine.messages import AnsweredTogether, AskTogether
from app.export.film_files import Film
from app.export.formats import ExportFormat
from app.export.stage import Stage
from app.session.player import Player
from geomodel.arrays import Array
from geomodel.error_text import named
from geomodel.files import write_error

log = logging.getLogger(__name__)

WAITING = 3  # frames that wait to be written; a frame of 1080p takes 6 MB
POLL_MS = 10  # until the thread is looked after again


class Stopped(Exception):
    """The film is no longer wanted. It ends the writing, which leaves no file."""


class Writing(threading.Thread):
    """Writes the frames that it is handed, and ends by itself after the last one."""

    def __init__(self, kind: ExportFormat, path: str, count: int) -> None:
        super().__init__(name="film", daemon=True)
        self._kind, self._path, self._count = kind, path, count
        self._frames: queue.Queue[Array] = queue.Queue(WAITING)
        self._stopped = threading.Event()
        self.film: Film | None = None
        self.message = ""  # why there is no file
        self.written = False

    @property
    def full(self) -> bool:
        """Whether another frame would have to wait."""
        return self._frames.full()

    def hand(self, frame: Array) -> None:
        """Add a frame. Call it only while it is not full."""
        self._frames.put_nowait(frame)

    def stop(self) -> None:
        """Write no more, and leave no file. Returns when the thread has ended."""
        self._stopped.set()
        self.join()

    def check(self) -> None:
        """Raise `Stopped`, on the thread, once nobody wants the film."""
        if self._stopped.is_set():
            raise Stopped

    def frames(self) -> Iterator[Array]:
        """The frames in their order, on the thread."""
        for _ in range(self._count):
            while True:
                self.check()
                try:
                    frame = self._frames.get(timeout=0.05)
                except queue.Empty:
                    continue
                break
            yield frame

    def run(self) -> None:
        """Write the film."""
        try:
            self._kind.write(self.film, self._path)
            self.written = True
        except Stopped:
            pass
        except OSError as error:
            self.message = write_error(self._path, error)
        except ValueError as error:
            self.message = str(error)
        except Exception as error:  # what a library for pictures may raise is its own affair
            log.exception("film")
            self.message = f"The film could not be written: {named(error)}."


class Filming(QObject):
    """One film that is being made. `ended` says why there is none, or nothing."""

    progressed = Signal(int)  # frames that are drawn
    ended = Signal(str)

    def __init__(
        self, stage: Stage, levels: Sequence[int], player: Player, writing: Writing, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._stage, self._levels, self._player, self._writing = stage, levels, player, writing
        self._at, self._over = 0, False
        self._asked: AskTogether | None = None
        self._parts: list[int] = []  # how many of the requests are each shot's
        self._answers: list[tuple[Answer, ...]] = []
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._step)
        player.answered_together.connect(self._answered)

    def begin(self) -> None:
        """Draw the first level, and go on from there."""
        self._writing.start()
        self._first()

    def cancel(self) -> None:
        """Leave no file."""
        if not self._over:
            self._end("")

    def _first(self) -> None:
        """Show the next level without what the engine says of it."""
        self._answers = [()] * self._stage.count
        self._timer.start(0)

    def _step(self) -> None:
        if not self._writing.is_alive():
            self._end(self._writing.message)
        elif self._at == len(self._levels) or self._writing.full:
            self._timer.start(POLL_MS)
        else:
            self._draw(self._levels[self._at])

    def _draw(self, level: int) -> None:
        if not any(self._answers):
            self._stage.show(level, self._answers)
        if any(needs := self._stage.needs(level, self._answers)):
            self._ask(needs)
            return
        if any(self._answers):
            self._stage.show(level, self._answers)
        if not self._stage.held:
            self._stage.hold()
        else:
            self._writing.hand(self._stage.draw())
            self._at += 1
            self.progressed.emit(self._at)
        if not self._over:
            self._first()

    def _ask(self, needs: Sequence[tuple[Request, ...]]) -> None:
        self._parts = [len(requests) for requests in needs]
        self._asked = AskTogether(tuple(request for requests in needs for request in requests))
        self._player.submit(self._asked)

    def _answered(self, event: AnsweredTogether) -> None:
        if self._over or event.asked is not self._asked:
            return
        if event.message:
            self._end(f"The film was not finished. {event.message}")
            return
        answers = iter(event.answers)
        for at, part in enumerate(self._parts):
            new = [next(answers) for _ in range(part)]
            kinds = {type(answer) for answer in new}
            kept = [answer for answer in self._answers[at] if type(answer) not in kinds]
            self._answers[at] = (*kept, *new)
        self._timer.start(0)

    def _end(self, message: str) -> None:
        self._over = True
        self._timer.stop()
        self._player.answered_together.disconnect(self._answered)
        self._writing.stop()
        self._stage.release()
        self.ended.emit(message)
