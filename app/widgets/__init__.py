"""Small controls that panels and rooms share."""
