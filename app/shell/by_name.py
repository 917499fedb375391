"""A read-only mapping whose items are attributes too, so that ``views.plane`` is ``views["plane"]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item", covariant=True)


class ByName(Mapping[str, Item], Generic[Item]):
    """Rooms or views by the names of the rooms' table, each fetched when it is asked for."""

    def __init__(self, names: Sequence[str], fetch: Callable[[str], Item]) -> None:
        self._names, self._fetch = tuple(names), fetch

    def __getitem__(self, name: str) -> Item:
        if name not in self._names:
            raise KeyError(name)
        return self._fetch(name)

    def __getattr__(self, name: str) -> Item:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(name)
        return self._fetch(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
