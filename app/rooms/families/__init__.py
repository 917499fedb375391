"""Shows a run in the clock and the scale of a family of processes."""
