"""Bursts: reconstruct the middle frame by any method, and look at what the net looked at."""
