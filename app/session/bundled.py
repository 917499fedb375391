"""The networks that come with the program."""

from __future__ import annotations

import resources

TITLES = {  # name of the file → as people read it
    "two-moons": "Two moons",
    "spiral": "Spiral",
    "fashion-mnist": "Fashion-MNIST",
}


def path(name: str) -> str:
    """The checkpoint of this name."""
    return str(resources.path("checkpoints", f"{name}.safetensors"))


def networks() -> tuple[tuple[str, str], ...]:
    """Path and title of each."""
    return tuple((path(name), title) for name, title in TITLES.items())
