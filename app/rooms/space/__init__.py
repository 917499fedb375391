"""Shows the trajectories of a run along their displacement and across it."""
