"""Requests the plane's basins of attraction one part at a time, so that the engine stays free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.rooms.plane.messages import BasinsAnswer, BasinsRequest


class BasinsFeed:
    """Keeps the newest answer to the present request, and requests the rest until it is complete.

    `rest` calls a function a little later, so that after an interruption the engine serves first what interrupted it,
    such as a drag. At most one request is under way, because a second one would interrupt the first and be interrupted
    in turn.
    """

    def __init__(self, submit: Callable[[BasinsRequest], None], rest: Callable[[Callable[[], None]], None]) -> None:
        self._submit, self._rest = submit, rest
        self._wanted: BasinsRequest | None = None
        self._under_way: BasinsRequest | None = None
        self.answer: BasinsAnswer | None = None

    def want(self, request: BasinsRequest | None) -> None:
        """Set another place, noise level or run. None means that no basins are needed."""
        if request != self._wanted:
            self._wanted = request
            self._ask_on()

    def take(self, answer: BasinsAnswer) -> bool:
        """Keep an answer and request the rest. Returns False if the answer is out of date."""
        if answer.request is self._under_way:  # identity, because an equal request may belong to a late answer
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
