"""What is asked about the probe: D* at every move, a slow network when the probe has come to rest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from app.rooms.plane.messages import ProbeAnswer, ProbeRequest

SLOW = 0.02  # seconds; D* does not wait for a network that takes longer
REST_MS = 100  # after which the probe has come to rest


class ProbeFeed(QObject):
    """Keeps the newest answer, and how long the network of each run took."""

    rested = Signal()  # the probe has not moved for a moment, and the network has not been asked about its place

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.answer: ProbeAnswer | None = None
        self._seconds: dict[int, float] = {}
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.rested)

    def asked(self, request: ProbeRequest, *, resting: bool) -> ProbeRequest:
        """What to ask now: without the network where that is slow and the probe is moving."""
        known = self.answer is not None and self.answer.request == request
        if resting or known or self._seconds.get(request.run_id, 0.0) <= SLOW:
            self._rest.stop()
            return request
        self._rest.start()
        return replace(request, network=False)

    def take(self, answer: ProbeAnswer) -> None:
        """Keep an answer."""
        self.answer = answer
        if answer.network is not None:
            self._seconds[answer.request.run_id] = answer.seconds

    def keep(self, runs: Collection[int]) -> None:
        """Forget all other runs."""
        self._seconds = {key: value for key, value in self._seconds.items() if key in runs}
