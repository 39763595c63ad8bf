"""Measures the models on labelled photographs; behind ``npr-edge evaluate``."""
