"""The playhead, its buttons and its scrubber."""
