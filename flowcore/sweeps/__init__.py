"""Many lanes over many pairs: a grid of settings, what of it is missing, and who computes it."""
