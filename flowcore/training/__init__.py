"""Training: a config, scenes made on the fly, one loop, and a file of weights with its card."""
