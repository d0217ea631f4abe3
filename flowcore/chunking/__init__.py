"""Chunked inference: cut both frames into chunks, estimate each, stitch one flow."""
