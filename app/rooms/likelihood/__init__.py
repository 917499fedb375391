"""Shows what each step gains in the likelihood of the data beyond the noise's share, and the ODE's own density."""
