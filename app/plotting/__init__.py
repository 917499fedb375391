"""How things are drawn: theme, colours, axes, bundles of curves."""
