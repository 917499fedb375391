"""Data and a network whose classes have the same names in another order, and one each that the other lacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from checkpoint_files import LABELLED, saved

IN_DATA = ("ant", "cat", "dog")
IN_NETWORK = ("dog", "cat", "bee")


def points():
    """(90, 2), a cluster for each class, and the classes."""
    random, labels = np.random.default_rng(0), np.arange(90) % 3
    centres = np.array([(-4.0, 0.0), (0.0, 3.0), (4.0, 0.0)])
    return centres[labels] + 0.3 * random.standard_normal((90, 2)), labels


def write_table(path):
    """A table with the classes as words."""
    rows = (f"{x:.6f},{y:.6f},{IN_DATA[label]}" for (x, y), label in zip(*points(), strict=True))
    path.write_text("\n".join(["x,y,label", *rows]))
    return str(path)


def write_network(path, **changes):
    """A checkpoint with random weights."""
    saved(path, replace(LABELLED, label_names=IN_NETWORK, **changes))
    return str(path)
