"""Shows the mean shift at one image."""
