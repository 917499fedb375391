"""Says what a file is that no family of networks recognises."""

from __future__ import annotations

from geomodel.checkpoints.state_dicts import flat
from geomodel.inert.values import ArrayRecord, Contents, Instance, Value

_WHAT = {
    "safetensors": "a safetensors file of another program",
    "pickle": "a pickle",
    "torch zip": "a file of torch.save",
    "legacy torch": "an old file of torch.save",
    "folder": "a folder of diffusers",
}
_LISTED = 4


def instead(contents: Contents) -> str:
    """One sentence for a file that was read and belongs to no family."""
    what = _WHAT[contents.container]
    return f"{contents.name} is {what} with {_inside(contents.value)}, and no network that this program knows is in it."


def _inside(value: Value) -> str:
    tensors = flat(value)
    if tensors:
        names = ", ".join(name[:60] for name in list(tensors)[:_LISTED])
        return f"{len(tensors):,} tensors ({names}{', …' if len(tensors) > _LISTED else ''})"
    if isinstance(value, ArrayRecord):
        return "an array"
    if isinstance(value, Instance):
        return f"an object of the class {value.name[:60]!r}"
    if isinstance(value, dict) and value:
        objects = {key: part.name for key, part in value.items() if isinstance(part, Instance)}
        keys = [f"{str(key)[:30]!r} of the class {name[:60]!r}" for key, name in objects.items()]
        keys = keys or [repr(str(key)[:30]) for key in value]
        return f"a table of {', '.join(keys[:_LISTED])}{', …' if len(keys) > _LISTED else ''}"
    return "no tensors"
