"""Noise levels that are dragged, designed, saved and loaded."""
