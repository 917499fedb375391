"""The table of checkpoint formats. A new format is one file, one row, one test."""

from __future__ import annotations

from geomodel.formats import Format, suffixes

FORMATS = (
    Format(
        name="native",
        title="Geomodel checkpoint",
        patterns=("*.safetensors",),
        recognises="geomodel.checkpoints.header:recognises",
        inspect="geomodel.checkpoints.native:inspect",
        open="geomodel.checkpoints.native:load",
    ),
)
IS_ONE_FILE = f"a checkpoint is one {' or '.join(suffixes(FORMATS))} file"
