"""The environment of a process that is to find nothing of its computer."""

from __future__ import annotations

import os

# Where compiled modules are kept: without it the process would compile torch, and leave traces in the working tree.
_BYTECODE = ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")


def bare(*places):
    """Imports from these places, no programs, one thread."""
    kept = {name: os.environ[name] for name in _BYTECODE if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, places)), "PATH": "", "OMP_NUM_THREADS": "1"}
