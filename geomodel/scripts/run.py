"""Writes a run as a Python script."""

from __future__ import annotations

from geomodel import solvers
from geomodel.origin import Computed, NetworkIdentity
from geomodel.scripts.opening import opening
from geomodel.settings import RunSettings

COMPUTE = "run = gm.runs.compute(settings, data, network)"
PLOT = """
# A picture, where matplotlib is installed: sampling trajectories blue, denoising trajectories red and dashed.
try:
    import matplotlib.pyplot as plt
except ImportError:
    print("Install matplotlib to see a picture.")
else:
    axes = plt.subplots()[1]
    if run.x[0, 0].size == 2:
        x, denoised = (curve.reshape(len(curve), -1, 2).T for curve in (run.x, run.denoised))
        axes.plot(*x.swapaxes(1, 2), color="#0072B2", linewidth=0.5)
        axes.plot(*denoised.swapaxes(1, 2), "--", color="#D55E00", linewidth=0.5)
        axes.set(aspect="equal", xlabel="x₁", ylabel="x₂")
    else:
        axes.plot(run.sigmas, gm.geometry.distance_to_end(run.x), color="#0072B2", linewidth=0.5)
        axes.plot(run.sigmas[:-1], gm.geometry.distance_to_end(run.denoised), "--", color="#D55E00", linewidth=0.5)
        axes.set(xlabel="noise level σ", ylabel="distance to the end of the curve")
        axes.invert_xaxis()
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
