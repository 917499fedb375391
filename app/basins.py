"""The basins of attraction that the plane wants: asked for a part at a time, so that the engine stays free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.engine.messages import BasinsAnswer, BasinsRequest


class BasinsFeed:
    """Keeps the newest answer about what is wanted, and asks on from there until it is finished."""

    def __init__(self, submit: Callable[[BasinsRequest], None]) -> None:
        self._submit = submit
        self._wanted: BasinsRequest | None = None
        self.answer: BasinsAnswer | None = None

    def want(self, request: BasinsRequest | None) -> None:
        """Another place, noise level or run; None: nothing, for nobody looks."""
        if request == self._wanted:
            return
        self._wanted = request
        if request is None:
            return
        if self.answer is None or self.answer.request != request:
            self._submit(request)
        elif not self.answer.finished:
            self._submit(replace(request, start=self.answer.basins))

    def take(self, answer: BasinsAnswer) -> bool:
        """Keep an answer and ask for the rest; False for one that is no longer wanted."""
        if answer.request != self._wanted:
            return False
        self.answer = answer
        if not answer.finished:
            self._submit(replace(answer.request, start=answer.basins))
        return True
