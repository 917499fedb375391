"""Denoisers: callables D(x, sigma) that answer E[x_0 given x_sigma = x]."""
