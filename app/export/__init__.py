"""Writes figures and data out of the program."""
