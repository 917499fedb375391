"""Finds the tensors inside the record of a torch module."""

from __future__ import annotations

from geomodel.inert.values import InertFault, Instance, Tensor, Value

_DEEPEST = 50  # modules inside modules
_MOST = 100_000  # tensors


def tensors(module: Value) -> dict[str, Tensor]:
    """The parameters and buffers of a module under the names of its state dict: "model.enc.32x32_conv.weight".

    Members that are None are left out. InertFault where the record is not that of a module.
    """
    found: dict[str, Tensor] = {}
    waiting = [("", module, 0)]
    while waiting:
        prefix, value, depth = waiting.pop()
        if not isinstance(value, Instance) or depth > _DEEPEST or len(found) > _MOST:
            raise InertFault(f"its network has no proper module at {prefix[:-1][:80]!r}")
        for kind in ("_parameters", "_buffers"):
            for name, member in table(value, kind).items():
                if isinstance(member, Tensor):
                    found[prefix + name] = member
        waiting += [(f"{prefix}{name}.", member, depth + 1) for name, member in reversed(children(value).items())]
    return found


def children(module: Instance) -> dict[str, Instance]:
    """The modules directly inside a module, in its order."""
    return {name: member for name, member in table(module, "_modules").items() if isinstance(member, Instance)}


def table(module: Instance, kind: str) -> dict[str, Value]:
    """One of a module's tables: "_parameters", "_buffers" or "_modules"; empty where it has none."""
    found = module.state.get(kind, {})
    if not isinstance(found, dict):
        raise InertFault(f"its module {module.name[:60]!r} has no table {kind}")
    return {name: member for name, member in found.items() if isinstance(name, str)}
