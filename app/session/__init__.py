"""What the window knows: the state, the player that turns actions into engine commands, and facts of a run."""
