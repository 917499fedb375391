"""Requests something that takes long one part at a time, so that the engine stays free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from geomodel.basins import Basins


class Part(Protocol):
    """An answer with more cells than the `start` of its request had."""

    @property
    def request(self) -> Any: ...
    @property
    def basins(self) -> Basins | None: ...
    @property
    def finished(self) -> bool: ...
    @property
    def interrupted(self) -> bool: ...


Asked = TypeVar("Asked")  # a request, with the field `start`
Found = TypeVar("Found", bound=Part)


class InParts(Generic[Asked, Found]):
    """Keeps the newest answer to the present request, and requests the rest until it is complete.

    `rest` calls a function a little later, so that after an interruption the engine serves first what interrupted it,
    such as a drag. At most one request is under way, because a second one would interrupt the first and be interrupted
    in turn.
    """

    def __init__(self, submit: Callable[[Asked], None], rest: Callable[[Callable[[], None]], None]) -> None:
        self._submit, self._rest = submit, rest
        self._wanted: Asked | None = None
        self._under_way: Asked | None = None
        self.answer: Found | None = None

    def want(self, request: Asked | None) -> None:
        """Set another place, noise level or run. None means that nothing is needed."""
        if request != self._wanted:
            self._wanted = request
            self._ask_on()

    def take(self, answer: Found) -> bool:
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
        wanted: Any = self._wanted  # a dataclass
        self._under_way = replace(wanted, start=start)
        self._submit(self._under_way)
