"""The Geomodel window."""
