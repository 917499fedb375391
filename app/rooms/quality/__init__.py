"""The quality of samples: of runs that jump to D, and of x and D over the noise levels."""
