"""The claims room: what the literature says, checked on the present model."""
