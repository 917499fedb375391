"""Figures and data leaving the program."""
