"""Readings of single frames to one sighting per vehicle; pure, time arrives inside ``Frame``."""
