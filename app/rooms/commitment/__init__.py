"""Shows from which noise level on the class of a sample is decided, by going back up and down again."""
