"""What flow is for: a vehicle that steers by it, how well it does, and what makes it fail."""
