"""Interpolated latents and where they lead."""
