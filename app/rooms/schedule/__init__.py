"""Shows noise levels, which a person can drag, design, save and load."""
