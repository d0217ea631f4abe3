"""Pictures of flows and of their errors."""
