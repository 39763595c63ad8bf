"""Cameras to frames: one driver per file, each behind ``driver.Driver``, and what keeps them from hanging us."""
