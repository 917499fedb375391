"""Finds the network in what a training program saved: its average, without the prefixes of wrappers.

These are functions of names. A training file holds the weights of the last step, an average over many steps, which
gives the better samples, and the state of the optimizer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from geomodel.inert.values import Instance, Tensor, Value

# Words for an average, the surest first: lucidrains keeps `ema.ema_model` and `ema.online_model`.
AVERAGES = (
    "ema_model",
    "model_ema",
    "ema_net",
    "net_ema",
    "ema_denoiser",
    "model_ema1",
    "model_ema2",
    "ema_state_dict",
    "ema_params",
    "ema",
)
# Words that stand around the weights of a network and say nothing else about them.
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "net_model", "network", "denoiser", "module", "_orig_mod")
_SHADOW = "shadow_params"  # an average without names, in the order of the network's parameters
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class StateDict:
    """The tensors of one network by their names in it.

    Attributes:
        tensors: the tensors whose names had `prefix`, without it.
        prefix: where they stood: "ema_model.module.".
        average: the word that says they are an average over the training ("ema_model"), or "".
        ignored: the first words of everything else, each with how many tensors it has: {"optimizer": 12}.
    """

    tensors: dict[str, Tensor]
    prefix: str
    average: str
    ignored: dict[str, int]


def find(value: Value, anchor: str) -> StateDict | None:
    """The network that has a tensor named `anchor` ("input_blocks.0.0.weight"); None where there is none.

    `value` is a state dict, or tables of state dicts. Where several networks have the anchor, an average is taken
    before the weights of the last step, and a name among `WRAPPERS` before others. Raises ValueError (a clause) where
    several are left.
    """
    everything = flat(value)
    prefixes = [name[: -len(anchor)] for name in everything if f".{name}".endswith(f".{anchor}")]
    if not prefixes:
        return None
    prefix = _best(prefixes)
    inside = {name.removeprefix(prefix): tensor for name, tensor in everything.items() if name.startswith(prefix)}
    others = Counter(name.partition(".")[0] for name in everything if not name.startswith(prefix))
    average = _average(prefix)
    if not average and (shadow := _shadow(value, inside)):
        inside, average = shadow, _SHADOW
        others.pop(_SHADOW, None)
    return StateDict(inside, prefix, average, dict(others))


def find_object(value: Value, kind: str = "persistent") -> tuple[Instance, str] | None:
    """The network that was saved as an object of EDM's, and the word under which: "ema"; None where there is none."""
    if isinstance(value, Instance) and value.kind == kind:
        return value, ""
    table = value if isinstance(value, dict) else {}
    for word in (*AVERAGES, *WRAPPERS):
        found = table.get(word)
        if isinstance(found, Instance) and found.kind == kind:
            return found, word
    return None


def flat(value: Value) -> dict[str, Tensor]:
    """Every tensor in tables and lists, under the words that lead to it: "ema.module.conv.weight"."""
    found: dict[str, Tensor] = {}
    waiting: list[tuple[str, Value, int]] = [("", value, 0)]
    while waiting:
        name, part, depth = waiting.pop()
        if isinstance(part, Tensor):
            found[name.removesuffix(".")] = part
        elif depth <= _DEEPEST:
            entries = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
            waiting += [(f"{name}{key}.", inside, depth + 1) for key, inside in reversed(list(entries))]
    return found


def _best(prefixes: list[str]) -> str:
    """The prefix of the network to take."""
    ranks = {prefix: _rank(prefix) for prefix in prefixes}
    best = [prefix for prefix in prefixes if ranks[prefix] == min(ranks.values())]
    if len(best) > 1:
        listed = ", ".join(repr(prefix[:-1][:60]) for prefix in best[:5])
        raise ValueError(f"it holds several networks ({listed}), and nothing says which to take")
    return best[0]


def _rank(prefix: str) -> tuple[int, int]:
    """Lower is better: the surer word for an average, then fewer words that are not known."""
    words = prefix.split(".")[:-1]
    average = min((AVERAGES.index(word) for word in words if word in AVERAGES), default=len(AVERAGES))
    return average, sum(word not in (*AVERAGES, *WRAPPERS) for word in words)


def _average(prefix: str) -> str:
    """The surest word for an average in a prefix, or ""."""
    words = prefix.split(".")
    return next((word for word in AVERAGES if word in words), "")


def _shadow(value: Value, inside: dict[str, Tensor]) -> dict[str, Tensor]:
    """The average that is kept as a list, under the names of the weights, where it fits them one by one."""
    shadow = [tensor for name, tensor in flat(value).items() if _SHADOW in name.split(".")]
    if [tensor.shape for tensor in shadow] != [tensor.shape for tensor in inside.values()]:
        return {}
    return dict(zip(inside, shadow, strict=True))
