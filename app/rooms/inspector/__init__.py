"""Every number at the playhead."""
