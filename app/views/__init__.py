"""The views: each is fed arrays and knows no model."""
