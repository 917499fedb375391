"""The basins of attraction that the plane wants: asked for a part at a time, so that the engine stays free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.rooms.plane.messages import BasinsAnswer, BasinsRequest


class BasinsFeed:
    """Keeps the newest answer about what is wanted, and asks on from there until it is finished.

    `rest` calls a function a little later: after an interruption the engine is left to what came between, such as a
    drag. No more than one request is on its way: a second one would interrupt the first, and be interrupted in turn.
    """

    def __init__(self, submit: Callable[[BasinsRequest], None], rest: Callable[[Callable[[], None]], None]) -> None:
        self._submit, self._rest = submit, rest
        self._wanted: BasinsRequest | None = None
        self._under_way: BasinsRequest | None = None
        self.answer: BasinsAnswer | None = None

    def want(self, request: BasinsRequest | None) -> None:
        """Another place, noise level or run; None: nothing, for nobody looks."""
        if request != self._wanted:
            self._wanted = request
            self._ask_on()

    def take(self, answer: BasinsAnswer) -> bool:
        """Keep an answer and ask for the rest; False for one that is no longer wanted."""
        if answer.request is self._under_way:  # not only equal to it: that may be an older one's late answer
            self._under_way = None
        if answer.request != self._wanted:
            return False
        self.answer = answer
        if answer.interrupted:
            self._rest(self._ask_on)
        else:
            self._ask_on()
        return True

    def _ask_on(self) -> None:
        if self._wanted is None or self._under_way == self._wanted:
            return
        start = None
        if self.answer is not None and self.answer.request == self._wanted:
            if self.answer.finished:
                return
            start = self.answer.basins
        self._under_way = replace(self._wanted, start=start)
        self._submit(self._under_way)
