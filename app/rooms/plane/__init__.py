"""The plane: density, field, trajectories and the probe."""
