"""A read-only mapping whose items are attributes too, so that ``views.plane`` is ``views["plane"]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

Item = TypeVar("Item")


class ByName(Mapping[str, Item]):
    """Rooms or views by the names of the rooms' table."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = dict(items)

    def __getitem__(self, name: str) -> Item:
        return self._items[name]

    def __getattr__(self, name: str) -> Item:
        try:
            items: dict[str, Item] = self.__dict__["_items"]
            return items[name]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
