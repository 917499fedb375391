"""What stands around the rooms: actions, menus, files, layout, settings."""
