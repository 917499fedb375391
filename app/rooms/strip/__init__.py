"""The strip of images over the noise levels."""
