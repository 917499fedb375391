"""Writes a run as a Python script."""

from __future__ import annotations

from geomodel import solvers
from geomodel.origin import Computed, NetworkIdentity
from geomodel.scripts.opening import opening
from geomodel.settings import RunSettings

COMPUTE = "run = gm.runs.compute(settings, data, network)"
PLOT = """
# Pictures, where matplotlib is installed: pip install "geomodel[plot]"
try:
    import matplotlib.pyplot as plt
except ImportError:
    print("Install matplotlib to see pictures.")
else:
    gm.plot.plane(run, data=data)
    gm.plot.measures(run, ("distance_to_end", "deviation"))
    plt.show()
"""


def python(settings: RunSettings, network: NetworkIdentity | None = None, computed: Computed | None = None) -> str:
    """A script that computes the run of these settings again, and draws it where matplotlib is installed.

    It runs where this program is installed. On the same machine, with the same versions, its `run` has the same
    numbers, bit for bit. A run that was stopped is computed to its end.

    network, computed: what the run says of them (`geomodel.origin.origin`); None where it says nothing. Raises
    ValueError, with a sentence, where the network is a denoiser of a person's own code.
    """
    title = f"{solvers.row(settings.solver).title}, {settings.steps} steps"
    return "\n".join((*opening(title, settings, network, computed or Computed()), COMPUTE, PLOT))
