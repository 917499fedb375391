"""Shows the dD/dσ that each step of a solver implies."""
