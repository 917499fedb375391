"""Trains a network on a set of points while a person watches."""
