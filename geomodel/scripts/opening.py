"""The beginning of every script: what it imports, the settings, and the opening of data and network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import resources
from geomodel import __version__
from geomodel.checkpoints.hints import nested
from geomodel.datasets import DRAWING
from geomodel.origin import Computed, NetworkIdentity
from geomodel.scripts.literals import call, literal
from geomodel.scripts.stated import refuse_own_code, stated
from geomodel.settings import RunSettings

LOAD_DATA = """data = gm.datasets.load(
    settings.data, count=settings.data_count, seed=settings.data_seed, columns=settings.data_columns
)"""
DRAW_DATA = """data = gm.datasets.drawing(
    settings.drawing, count=settings.data_count, seed=settings.data_seed, width=settings.drawing_width
)"""


def opening(
    title: str,
    settings: RunSettings,
    network: NetworkIdentity | None,
    computed: Computed,
    imports: Sequence[str] = (),
) -> list[str]:
    """The lines that import, state the settings, and open data and network."""
    refuse_own_code(settings)
    said = {name: literal(value) for name, value in stated(settings).items()}
    bundled = _bundled(settings.network)
    if bundled:
        said["network"] = bundled
    lines = [
        f"# {title}. Computed by Geomodel {__version__}.",
        "# Another version, of it or of torch, may change the last bits.",
        *(["import torch", ""] if computed.threads else []),
        "import geomodel as gm",
        *(["import resources"] if bundled else []),
        *imports,
        "",
    ]
    if computed.threads:
        lines.append(f"torch.set_num_threads({computed.threads})  # another number may change the last bits")
    lines.append(call("settings = gm.settings.RunSettings", said))
    load = DRAW_DATA if settings.data == DRAWING else LOAD_DATA
    lines.append(load if settings.data else "data = None")
    if settings.network:
        opened = {"device": literal(computed.device)} if computed.device != "cpu" else {}
        if network is not None and network.hints:
            opened["hints"] = literal(nested(network.hints))
        lines.append(call("network = gm.load_checkpoint", opened, "settings.network"))
    else:
        lines.append("network = None")
    if settings.network and computed.piece:
        lines.append(f"network.piece = {computed.piece}  # samples at once")
    return lines


def _bundled(path: str) -> str:
    """The code that finds a checkpoint of this program, wherever it is installed; empty for another file."""
    folder = resources.path()
    if not path or not Path(path).is_relative_to(folder):
        return ""
    parts = ", ".join(map(literal, Path(path).relative_to(folder).parts))
    return f"str(resources.path({parts}))"
