"""Numbers that say how good a flow is, with and without truth."""
