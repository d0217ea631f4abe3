"""How flow fails: hardships, corruptions and attacks; and what defends it."""
