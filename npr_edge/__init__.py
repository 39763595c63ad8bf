"""Reads number plates on the device: cameras in, plates out, no cloud."""

__version__ = "0.1.0"
