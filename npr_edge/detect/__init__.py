"""Finds plates: image -> PlateDetection."""
