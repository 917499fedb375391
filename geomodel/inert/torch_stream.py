"""Reads the files that torch.save wrote before torch 1.6: five pickles, then the numbers of each storage.

The pickles are a magic number, a version, what is known of the system, the object, and the list of its storages' keys.
For each key follow a count of eight bytes and the numbers. EDM's pickles hold one such file for each tensor.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from geomodel.inert.machine import Machine
from geomodel.inert.operands import Budget
from geomodel.inert.torch_zip import described, same
from geomodel.inert.values import ITEM_SIZES, InertFault, Source, Storage, Value

MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001


def read(stream: BinaryIO, source: Source, budget: Budget) -> Value:
    """What the object describes."""
    return read_part(stream, source, budget, source.size)


def read_part(stream: BinaryIO, source: Source, budget: Budget, end: int) -> Value:
    """The same for a file that lies inside `source`, from where `stream` stands up to byte `end`."""
    storages: dict[str, Storage] = {}

    def stored(reference: Any) -> Storage:
        dtype, key, count = described(reference)
        return same(storages.setdefault(key, Storage(dtype, count, source)), dtype, count)

    def next_value() -> Value:
        return Machine(stream, end, budget, stored=stored).run()

    if next_value() != MAGIC or next_value() != _VERSION:
        raise InertFault("it holds numbers that torch did not write")
    system = next_value()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise InertFault("its numbers have their bytes in another order than on this computer")
    value = next_value()
    _place(stream, end, storages, next_value())
    return value


def _place(stream: BinaryIO, end: int, storages: dict[str, Storage], keys: Value) -> None:
    """Find out where the numbers of each storage lie; they must fill the rest of the file."""
    listed = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
    if sorted(listed) != sorted(storages):
        raise InertFault("it lists other numbers than its tensors need")
    place = stream.tell()
    for key in listed:
        storage = storages[key]
        stream.seek(place)
        count = int.from_bytes(stream.read(8), "little")
        if count != storage.count:
            raise InertFault(f"it gives {count:,} numbers to a tensor that needs {storage.count:,}, or is cut off")
        storage.place = place + 8
        place = storage.place + count * ITEM_SIZES[storage.dtype]
    if place != end:
        raise InertFault(f"its numbers end at byte {place:,}, and the file at byte {end:,}; copy it again")
