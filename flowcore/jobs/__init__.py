"""Heavy work in worker processes, behind one small interface: submit, progress, cancel, result."""
