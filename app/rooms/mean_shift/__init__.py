"""The mean shift at one image."""
