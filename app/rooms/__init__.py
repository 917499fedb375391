"""Every view is a room: one folder, one row in one table."""
