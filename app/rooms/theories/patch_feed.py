"""Requests D of the patch that a person picks, at the playhead; the latest wins."""

from __future__ import annotations

from app.rooms.theories.messages import PatchAnswer, PatchRequest
from app.session.player import Player

FIRST = 5  # pixels of the side


class PatchFeed:
    """Keeps the newest answer. While a newer one is under way, it stands where it is about the same x."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self.patch = FIRST
        self._answer: PatchAnswer | None = None

    def want(self, run_id: int, index: int, sample: int) -> None:
        """Ask at a level and sample of a run, unless that was asked last."""
        self._player.ask(PatchRequest(run_id, index, sample, self.patch))

    def take(self, answer: PatchAnswer) -> None:
        """Keep an answer."""
        self._answer = answer

    def about(self, run_id: int, index: int, sample: int) -> PatchAnswer | None:
        """The newest answer, where it is about this x."""
        answer = self._answer
        if answer is None:
            return None
        asked = answer.request
        return answer if (asked.run_id, asked.index, asked.sample) == (run_id, index, sample) else None
