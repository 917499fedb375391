"""The engine: the one place where Qt and torch meet."""
