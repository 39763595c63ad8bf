"""Number plates drawn from grammar and design data, worn, and seen through bad optics."""

from npr_edge.training.plates.generator import GeneratedPlate, generate
from npr_edge.training.plates.optics import degrade

__all__ = ["GeneratedPlate", "degrade", "generate"]
