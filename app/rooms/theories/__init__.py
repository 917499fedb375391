"""Which theory explains what the driver of a run does."""
