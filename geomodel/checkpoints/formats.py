"""The table of the kinds of files that checkpoints are; `geomodel.checkpoints.families` has those of networks."""

from __future__ import annotations

from geomodel.formats import Format

_OPEN = "geomodel.checkpoints:load_checkpoint"
FORMATS = (
    Format(
        name="safetensors",
        title="safetensors",
        patterns=("*.safetensors",),
        recognises="geomodel.checkpoints.marks:safetensors",
        open=_OPEN,
    ),
    Format(
        name="torch",
        title="torch.save",
        patterns=("*.pt", "*.pth", "*.ckpt"),
        recognises="geomodel.checkpoints.marks:torch",
        open=_OPEN,
    ),
    Format(
        name="pickle",
        title="EDM pickle",
        patterns=("*.pkl",),
        recognises="geomodel.checkpoints.marks:pickle",
        open=_OPEN,
    ),
    Format(
        name="folder",
        title="folder of diffusers",
        patterns=("model_index.json", "config.json"),
        recognises="geomodel.checkpoints.marks:folder",
        open=_OPEN,
    ),
)
