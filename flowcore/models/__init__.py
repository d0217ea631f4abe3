"""Everything that turns two frames into a flow, behind one registry."""
