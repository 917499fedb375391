"""The table of network families. A new family is one file, one row, one test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One row. Functions are written "module:name" and imported when they are needed.

    Attributes:
        name: how hints and converted files call the family: "edm". title: how a person does.
        recognise: (contents, hints) -> Plan, or None where the file holds no network of this family. It looks at names,
            shapes and constructor arguments only. It raises ValueError (a clause: "it has 3 heads, and …"; the sentence
            around it names the file) where the file is of this family and something in it is wrong. Depths and numbers
            of blocks that it takes from a file are bounded, so that a lying file cannot ask for a million modules.
        build: (plan.config) -> nn.Module with fresh weights. It is called on torch's device "meta", where a network
            takes no memory; the tensors of its state dict are then compared with `plan.tensors`.
        finish: (network) -> None, changes the weights once after they have been read: folds scales into them, say.
            "" where there is nothing to do.
    """

    name: str
    title: str
    recognise: str
    build: str
    finish: str = ""


def _opened(name: str, title: str) -> Family:
    """The row of a family whose networks other programs train."""
    return Family(
        name=name,
        title=title,
        recognise=f"geomodel.checkpoints.{name}:recognise",
        build="geomodel.networks:assemble",
        finish="geomodel.networks:fold",
    )


# In this order: the first family that recognises a file opens it.
FAMILIES = (
    Family(
        name="native",
        title="Geomodel",
        recognise="geomodel.checkpoints.native:recognise",
        build="geomodel.networks:assemble",
    ),
    _opened("edm", "EDM"),
    _opened("edm2", "EDM2"),
    _opened("adm", "guided-diffusion, improved-diffusion, consistency_models, torch_cfm"),
    _opened("diffusers", "diffusers"),
    _opened("lucidrains", "denoising-diffusion-pytorch"),
    _opened("dit", "DiT, SiT, REPA"),
)
