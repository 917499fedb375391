"""Tilts the mixture behind the data by a reward: exact samples beside those of plug-in guidance."""
