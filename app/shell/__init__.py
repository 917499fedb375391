"""What surrounds the rooms: actions, menus, files, layout, settings."""
