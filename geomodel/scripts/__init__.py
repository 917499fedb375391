"""Writes runs and experiments as code that gives the very same numbers again: Python scripts, and command lines.

All of them state the settings, the hints that a checkpoint was opened with, and what decides the last bits beside them:
the threads of torch, the device and the pieces of the network (`geomodel.origin.Computed`).
"""

from geomodel.scripts import commands
from geomodel.scripts.command import command_line
from geomodel.scripts.experiments import claims, design, jump, quality, race, sweep
from geomodel.scripts.run import python

__all__ = ["claims", "command_line", "commands", "design", "jump", "python", "quality", "race", "sweep"]
