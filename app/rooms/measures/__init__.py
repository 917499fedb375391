"""Measures over the noise levels."""
