"""Reads a bare pickle: EDM's networks, and the batches of CIFAR-10."""

from __future__ import annotations

from typing import BinaryIO

from geomodel.inert import torch_stream
from geomodel.inert.machine import Machine
from geomodel.inert.operands import Budget
from geomodel.inert.values import InertFault, Source, Span, Storage, Value


def read(stream: BinaryIO, source: Source, budget: Budget) -> Value:
    """What the pickle describes. The tensors in it are files of torch's inside the pickle."""

    def embedded(span: Span) -> Storage:
        behind = stream.tell()
        stream.seek(span.place)
        value = torch_stream.read_part(stream, source, budget, span.place + span.length)
        stream.seek(behind)
        if not isinstance(value, Storage):
            raise InertFault("it holds a tensor whose numbers are something else")
        return value

    return Machine(stream, source.size, budget, embedded=embedded).run()
