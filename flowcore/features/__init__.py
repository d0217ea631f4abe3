"""Looking inside a model: what it compared, where, and what its answer hangs on."""
