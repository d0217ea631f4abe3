"""The commands of ``python -m flowcore``, a module for each kind of work."""
