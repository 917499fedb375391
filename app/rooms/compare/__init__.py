"""Compares samplers that start from the same noise."""
