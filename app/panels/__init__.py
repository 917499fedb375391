"""The panels around the views: what to run, what has run, where the playhead is."""
