"""Optical-flow models, looked at from every side: estimate, compare, explain."""
