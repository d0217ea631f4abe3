"""Corruptions: what weather, lenses, sensors and codecs do to frames, in five severities."""
