"""A race of solvers from the same noise."""
